//! From prepared rows to a bundle: champions and challengers on the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use mlops_core::{
    BinaryEvaluator, Bundle, Dataset, DatasetError, EncodeError, EncodedMatrix, Encoder, EncoderFormat, Family,
    Fingerprint, FormatError, Gate, GateError, Gather, LoadedBundle, LoadedEncoder, Metric, Model, ModelError,
    ModelFormat, ModelPart, Part, Pipeline, PipelineError, PipelineRun, Prepared, Rule, Run, RunInProgress, Slot,
    SlotEncoder, SlotField, SlotKind, SlotSchema, Slots, Subject, SystemClock, Timestamp, Tolerance, Trainer,
    TrainingMatrix, Validation, Value,
};
use ndarray::{Array1, Array2};

use crate::toy::{Scaled, ScaledFormat, model};

const LABELS: [bool; 4] = [false, true, false, true];
const SCORES: [f64; 4] = [0.2, 0.9, 0.4, 0.8];

/// Hands one number through under a name.
#[derive(Clone, Debug)]
struct Plain {
    schema: SlotSchema,
    names: Arc<[String]>,
}

impl Plain {
    fn new(name: &str) -> Self {
        let field = SlotField { name: name.into(), kind: SlotKind::Float, vocabulary: None };
        Self { schema: SlotSchema { fields: vec![field], request: 1 }, names: [name.to_owned()].into() }
    }

    fn matrix(&self, values: &[f64]) -> EncodedMatrix {
        EncodedMatrix {
            values: Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap(),
            names: Arc::clone(&self.names),
            features: self.fingerprint(),
        }
    }
}

impl SlotEncoder for Plain {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(b"features")
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        match slots.value(0) {
            Value::Float(x) => numbers[0] = x,
            _ => return Err(EncodeError::Null { feature: self.names[0].clone() }),
        }
        Ok(())
    }
}

impl Encoder<f64> for Plain {
    fn read(&self, row: &f64, slots: &mut Slots) -> Result<(), EncodeError> {
        slots.reset(1);
        slots.set(0, Slot::Float(*row));
        Ok(())
    }
}

impl Gather<f64> for Plain {
    fn gather(&self, row: &f64, _: Timestamp, slots: &mut Slots) -> Result<(), EncodeError> {
        self.read(row, slots)
    }
}

#[derive(Debug)]
struct PlainFormat;

impl EncoderFormat<f64> for PlainFormat {
    fn media_type(&self) -> &'static str {
        "text/plain"
    }

    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<f64>, FormatError> {
        let name = std::str::from_utf8(bytes).map_err(|error| FormatError { problem: error.to_string() })?;
        let plain = Arc::new(Plain::new(name));
        Ok(LoadedEncoder { encoder: Arc::clone(&plain) as _, gather: plain })
    }
}

/// Rows of one number each, of which the last four are to validate on.
#[derive(Debug)]
struct Rows {
    encoder: Plain,
    matrix: TrainingMatrix,
    rows: Vec<Slots>,
    validation: Validation,
    inputs: EncodedMatrix,
    /// Whether the features of other bundles take these rows.
    open: bool,
}

fn table() -> Dataset {
    let side = Arc::new(StringArray::from(vec!["left", "left", "right", "right"])) as _;
    Dataset::from_batches([RecordBatch::try_from_iter([("side", side)]).unwrap()]).unwrap()
}

fn validation() -> Validation {
    let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap();
    Validation::new(&table(), &LABELS, evaluator).unwrap().slice_by(&table(), &["side"]).unwrap()
}

fn slots(x: Option<f64>) -> Slots {
    let mut slots = Slots::new(1);
    if let Some(x) = x {
        slots.set(0, Slot::Float(x));
    }
    slots
}

/// A quarter of the training rows is positive.
fn rows_of(name: &str, earlier: usize) -> Rows {
    let encoder = Plain::new(name);
    let numbers: Vec<f64> = (0..earlier).map(|row| row as f64 / earlier as f64).collect();
    let labels = Array1::from_iter((0..earlier).map(|row| f64::from(row % 4 == 0)));
    let EncodedMatrix { values, names, features } = encoder.matrix(&numbers);
    Rows {
        matrix: TrainingMatrix::new(values, labels, names, features).unwrap(),
        rows: numbers.iter().chain(&SCORES).map(|&x| slots(Some(x))).collect(),
        validation: validation(),
        inputs: encoder.matrix(&SCORES),
        encoder,
        open: true,
    }
}

fn rows() -> Rows {
    rows_of("x", 100)
}

impl Prepared for Rows {
    fn matrix(&self) -> &TrainingMatrix {
        &self.matrix
    }

    fn encoder(&self) -> &dyn SlotEncoder {
        &self.encoder
    }

