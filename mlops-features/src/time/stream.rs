//! Events as they come.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use mlops_core::{Fingerprint, Slots, Timestamp};
use serde::Serialize;

use super::backfill::{Backfill, OnlineStates};
use super::event::EventSchema;
use super::event_log::EventLog;
use super::files::create_folder;
use super::lock::Lock;
use super::online::{OnlineState, Stamp};
use super::seen::Seen;
use super::segment::Segment;
use super::snapshot::{self, Snapshot};
use super::tail::{Tail, put_event, put_source, same_columns};
use super::tail_writer::TailWriter;
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::define::source::Source;
use crate::read::{BatchReader, RowReader};

/// How many events the tail has when it is sealed by itself.
const SEAL_EVENTS: usize = 1 << 16;
/// How many bytes the tail has when it is sealed by itself, should its events be large.
const SEAL_BYTES: u64 = 1 << 26;

/// A log of events and the online state that it keeps: each event is stamped, logged and then applied.
///
/// It is the one writer of its log, as long as it lives. The state belongs to any number of servers beside it.
///
/// ```
/// use std::time::Duration;
/// use mlops_core::Timestamp;
/// use mlops_features::{Catalog, EventStream, Feature, FeatureSet, Nulls, Source, Window};
/// use serde_json::json;
///
/// let catalog = Catalog::new();
/// let set = FeatureSet::builder("shop", "at")
///     .categories(&["customer"])
///     .sources([Source::new("orders", "ordered").texts(&["customer"]).floats(&["amount"])])
///     .windows([Window::sum("spent", "orders", &["customer"], "amount", Duration::from_secs(3600))])
///     .features([Feature::number("spent", "spent", Nulls::Refuse)])
///     .build(&catalog)?;
/// let folder = tempfile::tempdir()?;
/// let now = Timestamp::from_date(2025, 1, 1);
///
/// let mut stream = EventStream::open(folder.path(), &set, &catalog)?;
/// let order = json!({"customer": "ann", "amount": 12.5, "ordered": now});
/// let stamp = stream.push("orders", &order, now + Duration::from_secs(2))?.expect("it has an event time");
/// assert_eq!((stamp.event_time, stamp.available), (now, now + Duration::from_secs(2)));
///
/// // Another process goes on where this one ended, however it ended.
/// drop(stream);
/// let stream = EventStream::open(folder.path(), &set, &catalog)?;
/// assert_eq!(stream.logged("orders"), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EventStream {
    log: EventLog,
    state: Arc<OnlineState>,
    states: OnlineStates,
    /// States of other views, each with the numbers that it has for the stream's sources.
    attached: Vec<(Arc<OnlineState>, Vec<Option<usize>>)>,
    sources: Vec<StreamSource>,
    tail: TailWriter,
    /// How many sources the tail declares.
    declared: u32,
    torn: u64,
    slots: Slots,
    records: Vec<u8>,
    _lock: Lock,
}

#[derive(Debug)]
struct StreamSource {
    source: Source,
    schema: EventSchema,
    reader: RowReader,
    /// Its number in the tail.
    number: Option<u32>,
    logged: u64,
    seen: Option<Seen>,
    duplicates: u64,
}

impl EventStream {
    /// Opens the log in a folder, which is made where there is none, and brings its state to the log's end. An
    /// unfinished last record is cut off.
    ///
    /// # Errors
    /// [`FeatureError::InUse`] while another has it open; [`FeatureError::Io`], [`FeatureError::Segment`] or
    /// [`FeatureError::Corrupt`] for a damaged log; [`FeatureError::Schema`] where logged events lack a column of the
    /// set; what [`OnlineState::new`] says.
    #[tracing::instrument(skip_all)]
    pub fn open(folder: impl Into<PathBuf>, set: &FeatureSet, catalog: &Catalog) -> Result<Self, FeatureError> {
        let folder = folder.into();
        create_folder(&folder)?;
        let lock = Lock::take(&folder)?;
        let log = EventLog::open(&folder)?;
        let tail = Tail::read(&folder)?;
        let Snapshot { state, position } = match snapshot::newest(&folder, set, catalog, log.next)? {
            Some(snapshot) => snapshot,
            None => Snapshot { state: OnlineState::new(set, catalog)?, position: 0 },
        };
        log.replay_logged(&state, position)?.advance(&state, Timestamp::MAX);

        let (state, states) = (Arc::new(state), OnlineStates::default());
        states.add(Arc::clone(&state));
        let mut stream = Self {
            tail: TailWriter::open(&folder, &tail)?,
            declared: tail.tables.len() as u32,
            torn: tail.torn,
            log,
            state,
            states,
            attached: Vec::new(),
            sources: Vec::new(),
            slots: Slots::default(),
            records: Vec::new(),
            _lock: lock,
        };
        let mut changed = false;
        for source in set.sources() {
            let mut one = StreamSource::new(source);
            one.seen = Seen::of_log(&stream.log.folder, source)?;
            let segments = Segment::list(&stream.log.folder.join(&source.name))?;
            for segment in &segments {
                one.logged += segment.events()?;
            }
            if let Some((number, table)) = (0..).zip(&tail.tables).find(|(_, table)| table.source == source.name) {
                one.logged += unsealed(&table.stamps, &segments).true_count() as u64;
                one.number = Some(number);
                changed |= !same_columns(&table.fields, &one.schema.slots, one.schema.columns);
            }
            stream.sources.push(one);
        }
        if changed {
            // A tail declares the columns of a source once.
            stream.seal()?;
        }
        Ok(stream)
    }

