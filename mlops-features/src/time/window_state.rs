//! The states of windows by key.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mlops_core::{SlotKind, Timestamp, Value};

use super::bytes::{Bytes, put_value};
use super::exact_window::ExactState;
use super::hop_window::HopState;
use super::online::{Behind, Stamp, Table};
use super::snapshot::{put_table, read_table};
use crate::define::aggregate::{Aggregate, Within};
use crate::define::scratch::Scratch;
use crate::define::source::{Late, Limit, Window};

/// When a window is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// What was known then counts.
    pub(crate) at: Timestamp,
    /// When the window ends.
    pub(crate) end: Timestamp,
}

/// The states of one window, by key, whatever its aggregate.
pub(crate) trait AnyWindow: fmt::Debug + Send + Sync {
    /// Takes an event in; one whose value is missing is passed over.
    fn insert(&self, key: &[u8], stamp: Stamp, value: Value<'_>);

    /// Hands on the aggregate of the events with `end − length < event time ≤ end` that were known.
    fn value(&self, key: &[u8], asked: Asked, take: &mut dyn FnMut(Value<'_>)) -> Result<(), Behind>;

    fn counters(&self) -> &Counters;

    fn put(&self, out: &mut Vec<u8>);

    /// Takes states in that [`AnyWindow::put`] wrote; `None` for other bytes.
    fn read(&self, bytes: &mut Bytes<'_>) -> Option<()>;
}

/// How many events were not taken, or not kept.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) late: AtomicU64,
    pub(crate) overflowed: AtomicU64,
}

/// What a window is, but for its aggregate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) length: Duration,
    pub(super) hop: Duration,
    late: Late,
    pub(super) limit: Option<Limit>,
}

impl Shape {
    /// Whether an event is too late, after one that happened at `latest`.
    pub(super) fn is_late(&self, stamp: Stamp, latest: Timestamp) -> bool {
        matches!(self.late, Late::Drop(after) if stamp.event_time < latest - after)
    }

    /// When the window ends that is asked at a time.
    pub(super) fn end(&self, at: Timestamp) -> Timestamp {
        floor(at, self.hop)
    }
}

/// The last multiple of a hop that is not after a time, which is the time itself where the hop is 0.
pub(super) fn floor(at: Timestamp, hop: Duration) -> Timestamp {
    match i64::try_from(hop.as_micros()) {
        Ok(0) => at,
        Ok(hop) => at - Duration::from_micros(at.as_micros().rem_euclid(hop) as u64),
        Err(_) => {
            if at >= Timestamp::default() {
                Timestamp::default()
            } else {
                Timestamp::MIN
            }
        }
    }
}

/// A value as it is kept.
pub(crate) trait Stored: Clone + fmt::Debug + Send + 'static {
    const KIND: SlotKind;
    fn of(value: Value<'_>) -> Option<Self>;
    fn value(&self) -> Value<'_>;
}

macro_rules! stored {
    ($kept:ty, $kind:ident, $pattern:pat => $of:expr, |$self:ident| $value:expr) => {
        impl Stored for $kept {
            const KIND: SlotKind = SlotKind::$kind;

            fn of(value: Value<'_>) -> Option<Self> {
                match value {
                    $pattern => Some($of),
                    _ => None,
                }
            }

            fn value(&self) -> Value<'_> {
                let $self = self;
                Value::$kind($value)
            }
        }
    };
}

stored!(f64, Float, Value::Float(x) => x, |x| *x);
stored!(i64, Int, Value::Int(x) => x, |x| *x);
stored!(Timestamp, Time, Value::Time(t) => t, |t| *t);
stored!(Arc<str>, Text, Value::Text(text) | Value::Unseen(text) => text.into(), |text| text);

pub(super) fn put_stored(out: &mut Vec<u8>, value: &impl Stored) {
    put_value(out, value.value());
}

pub(super) fn read_stored<V: Stored>(bytes: &mut Bytes<'_>) -> Option<V> {
    V::of(bytes.value(V::KIND)?)
}

/// An event in a window.
pub(super) type Event<V> = (Stamp, V);

/// What an aggregate gets to know of a window with these first and last events.
pub(super) fn within<'a, V: Stored>(at: Timestamp, shape: &Shape, ends: [Option<&'a Event<V>>; 2]) -> Within<'a> {
    let [first, last] = ends.map(|end| end.map(|(stamp, value)| (*stamp, value.value())));
    Within { at, length: shape.length, first, last }
}

