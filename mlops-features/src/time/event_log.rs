//! The log of events: what history is computed from, and what online state is rebuilt from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, RecordBatch, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use mlops_core::{FingerprintHasher, SlotField, SlotKind, Slots, Timestamp, Value};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::online::{OnlineState, Stamp};
use crate::FeatureError;
use crate::define::set::source_schema;
use crate::define::source::{Availability, Source};
use crate::read::BatchReader;

const ID: &str = "_id";
const EVENT_TIME: &str = "_event_time";
const AVAILABLE: &str = "_available";
const SEQUENCE: &str = "_sequence";
const ID_BYTES: usize = 16;

/// A folder of events: `<source>/<first>-<last>.parquet`, named by the sequence numbers that it holds. A segment
/// appears whole or not at all, and is never changed.
///
/// Each event is stamped once: with an id (of its content), the time at which it could be known and a sequence
/// number that no other event of the log has.
#[derive(Debug)]
pub struct EventLog {
    folder: PathBuf,
    next: u64,
}

/// What [`EventLog::append`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// How many events were logged.
    pub events: usize,
    /// How many rows had no event time, and so are no events.
    pub left_out: usize,
}

impl EventLog {
    /// Opens the log in a folder, which is made where there is none.
    ///
    /// # Errors
    /// [`FeatureError::Io`], or [`FeatureError::Corrupt`] for a file that is no segment.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, FeatureError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(io(&folder))?;
        let mut next = 0;
        for entry in fs::read_dir(&folder).map_err(io(&folder))? {
            let path = entry.map_err(io(&folder))?.path();
            if path.is_dir() {
                next = segments(&path)?.last().map_or(next, |segment| next.max(segment.last + 1));
            }
        }
        Ok(Self { folder, next })
    }

    /// Stamps the rows of a table as events of a source and logs them, all or none. They are known when the source
    /// says, so this is for history; a row without an event time is no event.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where the table lacks a column of the source; [`FeatureError::Io`] or
    /// [`FeatureError::Segment`] where the segment can't be written.
    #[tracing::instrument(skip_all, fields(source = source.name, rows = rows.num_rows()))]
    pub fn append(&mut self, source: &Source, rows: &RecordBatch) -> Result<Appended, FeatureError> {
        let mut schema = source_schema(source);
        let columns = schema.fields.len();
        let mut times = vec![&source.event_time];
        if let Availability::Column(column) = &source.availability {
            times.push(column);
        }
        let time_field =
            |name: &&String| SlotField { name: (*name).clone(), kind: SlotKind::Time, vocabulary: None };
        schema.fields.extend(times.iter().map(time_field));
        let reader = BatchReader::new(&schema.fields, rows, &source.name)?;
        let time = |column: usize, row| match reader.value(column, &schema.fields[column], row) {
            Value::Time(t) => Some(t),
            _ => None,
        };
        let mut events = Vec::new();
        for row in 0..reader.rows() {
            let Some(event_time) = time(columns, row) else { continue };
            let known = match source.availability {
                Availability::After(lag) => event_time + lag,
                Availability::Column(_) => time(columns + 1, row).unwrap_or(event_time),
            };
            events.push((known.max(event_time), event_time, row as u32));
        }
        events.sort_unstable();
        let left_out = reader.rows() - events.len();
        if events.is_empty() {
            return Ok(Appended { events: 0, left_out });
        }

        let kept: Vec<usize> =
            source.columns.columns.iter().filter_map(|column| rows.schema().index_of(&column.name).ok()).collect();
        let order = UInt32Array::from_iter_values(events.iter().map(|&(_, _, row)| row));
        let sorted = take_record_batch(&rows.project(&kept)?, &order)?;
        let mut ids = FixedSizeBinaryBuilder::with_capacity(events.len(), ID_BYTES as i32);
        for &(_, event_time, row) in &events {
            let mut hasher = FingerprintHasher::new(&source.name);
            hasher.number(event_time.as_micros() as u64);
            for (column, field) in schema.fields.iter().enumerate().take(columns) {
                hash_value(&mut hasher, reader.value(column, field, row as usize));
            }
            ids.append_value(&hasher.finish().as_bytes()[..ID_BYTES])?;
        }
        let micros = |times: Vec<Timestamp>| -> ArrayRef {
            let micros = times.into_iter().map(Timestamp::as_micros);
            Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
        };
        let last = self.next + events.len() as u64 - 1;
        let mut all: Vec<ArrayRef> = vec![
            Arc::new(ids.finish()),
            micros(events.iter().map(|event| event.1).collect()),
            micros(events.iter().map(|event| event.0).collect()),
            Arc::new(UInt64Array::from_iter_values(self.next..=last)),
        ];
        all.extend_from_slice(sorted.columns());
        let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let mut fields = vec![
            Arc::new(Field::new(ID, DataType::FixedSizeBinary(ID_BYTES as i32), false)),
            Arc::new(Field::new(EVENT_TIME, instant.clone(), false)),
            Arc::new(Field::new(AVAILABLE, instant, false)),
            Arc::new(Field::new(SEQUENCE, DataType::UInt64, false)),
        ];
        fields.extend(sorted.schema().fields().iter().cloned());
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), all)?;
        write_segment(&self.folder.join(&source.name), self.next, last, &batch)?;
        self.next = last + 1;
        Ok(Appended { events: events.len(), left_out })
    }

    /// Reads the events of all sources of some state, to apply them to it in the order in which they could be known.
    ///
    /// # Errors
    /// [`FeatureError::Io`] or [`FeatureError::Segment`] where a segment is damaged, [`FeatureError::Schema`] where it
    /// lacks a column.
    pub fn replay(&self, state: &OnlineState) -> Result<Replay, FeatureError> {
        let mut replay = Replay { tables: Vec::new(), order: Vec::new(), next: 0, slots: Slots::default() };
        for (source, name) in state.source_names().enumerate() {
            for segment in segments(&self.folder.join(name))? {
                let batch = read_segment(&segment.path)?;
                let time = |name: &str| SlotField { name: name.into(), kind: SlotKind::Time, vocabulary: None };
                let stamps = [time(EVENT_TIME), time(AVAILABLE)];
                let stamp_reader = BatchReader::new(&stamps, &batch, &segment.path.display().to_string())?;
                let table = replay.tables.len() as u32;
                for row in 0..batch.num_rows() {
                    let sequence = segment.first + row as u64;
                    let (Value::Time(event_time), Value::Time(available)) =
                        (stamp_reader.value(0, &stamps[0], row), stamp_reader.value(1, &stamps[1], row))
                    else {
                        let table = segment.path.display().to_string();
                        return Err(FeatureError::NullKey { table, row, column: EVENT_TIME.into() });
                    };
                    replay.order.push((Stamp { event_time, available, sequence }, table, row as u32));
                }
                let fields = &state.source_schema(source).fields;
                let reader = BatchReader::new(fields, &batch, &segment.path.display().to_string())?;
                replay.tables.push((source, reader));
            }
        }
        replay.order.sort_unstable_by_key(|(stamp, ..)| (stamp.available, stamp.sequence));
        Ok(replay)
    }
}