    /// The state, for any number of servers.
    #[must_use]
    pub fn state(&self) -> &Arc<OnlineState> {
        &self.state
    }

    /// The stream's own state and those that were attached, for a format that loads bundles of several views.
    #[must_use]
    pub fn states(&self) -> &OnlineStates {
        &self.states
    }

    /// Begins state of the views and windows of another set, whose sources are the stream's. It takes what the log has
    /// by [`Backfill::run`], and what comes later once it is attached.
    ///
    /// # Errors
    /// [`FeatureError::Unknown`] for a source that is not logged by this stream, or with other columns or times; what
    /// [`OnlineState::new`] says.
    pub fn backfill(&self, set: &FeatureSet, catalog: &Catalog) -> Result<Backfill, FeatureError> {
        if let Some(source) =
            set.sources().iter().find(|source| self.sources.iter().all(|one| one.source != **source))
        {
            let user = "a stream that logs it otherwise or not at all".into();
            return Err(FeatureError::Unknown { what: "source", name: source.name.clone(), user });
        }
        Ok(Backfill::new(self.log.folder.clone(), OnlineState::new(set, catalog)?))
    }

    /// Applies to state what was logged since it was last run, and from now on all that is pushed. It is ready then.
    ///
    /// # Errors
    /// Those of [`Backfill::run`].
    pub fn attach(&mut self, mut backfill: Backfill) -> Result<Arc<OnlineState>, FeatureError> {
        backfill.run()?;
        let state = backfill.into_state();
        let numbers = self.sources.iter().map(|one| state.source(&one.source.name)).collect();
        self.attached.push((Arc::clone(&state), numbers));
        state.set_ready(true);
        self.states.add(Arc::clone(&state));
        Ok(state)
    }

    /// Lets the attached state of some views go; the stream's own stays. Servers that have it answer from what it was.
    pub fn detach(&mut self, views: Fingerprint) {
        if views != self.state.fingerprint() {
            self.attached.retain(|(state, _)| state.fingerprint() != views);
            self.states.remove(views);
        }
    }

    /// The log, with everything that was pushed.
    #[must_use]
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// How many events of a source the log has, sealed or not; 0 for a source that the set doesn't have.
    #[must_use]
    pub fn logged(&self, source: &str) -> u64 {
        self.sources.iter().find(|one| one.source.name == source).map_or(0, |one| one.logged)
    }

    pub(super) fn logged_of(&self, source: usize) -> u64 {
        self.sources.get(source).map_or(0, |one| one.logged)
    }

    /// How many events of a source came again, by their ids, since the stream was opened; they were not logged.
    #[must_use]
    pub fn duplicates(&self, source: &str) -> u64 {
        self.sources.iter().find(|one| one.source.name == source).map_or(0, |one| one.duplicates)
    }