/// The state of one key.
pub(super) trait KeyState<A: Aggregate, V: Stored>: Default + Send + fmt::Debug {
    fn insert(&mut self, aggregate: &A, shape: &Shape, event: Event<V>, counters: &Counters);

    fn value(
        &self,
        aggregate: &A,
        shape: &Shape,
        asked: Asked,
        take: &mut dyn FnMut(Value<'_>),
    ) -> Result<(), Behind>;

    fn put(&self, out: &mut Vec<u8>);

    /// `None` for bytes that no state has.
    fn read(aggregate: &A, bytes: &mut Bytes<'_>) -> Option<Self>;
}

/// The states of a window with its aggregate.
#[derive(Debug)]
struct TypedWindow<A, V, S> {
    aggregate: A,
    shape: Shape,
    table: Table<S>,
    counters: Counters,
    values: PhantomData<fn(V)>,
}

/// The states of a window over values of a kind.
pub(crate) fn window_of<A: Aggregate>(aggregate: &A, window: &Window, value: SlotKind) -> Box<dyn AnyWindow> {
    match value {
        SlotKind::Int => of_values::<A, i64>(aggregate, window),
        SlotKind::Time => of_values::<A, Timestamp>(aggregate, window),
        SlotKind::Text | SlotKind::Category => of_values::<A, Arc<str>>(aggregate, window),
        _ => of_values::<A, f64>(aggregate, window),
    }
}

fn of_values<A: Aggregate, V: Stored>(aggregate: &A, window: &Window) -> Box<dyn AnyWindow> {
    if window.hop.is_zero() {
        Box::new(TypedWindow::<A, V, ExactState<A::State, V>>::new(aggregate, window))
    } else {
        Box::new(TypedWindow::<A, V, HopState<A::State, V>>::new(aggregate, window))
    }
}

impl<A: Aggregate, V: Stored, S: KeyState<A, V>> TypedWindow<A, V, S> {
    fn new(aggregate: &A, window: &Window) -> Self {
        let shape = Shape { length: window.length, hop: window.hop, late: window.late, limit: window.limit };
        let (aggregate, table) = (aggregate.clone(), Table::default());
        Self { aggregate, shape, table, counters: Counters::default(), values: PhantomData }
    }
}

impl<A: Aggregate, V: Stored, S: KeyState<A, V>> AnyWindow for TypedWindow<A, V, S> {
    fn insert(&self, key: &[u8], stamp: Stamp, value: Value<'_>) {
        let Some(value) = V::of(value) else { return };
        let event = (stamp, value);
        self.table.update(key, |state: &mut S| state.insert(&self.aggregate, &self.shape, event, &self.counters));
    }

    fn value(&self, key: &[u8], asked: Asked, take: &mut dyn FnMut(Value<'_>)) -> Result<(), Behind> {
        let asked = Asked { end: self.shape.end(asked.end), ..asked };
        match self.table.shard(key).get(key) {
            Some(state) => state.value(&self.aggregate, &self.shape, asked, take),
            None => {
                let within = within::<V>(asked.at, &self.shape, [None; 2]);
                take(self.aggregate.value(&A::State::default(), &within, &Scratch::default()));
                Ok(())
            }
        }
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn put(&self, out: &mut Vec<u8>) {
        for counter in [&self.counters.late, &self.counters.overflowed] {
            out.extend_from_slice(&counter.load(Ordering::Relaxed).to_le_bytes());
        }
        put_table(out, &self.table, S::put);
    }

    fn read(&self, bytes: &mut Bytes<'_>) -> Option<()> {
        for counter in [&self.counters.late, &self.counters.overflowed] {
            counter.store(bytes.u64()?, Ordering::Relaxed);
        }
        read_table(bytes, &self.table, |bytes| S::read(&self.aggregate, bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Event;

    #[test]
    fn an_event_that_is_kept_has_32_bytes_and_one_with_a_text_40() {
        assert_eq!([size_of::<Event<f64>>(), size_of::<Event<i64>>(), size_of::<Event<Arc<str>>>()], [32, 32, 40]);
    }
}
