//! Rows with a score and an outcome each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, s};
use serde::Serialize;

use super::EvaluationError;
use crate::{DatasetVersion, EncodedMatrix, Fingerprint, ModelPart, Signature};

/// What was evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// A model, by the digest of its part.
    Model {
        /// The digest.
        digest: Fingerprint,
    },
    /// One score for every row, such as the base rate of the training data.
    Constant {
        /// The score.
        score: f64,
    },
    /// Something whose scores came from elsewhere, such as a rule or a system in place.
    Other {
        /// What it is called.
        name: String,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { digest } => digest.fmt(f),
            Self::Constant { score } => write!(f, "the constant {score}"),
            Self::Other { name } => f.write_str(name),
        }
    }
}

/// Rows that were scored: what scored them, of which data, and for each row a probability, the outcome and the
/// slices that it is in. A clone is cheap.
///
/// ```
/// # use mlops_core::{DatasetVersion, EvaluationError, Fingerprint, ScoredRows};
/// # let data = DatasetVersion(Fingerprint::of(b"validation"));
/// let rows = ScoredRows::by_constant(0.2, &[false, true, false], data)?.slice_by("carrier", ["AA", "UA", "AA"])?;
/// assert_eq!(rows.len(), 3);
/// # Ok::<(), EvaluationError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct ScoredRows {
    subject: Subject,
    data: DatasetVersion,
    scores: Arc<[f64]>,
    labels: Arc<[bool]>,
    slicings: Vec<Arc<Slicing>>,
}

/// Which value of a column each row has.
#[derive(Debug, PartialEq)]
pub(crate) struct Slicing {
    pub(super) column: String,
    /// The values, in order.
    pub(super) values: Vec<String>,
    /// For each row the place of its value.
    pub(super) codes: Vec<usize>,
}

/// A score and an outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) score: f64,
    pub(super) label: bool,
}

impl Row {
    /// Outcome minus score.
    pub(super) fn residual(&self) -> f64 {
        f64::from(u8::from(self.label)) - self.score
    }
}

/// Rows that a model answers at a time.
const BLOCK: usize = 4096;

impl ScoredRows {
    /// Rows that a model scores: its first output is the probability of the label.
    ///
    /// `inputs` is rows × the model's inputs, `labels` the outcome of each row, `data` the version of the
    /// dataset that both came from.
    ///
    /// # Errors
    /// [`EvaluationError`] where the inputs are not those of the model (other fitted features, other columns),
    /// there isn't one label a row, the model fails, or it gives a row something else than a probability.
    pub fn by_model(
        part: &ModelPart,
        inputs: &EncodedMatrix,
        labels: &[bool],
        data: DatasetVersion,
    ) -> Result<Self, EvaluationError> {
        let model = part.model();
        let signature = model.signature();
        check_inputs(signature, inputs)?;
        let rows = inputs.values.nrows();
        check_length("labels", labels.len(), rows)?;
        let span = tracing::debug_span!("score", model = %part.digest(), rows);
        let _entered = span.enter();
        let mut scores = Vec::with_capacity(rows);
        let mut outputs = Array2::zeros((BLOCK.min(rows), signature.outputs.len()));
        for start in (0..rows).step_by(BLOCK) {
            let end = rows.min(start + BLOCK);
            let mut block = outputs.slice_mut(s![..end - start, ..]);
            model
                .predict_into(inputs.values.slice(s![start..end, ..]), block.view_mut())
                .map_err(|source| EvaluationError::Predict { row: start, source })?;
            scores.extend(block.column(0));
        }
        Self::new(Subject::Model { digest: part.digest() }, scores, labels, data)
    }

    /// Rows that all have one score: the baseline that knows nothing of a row.
    ///
    /// # Errors
    /// [`EvaluationError::NotAProbability`].
    pub fn by_constant(score: f64, labels: &[bool], data: DatasetVersion) -> Result<Self, EvaluationError> {
        Self::new(Subject::Constant { score }, vec![score; labels.len()], labels, data)
    }

