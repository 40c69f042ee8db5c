#![cfg_attr(feature = "linfa", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "linfa"), doc = "Model back-ends and the runner that answers in process.")]

#[cfg(any(feature = "linfa", feature = "candle"))]
mod backend;
mod batch;
mod runner;

#[cfg(any(feature = "linfa", feature = "candle"))]
pub use backend::ParameterError;
#[cfg(feature = "linfa")]
pub use backend::logistic::{LogisticFormat, LogisticModel, LogisticTrainer, LogisticTrainerBuilder};
#[cfg(feature = "candle")]
pub use backend::mlp::{ComputeDevice, MlpFormat, MlpModel, MlpTrainer, MlpTrainerBuilder};
pub use batch::{BatchAnswer, BatchScratch, FailedRow, Request};
pub use runner::{Answer, Counts, Live, Prediction, RunError, Runner, Scratch, SwapError};
