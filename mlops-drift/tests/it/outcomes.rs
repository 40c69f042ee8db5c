//! From a model's evaluation to the monitor of its outcomes, by way of its bundle's profile.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{
    Answered, BinaryEvaluator, Bundle, EncodeError, EncodedMatrix, Family, Fingerprint, FormatError, Gate,
    LoadedBundle, Metric, Model, ModelError, ModelFormat, Observer, ObserverFormat, Outcome, Part, Pipeline,
    Prepared, Rule, RunInProgress, Signal, SignalKind, Signature, Slot, SlotEncoder, SlotField, SlotKind,
    SlotSchema, Slots, SystemClock, Timestamp, Tolerance, Trainer, TrainingMatrix, Validation, Value, Winner,
    check_shapes,
};
use mlops_drift::{MonitorOptions, ProfileFormat, ReferenceProfile, Window};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2};

const DAY: Duration = Duration::from_secs(86_400);

fn start() -> Timestamp {
    Timestamp::from_date(2013, 6, 1)
}

fn bytes_of(log_loss: Option<f64>) -> Arc<[u8]> {
    let field = SlotField { name: "x".into(), kind: SlotKind::Float, vocabulary: None };
    let schema = SlotSchema { fields: vec![field], request: 1 };
    let builder = ReferenceProfile::builder(&schema).outputs(["probability"]).log_loss(log_loss);
    let rows: Vec<_> = (0..1000).map(|i| slots(f64::from(i) / 1000.0)).collect();
    let outputs: Vec<_> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
    builder.rows(&rows, &outputs).build().unwrap().to_part().bytes
}

fn slots(x: f64) -> Slots {
    let mut slots = Slots::new(1);
    slots.set(0, Slot::Float(x));
    slots
}

fn show(observer: &dyn Observer, version: u64, x: f64, output: f64) {
    let (slots, latency) = (slots(x), Duration::ZERO);
    let (numbers, outputs) = (&[][..], &[output][..]);
    observer.observe(&Answered { id: "", at: start(), slots: &slots, numbers, outputs, version, latency });
}

fn tell(observer: &dyn Observer, version: u64, outputs: &[f64], label: f64) {
    let (at, available) = (start(), start() + DAY / 2);
    observer.outcome(&Outcome { id: "", at, version, outputs, label, available });
}

