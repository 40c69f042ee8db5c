//! Sealed events of one source: a Parquet file that is never changed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, FixedSizeBinaryBuilder, RecordBatch, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, UInt64Type};
use mlops_core::{FingerprintHasher, SlotField, SlotKind, Timestamp, Value};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use super::files::{create_folder, failed, write_whole};
use super::online::Stamp;
use crate::FeatureError;
use crate::read::BatchReader;

const ID: &str = "_id";
const EVENT_TIME: &str = "_event_time";
const AVAILABLE: &str = "_available";
const SEQUENCE: &str = "_sequence";
const ID_BYTES: usize = 16;

/// A segment by its name, which holds the first and the last sequence number in it. Numbers between them may be
/// those of other sources.
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) path: PathBuf,
}

impl Segment {
    /// The segments of a source by their sequence numbers; none where there is no folder.
    pub(super) fn list(folder: &Path) -> Result<Vec<Self>, FeatureError> {
        let mut segments = Vec::new();
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(segments),
            entries => entries.map_err(failed(folder))?,
        };
        for entry in entries {
            let path = entry.map_err(failed(folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let numbers = name.strip_suffix(".parquet").and_then(|stem| stem.split_once('-'));
            match numbers.map(|(first, last)| (first.parse(), last.parse())) {
                Some((Ok(first), Ok(last))) if last < u64::MAX => segments.push(Self { first, last, path }),
                _ => {
                    let problem = format!("`{}` is no segment of an event log", path.display());
                    return Err(FeatureError::Corrupt { problem });
                }
            }
        }
        segments.sort_by_key(|segment| segment.first);
        Ok(segments)
    }

    /// Writes events, whose stamps are in the order of their sequence, with an id of their content.
    pub(super) fn write(
        folder: &Path,
        source: &str,
        fields: &[SlotField],
        stamps: &[Stamp],
        columns: &RecordBatch,
    ) -> Result<(), FeatureError> {
        let (Some(first), Some(last)) = (stamps.first(), stamps.last()) else { return Ok(()) };
        let batch = stamped(source, fields, stamps, columns)?;
        create_folder(folder)?;
        let path = folder.join(format!("{:020}-{:020}.parquet", first.sequence, last.sequence));
        write_whole(&path, |file, staged| {
            let failed = |source| FeatureError::Segment { path: staged.into(), source };
            let compression = Compression::ZSTD(ZstdLevel::default());
            let properties = WriterProperties::builder().set_compression(compression).build();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(failed)?;
            writer.write(&batch).map_err(failed)?;
            writer.into_inner().map_err(failed)
        })
    }

    /// How many events it holds, by its footer.
    pub(super) fn events(&self) -> Result<u64, FeatureError> {
        let rows = self.open()?.metadata().file_metadata().num_rows();
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// The latest event time in it, by its footer; `None` where that doesn't tell.
    pub(super) fn latest(&self) -> Result<Option<Timestamp>, FeatureError> {
        let reader = self.open()?;
        let columns = reader.parquet_schema().columns();
        let Some(column) = columns.iter().position(|column| column.name() == EVENT_TIME) else { return Ok(None) };
        let latest = reader.metadata().row_groups().iter().map(|group| match group.column(column).statistics() {
            Some(Statistics::Int64(times)) => times.max_opt().copied(),
            _ => None,
        });
        // A group that doesn't tell may have any.
        Ok(latest.collect::<Option<Vec<_>>>().and_then(|times| times.into_iter().max().map(Timestamp::from_micros)))
    }

    fn open(&self) -> Result<ParquetRecordBatchReaderBuilder<File>, FeatureError> {
        let file = File::open(&self.path).map_err(failed(&self.path))?;
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|source| self.damaged(source))
    }

    fn damaged(&self, source: parquet::errors::ParquetError) -> FeatureError {
        FeatureError::Segment { path: self.path.clone(), source }
    }

    /// Its events: their stamps, and all columns.
    pub(super) fn read(&self) -> Result<(Vec<Stamp>, RecordBatch), FeatureError> {
        let reader = self.open()?;
        let schema = Arc::clone(reader.schema());
        let reader = reader.with_batch_size(1 << 16).build().map_err(|source| self.damaged(source))?;
        let batch = concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)?;

        let table = self.path.display().to_string();
        let time = |name: &str| SlotField { name: name.into(), kind: SlotKind::Time, vocabulary: None };
        let fields = [time(EVENT_TIME), time(AVAILABLE)];
        let times = BatchReader::new(&fields, &batch, &table)?;
        let sequences = batch.column_by_name(SEQUENCE).and_then(|column| column.as_primitive_opt::<UInt64Type>());
        let Some(sequences) = sequences else {
            let problem = format!("`{table}` has no column `{SEQUENCE}` of sequence numbers");
            return Err(FeatureError::Corrupt { problem });
        };
        let mut stamps = Vec::with_capacity(batch.num_rows());
        for (row, sequence) in sequences.iter().enumerate() {
            let null = |column: &str| FeatureError::NullKey { table: table.clone(), row, column: column.into() };
            let time = |column: usize, name| match times.value(column, &fields[column], row) {
                Value::Time(time) => Ok(time),
                _ => Err(null(name)),
            };
            let (event_time, available) = (time(0, EVENT_TIME)?, time(1, AVAILABLE)?);
            stamps.push(Stamp { event_time, available, sequence: sequence.ok_or_else(|| null(SEQUENCE))? });
        }
        Ok((stamps, batch))
    }
}

