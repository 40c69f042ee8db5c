//! Rows of Arrow tables as requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{SlotField, Texts, Timestamp, Value};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::BatchReader;
use crate::FeatureError;
use crate::define::set::FeatureSet;

/// A row of a table with the columns that a set wants of a request, to be answered as any other row: for backtests, and
/// for batch jobs that go the way of a request. A clone is cheap.
#[derive(Clone, Debug)]
pub struct TableRow {
    table: Arc<Table>,
    row: usize,
    at: Timestamp,
}

#[derive(Debug)]
struct Table {
    fields: Vec<SlotField>,
    reader: BatchReader,
}

impl FeatureSet {
    /// The rows of a table as requests, in order.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where the table lacks a column, [`FeatureError::NullKey`] for a row without a time.
    pub fn requests(&self, table: &RecordBatch) -> Result<Vec<TableRow>, FeatureError> {
        let fields = self.request_fields(&BTreeMap::new());
        // Texts are read as they are: each version has vocabularies of its own.
        let reader = BatchReader::new(&fields, table, "the requests")?;
        let table = Arc::new(Table { fields, reader });
        let request = |row| match table.reader.value(0, &table.fields[0], row) {
            Value::Time(at) => Ok(TableRow { table: Arc::clone(&table), row, at }),
            _ => Err(FeatureError::NullKey { table: "the requests".into(), row, column: self.time.clone() }),
        };
        (0..table.reader.rows()).map(request).collect()
    }
}

impl TableRow {
    /// The time of the request.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// A map of the columns by name, in the order of the definition.
impl Serialize for TableRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Table { fields, reader } = &*self.table;
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (column, field) in fields.iter().enumerate() {
            let name = field.name.as_str();
            match reader.value(column, field, self.row) {
                Value::Float(x) => map.serialize_entry(name, &x)?,
                Value::Int(x) => map.serialize_entry(name, &x)?,
                Value::Time(t) => map.serialize_entry(name, &t)?,
                Value::Text(text) | Value::Unseen(text) => map.serialize_entry(name, text)?,
                Value::Numbers(numbers) => map.serialize_entry(name, numbers)?,
                Value::Texts(texts) => map.serialize_entry(name, &List(texts))?,
                Value::Missing | Value::Category(_) => map.serialize_entry(name, &None::<()>)?,
            }
        }
        map.end()
    }
}

struct List<'a>(Texts<'a>);

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}
