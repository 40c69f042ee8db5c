//! Counts of current rows in the bins of a prepared reference.

use arrow::array::RecordBatch;

use super::compare::ColumnComparison;
use super::threads::each_column;
use super::{PreparedReference, Values};
use crate::DriftError;

/// Current rows, counted in the bins of a [`PreparedReference`] batch by batch: memory for the counts alone, whatever the
/// number of rows. Made by [`PreparedReference::tally`].
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Float64Array, RecordBatch};
/// use mlops_drift::PreparedReference;
///
/// let batch = |from: i32, to: i32| {
///     let wind = Float64Array::from_iter_values((from..to).map(f64::from));
///     RecordBatch::try_from_iter([("wind", Arc::new(wind) as _)])
/// };
/// let reference = PreparedReference::builder().build(&[batch(0, 1000)?])?;
/// let mut tally = reference.tally();
/// for start in 0..10 {
///     tally.add(&batch(200 + 100 * start, 300 + 100 * start)?)?;
/// }
/// let wind = &tally.compare()?[0];
/// assert!(wind.ks_interval.unwrap().low >= 0.2 - 1e-12);
/// assert_eq!(wind.numbers, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PreparedTally<'a> {
    reference: &'a PreparedReference,
    counts: Vec<Vec<u64>>,
    rows: u64,
}

impl<'a> PreparedTally<'a> {
    pub(super) fn new(reference: &'a PreparedReference) -> Self {
        let counts = reference.columns.iter().map(|column| match &column.values {
            Values::Numbers(numbers) => numbers.no_counts(),
            Values::Categories(categories) => categories.no_counts(),
        });
        Self { reference, counts: counts.collect(), rows: 0 }
    }

    /// How many rows have been counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts the rows of a batch.
    ///
    /// # Errors
    /// [`DriftError::MissingColumn`], [`DriftError::UnknownType`] for a column that doesn't hold what the reference's does;
    /// nothing is counted then.
    pub fn add(&mut self, batch: &RecordBatch) -> Result<(), DriftError> {
        let columns: Vec<_> = self.reference.columns.iter().zip(&self.counts).collect();
        let counts = each_column(&columns, self.reference.threads, |(column, counts)| {
            let mut counts = (*counts).clone();
            match &column.values {
                Values::Numbers(numbers) => numbers.count(&mut counts, &column.name, batch)?,
                Values::Categories(categories) => categories.count(&mut counts, &column.name, batch)?,
            }
            Ok(counts)
        })?;
        self.counts = counts;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Takes over the rows of another tally: the same as if its batches had been added to this one.
    ///
    /// # Errors
    /// [`DriftError::OtherReference`] for a tally of a reference that differs; nothing is taken over then.
    pub fn merge(&mut self, other: &Self) -> Result<(), DriftError> {
        if !std::ptr::eq(self.reference, other.reference) && self.reference.columns != other.reference.columns {
            return Err(DriftError::OtherReference);
        }
        for (count, &more) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *count += more;
        }
        self.rows += other.rows;
        Ok(())
    }

    /// Compares what has been counted with the reference.
    ///
    /// # Errors
    /// [`DriftError::Empty`] where nothing has been counted.
    pub fn compare(&self) -> Result<Vec<ColumnComparison>, DriftError> {
        if self.rows == 0 {
            return Err(DriftError::Empty { side: "current" });
        }
        let columns = self.reference.columns.iter().zip(&self.counts);
        columns
            .map(|(column, counts)| match &column.values {
                Values::Numbers(numbers) => numbers.of_counts(&column.name, counts),
                Values::Categories(categories) => categories.of_counts(&column.name, counts),
            })
            .collect()
    }
}
