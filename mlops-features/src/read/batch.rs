//! Arrow batches, read as columns of values or as rows of slots.

use std::ops::Range;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use mlops_core::{Schema, SlotField, SlotKind, SlotSchema, Slots, Timestamp, Value};

use crate::FeatureError;

/// The columns of a batch that some slots are read from.
#[derive(Clone, Debug)]
pub(crate) struct BatchReader {
    columns: Vec<Column>,
    rows: usize,
}

/// A column in the one type that its kind is read from.
#[derive(Clone, Debug)]
enum Column {
    Float(Float64Array),
    Int(Int64Array),
    Time(TimestampMicrosecondArray),
    Text(StringArray),
}

impl Column {
    /// Integers become the nearest floats, as in rows. A time keeps its instant, whatever its zone.
    fn new(array: &ArrayRef, kind: SlotKind) -> Result<Self, ArrowError> {
        Ok(match kind {
            SlotKind::Float => Self::Float(cast(array, &DataType::Float64)?.as_primitive().clone()),
            SlotKind::Int => Self::Int(cast(array, &DataType::Int64)?.as_primitive().clone()),
            SlotKind::Time => {
                // A cast from a zone to none would move the clock to local time; one within a zone doesn't.
                let zone = match array.data_type() {
                    DataType::Timestamp(_, zone) => zone.clone(),
                    _ => None,
                };
                let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone))?;
                Self::Time(micros.as_primitive::<TimestampMicrosecondType>().clone())
            }
            _ => Self::Text(cast(array, &DataType::Utf8)?.as_string().clone()),
        })
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Float(array) => array,
            Self::Int(array) => array,
            Self::Time(array) => array,
            Self::Text(array) => array,
        }
    }

    fn value(&self, field: &SlotField, row: usize) -> Value<'_> {
        if self.array().is_null(row) {
            return Value::Missing;
        }
        match self {
            Self::Float(array) => Value::Float(array.value(row)),
            Self::Int(array) => Value::Int(array.value(row)),
            Self::Time(array) => Value::Time(Timestamp::from_micros(array.value(row))),
            Self::Text(array) => match &field.vocabulary {
                None => Value::Text(array.value(row)),
                Some(vocabulary) => match vocabulary.code(array.value(row)) {
                    Some(code) => Value::Category(code),
                    None => Value::Unseen(array.value(row)),
                },
            },
        }
    }
}

impl BatchReader {
    /// The columns of some slots; `table` names the batch in errors.
    pub(crate) fn new(fields: &[SlotField], batch: &RecordBatch, table: &str) -> Result<Self, FeatureError> {
        Schema::new(fields.iter().map(|field| (field.name.as_str(), field.kind)))
            .check(batch.schema_ref())
            .map_err(|source| FeatureError::Schema { table: table.into(), source })?;
        let columns = fields
            .iter()
            .filter_map(|field| Some(Column::new(batch.column_by_name(&field.name)?, field.kind)))
            .collect::<Result<_, _>>()?;
        Ok(Self { columns, rows: batch.num_rows() })
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
        let column = &self.columns[column];
        rows.map(|row| column.value(field, row)).collect()
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