fn kinds(signals: &[Signal]) -> Vec<SignalKind> {
    let mut kinds: Vec<_> = signals.iter().map(|signal| signal.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn outcomes_reach_the_performance_monitor_of_their_version() {
    let format = ProfileFormat::new(MonitorOptions::default());
    let observers = [4, 5].map(|version| format.clone().load(&bytes_of(Some(0.3)), version).unwrap());
    for i in 0..1000 {
        // The inputs of version 4 have moved, and every other outcome comes though one in ten was predicted.
        show(&*observers[0], 4, 2.0, f64::from(i) / 1000.0);
        tell(&*observers[0], 4, &[0.1, 0.9], f64::from(i % 2));
    }
    let signals = format.signals(4, start() + DAY);
    assert_eq!(kinds(&signals), [SignalKind::InputDrift, SignalKind::PerformanceDrop], "{signals:?}");
    assert!(signals.iter().all(|signal| signal.version == 4));
    let window = format.performance(4, start() + DAY).unwrap();
    // The first output is the probability: -(ln 0.1 + ln 0.9) / 2 in each pair of rows.
    let loss = -(0.1_f64.ln() + 0.9_f64.ln()) / 2.0;
    assert_eq!((window.rows, window.observed_rate), (1000, 0.5));
    assert!((window.log_loss - loss).abs() < 1e-12 * loss);
    // The other version was told of nothing, and signals of neither kind.
    assert_eq!(format.outcomes(5).unwrap().counted, 0);
    assert_eq!((format.performance(5, start() + DAY), format.signals(5, start() + DAY)), (None, vec![]));
    assert_eq!((format.performance(6, start() + DAY), format.outcomes(6)), (None, None));
}

#[test]
fn outcomes_of_other_versions_and_of_no_probability_are_not_taken() {
    let format = ProfileFormat::new(MonitorOptions::default());
    let observer = format.load(&bytes_of(Some(0.3)), 4).unwrap();
    tell(&*observer, 5, &[0.5], 1.0);
    assert_eq!(format.outcomes(4).unwrap(), Default::default());
    tell(&*observer, 4, &[], 1.0);
    tell(&*observer, 4, &[1.5], 1.0);
    // Over a half is positive.
    for label in [0.0, 0.5, 0.75, 1.0] {
        tell(&*observer, 4, &[0.5], label);
    }
    let tally = format.outcomes(4).unwrap();
    assert_eq!((tally.invalid, tally.counted, tally.late), (2, 4, 0));
    assert_eq!(format.performance(4, start() + DAY).unwrap().observed_rate, 0.5);
}

#[test]
fn a_profile_without_a_log_loss_has_no_performance_monitor() {
    let format = ProfileFormat::new(MonitorOptions::default());
    let observer = format.load(&bytes_of(None), 4).unwrap();
    for i in 0..1000 {
        show(&*observer, 4, 2.0, f64::from(i) / 1000.0);
        tell(&*observer, 4, &[0.1], f64::from(i % 2));
    }
    assert_eq!((format.performance(4, start() + DAY), format.outcomes(4)), (None, None));
    assert_eq!(kinds(&format.signals(4, start() + DAY)), [SignalKind::InputDrift]);
}

#[test]
fn the_thresholds_and_the_window_of_the_options_hold_for_outcomes_too() {
    let told = |options: MonitorOptions| {
        let format = ProfileFormat::new(options);
        let observer = format.load(&bytes_of(Some(0.3)), 4).unwrap();
        (0..1000).for_each(|i| tell(&*observer, 4, &[0.1], f64::from(i % 2)));
        format
    };
    let subjects = |format: &ProfileFormat, now| {
        let mut subjects: Vec<_> = format.signals(4, now).into_iter().map(|signal| signal.subject).collect();
        subjects.dedup();
        subjects
    };
    // The log loss is 0.9 over the evaluation's, and the calibration 0.4 off.
    let wide = MonitorOptions::builder().log_loss(2.0).calibration(0.3).build().unwrap();
    assert_eq!(subjects(&told(wide), start() + DAY), ["calibration"]);
    let wide = MonitorOptions::builder().log_loss(0.5).calibration(0.6).build().unwrap();
    assert_eq!(subjects(&told(wide), start() + DAY), ["log loss"]);
    // All were available at noon.
    let hourly = told(MonitorOptions::builder().every(DAY / 24).build().unwrap());
    assert_eq!(hourly.performance(4, start() + DAY), None);
    assert_eq!(hourly.performance(4, start() + DAY / 24 * 13).unwrap().rows, 1000);
    // Windows of rows are for answers; outcomes have windows of a day then.
    let by_rows = told(MonitorOptions::builder().window(Window::Rows(10)).build().unwrap());
    assert_eq!(by_rows.performance(4, start() + DAY).unwrap().rows, 1000);
}

/// Answers with its input.
#[derive(Clone, Debug)]
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

impl Trainer for Same {
    type Model = Self;

    fn parameters(&self) -> std::collections::BTreeMap<String, serde_json::Value> {
        std::collections::BTreeMap::new()
    }

    fn train(&self, _: &TrainingMatrix, _: Option<&Self>) -> Result<Self, ModelError> {
        Ok(self.clone())
    }
}

#[derive(Debug)]
struct SameFormat;

impl ModelFormat for SameFormat {
    fn media_type(&self) -> &'static str {
        "text/same"
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, _: &dyn Model) -> Result<Vec<u8>, ModelError> {
        Ok(Vec::new())
    }

    fn load(&self, _: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        Ok(Arc::new(Same(signature.clone())))
    }
}

/// A hundred rows of one number, all of which are validated on.
#[derive(Debug)]
struct Rows {
    schema: SlotSchema,
    names: Arc<[String]>,
    slots: Vec<Slots>,
    matrix: TrainingMatrix,
    inputs: EncodedMatrix,
    validation: Validation,
}

impl Rows {
    fn new() -> Self {
        let (features, names) = (Fingerprint::of(b"features"), Arc::from(["x".to_owned()]));
        let numbers = Array2::from_shape_fn((100, 1), |(row, _)| row as f64 / 100.0);
        let labels = Array1::from_iter((0..100).map(|row| f64::from(row % 3 == 0)));
        let places = Arc::new(arrow::array::Int64Array::from_iter_values(0..100)) as _;
        let table = arrow::array::RecordBatch::try_from_iter([("place", places)]).unwrap();
        let table = mlops_core::Dataset::from_batches([table]).unwrap();
        let positive: Vec<bool> = labels.iter().map(|label| *label > 0.5).collect();
        let field = SlotField { name: "x".into(), kind: SlotKind::Float, vocabulary: None };
        Self {
            schema: SlotSchema { fields: vec![field], request: 1 },
            slots: numbers.iter().map(|&x| slots(x)).collect(),
            matrix: TrainingMatrix::new(numbers.clone(), labels, Arc::clone(&names), features).unwrap(),
            inputs: EncodedMatrix { values: numbers, names: Arc::clone(&names), features },
            validation: Validation::new(&table, &positive, BinaryEvaluator::default()).unwrap(),
            names,
        }
    }
}

impl SlotEncoder for Rows {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        self.inputs.features
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        match slots.value(0) {
            Value::Float(x) => numbers[0] = x,
            _ => return Err(EncodeError::Null { feature: "x".into() }),
        }
        Ok(())
    }
}