    /// Rows whose scores came from elsewhere. No gate lets them pass, but they can be its baseline.
    ///
    /// # Errors
    /// [`EvaluationError`] where there isn't one label a row, or a score is not a probability.
    pub fn by_other(
        name: impl Into<String>,
        scores: Vec<f64>,
        labels: &[bool],
        data: DatasetVersion,
    ) -> Result<Self, EvaluationError> {
        Self::new(Subject::Other { name: name.into() }, scores, labels, data)
    }

    fn new(
        subject: Subject,
        mut scores: Vec<f64>,
        labels: &[bool],
        data: DatasetVersion,
    ) -> Result<Self, EvaluationError> {
        check_length("labels", labels.len(), scores.len())?;
        for (row, score) in scores.iter_mut().enumerate() {
            if !(0.0 <= *score && *score <= 1.0) {
                return Err(EvaluationError::NotAProbability { row, score: *score });
            }
            // One zero, so that ties in value are ties in order.
            *score += 0.0;
        }
        Ok(Self { subject, data, scores: scores.into(), labels: labels.into(), slicings: Vec::new() })
    }

    /// Says which value of a column each row has, for the metrics of each value's rows.
    ///
    /// A slice of fewer rows than the evaluator's minimum has no metrics, and no gate that looks at it passes:
    /// give rare values a common one, such as `other`.
    ///
    /// # Errors
    /// [`EvaluationError`] where there isn't one value a row, or the column was given before.
    pub fn slice_by(
        mut self,
        column: &str,
        values: impl IntoIterator<Item: Into<String>>,
    ) -> Result<Self, EvaluationError> {
        if self.slicing(column).is_some() {
            return Err(EvaluationError::SlicedTwice { column: column.into() });
        }
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        check_length(column, values.len(), self.len())?;
        let distinct: BTreeSet<&String> = values.iter().collect();
        let places: BTreeMap<&String, usize> =
            distinct.iter().zip(0..).map(|(value, place)| (*value, place)).collect();
        let codes = values.iter().map(|value| places[value]).collect();
        let values = distinct.into_iter().cloned().collect();
        self.slicings.push(Arc::new(Slicing { column: column.into(), values, codes }));
        Ok(self)
    }

    /// What scored the rows.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The version of the dataset that the rows came from.
    #[must_use]
    pub fn data(&self) -> DatasetVersion {
        self.data
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// The probability of each row.
    #[must_use]
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The outcome of each row.
    #[must_use]
    pub fn labels(&self) -> &[bool] {
        &self.labels
    }

    pub(super) fn slicings(&self) -> &[Arc<Slicing>] {
        &self.slicings
    }

    pub(crate) fn slicing(&self, column: &str) -> Option<&Slicing> {
        self.slicings.iter().map(AsRef::as_ref).find(|slicing| slicing.column == column)
    }
}

/// Says how many rows there are, and shows none.
impl fmt::Debug for ScoredRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&str> = self.slicings.iter().map(|slicing| slicing.column.as_str()).collect();
        f.debug_struct("ScoredRows")
            .field("subject", &self.subject)
            .field("data", &self.data)
            .field("rows", &self.len())
            .field("sliced_by", &columns)
            .finish_non_exhaustive()
    }
}

fn check_length(what: &str, got: usize, rows: usize) -> Result<(), EvaluationError> {
    if got == rows { Ok(()) } else { Err(EvaluationError::WrongLength { what: what.into(), got, rows }) }
}

/// Checks that the inputs are what a model was trained on.
fn check_inputs(signature: &Signature, inputs: &EncodedMatrix) -> Result<(), EvaluationError> {
    let (got, wanted) = (inputs.features, signature.features);
    if got != wanted {
        return Err(EvaluationError::ForeignFeatures { got, wanted });
    }
    let (got, wanted) = (&inputs.names, &signature.inputs);
    if let Some(column) = (0..got.len().max(wanted.len())).find(|column| got.get(*column) != wanted.get(*column)) {
        let name = |names: &[String]| names.get(column).cloned();
        return Err(EvaluationError::ForeignInput { column, got: name(got), wanted: name(wanted) });
    }
    if signature.outputs.is_empty() { Err(EvaluationError::NoOutput) } else { Ok(()) }
}
