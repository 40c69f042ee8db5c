//! Rows become a Parquet file that is whole or absent.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Float64Builder, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use mlops_core::{SlotField, SlotKind, Texts};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::LogError;
use super::queue::{Kept, Rows, VersionSchema};

fn instants(micros: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn slot_type(kind: SlotKind) -> DataType {
    match kind {
        SlotKind::Float => DataType::Float64,
        SlotKind::Int => DataType::Int64,
        SlotKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        SlotKind::Numbers => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        SlotKind::Texts => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
        _ => DataType::Utf8,
    }
}

/// One field's values; what is of another kind than the field is null.
fn slot_column<'a>(field: &'a SlotField, kept: impl Iterator<Item = &'a Kept>, rows: &'a Rows) -> ArrayRef {
    let text = &rows.text;
    match field.kind {
        SlotKind::Float => Arc::new(Float64Array::from_iter(kept.map(|kept| match kept {
            Kept::Float(x) => Some(*x),
            _ => None,
        }))),
        SlotKind::Int => Arc::new(Int64Array::from_iter(kept.map(|kept| match kept {
            Kept::Int(x) => Some(*x),
            _ => None,
        }))),
        SlotKind::Time => instants(kept.map(|kept| match kept {
            Kept::Time(t) => Some(t.as_micros()),
            _ => None,
        })),
        SlotKind::Numbers => {
            let mut lists = ListBuilder::new(Float64Builder::new());
            for kept in kept {
                match kept {
                    Kept::Numbers(range) => {
                        lists.values().append_slice(rows.items.get(range.clone()).unwrap_or_default());
                        lists.append(true);
                    }
                    _ => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
        SlotKind::Texts => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for kept in kept {
                match kept {
                    Kept::Texts(range) => {
                        let texts = Texts::of(text.get(range.clone()).unwrap_or_default());
                        lists.append_value(texts.iter().map(Some));
                    }
                    _ => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
        _ => Arc::new(StringArray::from_iter(kept.map(|kept| match kept {
            Kept::Text(range) => text.get(range.clone()),
            Kept::Category(code) => field.vocabulary.as_ref()?.text(*code),
            _ => None,
        }))),
    }
}

/// The rows as a batch: `id`, `at`, `version`, `latency_ns`, then `slot.…`, `number.…` and `output.…`.
fn batch(schema: &VersionSchema, rows: &Rows) -> Result<RecordBatch, arrow::error::ArrowError> {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("at", instant, false),
        Field::new("version", DataType::UInt64, false),
        Field::new("latency_ns", DataType::Int64, false),
    ];
    let ids = rows.ids.iter().map(|id| rows.text.get(id.clone()).unwrap_or_default());
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(ids)),
        instants(rows.at.iter().copied().map(Some)),
        Arc::new(UInt64Array::from_value(schema.version, rows.len())),
        Arc::new(Int64Array::from_iter_values(rows.latency.iter().copied())),
    ];
    for (place, field) in schema.slots.iter().enumerate() {
        let kept = rows.slots.iter().skip(place).step_by(schema.slots.len());
        fields.push(Field::new(format!("slot.{}", field.name), slot_type(field.kind), true));
        columns.push(slot_column(field, kept, rows));
    }
    for (kind, names, values) in
        [("number", &*schema.numbers, &rows.numbers), ("output", &schema.outputs, &rows.outputs)]
    {
        for (place, name) in names.iter().enumerate() {
            let values = values.iter().skip(place).step_by(names.len());
            fields.push(Field::new(format!("{kind}.{name}"), DataType::Float64, false));
            columns.push(Arc::new(Float64Array::from_iter_values(values.copied())));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Writes the rows to `folder/name`.
pub(super) fn write(folder: &Path, name: &str, schema: &VersionSchema, rows: &[Rows]) -> Result<(), LogError> {
    let batches = rows.iter().filter(|rows| rows.len() > 0).map(|rows| batch(schema, rows));
    let batches = batches.collect::<Result<Vec<_>, _>>();
    let failed =
        |source: arrow::error::ArrowError| LogError::Parquet { path: folder.join(name), source: source.into() };
    write_batches(folder, name, &batches.map_err(failed)?)
}

/// Writes batches of one schema to `folder/name`: synced under another name first, so that the file is whole or
/// absent.
pub(super) fn write_batches(folder: &Path, name: &str, batches: &[RecordBatch]) -> Result<(), LogError> {
    let (path, staged) = (folder.join(name), folder.join(format!(".{name}.staged")));
    let io = |source| LogError::Io { path: path.clone(), source };
    let parquet = |source| LogError::Parquet { path: path.clone(), source };
    let Some(first) = batches.first() else { return Ok(()) };
    let written = (|| {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let file = File::create_new(&staged).map_err(io)?;
        let mut writer = ArrowWriter::try_new(file, first.schema(), Some(properties)).map_err(parquet)?;
        for batch in batches {
            writer.write(batch).map_err(parquet)?;
        }
        writer.into_inner().map_err(parquet)?.sync_all().map_err(io)?;
        fs::rename(&staged, &path).map_err(io)?;
        if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).map_err(io) } else { Ok(()) }
    })();
    if written.is_err() {
        // The error that matters is the one above; a stage that can't be removed is only litter.
        let _ = fs::remove_file(&staged);
    }
    written
}