impl Prepared for Rows {
    fn matrix(&self) -> &TrainingMatrix {
        &self.matrix
    }

    fn encoder(&self) -> &dyn SlotEncoder {
        self
    }

    fn features(&self) -> Part {
        Part { media_type: "text/none".into(), bytes: Arc::from([]) }
    }

    fn rows(&self) -> &[Slots] {
        &self.slots
    }

    fn validation(&self) -> &Validation {
        &self.validation
    }

    fn inputs(&self) -> &EncodedMatrix {
        &self.inputs
    }

    fn inputs_of(&self, _: &Bundle) -> Result<EncodedMatrix, FormatError> {
        Ok(self.inputs.clone())
    }

    fn record(&self, _: &mut RunInProgress) {}
}

fn winner(data: &Rows) -> Winner {
    let (features, inputs) = (data.fingerprint(), data.names.to_vec());
    let same = Same(Signature { features, inputs, outputs: vec!["probability".into()] });
    let gate = Gate::new([Rule::at_most("brier", 1.0)]).unwrap();
    let pipeline = Pipeline::new("toy", [Family::new("same", same, SameFormat)], gate, "log_loss").unwrap();
    pipeline.run(data, None::<&LoadedBundle<f64>>, &SystemClock).unwrap().winner.unwrap()
}

#[test]
fn a_winners_profile_has_its_rows_its_answers_and_its_log_loss() {
    let data = Rows::new();
    let winner = winner(&data);
    let profile = ReferenceProfile::of(&data, &winner).build().unwrap();
    let log_loss = winner.evaluation().metric("log_loss").and_then(Metric::defined_value);
    assert!(log_loss.is_some() && profile.log_loss() == log_loss);
    let by_hand = ReferenceProfile::builder(&data.schema).outputs(["probability"]).log_loss(log_loss);
    let answers: Vec<f64> = (0..100).map(|row| f64::from(row) / 100.0).collect();
    assert_eq!(profile, by_hand.rows(&data.slots, &answers).build().unwrap());
    // Out of the bundle it becomes both monitors.
    let bundle = winner.bundle().part("profile", profile.to_part()).build().unwrap();
    let format = ProfileFormat::new(MonitorOptions::default());
    format.load(&bundle.part("profile").unwrap().bytes, 1).unwrap();
    assert!(format.monitor(1).is_some() && format.outcomes(1).is_some());
}
