//! Answers become Parquet files, off the path of the answers.

mod queue;
mod segment;
mod writer;

pub use writer::{LogCounts, LogError, LogOptions, LogStop, PredictionLog};
