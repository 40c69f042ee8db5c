//! What is expected of each row, and where the rows go that don't meet it.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::kernels::cmp::lt;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde::{Deserialize, Serialize};

use super::{Dataset, DatasetError};

/// What is expected of a row. Nulls meet every expectation but [`Expectation::NotNull`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "expect")]
#[non_exhaustive]
pub enum Expectation {
    /// The column holds a value.
    NotNull {
        /// The column.
        column: String,
    },
    /// A number in `min..=max`; NaN is outside of every range.
    Between {
        /// The column.
        column: String,
        /// The least value that is allowed.
        min: f64,
        /// The greatest value that is allowed.
        max: f64,
    },
    /// A text out of a list.
    OneOf {
        /// The column.
        column: String,
        /// The texts that are allowed.
        values: Vec<String>,
    },
    /// A time or a number that is not less than that of another column of the same type.
    NotBefore {
        /// The column.
        column: String,
        /// The column that it may not be before.
        earlier: String,
    },
    /// No earlier row has the same values in these columns; nulls are equal.
    Unique {
        /// The columns.
        columns: Vec<String>,
    },
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull { column } => write!(f, "{column} is null"),
            Self::Between { column, min, max } => write!(f, "{column} is outside of {min} to {max}"),
            Self::OneOf { column, .. } => write!(f, "{column} is not one of the allowed"),
            Self::NotBefore { column, earlier } => write!(f, "{column} is before {earlier}"),
            Self::Unique { columns } => write!(f, "{} repeats", columns.join(", ")),
        }
    }
}

/// The expectations of a table's rows.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Float64Array, RecordBatch};
/// use mlops_core::{Dataset, Expectations};
///
/// let speed = Float64Array::from(vec![Some(10.4), Some(1048.4), None]);
/// let batch = RecordBatch::try_from_iter([("wind_speed", Arc::new(speed) as _)]).unwrap();
/// let checked = Expectations::new()
///     .between("wind_speed", 0.0, 200.0)
///     .not_null(&["wind_speed"])
///     .check(&Dataset::from_batches([batch]).unwrap())
///     .unwrap();
/// assert_eq!(checked.clean.rows(), 1);
/// assert_eq!(
///     checked.quarantine.to_string(),
///     "1 wind_speed is outside of 0 to 200, 1 wind_speed is null",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expectations(Vec<Expectation>);

/// An expectation that doesn't fit the table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectationError {
    /// The table can't be used.
    #[error("the expectation \"not: {expectation}\" doesn't fit the table")]
    Dataset {
        /// The expectation, as the reason for which it sets rows aside.
        expectation: String,
        /// What was met.
        source: DatasetError,
    },
    /// A column's values can't be compared as the expectation asks.
    #[error("the expectation \"not: {expectation}\" doesn't fit the type of its column")]
    Type {
        /// The expectation, as the reason for which it sets rows aside.
        expectation: String,
        /// What was met.
        source: ArrowError,
    },
}

/// A table split in two by its [`Expectations`].
#[derive(Clone, Debug)]
pub struct Checked {
    /// The rows that met every expectation, in their order.
    pub clean: Dataset,
    /// The others.
    pub quarantine: Quarantine,
}

/// Rows that were set aside, and why. As text: the counts by reason.
#[derive(Clone, Debug)]
pub struct Quarantine {
    /// The rows with two more columns: `row` (its number in the table that was checked, from 0) and `reason`
    /// (what it didn't meet, with the value; several joined by "; ").
    pub rows: Dataset,
    /// How many rows didn't meet each expectation, those without any left out. A row may count more than once.
    pub counts: Vec<(Expectation, usize)>,
}

/// How many rows there are, their version, and what was set aside.
impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clean, quarantine } = self;
        write!(f, "{} rows, version {}, set aside: {quarantine}", clean.rows(), clean.version())
    }
}

