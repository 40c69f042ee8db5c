//! A reference that is sorted, binned and factorised once, to compare any number of current samples with.

mod category;
mod compare;
mod effect;
mod format;
mod numeric;
mod tally;
mod threads;

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use mlops_core::Part;

pub use compare::{BinRows, ColumnComparison, NumberComparison};
pub use effect::{ColumnEffect, EffectThresholds, EffectThresholdsBuilder, EffectVerdict};
pub use tally::PreparedTally;

use self::category::Categories;
use self::numeric::Numbers;
use self::threads::each_column;
use crate::DriftError;
use crate::error::out_of_range;

/// The name of the format of a prepared reference, as a part of a bundle.
pub const PREPARED_MEDIA_TYPE: &str = "application/vnd.mlops.reference";

/// What the reference's columns hold, prepared once: numbers sorted and binned, texts factorised to the codes of a
/// [`Vocabulary`](mlops_core::Vocabulary). It travels in the bundle and is never computed again.
///
/// - Numbers (floats, integers, booleans as 0 and 1) have ranges between quantiles of their finite reference values, ten
///   by default, each with its upper edge, and bins of their own for values below and above all of them, −∞, ∞, NaN and
///   missing.
/// - Texts (`Utf8`, `LargeUtf8`, and dictionaries of them) have a bin for each of the reference's, and bins for unseen and
///   missing.
///
/// [`compare`](Self::compare) sorts the current numbers and gives the Kolmogorov–Smirnov test, the Wasserstein distance, the
/// population stability index and the Jensen–Shannon divergence of each column. [`tally`](Self::tally) takes any number
/// of batches in bounded memory and gives what counts in bins can tell.
///
/// A number takes 8 bytes in memory and in the bundle; a reference of some hundred thousand rows tells all that one of
/// millions does.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Float64Array, RecordBatch, StringArray};
/// use mlops_drift::PreparedReference;
///
/// let batch = |shift: f64, town: &str| {
///     let wind = Float64Array::from_iter((0..1000).map(|i| (i % 10 != 0).then(|| f64::from(i) + shift)));
///     let towns = StringArray::from_iter_values((0..1000).map(|i| if i % 2 == 0 { "Kiel" } else { town }));
///     RecordBatch::try_from_iter([("wind", Arc::new(wind) as _), ("town", Arc::new(towns) as _)])
/// };
/// let reference = PreparedReference::builder().build(&[batch(0.0, "Rome")?])?;
/// let reference = PreparedReference::from_bytes(&reference.to_bytes())?;
///
/// let columns = reference.compare(&[batch(100.0, "Lima")?])?;
/// let wind = columns[0].numbers.as_ref().unwrap();
/// assert!((wind.kolmogorov_smirnov.statistic - 0.1).abs() < 0.01);
/// assert!((wind.wasserstein.statistic - 100.0).abs() < 1e-9);
/// assert_eq!(columns[1].bins.iter().find(|bin| bin.label == "unseen").unwrap().current, 500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedReference {
    columns: Vec<Column>,
    bins: usize,
    threads: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Column {
    name: String,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    Numbers(Numbers),
    Categories(Categories),
}

/// Builds a [`PreparedReference`]. Made by [`PreparedReference::builder`].
///
/// | name | default | unit | range |
/// |---|---|---|---|
/// | `bins` | 10 | ranges of a column of numbers | 1 to 128 |
/// | `threads` | 1 | threads that columns are shared among | 1 to 1024 |
#[derive(Clone, Debug)]
pub struct PreparedReferenceBuilder {
    bins: usize,
    threads: usize,
}

impl PreparedReferenceBuilder {
    /// How many ranges a column of numbers has at most; fewer where values repeat.
    #[must_use]
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// How many threads share the columns. Answers don't depend on it.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Prepares all columns of the batches, which have the same schema.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`], [`DriftError::Empty`] without a row, [`DriftError::RepeatedColumn`],
    /// [`DriftError::UnknownType`] for a column that holds neither numbers nor texts, [`DriftError::MissingColumn`] for a
    /// batch that lacks a column of the first.
    pub fn build(self, batches: &[RecordBatch]) -> Result<PreparedReference, DriftError> {
        let Self { bins, threads } = self;
        if !(1..=128).contains(&bins) {
            return out_of_range("bins", &bins, "1 to 128");
        }
        check_threads(threads)?;
        let first = batches.first().filter(|_| rows(batches) > 0).ok_or(DriftError::Empty { side: "reference" })?;
        let schema = first.schema();
        let mut seen = BTreeSet::new();
        if let Some(field) = schema.fields().iter().find(|field| !seen.insert(field.name())) {
            return Err(DriftError::RepeatedColumn { column: field.name().clone() });
        }
        let columns = each_column(schema.fields(), threads, |field| {
            let values = match kind(field.data_type()) {
                Some(Kind::Number) => Values::Numbers(Numbers::of(field.name(), batches, bins)?),
                Some(Kind::Text) => Values::Categories(Categories::of(field.name(), batches)?),
                None => return Err(unknown_type(field.name(), field.data_type())),
            };
            Ok(Column { name: field.name().clone(), values })
        })?;
        Ok(PreparedReference { columns, bins, threads })
    }
}

impl PreparedReference {
    /// A builder with the defaults.
    #[must_use]
    pub fn builder() -> PreparedReferenceBuilder {
        PreparedReferenceBuilder { bins: 10, threads: 1 }
    }

    /// The same reference, with its columns shared among so many threads when it is compared.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] where they are not 1 to 1024.
    pub fn with_threads(mut self, threads: usize) -> Result<Self, DriftError> {
        check_threads(threads)?;
        self.threads = threads;
        Ok(self)
    }

    /// The columns' names, in their order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Compares each column of the reference with the one of that name in the batches; other columns are passed over.
    ///
    /// Numbers are sorted, which takes memory for one column a thread.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without a row, [`DriftError::MissingColumn`], [`DriftError::UnknownType`] for a column that
    /// doesn't hold what the reference's does.
    pub fn compare(&self, current: &[RecordBatch]) -> Result<Vec<ColumnComparison>, DriftError> {
        if rows(current) == 0 {
            return Err(DriftError::Empty { side: "current" });
        }
        each_column(&self.columns, self.threads, |column| match &column.values {
            Values::Numbers(numbers) => numbers.compare(&column.name, current),
            Values::Categories(categories) => categories.compare(&column.name, current),
        })
    }

    /// Counts of no row yet, in the reference's bins.
    #[must_use]
    pub fn tally(&self) -> PreparedTally<'_> {
        PreparedTally::new(self)
    }

    /// The reference as a part of a bundle.
    #[must_use]
    pub fn to_part(&self) -> Part {
        Part { media_type: PREPARED_MEDIA_TYPE.into(), bytes: self.to_bytes().into() }
    }
}

enum Kind {
    Number,
    Text,
}

/// What a column of that type holds.
fn kind(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => Some(Kind::Text),
        DataType::Dictionary(_, values) if matches!(**values, DataType::Utf8 | DataType::LargeUtf8) => {
            Some(Kind::Text)
        }
        DataType::Boolean | DataType::Float32 | DataType::Float64 => Some(Kind::Number),
        whole if whole.is_integer() => Some(Kind::Number),
        _ => None,
    }
}

fn unknown_type(column: &str, got: &DataType) -> DriftError {
    DriftError::UnknownType { column: column.to_owned(), got: got.to_string() }
}

fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

fn check_threads(threads: usize) -> Result<(), DriftError> {
    if (1..=1024).contains(&threads) { Ok(()) } else { out_of_range("threads", &threads, "1 to 1024") }
}
