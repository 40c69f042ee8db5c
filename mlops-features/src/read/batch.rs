//! Arrow batches, read as columns of values or as rows of slots.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray, UInt32Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::{concat, take};
use arrow::error::ArrowError;
use mlops_core::{Schema, SlotField, SlotSchema, Slots, Value};

use super::column::Column;
use crate::FeatureError;

/// The columns of a batch that some slots are read from.
#[derive(Clone, Debug)]
pub(crate) struct BatchReader {
    columns: Vec<Column>,
    rows: usize,
}

impl BatchReader {
    /// The columns of some slots; `table` names the batch in errors.
    pub(crate) fn new(fields: &[SlotField], batch: &RecordBatch, table: &str) -> Result<Self, FeatureError> {
        Schema::new(fields.iter().map(|field| (field.name.as_str(), field.kind)))
            .check(batch.schema_ref())
            .map_err(|source| FeatureError::Schema { table: table.into(), source })?;
        let column = |field: &SlotField| {
            let array = match batch.column_by_name(&field.name) {
                Some(array) => Some(array.clone()),
                None => nested(batch, &field.name).transpose()?,
            };
            let array = array.expect("the schema was checked");
            Column::new(&array, field.kind)?.map_err(|row| {
                let column = field.name.clone();
                FeatureError::NullItem { table: table.into(), row, column }
            })
        };
        let columns = fields.iter().map(column).collect::<Result<_, FeatureError>>()?;
        Ok(Self { columns, rows: batch.num_rows() })
    }

    /// The rows of tables with these slots, none of which are lists, one table behind another.
    pub(crate) fn concat(fields: &[SlotField], tables: &[Self]) -> Result<Self, FeatureError> {
        if let [table] = tables {
            return Ok(table.clone());
        }
        let column = |(index, field): (usize, &SlotField)| {
            let arrays: Vec<_> = tables.iter().filter_map(|table| table.columns[index].array()).collect();
            let array = concat(&arrays)?;
            Ok(Column::new(&array, field.kind)?.expect("there are no lists"))
        };
        let columns = fields.iter().enumerate().map(column).collect::<Result<_, FeatureError>>()?;
        Ok(Self { columns, rows: tables.iter().map(Self::rows).sum() })
    }

    /// Some rows, in an order; there are no lists.
    pub(crate) fn take(&self, fields: &[SlotField], rows: &UInt32Array) -> Result<Self, FeatureError> {
        let column = |(column, field): (&Column, &SlotField)| {
            let array = take(column.array().expect("there are no lists"), rows, None)?;
            Ok(Column::new(&array, field.kind)?.expect("there are no lists"))
        };
        let columns = self.columns.iter().zip(fields).map(column).collect::<Result<_, FeatureError>>()?;
        Ok(Self { columns, rows: rows.len() })
    }

    /// A column.
    pub(crate) fn column(&self, column: usize) -> &Column {
        &self.columns[column]
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// A row of a column.
    pub(crate) fn value(&self, column: usize, field: &SlotField, row: usize) -> Value<'_> {
        self.columns[column].value(field, row)
    }

    /// Some rows of a column.
    pub(crate) fn values(&self, column: usize, field: &SlotField, rows: Range<usize>) -> Vec<Value<'_>> {
        self.columns[column].values(field, rows)
    }

    /// Some rows of a column of floats, if none of them is null.
    pub(crate) fn floats(&self, column: usize, rows: Range<usize>) -> Option<&[f64]> {
        let Column::Float(array) = &self.columns[column] else { return None };
        let whole = array.nulls().is_none_or(|nulls| nulls.slice(rows.start, rows.len()).null_count() == 0);
        whole.then(|| &array.values()[rows])
    }

    /// Reads one row into the first slots; the others become missing.
    pub(crate) fn row(&self, schema: &SlotSchema, row: usize, slots: &mut Slots) {
        slots.reset(schema.fields.len());
        for (index, (column, field)) in self.columns.iter().zip(&schema.fields).enumerate() {
            slots.set_value(index, column.value(field, row));
        }
    }
}

/// The column `a.b`: the field `b` of the column `a`, at any depth; null where a struct around it is.
fn nested(batch: &RecordBatch, name: &str) -> Option<Result<ArrayRef, ArrowError>> {
    let (outer, inner) = name.split_once('.')?;
    let mut array = batch.column_by_name(outer)?;
    let mut nulls = None;
    for part in inner.split('.') {
        let fields: &StructArray = array.as_struct_opt()?;
        nulls = NullBuffer::union(nulls.as_ref(), fields.nulls());
        array = fields.column_by_name(part)?;
    }
    let Some(nulls) = NullBuffer::union(nulls.as_ref(), array.nulls()) else { return Some(Ok(array.clone())) };
    Some(array.to_data().into_builder().nulls(Some(nulls)).build().map(make_array))
}
