//! Labels, and when they could be known.

use arrow::array::RecordBatch;
use mlops_core::{Dataset, DatasetError, Schema, SlotKind, Timestamp, Value};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::compile::compile;
use crate::define::expression::Expr;
use crate::define::function::as_float;
use crate::define::scratch::Scratch;
use crate::define::set::source_schema;
use crate::define::source::Source;
use crate::read::BatchReader;

/// How a row's outcome becomes its label.
///
/// ```
/// use mlops_features::{LabelDefinition, column};
///
/// let late = LabelDefinition::new(column("arr_delay").greater(15.0), "arrived").float("arr_delay");
/// assert_eq!(late.value().to_string(), "greater(arr_delay, 15)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LabelDefinition {
    value: Expr,
    available: String,
    columns: Schema,
}

impl LabelDefinition {
    /// A value of the row's columns, known at the time in the column `available`. A row without that time, or
    /// whose value is missing, has no label (yet).
    #[must_use]
    pub fn new(value: impl Into<Expr>, available: &str) -> Self {
        Self { value: value.into(), available: available.into(), columns: Schema::default() }
    }

    /// A column of floats that the value uses.
    #[must_use]
    pub fn float(mut self, name: &str) -> Self {
        self.columns.columns.push(mlops_core::Column { name: name.into(), kind: SlotKind::Float });
        self
    }

    /// The label's value.
    #[must_use]
    pub fn value(&self) -> &Expr {
        &self.value
    }

    /// The labels of a table.
    ///
    /// # Errors
    /// [`FeatureError`] where the table lacks a column, or the value isn't a number.
    pub fn of(&self, rows: &RecordBatch, catalog: &Catalog) -> Result<Labels, FeatureError> {
        let mut source = Source::new("labels", self.available.as_str());
        source.columns = self.columns.clone();
        let mut schema = source_schema(&source);
        let value = compile(&self.value, &schema, &schema.places(), catalog, "label")?;
        schema.fields.push(mlops_core::SlotField {
            name: self.available.clone(),
            kind: SlotKind::Time,
            vocabulary: None,
        });
        let time = schema.fields.len() - 1;
        let reader = BatchReader::new(&schema.fields, rows, "labels")?;
        let columns: Vec<_> = schema
            .fields
            .iter()
            .enumerate()
            .map(|(column, field)| reader.values(column, field, 0..rows.num_rows()))
            .collect();
        let scratch = Scratch::default();
        let values = value.values(&columns, rows.num_rows(), &scratch);
        let label = |(&value, &time): (&Value<'_>, &Value<'_>)| match (as_float(value), time) {
            (Some(value), Value::Time(available)) => Some(Label { value, available }),
            _ => None,
        };
        Ok(Labels(values.iter().zip(&columns[time]).map(label).collect()))
    }
}

/// A label and when it could be known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// The label.
    pub value: f64,
    /// When it could be known.
    pub available: Timestamp,
}

/// The labels of a table, row by row; `None` where the outcome never came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels(pub Vec<Option<Label>>);

/// Rows with the labels that were known, to evaluate a classifier on.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// The rows whose label was known.
    pub rows: Dataset,
    /// Whether their label is above a half.
    pub labels: Vec<bool>,
    /// How many rows have no label by then.
    pub left_out: usize,
}

impl Labels {
    /// The labels that came, each with the number of its row and the time from which it could be known, in the order of
    /// that time.
    #[must_use]
    pub fn known(&self) -> Vec<(usize, Timestamp, f64)> {
        let known = |(row, label): (usize, &Option<Label>)| label.map(|label| (row, label.available, label.value));
        let mut labels: Vec<_> = self.0.iter().enumerate().filter_map(known).collect();
        labels.sort_by_key(|&(row, available, _)| (available, row));
        labels
    }

    /// The rows whose label was known by a time.
    ///
    /// # Errors
    /// [`DatasetError::WrongLength`] where the labels are not one a row.
    pub fn known_by(&self, rows: &Dataset, cutoff: Timestamp) -> Result<Labelled, DatasetError> {
        let known = |label: &Option<Label>| label.filter(|label| label.available <= cutoff);
        let keep: Vec<bool> = self.0.iter().map(|label| known(label).is_some()).collect();
        let labels: Vec<bool> = self.0.iter().filter_map(known).map(|label| label.value > 0.5).collect();
        Ok(Labelled { rows: rows.filter(&keep)?, left_out: keep.len() - labels.len(), labels })
    }
}