    fn features(&self) -> Part {
        let name = self.encoder.names[0].clone();
        Part { media_type: "text/plain".into(), bytes: name.into_bytes().into() }
    }

    fn rows(&self) -> &[Slots] {
        &self.rows
    }

    fn validation(&self) -> &Validation {
        &self.validation
    }

    fn inputs(&self) -> &EncodedMatrix {
        &self.inputs
    }

    fn inputs_of(&self, bundle: &Bundle) -> Result<EncodedMatrix, FormatError> {
        if !self.open {
            return Err(FormatError { problem: "other rows".into() });
        }
        let part = bundle.part("features").map_err(|error| FormatError { problem: error.to_string() })?;
        let loaded = PlainFormat.load(&part.bytes)?;
        let names = Arc::clone(loaded.encoder.names());
        Ok(EncodedMatrix { names, ..self.inputs.clone() })
    }

    fn record(&self, run: &mut RunInProgress) {
        run.data("validate", &table());
    }
}

/// "Trains" the factor that it is given, or twice that of the earlier model.
#[derive(Debug)]
struct Given(f64);

impl Trainer for Given {
    type Model = Scaled;

    fn parameters(&self) -> BTreeMap<String, serde_json::Value> {
        BTreeMap::from([("factor".into(), self.0.into())])
    }

    fn train(&self, matrix: &TrainingMatrix, earlier: Option<&Scaled>) -> Result<Scaled, ModelError> {
        if self.0.is_nan() {
            return Err(ModelError::Backend { library: "toy", source: "no factor".into() });
        }
        let factor = earlier.map_or(self.0, |earlier| earlier.factor * 2.0);
        Ok(Scaled::new(factor, matrix.names()[0].as_str()))
    }
}

/// The same, but of models of its own.
#[derive(Debug)]
struct Other(Scaled);

impl Model for Other {
    fn signature(&self) -> &mlops_core::Signature {
        self.0.signature()
    }

    fn predict_into(
        &self,
        inputs: ndarray::ArrayView2<'_, f64>,
        outputs: ndarray::ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        self.0.predict_into(inputs, outputs)
    }
}

#[derive(Debug)]
struct OtherTrainer;

impl Trainer for OtherTrainer {
    type Model = Other;

    fn parameters(&self) -> BTreeMap<String, serde_json::Value> {
        BTreeMap::new()
    }

    fn train(&self, matrix: &TrainingMatrix, earlier: Option<&Other>) -> Result<Other, ModelError> {
        assert!(earlier.is_none());
        Ok(Other(Scaled::new(1.0, matrix.names()[0].as_str())))
    }
}

#[derive(Debug)]
struct OtherFormat;

impl ModelFormat for OtherFormat {
    fn media_type(&self) -> &'static str {
        "application/x-other"
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        let model = (model as &dyn std::any::Any).downcast_ref::<Other>().unwrap();
        ScaledFormat.save(&model.0)
    }

    fn load(&self, bytes: &[u8], signature: &mlops_core::Signature) -> Result<Arc<dyn Model>, ModelError> {
        let factor = f64::from_le_bytes(bytes.try_into().unwrap());
        Ok(Arc::new(Other(Scaled::new(factor, &signature.inputs[0]))))
    }
}

/// Passes what is better by log loss.
fn gate() -> Gate {
    Gate::new([Rule::better_than_baseline("log_loss", 0.01)]).unwrap()
}

fn pipeline_of(families: impl IntoIterator<Item = Family>, best_by: &str) -> Pipeline {
    Pipeline::new("toy", families, gate(), best_by).unwrap()
}

/// A pipeline of families that answer the number times each factor.
fn pipeline(factors: &[f64]) -> Pipeline {
    let family = |factor: &f64| Family::new(factor.to_string(), Given(*factor), ScaledFormat);
    pipeline_of(factors.iter().map(family), "log_loss")
}

fn run(pipeline: &Pipeline, data: &Rows, champion: Option<&LoadedBundle<f64>>) -> PipelineRun {
    pipeline.run(data, champion, &SystemClock).unwrap()
}

/// The version of one factor, as it would be in production.
fn champion(data: &Rows, factor: f64) -> LoadedBundle<f64> {
    load(&run(&pipeline(&[factor]), data, None))
}

fn load(run: &PipelineRun) -> LoadedBundle<f64> {
    let bundle = run.winner.as_ref().unwrap().bundle().build().unwrap();
    LoadedBundle::load(Arc::new(bundle), &PlainFormat, &[&ScaledFormat]).unwrap()
}

fn value(evaluation: &mlops_core::Evaluation, metric: &str) -> Option<f64> {
    evaluation.metric(metric).and_then(Metric::defined_value)
}

