//! Golden rows hold lists as they were.

use std::sync::Arc;

use mlops_core::{
    BundleError, EncodeError, Fingerprint, GoldenRows, Model, ModelError, Signature, SlotEncoder, SlotField,
    SlotKind, SlotSchema, Slots, Tolerance, Value, check_shapes,
};
use ndarray::{ArrayView2, ArrayViewMut2};

/// The sum of a list of floats, and how many bytes a list of texts has.
#[derive(Debug)]
struct Sizes {
    schema: SlotSchema,
    names: Arc<[String]>,
}

impl Sizes {
    fn new() -> Self {
        let field = |(name, kind): (&str, _)| SlotField { name: name.into(), kind, vocabulary: None };
        let fields = [("scores", SlotKind::Numbers), ("tags", SlotKind::Texts)].map(field).into();
        Self { schema: SlotSchema { fields, request: 2 }, names: ["sum", "bytes"].map(str::to_owned).into() }
    }
}

impl SlotEncoder for Sizes {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"sizes")
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        numbers[0] = match slots.value(0) {
            Value::Numbers(items) => items.iter().sum(),
            _ => f64::NAN,
        };
        numbers[1] = match slots.value(1) {
            Value::Texts(texts) => texts.iter().map(|text| text.len() as f64 + 1.0).sum(),
            _ => -1.0,
        };
        Ok(())
    }
}

/// Answers with its inputs.
#[derive(Debug)]
struct Same(Signature);

impl Model for Same {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.0, &inputs, &outputs)?;
        outputs.assign(&inputs);
        Ok(())
    }
}

#[test]
fn golden_rows_with_lists_come_back() {
    let features = Sizes::new();
    let (inputs, outputs) = (features.names().to_vec(), features.names().to_vec());
    let model = Same(Signature { features: features.fingerprint(), inputs, outputs });
    let mut rows = vec![Slots::new(2); 3];
    rows[0].set_no_numbers(0);
    rows[0].set_no_texts(1);
    [0.1, 1.5, -0.0].iter().for_each(|&x| rows[0].push_number(0, x));
    ["", "grün", "3:abc"].iter().for_each(|text| rows[0].push_text(1, text));
    // Empty lists are not missing ones.
    rows[1].set_no_numbers(0);
    rows[1].set_no_texts(1);
    let golden = GoldenRows::record(&features, &model, &rows).unwrap();
    let json = serde_json::to_string(&golden).unwrap();
    let slots = r#"[{"slots":[{"numbers":[0.1,1.5,-0.0]},{"texts":["","grün","3:abc"]}]"#;
    assert!(json.starts_with(slots), "{json}");
    assert!(json.contains(r#"{"slots":[{"numbers":[]},{"texts":[]}]"#), "{json}");
    assert!(json.contains(r#"{"slots":["missing","missing"]"#), "{json}");
    let back: GoldenRows = serde_json::from_str(&json).unwrap();
    back.verify(&features, &model, Tolerance::EXACT).unwrap();

    for (from, to, what) in [
        ("0.1", "0.2", "number"),
        ("\"grün\"", "\"grau\"", "number"),
        (r#"{"numbers":[]}"#, r#""missing""#, "number"),
        (r#"{"numbers":[]}"#, r#"{"texts":[]}"#, "slot"),
        (r#"{"texts":[]}"#, r#"{"text":""}"#, "slot"),
    ] {
        let other: GoldenRows = serde_json::from_str(&json.replacen(from, to, 1)).unwrap();
        let error = other.verify(&features, &model, Tolerance::EXACT).unwrap_err();
        assert!(matches!(&error, BundleError::GoldenRow { what: got, .. } if *got == what), "{from}: {error}");
    }
}