/// The columns of events behind those of their stamps.
fn stamped(
    source: &str,
    fields: &[SlotField],
    stamps: &[Stamp],
    columns: &RecordBatch,
) -> Result<RecordBatch, FeatureError> {
    let reader = BatchReader::new(fields, columns, source)?;
    let mut ids = FixedSizeBinaryBuilder::with_capacity(stamps.len(), ID_BYTES as i32);
    for (row, stamp) in stamps.iter().enumerate() {
        let mut hasher = FingerprintHasher::new(source);
        hasher.number(stamp.event_time.as_micros() as u64);
        for (column, field) in fields.iter().enumerate() {
            hash_value(&mut hasher, reader.value(column, field, row));
        }
        ids.append_value(&hasher.finish().as_bytes()[..ID_BYTES])?;
    }
    let micros = |time: fn(&Stamp) -> Timestamp| -> ArrayRef {
        let micros = stamps.iter().map(|stamp| time(stamp).as_micros());
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    };
    let mut all: Vec<ArrayRef> = vec![
        Arc::new(ids.finish()),
        micros(|stamp| stamp.event_time),
        micros(|stamp| stamp.available),
        Arc::new(UInt64Array::from_iter_values(stamps.iter().map(|stamp| stamp.sequence))),
    ];
    all.extend_from_slice(columns.columns());
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut schema = vec![
        Arc::new(Field::new(ID, DataType::FixedSizeBinary(ID_BYTES as i32), false)),
        Arc::new(Field::new(EVENT_TIME, instant.clone(), false)),
        Arc::new(Field::new(AVAILABLE, instant, false)),
        Arc::new(Field::new(SEQUENCE, DataType::UInt64, false)),
    ];
    schema.extend(columns.schema().fields().iter().cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(schema)), all)?)
}

fn hash_value(hasher: &mut FingerprintHasher, value: Value<'_>) {
    match value {
        Value::Missing | Value::Numbers(_) | Value::Texts(_) => hasher.number(0),
        Value::Float(x) => hasher.bytes(&x.to_bits().to_le_bytes()),
        Value::Int(x) => hasher.bytes(&x.to_le_bytes()),
        Value::Time(t) => hasher.bytes(&t.as_micros().to_le_bytes()),
        Value::Text(text) | Value::Unseen(text) => hasher.text(text),
        Value::Category(code) => hasher.number(u64::from(code.0)),
    }
}
