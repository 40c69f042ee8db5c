//! Features that scale one number and keep slots of every kind, a model that answers a share of it, and bundles of the two.

use std::sync::Arc;

use mlops_core::{
    BinaryEvaluator, Bundle, DatasetVersion, EncodeError, EncodedMatrix, Encoder, EncoderFormat, Fingerprint,
    FormatError, Gather, GoldenRows, LoadedBundle, LoadedEncoder, Model, ModelError, ModelFormat, ModelPart,
    Observer, Part, Run, ScoredRows, Signature, Slot, SlotEncoder, SlotField, SlotKind, SlotSchema, Slots,
    SystemClock, Timestamp, Tolerance, Value, Vocabulary, check_shapes,
};
use mlops_serve::{Live, Runner};
use ndarray::{ArrayView2, ArrayViewMut2, Zip, array};

/// A number, scaled; NaN is refused.
#[derive(Debug)]
pub(crate) struct Scaled {
    scale: f64,
    schema: SlotSchema,
    names: Arc<[String]>,
}

impl Scaled {
    fn new(scale: f64) -> Self {
        let field = |name: &str, kind| SlotField { name: name.into(), kind, vocabulary: None };
        let mut fields = vec![
            field("x", SlotKind::Float),
            field("whole", SlotKind::Int),
            field("sign", SlotKind::Category),
            field("note", SlotKind::Text),
            field("when", SlotKind::Time),
        ];
        fields[2].vocabulary = Some(Arc::new(Vocabulary::new(["plus"])));
        Self { scale, schema: SlotSchema { fields, request: 4 }, names: ["scaled".to_owned()].into() }
    }

    /// The same with two slots of lists, which are missing for a row below 0 and empty for 0.
    #[cfg(feature = "log")]
    fn with_lists(scale: f64) -> Self {
        let mut scaled = Self::new(scale);
        for (name, kind) in [("halves", SlotKind::Numbers), ("words", SlotKind::Texts)] {
            scaled.schema.fields.push(SlotField { name: name.into(), kind, vocabulary: None });
        }
        scaled
    }
}

impl SlotEncoder for Scaled {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.scale.to_string().as_bytes())
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        match slots.value(0) {
            Value::Float(x) if !x.is_nan() => numbers[0] = x * self.scale,
            _ => return Err(EncodeError::Null { feature: "scaled".into() }),
        }
        Ok(())
    }
}

impl Encoder<f64> for Scaled {
    fn read(&self, row: &f64, slots: &mut Slots) -> Result<(), EncodeError> {
        slots.reset(self.schema.fields.len());
        slots.set(0, Slot::Float(*row));
        slots.set(1, Slot::Int(*row as i64));
        let sign = if *row < 0.0 { "minus" } else { "plus" };
        if let Some(signs) = &self.schema.fields[2].vocabulary {
            slots.set_category(2, sign, signs);
        }
        if *row > 1.0 {
            slots.set_text(3, "large");
        }
        if *row >= 0.0 && self.schema.fields.len() > 5 {
            slots.set_no_numbers(5);
            slots.set_no_texts(6);
            if *row > 0.0 {
                [*row, row / 2.0].iter().for_each(|&x| slots.push_number(5, x));
                ["", "grün", &row.to_string()].iter().for_each(|text| slots.push_text(6, text));
            }
        }
        Ok(())
    }
}