/// Events on their way from the log into state.
#[derive(Debug)]
pub struct Replay {
    tables: Vec<(usize, BatchReader)>,
    order: Vec<(Stamp, u32, u32)>,
    next: usize,
    slots: Slots,
}

impl Replay {
    /// Applies all events that were known by `until` and were not applied yet; says how many.
    pub fn advance(&mut self, state: &OnlineState, until: Timestamp) -> usize {
        let begin = self.next;
        while let Some(&(stamp, table, row)) = self.order.get(self.next)
            && stamp.available <= until
        {
            let (source, reader) = &self.tables[table as usize];
            reader.row(state.source_schema(*source), row as usize, &mut self.slots);
            state.apply(*source, stamp, &self.slots);
            self.next += 1;
        }
        self.next - begin
    }

    /// How many events were not applied yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.order.len() - self.next
    }
}

fn hash_value(hasher: &mut FingerprintHasher, value: Value<'_>) {
    match value {
        Value::Missing => hasher.number(0),
        Value::Float(x) => hasher.bytes(&x.to_bits().to_le_bytes()),
        Value::Int(x) => hasher.bytes(&x.to_le_bytes()),
        Value::Time(t) => hasher.bytes(&t.as_micros().to_le_bytes()),
        Value::Text(text) | Value::Unseen(text) => hasher.text(text),
        Value::Category(code) => hasher.number(u64::from(code.0)),
    }
}

struct Segment {
    first: u64,
    last: u64,
    path: PathBuf,
}

/// The segments of a source by their sequence numbers; none where there is no folder.
fn segments(folder: &Path) -> Result<Vec<Segment>, FeatureError> {
    let mut segments = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(segments),
        entries => entries.map_err(io(folder))?,
    };
    for entry in entries {
        let path = entry.map_err(io(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let numbers = name.strip_suffix(".parquet").and_then(|stem| stem.split_once('-'));
        match numbers.map(|(first, last)| (first.parse(), last.parse())) {
            Some((Ok(first), Ok(last))) => segments.push(Segment { first, last, path }),
            _ => {
                let problem = format!("`{}` is no segment of an event log", path.display());
                return Err(FeatureError::Corrupt { problem });
            }
        }
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> FeatureError {
    let path = path.to_owned();
    |source| FeatureError::Io { path, source }
}

fn write_segment(folder: &Path, first: u64, last: u64, batch: &RecordBatch) -> Result<(), FeatureError> {
    fs::create_dir_all(folder).map_err(io(folder))?;
    let path = folder.join(format!("{first:020}-{last:020}.parquet"));
    let staged = folder.join(format!(".{first:020}.staged"));
    let file = File::create(&staged).map_err(io(&staged))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let failed = |source| FeatureError::Segment { path: staged.clone(), source };
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    let file = writer.into_inner().map_err(failed)?;
    file.sync_all().map_err(io(&staged))?;
    fs::rename(&staged, &path).map_err(io(&path))?;
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    }
    Ok(())
}

fn read_segment(path: &Path) -> Result<RecordBatch, FeatureError> {
    let damaged = |source| FeatureError::Segment { path: path.into(), source };
    let file = File::open(path).map_err(io(path))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let schema = Arc::clone(reader.schema());
    let batches = reader.with_batch_size(1 << 16).build().map_err(damaged)?.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}
