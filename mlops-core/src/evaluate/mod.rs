//! What a model's answers are worth.

mod binary;
mod calibration;
mod classification;
mod error;
mod evaluation;
mod interval;
mod loss;
mod metric;
mod random;
mod scored;
mod validation;

pub use binary::{BinaryEvaluator, BinaryEvaluatorBuilder};
pub use error::EvaluationError;
pub use evaluation::{Evaluation, SliceEvaluation};
pub use interval::Interval;
pub use metric::{Metric, MetricValue, Undefined};
pub use scored::{ScoredRows, Subject};
pub use validation::Validation;

pub(crate) use metric::{Better, KNOWN_METRICS, better};
