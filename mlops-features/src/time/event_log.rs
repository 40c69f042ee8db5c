//! The log of events: what history is computed from, and what online state is rebuilt from.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use mlops_core::{SlotSchema, Timestamp};

use super::event::EventTable;
use super::files::{create_folder, failed};
use super::lock::Lock;
use super::online::{OnlineState, Stamp};
use super::replay::Replay;
use super::seen::Seen;
use super::segment::Segment;
use super::tail::Tail;
use crate::FeatureError;
use crate::define::source::Source;
use crate::read::BatchReader;

/// A folder of events: sealed ones in `<source>/<first>-<last>.parquet`, named by the sequence numbers that it
/// holds, and the latest in one file, the tail. A segment appears whole or not at all, and is never changed.
///
/// Each event is stamped once: with an id (of its content), the time at which it could be known and a sequence
/// number that no other event of the log has. Any number may read a log; who writes it has it for himself.
#[derive(Debug)]
pub struct EventLog {
    pub(super) folder: PathBuf,
    /// The next sequence number.
    pub(super) next: u64,
}

/// A table of events with their stamps.
pub(super) type Stamped = (Vec<Stamp>, BatchReader);

/// What [`EventLog::append`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// How many events were logged.
    pub events: usize,
    /// How many rows had no event time, and so are no events.
    pub left_out: usize,
    /// How many came before, by their ids, in the table or in the log.
    pub duplicates: usize,
}

impl EventLog {
    /// Opens the log in a folder, which is made where there is none.
    ///
    /// # Errors
    /// [`FeatureError::Io`], or [`FeatureError::Corrupt`] for a file that is no segment or a damaged tail.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, FeatureError> {
        let folder = folder.into();
        create_folder(&folder)?;
        let mut log = Self { folder, next: 0 };
        log.next = log.find_next()?;
        Ok(log)
    }

    /// The sequence number behind the last event that is logged by now.
    pub(crate) fn end(&self) -> Result<u64, FeatureError> {
        self.find_next()
    }

    fn find_next(&self) -> Result<u64, FeatureError> {
        let tail = Tail::read(&self.folder)?;
        let mut next = tail.last.map_or(0, |last| last + 1);
        for entry in fs::read_dir(&self.folder).map_err(failed(&self.folder))? {
            let path = entry.map_err(failed(&self.folder))?.path();
            if path.is_dir() {
                next = Segment::list(&path)?.iter().fold(next, |next, segment| next.max(segment.last + 1));
            }
        }
        Ok(next)
    }

    /// Stamps the rows of a table as events of a source and logs them, all or none. They are known when the source
    /// says, so this is for history; a row without an event time is no event, nor is one that came before by its id.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where the table lacks a column of the source; [`FeatureError::InUse`] while an
    /// [`EventStream`](crate::EventStream) has the log open; [`FeatureError::Io`] or [`FeatureError::Segment`] where
    /// the segment can't be written.
    #[tracing::instrument(skip_all, fields(source = source.name, rows = rows.num_rows()))]
    pub fn append(&mut self, source: &Source, rows: &RecordBatch) -> Result<Appended, FeatureError> {
        let mut table = EventTable::new(source, rows)?;
        let nothing = Appended { events: 0, left_out: table.left_out(), duplicates: 0 };
        if table.events.is_empty() {
            return Ok(nothing);
        }
        let _lock = Lock::take(&self.folder)?;
        table.distinct(Seen::of_log(&self.folder, source)?);
        let appended = Appended { events: table.events.len(), duplicates: table.duplicates, ..nothing };
        if table.events.is_empty() {
            return Ok(appended);
        }
        // Someone else may have written since this was opened.
        self.next = self.find_next()?;
        let kept: Vec<usize> =
            source.columns.columns.iter().filter_map(|column| rows.schema().index_of(&column.name).ok()).collect();
        let order = UInt32Array::from_iter_values(table.events.iter().map(|event| event.row));
        let columns = take_record_batch(&rows.project(&kept)?, &order)?;
        let stamps: Vec<_> = (self.next..)
            .zip(&table.events)
            .map(|(sequence, event)| Stamp { event_time: event.event_time, available: event.available, sequence })
            .collect();
        let fields = &table.schema.slots.fields[..table.schema.columns];
        Segment::write(&self.folder.join(&source.name), &source.name, fields, &stamps, &columns)?;
        self.next += stamps.len() as u64;
        Ok(appended)
    }

    /// Reads the events of all sources of some state, to apply them to it in the order in which they could be known.
    ///
    /// # Errors
    /// [`FeatureError::Io`] or [`FeatureError::Segment`] where a segment is damaged, [`FeatureError::Schema`] where it
    /// lacks a column, [`FeatureError::Corrupt`] for a damaged tail.
    pub fn replay(&self, state: &OnlineState) -> Result<Replay, FeatureError> {
        self.replay_by(state, 0..u64::MAX, |stamp| (stamp.available, stamp.sequence))
    }

    /// The events from a sequence number up to those that came after the log was opened, in the order in which they
    /// were logged.
    pub(super) fn replay_logged(&self, state: &OnlineState, from: u64) -> Result<Replay, FeatureError> {
        self.replay_by(state, from..self.next, |stamp| (Timestamp::MIN, stamp.sequence))
    }

    fn replay_by(
        &self,
        state: &OnlineState,
        sequences: Range<u64>,
        order: impl Fn(&Stamp) -> (Timestamp, u64),
    ) -> Result<Replay, FeatureError> {
        let mut replay = Replay::default();
        let sources = state.source_names().enumerate().map(|(source, name)| (name, state.source_schema(source)));
        for (source, tables) in self.tables(sources, sequences.start)?.into_iter().enumerate() {
            for (stamps, reader) in tables {
                replay.push(source, reader, &stamps, &sequences);
            }
        }
        replay.sort_by(order);
        Ok(replay)
    }

    /// The events of some sources: of each, tables with sequence numbers that rise, but for events that are in two, and
    /// with all events from one sequence number on.
    pub(super) fn tables<'a>(
        &self,
        sources: impl Iterator<Item = (&'a str, &'a SlotSchema)>,
        from: u64,
    ) -> Result<Vec<Vec<Stamped>>, FeatureError> {
        // The tail first: what is sealed meanwhile is in a segment by then.
        let mut tail = Tail::read(&self.folder)?;
        let of_source = |(name, schema): (&str, &SlotSchema)| {
            let mut tables = Vec::new();
            for segment in Segment::list(&self.folder.join(name))? {
                if segment.last >= from {
                    let (stamps, batch) = segment.read()?;
                    let path = segment.path.display().to_string();
                    tables.push((stamps, BatchReader::new(&schema.fields, &batch, &path)?));
                }
            }
            if let Some(table) = tail.tables.iter_mut().find(|table| table.source == name) {
                let path = Tail::path(&self.folder).display().to_string();
                let reader = BatchReader::new(&schema.fields, &table.columns()?, &path)?;
                tables.push((std::mem::take(&mut table.stamps), reader));
            }
            Ok(tables)
        };
        sources.map(of_source).collect()
    }
}