    /// How many bytes of an unfinished last record were cut off when the log was opened.
    #[must_use]
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Stamps an event, logs it and applies it: a struct or a map with the columns and times of its source. It could
    /// be known from `now` on at the earliest, later where its source says so, and never before it happened. A row
    /// without an event time is no event, nor is one that came before by the id that its source has.
    ///
    /// The event outlasts the end of the process once this has returned, and a loss of power once it was sealed or
    /// synced.
    ///
    /// # Errors
    /// [`FeatureError::Unknown`] for the source; [`FeatureError::Event`] for a row that can't be read;
    /// [`FeatureError::LongEvent`]; [`FeatureError::Io`] where the event can't be logged or the full tail not be
    /// sealed; [`FeatureError::Broken`] after a write whose half couldn't be cut off. Nothing was applied then.
    pub fn push<Row: Serialize + ?Sized>(
        &mut self,
        source: &str,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<Stamp>, FeatureError> {
        let unknown = || FeatureError::Unknown { what: "source", name: source.into(), user: "an event".into() };
        let number = self.sources.iter().position(|one| one.source.name == source).ok_or_else(unknown)?;
        let one = &self.sources[number];
        one.reader
            .read(&one.schema.slots, row, &mut self.slots)
            .map_err(|error| FeatureError::Event { name: source.into(), source: error })?;
        self.push_slots(number, now)
    }

    /// Reads a row of a table as [`EventStream::push`] reads any.
    pub(super) fn push_row(
        &mut self,
        source: usize,
        reader: &BatchReader,
        row: usize,
        now: Timestamp,
    ) -> Result<Option<Stamp>, FeatureError> {
        reader.row(&self.sources[source].schema.slots, row, &mut self.slots);
        self.push_slots(source, now)
    }

    fn push_slots(&mut self, source: usize, now: Timestamp) -> Result<Option<Stamp>, FeatureError> {
        // Before the event, so that it is not logged where this fails.
        if self.tail.events() >= SEAL_EVENTS || self.tail.len() >= SEAL_BYTES {
            self.seal()?;
        }
        let one = &mut self.sources[source];
        let Some(times) = one.schema.times(|slot| self.slots.value(slot)) else { return Ok(None) };
        if self.slots.cut() > 0 {
            return Err(FeatureError::LongEvent { name: one.source.name.clone(), allowed: Slots::SIDE_LIMIT });
        }
        let id = one.seen.as_ref().and_then(|seen| seen.id(|slot| self.slots.value(slot)));
        if one.seen.as_ref().is_some_and(|seen| seen.has(id.as_ref())) {
            one.duplicates += 1;
            return Ok(None);
        }
        let sequence = self.log.next;
        let stamp = Stamp { event_time: times.event_time, available: times.available.max(now), sequence };
        self.records.clear();
        let number = one.number.unwrap_or(self.declared);
        if one.number.is_none() {
            put_source(&mut self.records, &one.source.name, &one.schema.slots.fields[..one.schema.columns]);
        }
        put_event(&mut self.records, number, stamp, &self.slots, one.schema.columns);
        self.tail.write(&self.records, 1)?;
        self.declared = self.declared.max(number + 1);
        one.number = Some(number);
        one.logged += 1;
        if let Some(seen) = &mut one.seen {
            seen.note(id, stamp.event_time);
        }
        self.log.next += 1;
        self.state.apply(source, stamp, &self.slots);
        for (state, numbers) in &self.attached {
            if let Some(number) = numbers[source] {
                state.apply(number, stamp, &self.slots);
            }
        }
        Ok(Some(stamp))
    }

    /// Makes all that was pushed outlast a loss of power.
    ///
    /// # Errors
    /// [`FeatureError::Io`]; the tail takes no more events then until it was sealed.
    pub fn sync(&mut self) -> Result<(), FeatureError> {
        self.tail.sync()
    }

    /// Writes the state beside the log, so that opening it reads only the events from here on, and removes the
    /// snapshots before it.
    ///
    /// # Errors
    /// [`FeatureError::Io`]; an earlier snapshot then stays.
    #[tracing::instrument(skip_all, fields(position = self.log.next))]
    pub fn snapshot(&mut self) -> Result<(), FeatureError> {
        // A snapshot must not outlast the events that it has seen.
        self.sync()?;
        snapshot::write(&self.log.folder, &self.state, self.log.next)
    }

    /// Makes segments of the tail, one a source, and starts it afresh. A tail of 65,536 events is sealed by itself.
    ///
    /// # Errors
    /// [`FeatureError::Io`] or [`FeatureError::Segment`]. What is in the log stays in it, and sealing can be tried
    /// again.
    #[tracing::instrument(skip_all, fields(events = self.tail.events()))]
    pub fn seal(&mut self) -> Result<(), FeatureError> {
        if self.declared == 0 {
            return Ok(());
        }
        let mut tail = Tail::read(&self.log.folder)?;
        for table in &mut tail.tables {
            let folder = self.log.folder.join(&table.source);
            let new = unsealed(&table.stamps, &Segment::list(&folder)?);
            let stamps: Vec<_> =
                table.stamps.iter().zip(new.values()).filter(|(_, new)| *new).map(|(s, _)| *s).collect();
            let columns = filter_record_batch(&table.columns()?, &new)?;
            Segment::write(&folder, &table.source, &table.fields, &stamps, &columns)?;
        }
        self.tail.clear()?;
        self.declared = 0;
        self.sources.iter_mut().for_each(|one| one.number = None);
        Ok(())
    }
}

impl StreamSource {
    fn new(source: &Source) -> Self {
        let schema = EventSchema::new(source);
        let reader = RowReader::new(&schema.slots);
        Self { source: source.clone(), schema, reader, number: None, logged: 0, seen: None, duplicates: 0 }
    }
}

/// Which events of a tail are in no segment: a seal that was interrupted leaves the tail as it was. All of a
/// source's events in the tail go into one segment, so its numbers tell.
fn unsealed(stamps: &[Stamp], segments: &[Segment]) -> BooleanArray {
    let sealed = |stamp: &Stamp| segments.iter().any(|one| (one.first..=one.last).contains(&stamp.sequence));
    stamps.iter().map(|stamp| Some(!sealed(stamp))).collect()
}
