//! A column of texts of a prepared reference.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use mlops_core::{Code, Vocabulary};

use super::compare::{BinRows, ColumnComparison};
use super::numeric::find;
use super::{Kind, kind, unknown_type};
use crate::DriftError;

/// The reference's texts, and how many rows each has; then unseen, which the reference has none of, and missing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Categories {
    pub(super) vocabulary: Vocabulary,
    pub(super) counts: Vec<u64>,
}

impl Categories {
    pub(super) fn of(column: &str, batches: &[RecordBatch]) -> Result<Self, DriftError> {
        let mut texts = std::collections::BTreeSet::new();
        for batch in batches {
            each_text(column, find(column, batch)?, |text, _| {
                if let Some(text) = text.filter(|&text| !texts.contains(text)) {
                    texts.insert(text.to_owned());
                }
            })?;
        }
        let mut categories = Self { vocabulary: Vocabulary::new(texts), counts: Vec::new() };
        let mut counts = categories.no_counts();
        for batch in batches {
            categories.count(&mut counts, column, batch)?;
        }
        categories.counts = counts;
        Ok(categories)
    }

    pub(super) fn compare(&self, column: &str, current: &[RecordBatch]) -> Result<ColumnComparison, DriftError> {
        let mut counts = self.no_counts();
        for batch in current {
            self.count(&mut counts, column, batch)?;
        }
        self.of_counts(column, &counts)
    }

    pub(super) fn of_counts(&self, column: &str, counts: &[u64]) -> Result<ColumnComparison, DriftError> {
        let labels = self.vocabulary.texts().map(str::to_owned).chain(["unseen", "missing"].map(str::to_owned));
        let comparison = ColumnComparison::of(column, BinRows::of(labels, &self.counts, counts))?;
        Ok(ColumnComparison { is_text: true, ..comparison })
    }

    pub(super) fn no_counts(&self) -> Vec<u64> {
        vec![0; self.vocabulary.len() + 2]
    }

    /// A text counts in the bin of its code.
    pub(super) fn count(&self, counts: &mut [u64], column: &str, batch: &RecordBatch) -> Result<(), DriftError> {
        let unseen = self.vocabulary.len();
        each_text(column, find(column, batch)?, |text, rows| {
            let bin = match text {
                Some(text) => self.vocabulary.code(text).map_or(unseen, |Code(code)| code as usize),
                None => unseen + 1,
            };
            counts[bin] += rows;
        })
    }
}

/// Takes each text, or `None` for missing, and how many rows have it: a row at a time, and a value at a time of a
/// dictionary.
fn each_text(column: &str, array: &ArrayRef, mut take: impl FnMut(Option<&str>, u64)) -> Result<(), DriftError> {
    let unknown = || unknown_type(column, array.data_type());
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|text| take(text, 1)),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(|text| take(text, 1)),
        text @ DataType::Dictionary(..) if matches!(kind(text), Some(Kind::Text)) => {
            let dictionary = array.as_any_dictionary();
            let values = cast(dictionary.values(), &DataType::LargeUtf8).map_err(|_| unknown())?;
            let values = values.as_string::<i64>();
            let mut rows = vec![0_u64; values.len()];
            let mut missing = 0;
            for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
                // A key of a missing row says nothing, and may be beyond all values.
                match rows.get_mut(key).filter(|_| dictionary.keys().is_valid(row)) {
                    Some(rows) => *rows += 1,
                    None => missing += 1,
                }
            }
            let seen = values.iter().zip(rows).filter(|&(_, rows)| rows > 0);
            seen.for_each(|(text, rows)| take(text, rows));
            if missing > 0 {
                take(None, missing);
            }
        }
        _ => return Err(unknown()),
    }
    Ok(())
}
