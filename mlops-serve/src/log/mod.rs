//! Answers become Parquet files, off the path of the answers.

mod outcomes;
mod queue;
mod read;
mod segment;
mod writer;

pub use read::{read_predictions, read_predictions_of};
pub use writer::{LogCounts, LogError, LogOptions, LogStop, PredictionLog};
