//! A small model in a whole bundle, with a gate's pass.

use std::sync::Arc;

use mlops_core::{
    BinaryEvaluator, Bundle, DatasetVersion, EncodedMatrix, Evaluation, Fingerprint, Gate, GoldenRow, GoldenRows,
    GoldenValue, JsonFloat, ManualClock, Model, ModelError, ModelFormat, ModelPart, Part, Passed, Rule, Run,
    ScoredRows, Signature, Tolerance, check_shapes,
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

const MEDIA_TYPE: &str = "application/x-mlops-sample";
const INPUT: &str = "x";
const ROWS: u32 = 200;

/// A model of one number, in a bundle whose every part is real, and what a gate says of it: for tests.
///
/// The features part is bytes that no format reads, so the bundle can be kept and verified but not served.
///
/// ```
/// use mlops_registry::testing::Sample;
///
/// let (good, better) = (Sample::new("delay", 0.5), Sample::new("delay", 0.8));
/// assert_ne!(good.bundle().digest(), better.bundle().digest());
/// assert_eq!(better.passed(Some(&good)).model(), better.bundle().manifest().model);
/// ```
#[derive(Clone, Debug)]
pub struct Sample {
    part: ModelPart,
    evaluation: Evaluation,
    bundle: Bundle,
}

impl Sample {
    /// A bundle of the model `name` whose model answers `0.5 + slope · (x − 0.5)`, the slope in [0, 1].
    ///
    /// # Panics
    /// For a slope out of its range.
    #[must_use]
    pub fn new(name: &str, slope: f64) -> Self {
        assert!((0.0..=1.0).contains(&slope), "the slope is {slope}");
        let signature =
            Signature { features: features(), inputs: vec![INPUT.into()], outputs: vec!["probability".into()] };
        let part = ModelPart::new(&Line { slope, signature }, &LineFormat).expect("a line has a form in bytes");
        let scored = ScoredRows::by_model(&part, &inputs(), &labels(), data()).expect("the inputs are the line's");
        let evaluation = BinaryEvaluator::default().evaluate(&scored);
        let golden = GoldenRow {
            slots: vec![GoldenValue::Float(JsonFloat(1.0))],
            numbers: vec![1.0],
            outputs: vec![0.5 + slope * 0.5],
        };
        let bundle = Bundle::builder(name)
            .model(&part)
            .features(Part { media_type: MEDIA_TYPE.into(), bytes: FEATURES.to_vec().into() })
            .golden(&GoldenRows(vec![golden]))
            .evaluation(&evaluation)
            .lineage(&Run::start("sample", &ManualClock::default()).finish(&ManualClock::default()))
            .build()
            .expect("the parts are of one model");
        Self { part, evaluation, bundle }
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The pass of a gate that compares with another sample, or with a constant.
    ///
    /// # Panics
    /// Never: the gate's margin is wider than any two samples are apart.
    pub fn passed(&self, baseline: Option<&Self>) -> Passed {
        let constant = || {
            let rows = ScoredRows::by_constant(0.5, &labels(), data()).expect("0.5 is a probability");
            BinaryEvaluator::default().evaluate(&rows)
        };
        let baseline = baseline.map_or_else(constant, |baseline| baseline.evaluation.clone());
        let rule = Rule::no_worse_than_baseline("brier", 1.0);
        let gate = Gate::builder().rule(rule).build().expect("the rule is about a known metric");
        gate.judge(&self.evaluation, Some(&baseline)).passed().expect("Brier scores are within 1")
    }

    /// The pass of a gate that compares with nothing.
    ///
    /// # Panics
    /// Never: no Brier score is more than 1.
    pub fn passed_alone(&self) -> Passed {
        let rule = Rule::at_most("brier", 1.0);
        let gate = Gate::builder().rule(rule).build().expect("the rule is about a known metric");
        gate.judge(&self.evaluation, None).passed().expect("Brier scores are within 1")
    }

    /// The model with its bytes and digest.
    #[must_use]
    pub fn model_part(&self) -> &ModelPart {
        &self.part
    }
}

const FEATURES: &[u8] = b"the number x";

fn features() -> Fingerprint {
    Fingerprint::of(FEATURES)
}

fn data() -> DatasetVersion {
    DatasetVersion(Fingerprint::of(b"the numbers from 0 to 1"))
}

fn inputs() -> EncodedMatrix {
    let values = Array2::from_shape_fn((ROWS as usize, 1), |(row, _)| row as f64 / f64::from(ROWS));
    EncodedMatrix { values, names: [INPUT.to_owned()].into(), features: features() }
}

fn labels() -> Vec<bool> {
    (0..ROWS).map(|row| row >= ROWS / 2).collect()
}

/// The model.
#[derive(Clone, Debug)]
struct Line {
    slope: f64,
    signature: Signature,
}

impl Model for Line {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        outputs.zip_mut_with(&inputs, |output, x| *output = 0.5 + self.slope * (x - 0.5));
        Ok(())
    }
}

/// The slope's eight bytes.
#[derive(Clone, Copy, Debug)]
struct LineFormat;

impl ModelFormat for LineFormat {
    fn media_type(&self) -> &'static str {
        MEDIA_TYPE
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let any: &dyn std::any::Any = model;
        match any.downcast_ref::<Line>() {
            Some(line) => Ok(line.slope.to_le_bytes().to_vec()),
            None => Err(ModelError::ForeignModel { media_type: MEDIA_TYPE, model: format!("{model:?}") }),
        }
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = |_| ModelError::BadPart { media_type: MEDIA_TYPE, problem: "it is not 8 bytes long".into() };
        let slope = f64::from_le_bytes(bytes.try_into().map_err(bad)?);
        Ok(Arc::new(Line { slope, signature: signature.clone() }))
    }
}
