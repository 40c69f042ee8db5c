//! Challengers side by side: trained by families, evaluated on the same rows, judged by one gate.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use mlops_core::{
    BinaryEvaluator, Challenge, Dataset, DatasetError, Family, Fingerprint, Gate, GateError, Metric, ModelError,
    ModelPart, Rule, Run, SystemClock, Trainer, TrainingMatrix, Validation,
};
use ndarray::{Array1, Array2};
use serde_json::Value;

use crate::toy::{Scaled, ScaledFormat, inputs, model};

const LABELS: [bool; 4] = [false, true, false, true];
const SCORES: [f64; 4] = [0.2, 0.9, 0.4, 0.8];

fn rows() -> Dataset {
    let side = Arc::new(StringArray::from(vec!["left", "left", "right", "right"])) as _;
    Dataset::from_batches([RecordBatch::try_from_iter([("side", side)]).unwrap()]).unwrap()
}

fn validation() -> Validation {
    let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap();
    Validation::new(&rows(), &LABELS, evaluator).unwrap().slice_by(&rows(), &["side"]).unwrap()
}

fn gate() -> Gate {
    Gate::builder().rule(Rule::better_than_baseline("log_loss", 0.01)).build().unwrap()
}

/// Enters models that answer the scores times each factor.
fn challenge<'a>(gate: &'a Gate, validation: &'a Validation, factors: &[f64]) -> Challenge<'a> {
    let mut challenge = Challenge::new(gate, validation, validation.of_constant(0.5).unwrap());
    for factor in factors {
        let run = Run::start(factor.to_string(), &SystemClock);
        challenge.enter(run, model(*factor), &inputs(&SCORES)).unwrap();
    }
    challenge
}

#[test]
fn the_best_of_those_that_passed_wins() {
    let (gate, validation) = (gate(), validation());
    // The second is better than the first by log loss, and the third doesn't pass.
    let challenge = challenge(&gate, &validation, &[0.6, 1.0, 0.01]);
    let passed = |place: usize| challenge.challengers()[place].verdict().clone().passed().is_ok();
    assert_eq!([0, 1, 2].map(passed), [true, true, false]);
    assert!(challenge.challengers()[2].to_string().contains("failed 1 of 1 checks"));
    let winner = challenge.best_by("log_loss").unwrap().unwrap();
    assert_eq!(winner.part().digest(), model(1.0).digest());
    assert_eq!(winner.passed().model(), model(1.0).digest());
    let run = winner.bundle("toy", &SystemClock).build().unwrap_err();
    assert!(run.to_string().contains("has no part `features`"), "{run}");
}

#[test]
fn nobody_wins_where_nobody_passed() {
    let (gate, validation) = (gate(), validation());
    assert!(challenge(&gate, &validation, &[0.01]).best_by("log_loss").unwrap().is_none());
    assert!(challenge(&gate, &validation, &[]).best_by("log_loss").unwrap().is_none());
}

#[test]
fn a_metric_that_rates_nothing_is_named() {
    let (gate, validation) = (gate(), validation());
    let best_by = |metric| challenge(&gate, &validation, &[1.0]).best_by(metric).unwrap_err();
    assert_eq!(best_by("loss"), GateError::UnknownMetric { metric: "loss".into() });
    assert_eq!(best_by("base_rate"), GateError::NoBetter { metric: "base_rate".into() });
}

#[test]
fn every_subject_is_evaluated_on_the_same_rows_and_slices() {
    let validation = validation();
    let by_model = validation.of_model(&model(1.0), &inputs(&SCORES)).unwrap();
    let by_scores = validation.of_scores("the rule in place", SCORES.to_vec()).unwrap();
    let log_loss =
        |evaluation: &mlops_core::Evaluation| evaluation.metric("log_loss").and_then(Metric::defined_value);
    assert_eq!(log_loss(&by_model), log_loss(&by_scores));
    assert_eq!(by_model.data(), by_scores.data());
    assert_eq!(by_model.slices().len(), 2);
    let wrong = Validation::new(&rows(), &[true], BinaryEvaluator::default()).unwrap_err();
    assert!(matches!(wrong, DatasetError::WrongLength { got: 1, wanted: 4 }));
}

/// "Trains" the factor that it is given, or keeps the earlier model's.
#[derive(Debug)]
struct Given(f64);

impl Trainer for Given {
    type Model = Scaled;

    fn parameters(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("factor".into(), self.0.into())])
    }

    fn train(&self, matrix: &TrainingMatrix, earlier: Option<&Scaled>) -> Result<Scaled, ModelError> {
        let factor = earlier.map_or(self.0, |earlier| earlier.factor * 2.0);
        Ok(Scaled::new(factor, matrix.names()[0].as_str()))
    }
}

fn matrix(name: &str) -> TrainingMatrix {
    let (values, labels) = (Array2::zeros((1, 1)), Array1::zeros(1));
    TrainingMatrix::new(values, labels, vec![name.to_owned()].into(), Fingerprint::of(b"features")).unwrap()
}

#[test]
fn a_family_starts_from_an_earlier_model_where_it_fits() {
    let family = Family::new("scaled", Given(0.25), ScaledFormat);
    let train = |name: &str, earlier: Option<&ModelPart>| {
        let mut run = Run::start(family.name(), &SystemClock);
        let part = family.train(&mut run, &matrix(name), earlier).unwrap();
        let run = run.finish(&SystemClock);
        assert_eq!(run.parameters["factor"], 0.25);
        (part.digest(), run.parameters["warm_start"].clone())
    };
    let first = model(0.25);
    assert_eq!(train("x", None), (first.digest(), false.into()));
    assert_eq!(train("x", Some(&first)), (model(0.5).digest(), true.into()));
    // The earlier model takes another input.
    assert_eq!(train("y", Some(&first)).1, false);
}

#[test]
fn rows_are_sorted_by_a_column_and_the_last_are_had() {
    let table = |values: Vec<Option<i64>>| {
        let places = Arc::new(Int64Array::from_iter_values(0..values.len() as i64)) as _;
        let values = Arc::new(Int64Array::from(values)) as _;
        Dataset::from_batches([RecordBatch::try_from_iter([("value", values), ("place", places)]).unwrap()])
            .unwrap()
    };
    let sorted = table(vec![Some(3), None, Some(-1), Some(3), Some(-1)]).sort_by("value").unwrap();
    assert_eq!(sorted.texts("place").unwrap(), ["1", "2", "4", "0", "3"]);
    assert_eq!(sorted.last(2).texts("place").unwrap(), ["0", "3"]);
    assert_eq!((sorted.last(9).version(), sorted.last(0).rows()), (sorted.version(), 0));
    assert!(matches!(sorted.sort_by("time").unwrap_err(), DatasetError::MissingColumn { .. }));
}
