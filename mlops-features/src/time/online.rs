//! What is known now, kept up to date event by event.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use mlops_core::{EncodeError, Fingerprint, SlotSchema, Slots, Timestamp, Value};

use super::key::Key;
use super::row_plan::RowPlan;
use super::view_state::{Kept, ViewState};
use super::watermark::Watermark;
use super::window_state::{AnyWindow, Asked, Counters};
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::compile::CompiledExpr;
use crate::define::scratch::Scratch;
use crate::define::set::{FeatureSet, source_schema};
use crate::define::source::LeadingEdge;

/// How far behind the latest event a question may be: events that are over by more than that are let go.
pub(crate) const SLACK: Duration = Duration::from_secs(300);
const SHARDS: usize = 16;

/// When an event happened, when it could be known, and its place in the log. The order of the fields is the one
/// total order of events; the sequence makes it total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// When it happened.
    pub event_time: Timestamp,
    /// When it could be known: never before it happened.
    pub available: Timestamp,
    /// Its place in the log.
    pub sequence: u64,
}

/// State that has let events go which an answer as of that time needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behind {
    /// They are over.
    LetGo {
        /// The earliest time that can be answered.
        horizon: Option<Timestamp>,
    },
    /// They were too many.
    Overflow {
        /// How many are kept of a key.
        limit: u32,
    },
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetGo { horizon: Some(horizon) } => write!(f, "events before {horizon} were let go"),
            Self::LetGo { horizon: None } => f.write_str("events were let go"),
            Self::Overflow { limit } => write!(f, "it has more than {limit} events of a key, which is its limit"),
        }
    }
}

/// The last instant before a time.
fn before(at: Timestamp) -> Timestamp {
    at - Duration::from_micros(1)
}

impl Behind {
    fn named(self, name: &str, at: Timestamp) -> EncodeError {
        let problem = self.to_string();
        EncodeError::NotReady { source_name: name.into(), at, problem }
    }
}

type Shard<S> = HashMap<Box<[u8]>, S, RandomState>;

/// One view's or window's state, by key.
#[derive(Debug)]
pub(super) struct Table<S> {
    shards: [Mutex<Shard<S>>; SHARDS],
    hasher: RandomState,
}

impl<S> Default for Table<S> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::default() }
    }
}

impl<S> Table<S> {
    pub(super) fn shard(&self, key: &[u8]) -> MutexGuard<'_, Shard<S>> {
        hold(&self.shards[self.hasher.hash_one(key) as usize % SHARDS])
    }

    /// Visits all states, in any order.
    pub(super) fn for_each(&self, mut visit: impl FnMut(&[u8], &S)) {
        for shard in &self.shards {
            hold(shard).iter().for_each(|(key, state)| visit(key, state));
        }
    }

    pub(super) fn insert(&self, key: Box<[u8]>, state: S) {
        self.shard(&key).insert(key, state);
    }
}

/// A panic while a shard was held can't have left it torn: every change is one call on its state.
pub(super) fn hold<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Default> Table<S> {
    pub(super) fn update(&self, key: &[u8], change: impl FnOnce(&mut S)) {
        let mut states = self.shard(key);
        match states.get_mut(key) {
            Some(state) => change(state),
            None => change(states.entry(key.into()).or_default()),
        }
    }
}

/// The slot of a column that `user` reads.
pub(super) fn position(schema: &SlotSchema, name: &str, user: &str) -> Result<usize, FeatureError> {
    let unknown = || FeatureError::Unknown { what: "column", name: name.into(), user: user.into() };
    schema.position(name).ok_or_else(unknown)
}

#[derive(Debug)]
pub(super) struct OnlineView {
    name: String,
    pub(super) source: usize,
    event_key: Vec<usize>,
    pub(super) event_fields: Vec<usize>,
    ttl: Option<Duration>,
    strict: bool,
    pub(super) table: Table<ViewState>,
}

#[derive(Debug)]
pub(super) struct OnlineWindow {
    name: String,
    source: usize,
    event_key: Vec<usize>,
    value: CompiledExpr,
    strict: bool,
    leading_edge: LeadingEdge,
    pub(super) states: Box<dyn AnyWindow>,
}