#[test]
fn the_best_of_those_that_passed_wins() {
    // The second is better than the first by log loss, and the third doesn't pass.
    let run = run(&pipeline(&[0.8, 1.0, 0.01]), &rows(), None);
    let passed: Vec<_> = run.challengers.iter().map(|one| one.verdict.clone().passed().is_ok()).collect();
    assert_eq!(passed, [true, true, false]);
    assert!(run.challengers[2].to_string().contains("failed 1 of 1 checks"));
    let winner = run.winner.as_ref().unwrap();
    assert_eq!(winner.part().digest(), model(1.0).digest());
    assert_eq!(winner.passed().model(), model(1.0).digest());
    assert_eq!(winner.evaluation().subject(), &Subject::Model { digest: model(1.0).digest() });
    assert!(run.to_string().ends_with(&format!("1 won: {}", model(1.0).digest())), "{run}");
}

#[test]
fn the_best_is_the_highest_where_the_metric_rises() {
    let family = |factor: f64| Family::new(factor.to_string(), Given(factor), ScaledFormat);
    let gate = Gate::new([Rule::at_least("roc_auc", 0.1)]).unwrap();
    let pipeline = Pipeline::new("toy", [0.0, 0.8].map(family), gate, "roc_auc").unwrap();
    let run = run(&pipeline, &rows(), None);
    let areas: Vec<_> = run.challengers.iter().map(|one| value(&one.evaluation, "roc_auc")).collect();
    assert_eq!(areas, [Some(0.5), Some(1.0)]);
    assert_eq!(run.winner.unwrap().part().digest(), model(0.8).digest());
}

#[test]
fn the_first_of_those_that_tie_wins() {
    let family = |name: &str| Family::new(name, Given(1.0), ScaledFormat);
    let run = run(&pipeline_of([family("first"), family("second")], "log_loss"), &rows(), None);
    assert_eq!(
        value(&run.challengers[0].evaluation, "log_loss"),
        value(&run.challengers[1].evaluation, "log_loss")
    );
    assert!(run.to_string().contains("first won: "), "{run}");
}

#[test]
fn nobody_wins_where_nobody_passed() {
    let nobody = run(&pipeline(&[0.01]), &rows(), None);
    assert!(nobody.winner.is_none() && nobody.challengers.len() == 1);
    assert!(nobody.to_string().ends_with("none passed"), "{nobody}");
    let none = run(&pipeline(&[]), &rows(), None);
    assert!(none.winner.is_none() && none.challengers.is_empty());
}

#[test]
fn a_metric_that_rates_nothing_is_named() {
    let refused = |metric: &str| Pipeline::new("toy", [], gate(), metric).unwrap_err();
    assert_eq!(refused("loss"), GateError::UnknownMetric { metric: "loss".into() });
    assert_eq!(refused("base_rate"), GateError::NoBetter { metric: "base_rate".into() });
}

#[test]
fn the_champion_is_the_baseline_and_the_base_rate_of_training_before_there_is_one() {
    let data = rows();
    let first = run(&pipeline(&[0.8]), &data, None);
    let passed = first.challengers[0].verdict.clone().passed().unwrap();
    assert_eq!(passed.baseline(), Some(&Subject::Constant { score: 0.25 }));
    let constant = data.validation.of_constant(0.25).unwrap();
    assert_eq!(passed.checks()[0].baseline, value(&constant, "log_loss"));

    // What beats the base rate is held against the champion now.
    let champion = champion(&data, 1.0);
    let second =
        run(&pipeline_of([Family::new("other", OtherTrainer, OtherFormat)], "log_loss"), &data, Some(&champion));
    assert!(second.winner.is_none(), "it answers as the champion does");
    let checks = second.challengers[0].verdict.checks();
    let by_champion = data.validation.of_model(champion.model_part(), &data.inputs).unwrap();
    assert_eq!(checks[0].baseline, value(&by_champion, "log_loss"));
}

#[test]
fn a_family_starts_from_the_champion_where_it_is_of_its_kind_and_inputs() {
    let data = rows();
    let champion = champion(&data, 0.5);
    let warm = |data: &Rows, family: Family, champion: Option<&LoadedBundle<f64>>| {
        let run = run(&pipeline_of([family], "log_loss"), data, champion);
        let Run { parameters, .. } = &run.challengers[0].run;
        (parameters["warm_start"].clone(), run.challengers[0].part.digest())
    };
    let given = || Family::new("given", Given(0.25), ScaledFormat);
    assert_eq!(warm(&data, given(), None), (false.into(), model(0.25).digest()));
    assert_eq!(warm(&data, given(), Some(&champion)), (true.into(), model(1.0).digest()));
    let other = Family::new("other", OtherTrainer, OtherFormat);
    assert_eq!(warm(&data, other, Some(&champion)).0, false);
    // The champion takes another input.
    let renamed = ModelPart::new(&Scaled::new(0.25, "y"), &ScaledFormat).unwrap();
    assert_eq!(warm(&rows_of("y", 100), given(), Some(&champion)), (false.into(), renamed.digest()));
}

