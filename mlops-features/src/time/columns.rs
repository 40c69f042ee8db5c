//! Slots become columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use mlops_core::{SlotField, SlotKind, Timestamp, Value};

/// The columns of some slots.
pub(super) fn arrow_schema(fields: &[SlotField]) -> Arc<Schema> {
    let data_type = |kind| match kind {
        SlotKind::Float => DataType::Float64,
        SlotKind::Int => DataType::Int64,
        SlotKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        SlotKind::Texts => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        SlotKind::Numbers => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        _ => DataType::Utf8,
    };
    let field = |field: &SlotField| Field::new(&field.name, data_type(field.kind), true);
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

#[derive(Debug)]
pub(super) enum ColumnBuilder {
    Float(Float64Builder),
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Text(StringBuilder),
    Numbers(ListBuilder<Float64Builder>),
    Texts(ListBuilder<StringBuilder>),
}

impl ColumnBuilder {
    pub(super) fn new(field: &SlotField) -> Self {
        match field.kind {
            SlotKind::Float => Self::Float(Float64Builder::new()),
            SlotKind::Int => Self::Int(Int64Builder::new()),
            SlotKind::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            SlotKind::Numbers => Self::Numbers(ListBuilder::new(Float64Builder::new())),
            SlotKind::Texts => Self::Texts(ListBuilder::new(StringBuilder::new())),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    pub(super) fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Float(column), Value::Float(x)) => column.append_value(x),
            (Self::Float(column), _) => column.append_null(),
            (Self::Int(column), Value::Int(x)) => column.append_value(x),
            (Self::Int(column), _) => column.append_null(),
            (Self::Time(column), Value::Time(t)) => column.append_value(Timestamp::as_micros(t)),
            (Self::Time(column), _) => column.append_null(),
            (Self::Text(column), Value::Text(text) | Value::Unseen(text)) => column.append_value(text),
            (Self::Text(column), _) => column.append_null(),
            (Self::Numbers(column), Value::Numbers(numbers)) => {
                column.append_value(numbers.iter().map(|&x| Some(x)));
            }
            (Self::Numbers(column), _) => column.append_null(),
            (Self::Texts(column), Value::Texts(texts)) => column.append_value(texts.iter().map(Some)),
            (Self::Texts(column), _) => column.append_null(),
        }
    }

    /// The column; the builder starts afresh.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Float(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Numbers(column) => Arc::new(column.finish()),
            Self::Texts(column) => Arc::new(column.finish()),
        }
    }
}
