#![cfg_attr(all(feature = "linfa", feature = "log"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "linfa", feature = "log")),
    doc = "Model back-ends and the runner that answers in process."
)]

#[cfg(any(feature = "linfa", feature = "candle"))]
mod backend;
mod batch;
mod follow;
mod latency;
#[cfg(feature = "log")]
mod log;
mod outcome;
mod runner;
#[cfg(feature = "log")]
mod service;

#[cfg(any(feature = "linfa", feature = "candle"))]
pub use backend::ParameterError;
#[cfg(feature = "linfa")]
pub use backend::logistic::{LogisticFormat, LogisticModel, LogisticTrainer, LogisticTrainerBuilder};
#[cfg(feature = "candle")]
pub use backend::mlp::{ComputeDevice, MlpFormat, MlpModel, MlpTrainer, MlpTrainerBuilder};
pub use batch::{BatchAnswer, BatchScratch, FailedRow, Request};
pub use follow::{Followed, LoadError, Loader, follow};
pub use latency::LatencyHistogram;
#[cfg(feature = "log")]
pub use log::{LogCounts, LogError, LogOptions, LogStop, PredictionLog, read_predictions, read_predictions_of};
pub use outcome::{Joined, OutcomeCounts, OutcomeJoin};
pub use runner::{Answer, Counts, Live, Prediction, RunError, Runner, Scratch, SwapError};
#[cfg(feature = "log")]
pub use service::{Service, ServiceError};