impl Gather<f64> for Scaled {
    fn gather(&self, row: &f64, at: Timestamp, slots: &mut Slots) -> Result<(), EncodeError> {
        self.read(row, slots)?;
        slots.set(4, Slot::Time(at));
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct ScaledFormat;

impl EncoderFormat<f64> for ScaledFormat {
    fn media_type(&self) -> &'static str {
        "text/scale"
    }

    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<f64>, FormatError> {
        let scale = number(bytes).ok_or_else(|| FormatError { problem: "not a number".into() })?;
        let scaled = Arc::new(Scaled::new(scale));
        Ok(LoadedEncoder { encoder: Arc::clone(&scaled) as _, gather: scaled })
    }
}

/// Features with slots of lists.
#[cfg(feature = "log")]
#[derive(Debug)]
struct ListsFormat;

#[cfg(feature = "log")]
impl EncoderFormat<f64> for ListsFormat {
    fn media_type(&self) -> &'static str {
        "text/scale"
    }

    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<f64>, FormatError> {
        let scale = number(bytes).ok_or_else(|| FormatError { problem: "not a number".into() })?;
        let scaled = Arc::new(Scaled::with_lists(scale));
        Ok(LoadedEncoder { encoder: Arc::clone(&scaled) as _, gather: scaled })
    }
}

/// A share of its input; an infinite input is refused.
#[derive(Debug)]
struct Share {
    share: f64,
    signature: Signature,
}

impl Model for Share {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        if inputs.iter().any(|x| x.is_infinite()) {
            return Err(ModelError::Backend { library: "share", source: "infinite".into() });
        }
        Zip::from(&mut outputs).and(&inputs).for_each(|output, input| *output = input * self.share);
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct ShareFormat;

impl ModelFormat for ShareFormat {
    fn media_type(&self) -> &'static str {
        "text/share"
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let model = (model as &dyn std::any::Any).downcast_ref::<Share>().unwrap();
        Ok(model.share.to_string().into_bytes())
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = || ModelError::BadPart { media_type: "text/share", problem: "not a number".into() };
        Ok(Arc::new(Share { share: number(bytes).ok_or_else(bad)?, signature: signature.clone() }))
    }
}

fn number(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A bundle that answers `x · scale · share` as `output`.
pub(crate) fn bundle_of(scale: f64, share: f64, output: &str) -> Bundle {
    bundle_of_features(&Scaled::new(scale), share, output)
}

fn bundle_of_features(features: &Scaled, share: f64, output: &str) -> Bundle {
    let signature = Signature {
        features: features.fingerprint(),
        inputs: features.names().to_vec(),
        outputs: vec![output.to_owned()],
    };
    let part = ModelPart::new(&Share { share, signature }, &ShareFormat).unwrap();
    let inputs = EncodedMatrix {
        values: array![[0.1 / share], [0.9 / share]],
        names: Arc::clone(features.names()),
        features: features.fingerprint(),
    };
    let data = DatasetVersion(Fingerprint::of(b"data"));
    let scored = ScoredRows::by_model(&part, &inputs, &[false, true], data).unwrap();
    let mut slots = Slots::default();
    features.gather(&0.8, at(0), &mut slots).unwrap();
    Bundle::builder("toy")
        .model(&part)
        .features(Part { media_type: "text/scale".into(), bytes: features.scale.to_string().into_bytes().into() })
        .golden(&GoldenRows::record(features, &**part.model(), [&slots]).unwrap())
        .evaluation(&BinaryEvaluator::default().evaluate(&scored))
        .lineage(&Run::start("toy", &SystemClock).finish(&SystemClock))
        .build()
        .unwrap()
}

pub(crate) fn loaded(scale: f64, share: f64) -> LoadedBundle<f64> {
    LoadedBundle::load(Arc::new(bundle_of(scale, share, "probability")), &ScaledFormat, &[&ShareFormat]).unwrap()
}

/// The same with slots of lists.
#[cfg(feature = "log")]
pub(crate) fn loaded_with_lists(scale: f64, share: f64) -> LoadedBundle<f64> {
    let bundle = bundle_of_features(&Scaled::with_lists(scale), share, "probability");
    LoadedBundle::load(Arc::new(bundle), &ListsFormat, &[&ShareFormat]).unwrap()
}

/// Version 1, which answers a quarter of its row.
pub(crate) fn quarter(observers: Vec<Arc<dyn Observer>>) -> Runner<f64> {
    Runner::new(Live::new(1, loaded(0.5, 0.5), observers))
}

pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}
