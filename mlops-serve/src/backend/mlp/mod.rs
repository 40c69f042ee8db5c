//! Multi-layer perceptrons, trained by candle.

mod device;
mod format;
mod forward;
mod model;
mod network;
mod random;
mod train;

pub use device::ComputeDevice;
pub use format::MlpFormat;
pub use model::MlpModel;
pub use train::{MlpTrainer, MlpTrainerBuilder};

/// An error of candle's as one of a model's.
fn candle_failed(error: candle_core::Error) -> mlops_core::ModelError {
    mlops_core::ModelError::Backend { library: "candle", source: Box::new(error) }
}
