//! Rows that every candidate is evaluated on.

use super::{BinaryEvaluator, Evaluation, EvaluationError, ScoredRows};
use crate::{Dataset, DatasetError, DatasetVersion, EncodedMatrix, ModelPart, Timestamp};

/// Rows with their outcomes, and the columns to slice them by: the same for every model that is to be compared.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{RecordBatch, StringArray};
/// use mlops_core::{BinaryEvaluator, Dataset, Metric, Validation};
///
/// let carrier = Arc::new(StringArray::from(vec!["AA", "UA", "AA", "UA"])) as _;
/// let rows = Dataset::from_batches([RecordBatch::try_from_iter([("carrier", carrier)])?])?;
/// let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build()?;
/// let validation = Validation::new(&rows, &[true, false, false, false], evaluator)?.slice_by(&rows, &["carrier"])?;
///
/// let constant = validation.of_constant(0.25)?;
/// assert_eq!(constant.metric("base_rate").and_then(Metric::defined_value), Some(0.25));
/// assert_eq!(constant.slices().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validation {
    evaluator: BinaryEvaluator,
    data: DatasetVersion,
    labels: Vec<bool>,
    slicings: Vec<(String, Vec<String>)>,
}

impl Validation {
    /// Rows with an outcome each.
    ///
    /// # Errors
    /// [`DatasetError::WrongLength`] where there isn't one outcome a row.
    pub fn new(rows: &Dataset, labels: &[bool], evaluator: BinaryEvaluator) -> Result<Self, DatasetError> {
        let (got, wanted) = (labels.len(), rows.rows());
        if got != wanted {
            return Err(DatasetError::WrongLength { got, wanted });
        }
        Ok(Self { evaluator, data: rows.version(), labels: labels.to_vec(), slicings: Vec::new() })
    }

    /// The rows of a table that have an outcome in a column, over a half where it is positive, such as served rows with
    /// what came of them.
    ///
    /// # Errors
    /// [`DatasetError`] where there is no such column, or it holds no numbers.
    pub fn of_column(table: &Dataset, outcome: &str) -> Result<(Dataset, Self), DatasetError> {
        let outcomes = table.floats(outcome)?;
        let rows = table.filter(&outcomes.iter().map(|outcome| !outcome.is_nan()).collect::<Vec<_>>())?;
        let labels: Vec<bool> =
            outcomes.iter().filter(|outcome| !outcome.is_nan()).map(|outcome| *outcome > 0.5).collect();
        let validation = Self::new(&rows, &labels, BinaryEvaluator::default())?;
        Ok((rows, validation))
    }

    /// Slices the rows by the texts of columns.
    ///
    /// # Errors
    /// [`DatasetError`] where there is no such column or it has no text form.
    pub fn slice_by(mut self, rows: &Dataset, columns: &[&str]) -> Result<Self, DatasetError> {
        for &column in columns {
            self.slicings.push((column.into(), rows.texts(column)?));
        }
        Ok(self)
    }

    /// Slices the rows by the month (`2013-05`, in UTC) of a column of times, under the name `month`; rows without a time
    /// have an empty one.
    ///
    /// # Errors
    /// [`DatasetError`] where there is no such column, or it holds no times.
    pub fn slice_by_month(mut self, rows: &Dataset, column: &str) -> Result<Self, DatasetError> {
        let months = rows.times(column)?.into_iter().map(|time| time.map(Timestamp::month).unwrap_or_default());
        self.slicings.push(("month".into(), months.collect()));
        Ok(self)
    }

    /// What a model's answers are worth.
    ///
    /// # Errors
    /// Those of [`ScoredRows::by_model`] and [`ScoredRows::slice_by`].
    pub fn of_model(&self, part: &ModelPart, inputs: &EncodedMatrix) -> Result<Evaluation, EvaluationError> {
        self.evaluate(ScoredRows::by_model(part, inputs, &self.labels, self.data)?)
    }

    /// What the same score for every row is worth: the baseline before there is a model.
    ///
    /// # Errors
    /// Those of [`ScoredRows::by_constant`] and [`ScoredRows::slice_by`].
    pub fn of_constant(&self, score: f64) -> Result<Evaluation, EvaluationError> {
        self.evaluate(ScoredRows::by_constant(score, &self.labels, self.data)?)
    }

    /// What scores that came from elsewhere are worth.
    ///
    /// # Errors
    /// Those of [`ScoredRows::by_other`] and [`ScoredRows::slice_by`].
    pub fn of_scores(&self, name: &str, scores: Vec<f64>) -> Result<Evaluation, EvaluationError> {
        self.evaluate(ScoredRows::by_other(name, scores, &self.labels, self.data)?)
    }

    fn evaluate(&self, rows: ScoredRows) -> Result<Evaluation, EvaluationError> {
        let sliced = self.slicings.iter().try_fold(rows, |rows, (column, values)| rows.slice_by(column, values))?;
        Ok(self.evaluator.evaluate(&sliced))
    }
}
