//! What can go wrong.

use mlops_core::Fingerprint;

use crate::SampleRows;

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
    /// A sample with rows, of which too few can be used.
    #[error(
        "the {side} sample has {} values that can be used, of {} rows ({} NaN, {} infinite); at least {least} are needed",
        rows.used, rows.rows, rows.nan, rows.infinite
    )]
    TooFewValues {
        /// `reference` or `current`.
        side: &'static str,
        /// What became of its rows.
        rows: SampleRows,
        /// How many are needed.
        least: usize,
    },
    /// Rows without any column.
    #[error("the rows of the {side} sample have no column")]
    NoColumns {
        /// `reference` or `current`.
        side: &'static str,
    },
    /// A sample with too few rows.
    #[error("the {side} sample has {rows} rows; at least {least} are needed")]
    TooFewRows {
        /// `reference` or `current`.
        side: &'static str,
        /// How many it has.
        rows: usize,
        /// How many are needed.
        least: usize,
    },
    /// Samples of other columns.
    #[error("the columns don't match: {reference} in the reference, {current} in the current sample")]
    OtherWidths {
        /// How many columns the reference has.
        reference: usize,
        /// How many the current sample has.
        current: usize,
    },
    /// A value that can't be compared.
    #[error("row {row} of the {side} sample is not finite in column {column}")]
    NotFinite {
        /// `reference` or `current`.
        side: &'static str,
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
    /// A classifier that could not be trained.
    #[error("the classifier could not be trained: {problem}")]
    NotTrained {
        /// Why.
        problem: String,
    },
    /// A statistic that these values don't have.
    #[error("the {statistic} is undefined: {cause}")]
    Undefined {
        /// The statistic.
        statistic: &'static str,
        /// Why.
        cause: &'static str,
    },
    /// A column that can't be compared.
    #[error("column `{column}` can't be compared")]
    Column {
        /// The column.
        column: String,
        /// Why.
        #[source]
        cause: Box<DriftError>,
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
    /// Tests to be corrected for their number, of which there are none.
    #[error("there are no p-values")]
    NoPValues,
    /// A number that is no p-value.
    #[error("the p-value at index {index} is {got}; 0 to 1 is allowed")]
    NotAPValue {
        /// Where it stands.
        index: usize,
        /// What was given.
        got: f64,
    },
    /// Two columns of one name.
    #[error("there are two columns `{column}`")]
    RepeatedColumn {
        /// The name.
        column: String,
    },
    /// A batch without a column of the reference.
    #[error("there is no column `{column}`")]
    MissingColumn {
        /// The column.
        column: String,
    },
    /// A column whose values can't be compared with the reference's, or with anything.
    #[error(
        "column `{column}` is of type {got}, which is not what the reference has or holds neither numbers nor texts"
    )]
    UnknownType {
        /// The column.
        column: String,
        /// Its type.
        got: String,
    },
    /// Counts in the bins of another reference.
    #[error("the counts belong to another reference")]
    OtherReference,
    /// Bytes that are no prepared reference.
    #[error("the reference can't be read: {problem}, at byte {at}")]
    NotAReference {
        /// What is wrong.
        problem: &'static str,
        /// Where.
        at: usize,
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
    /// Bytes of a later format.
    #[error("the bytes are of format {got}; this library reads up to {supported}")]
    NewerFormat {
        /// Their format.
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