#[test]
fn the_winners_bundle_loads_and_answers_its_golden_rows() {
    let data = rows();
    let pipeline = pipeline(&[1.0]).code(Some("abc".into()));
    let run = run(&pipeline, &data, None);
    let bundle = run.winner.as_ref().unwrap().bundle().build().unwrap();
    assert_eq!(bundle.manifest().name, "toy");
    assert_eq!(bundle.manifest().model, model(1.0).digest());
    let lineage = bundle.lineage().unwrap();
    assert_eq!((lineage.name.as_str(), lineage.code.as_deref()), ("1", Some("abc")));
    assert_eq!(lineage.data["validate"].version, table().version());
    assert_eq!(lineage.artifacts["model"], model(1.0).digest());
    assert!(lineage.metrics.contains_key("log_loss"));
    let golden: serde_json::Value = serde_json::from_slice(&bundle.part("golden").unwrap().bytes).unwrap();
    let golden = golden.as_array().unwrap();
    assert_eq!(golden.len(), 32, "the last rows");
    assert_eq!(golden[31]["outputs"][0], 0.8);
    // Loading verifies them.
    let loaded = load(&run);
    assert_eq!(loaded.model_part().digest(), model(1.0).digest());
}

#[test]
fn fewer_rows_than_are_golden_are_all_golden() {
    let data = rows_of("x", 4);
    let bundle = run(&pipeline(&[1.0]), &data, None).winner.unwrap().bundle().build().unwrap();
    let golden: serde_json::Value = serde_json::from_slice(&bundle.part("golden").unwrap().bytes).unwrap();
    assert_eq!(golden.as_array().unwrap().len(), 8);
}

#[test]
fn the_answers_are_the_models_one_a_row() {
    // More rows than are answered at a time.
    let data = rows_of("x", 9000);
    let run = run(&pipeline(&[0.9]), &data, None);
    let wanted = data.rows.iter().map(|slots| match slots.value(0) {
        Value::Float(x) => x * 0.9,
        other => panic!("{other:?}"),
    });
    assert_eq!(run.winner.unwrap().answers(), wanted.collect::<Vec<_>>());
}

#[test]
fn what_fails_is_named() {
    let failed = |factors: &[f64], data: &Rows, champion: Option<&LoadedBundle<f64>>| {
        pipeline(factors).run(data, champion, &SystemClock).unwrap_err()
    };
    let (data, mut broken, mut closed) = (rows(), rows_of("x", 5000), rows());
    let error = failed(&[1.0, f64::NAN], &data, None);
    assert!(matches!(&error, PipelineError::Train { family, .. } if family == "NaN"), "{error}");
    let error = failed(&[2.0], &data, None);
    assert!(matches!(&error, PipelineError::Evaluate { subject, .. } if subject == "2"), "{error}");
    let champion = champion(&data, 1.0);
    closed.open = false;
    let error = failed(&[1.0], &closed, Some(&champion));
    assert!(matches!(error, PipelineError::Champion { .. }), "{error}");
    // Among the golden rows; it is named by its place among all.
    broken.rows[5002] = slots(None);
    let error = failed(&[1.0], &broken, None);
    assert!(matches!(error, PipelineError::Encode { row: 5002, .. }), "{error}");
}

#[test]
fn every_subject_is_evaluated_on_the_same_rows_and_slices() {
    let validation = validation();
    let by_model = validation.of_model(&model(1.0), &rows().inputs).unwrap();
    let by_scores = validation.of_scores("the rule in place", SCORES.to_vec()).unwrap();
    assert_eq!(value(&by_model, "log_loss"), value(&by_scores, "log_loss"));
    assert_eq!(by_model.data(), by_scores.data());
    assert_eq!(by_model.slices().len(), 2);
    let wrong = Validation::new(&table(), &[true], BinaryEvaluator::default()).unwrap_err();
    assert!(matches!(wrong, DatasetError::WrongLength { got: 1, wanted: 4 }));
}

#[test]
fn a_family_tells_the_run_how_it_trained() {
    let family = Family::new("scaled", Given(0.25), ScaledFormat);
    let mut run = Run::start(family.name(), &SystemClock);
    let part = family.train(&mut run, rows().matrix(), Some(&model(0.25))).unwrap();
    let run = run.finish(&SystemClock);
    assert_eq!((run.name.as_str(), part.digest()), ("scaled", model(0.5).digest()));
    assert_eq!((&run.parameters["factor"], &run.parameters["warm_start"]), (&0.25.into(), &true.into()));
    assert_eq!(run.artifacts["model"], part.digest());
}