impl fmt::Display for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return f.write_str("none");
        }
        for (i, (expectation, count)) in self.counts.iter().enumerate() {
            write!(f, "{}{count} {expectation}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Expectations {
    /// No expectation yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[must_use]
    pub fn with(mut self, expectation: Expectation) -> Self {
        self.0.push(expectation);
        self
    }

    /// The columns hold a value, each an expectation of its own.
    #[must_use]
    pub fn not_null(self, columns: &[&str]) -> Self {
        columns.iter().fold(self, |all, &column| all.with(Expectation::NotNull { column: column.into() }))
    }

    /// A number in `min..=max`.
    #[must_use]
    pub fn between(self, column: &str, min: f64, max: f64) -> Self {
        self.with(Expectation::Between { column: column.into(), min, max })
    }

    /// A text out of `values`.
    #[must_use]
    pub fn one_of(self, column: &str, values: &[&str]) -> Self {
        let values = values.iter().map(ToString::to_string).collect();
        self.with(Expectation::OneOf { column: column.into(), values })
    }

    /// A time or number not less than that of another column.
    #[must_use]
    pub fn not_before(self, column: &str, earlier: &str) -> Self {
        self.with(Expectation::NotBefore { column: column.into(), earlier: earlier.into() })
    }

    /// No earlier row has the same values.
    #[must_use]
    pub fn unique(self, columns: &[&str]) -> Self {
        self.with(Expectation::Unique { columns: columns.iter().map(ToString::to_string).collect() })
    }

    /// Splits a table into the rows that meet every expectation and those that don't. Nothing is lost: the
    /// two together are the table.
    ///
    /// # Errors
    /// [`ExpectationError`] where an expectation names a column that isn't there or is of another type.
    #[tracing::instrument(skip_all, fields(rows = table.rows()))]
    pub fn check(&self, table: &Dataset) -> Result<Checked, ExpectationError> {
        let mut reasons: Vec<String> = vec![String::new(); table.rows()];
        let mut counts = Vec::new();
        for expectation in &self.0 {
            let failed = expectation.failing(table)?;
            for &row in &failed {
                if !reasons[row].is_empty() {
                    reasons[row].push_str("; ");
                }
                reasons[row].push_str(&expectation.to_string());
                if let Some(got) = expectation.shown(table, row) {
                    reasons[row].push_str(&format!(" (got {got})"));
                }
            }
            if !failed.is_empty() {
                counts.push((expectation.clone(), failed.len()));
            }
        }
        let split = |source| ExpectationError::Dataset { expectation: "the whole".into(), source };
        let clean: Vec<bool> = reasons.iter().map(String::is_empty).collect();
        let rows = set_aside(table.batch(), &reasons)
            .map_err(|source| DatasetError::Arrow { origin: "the rows set aside".into(), source })
            .and_then(|rows| Dataset::from_batches([rows]))
            .map_err(split)?;
        Ok(Checked { clean: table.filter(&clean).map_err(split)?, quarantine: Quarantine { rows, counts } })
    }
}

fn set_aside(batch: &RecordBatch, reasons: &[String]) -> Result<RecordBatch, ArrowError> {
    let mask: BooleanArray = reasons.iter().map(|reason| Some(!reason.is_empty())).collect();
    let mut fields: Vec<_> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new("row", DataType::UInt64, false)));
    fields.push(Arc::new(Field::new("reason", DataType::Utf8, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(arrow::array::UInt64Array::from_iter_values(0..batch.num_rows() as u64)));
    columns.push(Arc::new(StringArray::from_iter_values(reasons)));
    filter_record_batch(&RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?, &mask)
}

impl Expectation {
    /// The rows that don't meet it.
    fn failing(&self, table: &Dataset) -> Result<Vec<usize>, ExpectationError> {
        let column = |name: &String| {
            table.column(name).map_err(|source| ExpectationError::Dataset { expectation: self.to_string(), source })
        };
        let typed = |source| ExpectationError::Type { expectation: self.to_string(), source };
        let rows = 0..table.rows();
        Ok(match self {
            Self::NotNull { column: name } => {
                let array = column(name)?;
                let nulls = array.logical_nulls();
                rows.filter(|&row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))).collect()
            }
            Self::Between { column: name, min, max } => {
                let array = column(name)?;
                if !array.data_type().is_numeric() {
                    return Err(typed(ArrowError::SchemaError(format!(
                        "`{name}` is of type {}, not a number",
                        array.data_type()
                    ))));
                }
                let values = cast(array, &DataType::Float64).map_err(typed)?;
                let values = values.as_primitive::<Float64Type>();
                rows.filter(|&row| values.is_valid(row) && !(*min..=*max).contains(&values.value(row))).collect()
            }
            Self::OneOf { column: name, values: allowed } => {
                let texts = as_text(column(name)?).map_err(typed)?;
                let texts = texts.as_string::<i32>();
                let allowed: HashSet<&str> = allowed.iter().map(String::as_str).collect();
                rows.filter(|&row| texts.is_valid(row) && !allowed.contains(texts.value(row))).collect()
            }
            Self::NotBefore { column: name, earlier } => {
                let before = lt(column(name)?, column(earlier)?).map_err(typed)?;
                rows.filter(|&row| before.is_valid(row) && before.value(row)).collect()
            }
            Self::Unique { columns } => {
                let arrays = columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
                let arrays: Vec<ArrayRef> = arrays.into_iter().cloned().collect();
                let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
                let converter = RowConverter::new(fields).map_err(typed)?;
                let keys = converter.convert_columns(&arrays).map_err(typed)?;
                let mut seen = HashSet::with_capacity(table.rows());
                rows.filter(|&row| !seen.insert(keys.row(row))).collect()
            }
        })
    }

    /// The value that a row has where it was not met.
    fn shown(&self, table: &Dataset, row: usize) -> Option<String> {
        let (Self::Between { column, .. } | Self::OneOf { column, .. } | Self::NotBefore { column, .. }) = self
        else {
            return None;
        };
        let array = table.column(column).ok()?;
        let options = FormatOptions::default();
        Some(ArrayFormatter::try_new(array, &options).ok()?.value(row).to_string())
    }
}

fn as_text(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if crate::SlotKind::Text.reads(array.data_type()) {
        cast(array, &DataType::Utf8)
    } else {
        Err(ArrowError::SchemaError(format!("type {} is not a text", array.data_type())))
    }
}
