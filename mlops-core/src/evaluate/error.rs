//! What keeps an evaluation from being made.

use crate::{Fingerprint, ModelError};

/// Why rows can't be scored, or an evaluator can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Inputs that other fitted features made than those of the model.
    #[error("the inputs were encoded by the features {got}; the model was trained on {wanted}")]
    ForeignFeatures {
        /// The features of the inputs.
        got: Fingerprint,
        /// The features of the model.
        wanted: Fingerprint,
    },
    /// Inputs with other columns than those of the model.
    #[error("input column {column} is {got:?}; the model wants {wanted:?}")]
    ForeignInput {
        /// The first column that differs, from 0.
        column: usize,
        /// Its name in the inputs; `None` where they end before it.
        got: Option<String>,
        /// Its name in the model; `None` where it ends before it.
        wanted: Option<String>,
    },
    /// A model without an output column.
    #[error("the model has no output to take a probability from")]
    NoOutput,
    /// The model couldn't answer.
    #[error("the model can't answer the rows from {row} on")]
    Predict {
        /// The first row of the block, from 0.
        row: usize,
        /// What it said.
        source: ModelError,
    },
    /// A score that is not a probability.
    #[error("the score of row {row} is {score}, which is not a probability within [0, 1]")]
    NotAProbability {
        /// The row, from 0.
        row: usize,
        /// The score.
        score: f64,
    },
    /// Not one of something for each row.
    #[error("{got} {what} were given for {rows} rows")]
    WrongLength {
        /// What there should be one of a row: `labels`, or the name of a slice's column.
        what: String,
        /// How many there are.
        got: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A column that the rows are sliced by already.
    #[error("the rows are sliced by `{column}` already")]
    SlicedTwice {
        /// The column.
        column: String,
    },
    /// A parameter out of its range.
    #[error("{parameter} is {got}; {allowed} is allowed")]
    BadParameter {
        /// The parameter.
        parameter: &'static str,
        /// What it was set to.
        got: f64,
        /// What it may be.
        allowed: &'static str,
    },
}