/// The state of every view and window of a set, by key. Events are applied to it once they were logged; rows are
/// gathered from it as of a time. It belongs to the views' fingerprint: it outlives a new fit, and serves sets whose rows
/// have other columns.
///
/// It answers as of any time from five minutes before a key's latest event happened on; an earlier time may be
/// [`EncodeError::NotReady`]. For any number of threads at once.
#[derive(Debug)]
pub struct OnlineState {
    fingerprint: Fingerprint,
    sources: Vec<(String, SlotSchema)>,
    pub(super) views: Vec<OnlineView>,
    pub(super) windows: Vec<OnlineWindow>,
    /// Of each source whose latest event a window asks for.
    pub(super) watermarks: Vec<Option<Mutex<Watermark>>>,
    unkeyed: AtomicU64,
    ready: AtomicBool,
}

impl OnlineState {
    /// State for the views and windows of a set, before any event.
    ///
    /// # Errors
    /// [`FeatureError`] where the catalog lacks a function of the set.
    pub fn new(set: &FeatureSet, catalog: &Catalog) -> Result<Self, FeatureError> {
        let sources: Vec<_> =
            set.sources.iter().map(|source| (source.name.clone(), source_schema(source))).collect();
        let slots = |schema: &SlotSchema, names: &[String], user: &str| {
            names.iter().map(|name| position(schema, name, user)).collect::<Result<Vec<_>, _>>()
        };
        let source = |name: &str, user: &str| {
            set.source(name, user)?;
            Ok::<_, FeatureError>(sources.iter().position(|(other, _)| other == name).unwrap_or_default())
        };
        let mut views = Vec::new();
        for view in &set.views {
            let source = source(&view.source, &view.name)?;
            let events = &sources[source].1;
            views.push(OnlineView {
                name: view.name.clone(),
                source,
                event_key: slots(events, &view.key, &view.name)?,
                event_fields: slots(events, &view.fields, &view.name)?,
                ttl: view.ttl,
                strict: view.strict,
                table: Table::default(),
            });
        }
        let mut windows = Vec::new();
        for window in &set.windows {
            let source = source(&window.source, &window.name)?;
            let (value, aggregate) = set.event_value(window, catalog)?;
            windows.push(OnlineWindow {
                name: window.name.clone(),
                source,
                event_key: slots(&sources[source].1, &window.key, &window.name)?,
                strict: window.strict,
                leading_edge: window.leading_edge,
                states: aggregate.window(window, value.kind()),
                value,
            });
        }
        let asked = |source| {
            let of =
                |window: &OnlineWindow| window.source == source && window.leading_edge == LeadingEdge::LatestEvent;
            windows.iter().any(of).then(Mutex::default)
        };
        let watermarks = (0..sources.len()).map(asked).collect();
        let fingerprint = set.view_fingerprint();
        let (unkeyed, ready) = (AtomicU64::new(0), AtomicBool::new(true));
        Ok(Self { fingerprint, sources, views, windows, watermarks, unkeyed, ready })
    }

    /// The fingerprint of the views that it is state for.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How often an event could not be looked up by the key of a view or a window, since the key was missing.
    #[must_use]
    pub fn unkeyed(&self) -> u64 {
        self.unkeyed.load(Ordering::Relaxed)
    }

