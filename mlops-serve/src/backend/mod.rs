//! Model back-ends: for each a trainer, a model and the format of its bytes.

mod binary;
#[cfg(feature = "linfa")]
pub(crate) mod logistic;
#[cfg(feature = "candle")]
pub(crate) mod mlp;

/// A parameter outside its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("`{parameter}` is {got}; allowed is {allowed}")]
pub struct ParameterError {
    /// The parameter.
    pub parameter: &'static str,
    /// What was given.
    pub got: String,
    /// What its range is.
    pub allowed: &'static str,
}

/// Passes where `holds` says that `got` is in the range `allowed`.
fn check_parameter(
    parameter: &'static str,
    got: impl std::fmt::Debug,
    allowed: &'static str,
    holds: bool,
) -> Result<(), ParameterError> {
    if holds { Ok(()) } else { Err(ParameterError { parameter, got: format!("{got:?}"), allowed }) }
}
