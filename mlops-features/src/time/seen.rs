//! Which events came before, by their ids.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use mlops_core::{SlotSchema, Timestamp, Value};

use super::key::Key;
use super::segment::Segment;
use super::tail::Tail;
use crate::FeatureError;
use crate::define::set::source_schema;
use crate::define::source::{Source, Unique};
use crate::read::BatchReader;

/// The ids of a source's events that happened within a duration of the latest; which they are depends on nothing but the
/// events that were noted, in their order.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    slot: usize,
    within: Duration,
    latest: Timestamp,
    times: HashMap<Arc<[u8]>, Timestamp, RandomState>,
    /// The same by time, to let them go.
    ids: BTreeSet<(Timestamp, Arc<[u8]>)>,
}

impl Seen {
    /// `None` for a source whose events have no ids.
    pub(super) fn new(source: &Source) -> Option<Self> {
        let Unique { column, within } = source.unique.as_ref()?;
        let slot = source_schema(source).position(column)?;
        let (times, ids) = (HashMap::default(), BTreeSet::new());
        Some(Self { slot, within: *within, latest: Timestamp::MIN, times, ids })
    }

    /// What a log has seen of a source.
    pub(super) fn of_log(folder: &Path, source: &Source) -> Result<Option<Self>, FeatureError> {
        let Some(mut seen) = Self::new(source) else { return Ok(None) };
        let mut tail = Tail::read(folder)?;
        let mut segments = Vec::new();
        for segment in Segment::list(&folder.join(&source.name))? {
            segments.push((segment.latest()?, segment));
        }
        let latest = segments.iter().filter_map(|(latest, _)| *latest).max();
        let old =
            |time: Option<Timestamp>| time.zip(latest).is_some_and(|(time, latest)| time < latest - seen.within);
        segments.retain(|(time, _)| !old(*time));

        let mut events = Vec::new();
        let mut tables = Vec::new();
        for (_, segment) in &segments {
            let (stamps, batch) = segment.read()?;
            tables.push((segment.path.display().to_string(), stamps, batch));
        }
        if let Some(table) = tail.tables.iter_mut().find(|table| table.source == source.name) {
            tables.push((Tail::path(folder).display().to_string(), table.stamps.clone(), table.columns()?));
        }
        let schema = source_schema(source);
        let field = &schema.fields[seen.slot..=seen.slot];
        for (path, stamps, batch) in &tables {
            let reader = BatchReader::new(field, batch, path)?;
            for (row, stamp) in stamps.iter().enumerate() {
                let id = Key::of_value(reader.value(0, &field[0], row));
                events.push((stamp.sequence, stamp.event_time, id));
            }
        }
        events.sort_unstable_by_key(|(sequence, ..)| *sequence);
        events.dedup_by_key(|(sequence, ..)| *sequence);
        for (_, time, id) in events {
            seen.note(id, time);
        }
        Ok(Some(seen))
    }

    /// The id among an event's values; `None` for an event without one, which is never a duplicate.
    pub(super) fn id<'a>(&self, slot: impl Fn(usize) -> Value<'a>) -> Option<Key> {
        Key::of_value(slot(self.slot))
    }

    /// Whether an event with this id is known.
    pub(super) fn has(&self, id: Option<&Key>) -> bool {
        id.is_some_and(|id| self.times.contains_key(id.as_bytes()))
    }

    /// Takes note of an event.
    pub(super) fn note(&mut self, id: Option<Key>, time: Timestamp) {
        self.latest = self.latest.max(time);
        let begin = self.latest - self.within;
        if let Some(id) = id
            && time >= begin
        {
            let id: Arc<[u8]> = id.as_bytes().into();
            if let Some(before) = self.times.insert(Arc::clone(&id), time) {
                self.ids.remove(&(before, Arc::clone(&id)));
            }
            self.ids.insert((time, id));
        }
        while let Some((first, _)) = self.ids.first()
            && *first < begin
        {
            let (_, id) = self.ids.pop_first().expect("there is a first");
            self.times.remove(&id);
        }
    }
}

/// Whether a source's ids are in a column that can hold them.
pub(crate) fn check_unique(source: &Source, slots: &SlotSchema) -> Result<(), FeatureError> {
    use mlops_core::SlotKind::{Category, Int, Text};
    let Some(Unique { column, within }) = &source.unique else { return Ok(()) };
    let unknown = || FeatureError::Unknown { what: "column", name: column.clone(), user: source.name.clone() };
    let kind = slots.fields.iter().find(|field| field.name == *column).ok_or_else(unknown)?.kind;
    if !matches!(kind, Category | Int | Text) {
        let wanted = "a text or an integer, for an id";
        return Err(FeatureError::WrongKind { feature: format!("{}: {column}", source.name), got: kind, wanted });
    }
    if within.is_zero() {
        let (name, got, allowed) = (source.name.clone(), "0".into(), "more than 0");
        return Err(FeatureError::Parameter { name, parameter: "unique within", got, allowed });
    }
    Ok(())
}
