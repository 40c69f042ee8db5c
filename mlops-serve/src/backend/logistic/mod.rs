//! Logistic regression, trained by linfa.

mod format;
mod model;
mod train;

pub use format::LogisticFormat;
pub use model::LogisticModel;
pub use train::{LogisticTrainer, LogisticTrainerBuilder};
