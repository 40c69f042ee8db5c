//! Numbers, sorted once, to be compared any number of times.

use super::sort::sort;
use super::{Effect, Method, SampleRows, SampleTest};
use crate::DriftError;

/// A sample of numbers, sorted. Any number of tests and distances take it, none of which sorts again.
///
/// NaN stands for a missing value: it is counted and left out. Infinities have their place in the order: tests that
/// look at ranks alone take them for values, those that look at distances or moments leave them out; each says in
/// [`SampleRows`] what it did. −0 is 0.
///
/// ```
/// use mlops_drift::Sample;
///
/// let sample = Sample::of(&[3.0, f64::NAN, 1.0, f64::INFINITY]);
/// assert_eq!(sample.values(), [1.0, 3.0, f64::INFINITY]);
/// assert_eq!(sample.finite(), [1.0, 3.0]);
/// assert_eq!(sample.rows(), 4);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Without NaN, rising.
    values: Vec<f64>,
    /// The range of finite values.
    finite: std::ops::Range<usize>,
    nan: u64,
}

impl Sample {
    /// Sorts a copy of the values, which come in any order.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        Self::from_values(values.to_vec())
    }

    /// Sorts the values.
    pub(crate) fn from_values(mut values: Vec<f64>) -> Self {
        let rows = values.len();
        values.retain_mut(|x| {
            *x += 0.0; // −0 becomes 0
            !x.is_nan()
        });
        sort(&mut values);
        let nan = (rows - values.len()) as u64;
        Self::from_sorted(values, nan)
    }

    /// Values that rise and hold no NaN.
    pub(crate) fn from_sorted(values: Vec<f64>, nan: u64) -> Self {
        let start = values.partition_point(|&x| x == f64::NEG_INFINITY);
        let end = values.partition_point(|&x| x < f64::INFINITY);
        Self { values, finite: start..end, nan }
    }

    /// All values that are not NaN, rising.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The finite values, rising.
    #[must_use]
    pub fn finite(&self) -> &[f64] {
        &self.values[self.finite.clone()]
    }

    /// How many rows there are, NaN and infinities included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.values.len() as u64 + self.nan
    }

    pub(crate) fn tally(&self, used: usize) -> SampleRows {
        let infinite = (self.values.len() - self.finite.len()) as u64;
        SampleRows { rows: self.rows(), nan: self.nan, infinite, used: used as u64 }
    }
}

/// The values of both sides and what became of their rows, if each has at least `least`.
pub(crate) struct Sides<'a> {
    pub(crate) reference: &'a [f64],
    pub(crate) current: &'a [f64],
    pub(crate) reference_rows: SampleRows,
    pub(crate) current_rows: SampleRows,
}

impl<'a> Sides<'a> {
    /// For statistics of ranks: infinities are values.
    pub(crate) fn ranked(reference: &'a Sample, current: &'a Sample, least: usize) -> Result<Self, DriftError> {
        Self::of((reference, reference.values()), (current, current.values()), least)
    }

    /// For statistics of distances and moments: infinities are left out.
    pub(crate) fn finite(reference: &'a Sample, current: &'a Sample, least: usize) -> Result<Self, DriftError> {
        Self::of((reference, reference.finite()), (current, current.finite()), least)
    }

    fn of(
        (reference, used): (&'a Sample, &'a [f64]),
        (current, used_current): (&'a Sample, &'a [f64]),
        least: usize,
    ) -> Result<Self, DriftError> {
        let sides = Self {
            reference: used,
            current: used_current,
            reference_rows: reference.tally(used.len()),
            current_rows: current.tally(used_current.len()),
        };
        for (side, rows) in [("reference", sides.reference_rows), ("current", sides.current_rows)] {
            if rows.rows == 0 {
                return Err(DriftError::Empty { side });
            }
            if (rows.used as usize) < least {
                return Err(DriftError::TooFewValues { side, rows, least });
            }
        }
        Ok(sides)
    }

    /// The answer of a test without degrees of freedom or a location.
    pub(crate) fn answer(
        &self,
        statistic: f64,
        p_value: Option<f64>,
        method: Method,
        effect: Effect,
    ) -> SampleTest {
        SampleTest {
            statistic,
            p_value,
            method,
            effect,
            degrees_of_freedom: None,
            location: None,
            reference: self.reference_rows,
            current: self.current_rows,
        }
    }
}
