//! Tables with versions, and what is expected of them.

mod dataset;
mod expectation;
mod version;

pub use dataset::{Dataset, DatasetError};
pub use expectation::{Checked, Expectation, ExpectationError, Expectations, Quarantine};
pub use version::DatasetVersion;
