//! Events of a log are put into a store.

use mlops_core::Timestamp;

use super::cursor::MaterializeCursor;
use super::online_store::{OnlineStore, StoreKey, StorePut};
use super::record::Record;
use super::view::StoreView;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::time::key::Key;
use crate::time::{EventLog, OnlineState};
use crate::{FeatureError, Stamp};

/// How many records are put by one call.
const BATCH: usize = 1024;

/// Puts the events of a log into a store, for the views of a set, in the order in which they became known.
///
/// A run takes the events that became known, or were logged, after the cursor, late ones included. Running again from
/// any earlier cursor changes nothing.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
/// use mlops_core::Timestamp;
/// use mlops_features::{
///     Catalog, EventLog, Feature, FeatureSet, Materialize, MaterializeCursor, MemoryStore, Nulls, Source, View,
/// };
///
/// let catalog = Catalog::new();
/// let set = FeatureSet::builder("weather", "at")
///     .categories(&["place"])
///     .sources([Source::new("measured", "hour").texts(&["place"]).floats(&["wind"])])
///     .views([View::latest("last", "measured", &["place"]).fields(&["wind"])])
///     .features([Feature::number("wind", "last.wind", Nulls::Refuse)])
///     .build(&catalog)?;
/// let folder = tempfile::tempdir()?;
/// let mut log = EventLog::open(folder.path())?;
/// let rows = RecordBatch::try_from_iter([
///     ("place", Arc::new(StringArray::from(vec!["JFK", "JFK"])) as _),
///     ("wind", Arc::new(Float64Array::from(vec![3.5, 4.0])) as _),
///     ("hour", Arc::new(TimestampMicrosecondArray::from(vec![1, 2])) as _),
/// ])?;
/// log.append(&set.sources()[0], &rows)?;
///
/// let (store, views) = (MemoryStore::new(), Materialize::new(&set, &log, &catalog)?);
/// let start = MaterializeCursor::start();
/// let done = views.run(&store, start, Timestamp::MAX, |_| {})?;
/// assert_eq!((done.events, done.changed, store.len()), (2, 2, 1));
/// let again = views.run(&store, start, Timestamp::MAX, |_| {})?;
/// assert_eq!((again.events, again.changed), (2, 0));
/// let on = views.run(&store, done.cursor, Timestamp::MAX, |_| {})?;
/// assert_eq!(on.events, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Materialize<'a> {
    log: &'a EventLog,
    /// Knows the sources' columns; no event is applied to it.
    state: OnlineState,
    views: Vec<EventView>,
}

#[derive(Debug)]
struct EventView {
    view: StoreView,
    source: usize,
    key: Vec<usize>,
    fields: Vec<usize>,
}

/// What was put so far, and how to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Materialized {
    /// How many events were taken from the log.
    pub events: u64,
    /// How many records they made: one for each view of the event's source.
    pub records: u64,
    /// How many records changed the store.
    pub changed: u64,
    /// How many records were left out, since their event lacks the view's key.
    pub unkeyed: u64,
    /// How many events of the log there are still to look at, at most.
    pub remaining: usize,
    /// Where to go on, also after an error in what comes next.
    pub cursor: MaterializeCursor,
}

/// Records on their way.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// The view, the stamp, where the key ends and where the values end.
    records: Vec<(usize, Stamp, usize, usize)>,
}

impl Batch {
    fn puts<'b>(&'b self, views: &'b [EventView]) -> Vec<StorePut<'b>> {
        let mut begin = 0;
        let put = |&(view, stamp, key, end): &(usize, Stamp, usize, usize)| {
            let (entity, values) = (&self.bytes[begin..key], &self.bytes[key..end]);
            begin = end;
            StorePut { key: StoreKey { view: &views[view].view, entity }, stamp, values }
        };
        self.records.iter().map(put).collect()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }
}

impl<'a> Materialize<'a> {
    /// For the views of a set, from a log.
    ///
    /// # Errors
    /// What [`OnlineState::new`] says.
    pub fn new(set: &FeatureSet, log: &'a EventLog, catalog: &Catalog) -> Result<Self, FeatureError> {
        let state = OnlineState::new(set, catalog)?;
        let mut views = Vec::new();
        for (view, store_view) in set.views.iter().zip(StoreView::of(set)?) {
            let unknown = |what, name: &String| {
                let (name, user) = (name.clone(), view.name.clone());
                FeatureError::Unknown { what, name, user }
            };
            let source = state.source(&view.source).ok_or_else(|| unknown("source", &view.source))?;
            let slots = |names: &[String]| {
                let slot = |name: &String| {
                    state.source_schema(source).position(name).ok_or_else(|| unknown("column", name))
                };
                names.iter().map(slot).collect::<Result<Vec<_>, _>>()
            };
            let (key, fields) = (slots(&view.key)?, slots(&view.fields)?);
            views.push(EventView { view: store_view, source, key, fields });
        }
        Ok(Self { log, state, views })
    }

    /// Puts the events after `from` that were known by `until`, or by the cursor's time if that is later. `progress` is
    /// called after each batch of about a thousand records that was put, and at the end.
    ///
    /// # Errors
    /// What the log or the store met. A run from the cursor of the last progress goes on there.
    #[tracing::instrument(skip_all)]
    pub fn run(
        &self,
        store: &dyn OnlineStore,
        from: MaterializeCursor,
        until: Timestamp,
        mut progress: impl FnMut(&Materialized),
    ) -> Result<Materialized, FeatureError> {
        let until = until.max(from.until());
        // What is logged from here on may be met in part: the cursor leaves it to the next run.
        let end = self.log.end()?;
        let mut replay = self.log.replay(&self.state)?;
        let mut batch = Batch::default();
        let mut done = Materialized { events: 0, records: 0, changed: 0, unkeyed: 0, remaining: 0, cursor: from };
        loop {
            replay.skip_while(|stamp| !from.takes(stamp));
            let Some((source, stamp, slots)) = replay.next(&self.state, until) else { break };
            let schema = self.state.source_schema(source);
            let views = || self.views.iter().enumerate().filter(|(_, view)| view.source == source);
            done.events += u64::from(views().next().is_some());
            for (place, view) in views() {
                let Some(key) = Key::of(slots, schema, &view.key) else {
                    done.unkeyed += 1;
                    continue;
                };
                batch.bytes.extend_from_slice(key.as_bytes());
                let key = batch.bytes.len();
                Record::put_values(&mut batch.bytes, view.fields.iter().map(|&slot| slots.value(slot)));
                batch.records.push((place, stamp, key, batch.bytes.len()));
            }
            if batch.records.len() >= BATCH {
                self.put(store, &mut batch, &mut done)?;
                done.remaining = replay.remaining();
                done.cursor = from.within(end, stamp);
                progress(&done);
            }
        }
        if !batch.records.is_empty() {
            self.put(store, &mut batch, &mut done)?;
        }
        (done.remaining, done.cursor) = (0, MaterializeCursor::finished(end, until));
        progress(&done);
        let Materialized { events, records, changed, unkeyed, .. } = done;
        tracing::info!(events, records, changed, unkeyed, "materialized");
        Ok(done)
    }

    fn put(&self, store: &dyn OnlineStore, batch: &mut Batch, done: &mut Materialized) -> Result<(), FeatureError> {
        done.changed += store.put(&batch.puts(&self.views))? as u64;
        done.records += batch.records.len() as u64;
        batch.clear();
        Ok(())
    }
}
