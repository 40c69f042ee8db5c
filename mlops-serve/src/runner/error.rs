//! What a request or a new version may be refused for.

use mlops_core::{EncodeError, ModelError};

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The caller's slice is of another length than the outputs.
    #[error("the output has room for {got} numbers; {wanted} are needed")]
    WrongLength {
        /// How many the caller has room for.
        got: usize,
        /// How many the rows' outputs are together.
        wanted: usize,
    },
    /// The row couldn't be gathered or encoded.
    #[error("version {version} can't read the row")]
    Encode {
        /// The version that was asked.
        version: u64,
        /// What was met.
        source: EncodeError,
    },
    /// The model couldn't answer.
    #[error("the model of version {version} can't answer")]
    Model {
        /// The version that was asked.
        version: u64,
        /// What was met.
        source: ModelError,
    },
}

/// Why a version doesn't go live; the one before it stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SwapError {
    /// A model with other outputs than those that callers of this runner know.
    #[error("version {version} answers {got:?}; callers of this runner know {wanted:?}")]
    ForeignOutputs {
        /// The version that was refused.
        version: u64,
        /// Its outputs.
        got: Vec<String>,
        /// Those of the runner.
        wanted: Vec<String>,
    },
}
