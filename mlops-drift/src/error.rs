//! What can go wrong.

use mlops_core::Fingerprint;

/// Why something can't be compared, built or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// A sample without any row.
    #[error("the {side} sample is empty")]
    Empty {
        /// `reference` or `current`.
        side: &'static str,
    },
    /// A value that has no place in an order.
    #[error("the {side} sample holds NaN at {position}")]
    NotANumber {
        /// `reference` or `current`.
        side: &'static str,
        /// Its place, from 0.
        position: usize,
    },
    /// Counts of other bins.
    #[error("the bins don't match: {reference} in the reference, {current} in the current sample")]
    OtherBins {
        /// How many bins the reference has.
        reference: usize,
        /// How many the current sample has.
        current: usize,
    },
    /// Counts that were made with another profile.
    #[error("the counts belong to the profile {got}, not to {wanted}")]
    OtherProfile {
        /// The profile of the counts.
        got: Fingerprint,
        /// This profile.
        wanted: Fingerprint,
    },
    /// A parameter out of its range.
    #[error("`{parameter}` is {got}; {allowed} is allowed")]
    OutOfRange {
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        got: String,
        /// What may be.
        allowed: &'static str,
    },
    /// Two columns of one name.
    #[error("there are two columns `{column}`")]
    RepeatedColumn {
        /// The name.
        column: String,
    },
    /// Bytes that are no profile.
    #[error("the profile can't be read: {problem}")]
    NotAProfile {
        /// What is wrong, and where.
        problem: String,
    },
    /// A column of a profile that can't be.
    #[error("column `{column}` of the profile is bad: {problem}")]
    BadColumn {
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A profile of a later format.
    #[error("the profile is of format {got}; this library reads up to {supported}")]
    NewerFormat {
        /// The profile's format.
        got: u32,
        /// The latest that can be read.
        supported: u32,
    },
}

/// Refuses a parameter.
pub(crate) fn out_of_range<T>(
    parameter: &'static str,
    got: &dyn std::fmt::Display,
    allowed: &'static str,
) -> Result<T, DriftError> {
    let got = got.to_string();
    Err(DriftError::OutOfRange { parameter, got, allowed })
}
