#![doc = include_str!("../README.md")]

mod bundle;
mod clock;
mod data;
mod encoder;
mod evaluate;
mod family;
mod fingerprint;
mod gate;
mod json;
mod matrix;
mod model;
mod observer;
mod pipeline;
mod report;
mod retrain;
mod run;
mod schema;
mod slots;
mod source;
mod texts;
mod vocabulary;

pub use bundle::{
    Bundle, BundleBuilder, BundleError, GoldenRow, GoldenRows, GoldenValue, LoadedBundle, Manifest, Part, PartEntry,
};
#[cfg(feature = "testing")]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock, Timestamp};
pub use data::{
    Checked, Dataset, DatasetError, DatasetVersion, Expectation, ExpectationError, Expectations, Quarantine,
};
pub use encoder::{EncodeError, Encoder, EncoderFormat, FormatError, Gather, LoadedEncoder, SlotEncoder};
pub use evaluate::{
    BinaryEvaluator, BinaryEvaluatorBuilder, Evaluation, EvaluationError, Interval, Metric, MetricValue,
    ScoredRows, SliceEvaluation, Subject, Undefined, Validation,
};
pub use family::Family;
pub use fingerprint::{Fingerprint, FingerprintHasher, ParseFingerprintError};
pub use gate::{Check, Failed, Failure, Gate, GateBuilder, GateError, Passed, Rule, Side, Verdict};
pub use json::{JsonFloat, json_floats};
pub use matrix::{EncodedMatrix, TrainingMatrix, TrainingMatrixError};
pub use model::{Model, ModelError, ModelExt, ModelFormat, ModelPart, Tolerance, Trainer, check_shapes};
pub use observer::{Answered, Observer, ObserverFormat, Outcome};
pub use pipeline::{Challenger, Pipeline, PipelineError, PipelineRun, Prepared, Winner};
pub use report::Table;
pub use retrain::{
    Backtest, Decision, EffectInterval, Moment, Reason, RetrainPolicy, RetrainPolicyBuilder, RetrainPolicyError,
    Signal, SignalKind, TrainingState, Waiting,
};
pub use run::{DataUse, Run, RunInProgress, code_revision};
pub use schema::{Column, Schema, SchemaError, Signature};
pub use slots::{Slot, SlotField, SlotKind, SlotSchema, Slots, Span, Value};
pub use source::{BoxFuture, BundleSource, SourceError, SourcedBundle};
pub use texts::Texts;
#[cfg(feature = "testing")]
pub use vocabulary::{CategoryCase, category_cases};
pub use vocabulary::{Code, Vocabulary, VocabularyError};
