//! Tables in text.

use std::fmt;

use crate::{Evaluation, SliceEvaluation};

/// Rows of cells, printed with the first column to the left and the others to the right.
///
/// ```
/// use mlops_core::Table;
///
/// let mut table = Table::new(["month", "rows"]);
/// table.row(["May".into(), "28796".into()]);
/// assert_eq!(table.to_string(), "month   rows\nMay    28796\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these words in its first row.
    #[must_use]
    pub fn new<C: Into<String>>(header: impl IntoIterator<Item = C>) -> Self {
        Self { rows: vec![header.into_iter().map(Into::into).collect()] }
    }

    /// A row for each slice by a column of evaluations of the same rows: its value, how many rows it has, and
    /// the metrics of each evaluation under its name. Slices come in the order of the first evaluation.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow::array::{RecordBatch, StringArray};
    /// # use mlops_core::{BinaryEvaluator, Dataset, Validation};
    /// use mlops_core::Table;
    ///
    /// # let month = Arc::new(StringArray::from(vec!["May", "May", "June", "June"])) as _;
    /// # let rows = Dataset::from_batches([RecordBatch::try_from_iter([("month", month)])?])?;
    /// # let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build()?;
    /// # let validation = Validation::new(&rows, &[true, false, true, false], evaluator)?.slice_by(&rows, &["month"])?;
    /// # let (half, third) = (validation.of_constant(0.5)?, validation.of_constant(0.25)?);
    /// let table = Table::beside("month", &[("old", &third), ("new", &half)], &["brier"]);
    /// assert_eq!(table.to_string().lines().next(), Some("month  rows  brier old  brier new"));
    /// assert_eq!(table.to_string().lines().last(), Some("May       2     0.3125     0.2500"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn beside(column: &str, evaluations: &[(&str, &Evaluation)], metrics: &[&str]) -> Self {
        let heads =
            metrics.iter().flat_map(|metric| evaluations.iter().map(move |(name, _)| format!("{metric} {name}")));
        let mut table = Self::new([column.to_owned(), "rows".into()].into_iter().chain(heads));
        let of_column = |evaluation: &&Evaluation| {
            evaluation.slices().iter().filter(|slice| slice.column() == column).cloned().collect::<Vec<_>>()
        };
        for slice in evaluations.first().map(|(_, first)| of_column(first)).unwrap_or_default() {
            let cells = metrics.iter().flat_map(|metric| {
                evaluations.iter().map(|(_, evaluation)| {
                    let same =
                        |other: &&SliceEvaluation| other.column() == column && other.value() == slice.value();
                    let found = evaluation.slices().iter().find(same).and_then(|slice| slice.metric(metric));
                    found.map_or_else(|| "–".to_owned(), ToString::to_string)
                })
            });
            let row = [slice.value().to_owned(), slice.rows().to_string()].into_iter().chain(cells).collect();
            table.rows.push(row);
        }
        table
    }

    /// Adds a column: its word, and a cell for each row, found by the row's first cell.
    pub fn column(&mut self, head: impl Into<String>, cell: impl Fn(&str) -> String) {
        let (mut head, width) = (Some(head.into()), self.rows.iter().map(Vec::len).max().unwrap_or(0));
        for row in &mut self.rows {
            let text = head.take().unwrap_or_else(|| cell(row.first().map_or("", String::as_str)));
            row.resize(width, String::new());
            row.push(text);
        }
    }

    /// Adds a row; one of fewer cells than others ends early.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

/// A line a row, two spaces between the columns.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    line.push_str(&format!("{cell:<width$}"));
                } else {
                    line.push_str(&format!("  {cell:>width$}"));
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