    /// Whether it has seen all events of its log: state that is being backfilled has not.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    pub(super) fn set_unkeyed(&self, unkeyed: u64) {
        self.unkeyed.store(unkeyed, Ordering::Relaxed);
    }

    /// How many events a window didn't take since they came late; `None` where there is no window of that name. An event
    /// counts once for each window.
    #[must_use]
    pub fn late(&self, window: &str) -> Option<u64> {
        Some(self.counters(window)?.late.load(Ordering::Relaxed))
    }

    /// How many events a window let go before they were over, since there were more than its limit; `None` where there
    /// is no window of that name.
    #[must_use]
    pub fn overflowed(&self, window: &str) -> Option<u64> {
        Some(self.counters(window)?.overflowed.load(Ordering::Relaxed))
    }

    fn counters(&self, window: &str) -> Option<&Counters> {
        Some(self.windows.iter().find(|of| of.name == window)?.states.counters())
    }

    /// The number of a source, for [`OnlineState::apply`].
    #[must_use]
    pub fn source(&self, name: &str) -> Option<usize> {
        self.sources.iter().position(|(other, _)| other == name)
    }

    /// The names of the sources, by number.
    pub(crate) fn source_names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|(name, _)| name.as_str())
    }

    /// The slots of a source's events.
    pub(crate) fn source_schema(&self, source: usize) -> &SlotSchema {
        &self.sources[source].1
    }

    /// Applies an event that was logged: `slots` hold the source's columns in their order. An event whose key is
    /// missing changes nothing that is looked up by that key, and is counted by [`OnlineState::unkeyed`]; one whose
    /// value is missing is not in the windows of that value.
    pub fn apply(&self, source: usize, stamp: Stamp, slots: &Slots) {
        let Some((_, schema)) = self.sources.get(source) else { return };
        let key = |columns: &[usize]| {
            let key = Key::of(slots, schema, columns);
            self.unkeyed.fetch_add(u64::from(key.is_none()), Ordering::Relaxed);
            key
        };
        if let Some(Some(watermark)) = self.watermarks.get(source) {
            hold(watermark).insert(stamp);
        }
        for view in self.views.iter().filter(|view| view.source == source) {
            if let Some(key) = key(&view.event_key) {
                let fields = view.event_fields.iter().map(|&slot| Kept::of(slots.value(slot))).collect();
                view.table.update(key.as_bytes(), |state| state.insert(stamp, fields));
            }
        }
        for window in self.windows.iter().filter(|window| window.source == source) {
            if let Some(key) = key(&window.event_key) {
                let scratch = Scratch::default();
                window.states.insert(key.as_bytes(), stamp, window.value.value(slots, &scratch));
            }
        }
    }

    /// Fills the slots that are gathered with what was known at `at`; the slots of the request are there already. The
    /// plan is of the schema, and of a set with the views of this state.
    pub(crate) fn fill(
        &self,
        schema: &SlotSchema,
        plan: &RowPlan,
        at: Timestamp,
        slots: &mut Slots,
    ) -> Result<(), EncodeError> {
        for (view, place) in self.views.iter().zip(&plan.views) {
            let Some(key) = Key::of(slots, schema, &place.key) else { continue };
            let states = view.table.shard(key.as_bytes());
            let Some(state) = states.get(key.as_bytes()) else { continue };
            let oldest = view.ttl.map_or(Timestamp::MIN, |ttl| at - ttl);
            let edge = if view.strict { before(at) } else { at };
            let found = state.latest_at(edge, oldest).map_err(|error| error.named(&view.name, at))?;
            for (slot, kept) in (place.slot..).zip(found.into_iter().flatten()) {
                set_gathered(slots, slot, kept.value(), schema);
            }
        }
        self.fill_windows(schema, plan, at, slots)
    }

    /// As [`OnlineState::fill`], the windows alone.
    pub(crate) fn fill_windows(
        &self,
        schema: &SlotSchema,
        plan: &RowPlan,
        at: Timestamp,
        slots: &mut Slots,
    ) -> Result<(), EncodeError> {
        if !self.is_ready() {
            let (source_name, problem) = ("views and windows".into(), "past events are still being read".into());
            return Err(EncodeError::NotReady { source_name, at, problem });
        }
        for (window, place) in self.windows.iter().zip(&plan.windows) {
            let Some(key) = Key::of(slots, schema, &place.key) else { continue };
            let edge = if window.strict { before(at) } else { at };
            let take = &mut |value: Value<'_>| set_gathered(slots, place.slot, value, schema);
            let end = self.end(window, edge);
            let answer = end.and_then(|end| window.states.value(key.as_bytes(), Asked { at: edge, end }, take));
            answer.map_err(|error| error.named(&window.name, at))?;
        }
        Ok(())
    }

    /// When a window ends that is asked as of a time.
    fn end(&self, window: &OnlineWindow, at: Timestamp) -> Result<Timestamp, Behind> {
        match self.watermarks.get(window.source) {
            Some(Some(watermark)) if window.leading_edge == LeadingEdge::LatestEvent => {
                // Before any event all windows are empty, wherever they end.
                Ok(hold(watermark).at(at)?.unwrap_or(at))
            }
            _ => Ok(at),
        }
    }
}

/// Sets a value that was gathered; what is missing stays so.
fn set_gathered(slots: &mut Slots, slot: usize, value: Value<'_>, schema: &SlotSchema) {
    match (value, schema.fields.get(slot).and_then(|field| field.vocabulary.as_ref())) {
        (Value::Missing, _) => {}
        (Value::Text(text), Some(vocabulary)) => slots.set_category(slot, text, vocabulary),
        (value, _) => slots.set_value(slot, value),
    }
}
