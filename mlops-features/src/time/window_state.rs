//! The events of one entity in a window, and what they add up to.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use mlops_core::{Timestamp, Value};

use super::bytes::{Bytes, put_option, put_stamp};
use super::online::{Behind, SLACK, Stamp, Table};
use super::snapshot::{put_table, read_table};
use crate::define::aggregate::Aggregate;

/// The states of one window, by key, whatever its aggregate.
pub(crate) trait AnyWindow: fmt::Debug + Send + Sync {
    fn insert(&self, key: &[u8], stamp: Stamp, value: f64);

    /// The aggregate of the events with `at − length < event time ≤ at` that were known at `at`.
    fn value(&self, key: &[u8], at: Timestamp) -> Result<Option<f64>, Behind>;

    fn put(&self, out: &mut Vec<u8>);

    /// Takes states in that [`AnyWindow::put`] wrote; `None` for other bytes.
    fn read(&self, bytes: &mut Bytes<'_>) -> Option<()>;
}

/// The states of a window with its aggregate.
#[derive(Debug)]
pub(crate) struct TypedWindow<A: Aggregate> {
    aggregate: A,
    length: Duration,
    table: Table<WindowState<A::State>>,
}

impl<A: Aggregate> TypedWindow<A> {
    pub(crate) fn new(aggregate: A, length: Duration) -> Self {
        Self { aggregate, length, table: Table::default() }
    }
}

impl<A: Aggregate> AnyWindow for TypedWindow<A> {
    fn insert(&self, key: &[u8], stamp: Stamp, value: f64) {
        self.table.update(key, |state| state.insert(&self.aggregate, stamp, value, self.length));
    }

    fn value(&self, key: &[u8], at: Timestamp) -> Result<Option<f64>, Behind> {
        match self.table.shard(key).get(key) {
            Some(state) => state.value(&self.aggregate, at, self.length),
            None => Ok(self.aggregate.value(&A::State::default())),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_table(out, &self.table, WindowState::put);
    }

    fn read(&self, bytes: &mut Bytes<'_>) -> Option<()> {
        read_table(bytes, &self.table, |bytes| WindowState::read(&self.aggregate, bytes))
    }
}

/// Events in their total order, with the aggregate's state of their values.
#[derive(Clone, Debug, Default)]
struct WindowState<S> {
    events: VecDeque<(Stamp, f64)>,
    state: S,
    /// The latest available time of all that came.
    latest: Option<Timestamp>,
    /// The latest event time of those that are gone.
    gone: Option<Timestamp>,
}

impl<S: Clone + Default> WindowState<S> {
    fn insert<A: Aggregate<State = S>>(&mut self, aggregate: &A, stamp: Stamp, value: f64, length: Duration) {
        self.latest = self.latest.max(Some(stamp.available));
        let place = match self.events.back() {
            Some((last, _)) if *last > stamp => self.events.partition_point(|(other, _)| *other < stamp),
            _ => self.events.len(),
        };
        self.events.insert(place, (stamp, value));
        aggregate.add(&mut self.state, Value::Float(value));
        let safe = self.events.back().map_or(stamp, |(last, _)| *last).event_time - SLACK - length;
        while let Some((first, value)) = self.events.front().copied()
            && first.event_time <= safe
        {
            self.events.pop_front();
            aggregate.remove(&mut self.state, Value::Float(value));
            self.gone = self.gone.max(Some(first.event_time));
        }
    }

    fn value<A: Aggregate<State = S>>(
        &self,
        aggregate: &A,
        at: Timestamp,
        length: Duration,
    ) -> Result<Option<f64>, Behind> {
        let begins = at - length;
        if self.gone.is_some_and(|gone| gone > begins) {
            return Err(Behind { horizon: self.gone.map(|gone| gone + length) });
        }
        let expired = self.events.iter().take_while(|(stamp, _)| stamp.event_time <= begins).count();
        // Who is known happened: an event is available at its own time at the earliest.
        let unknown = self.latest.is_some_and(|latest| latest > at);
        if expired == 0 && !unknown {
            return Ok(aggregate.value(&self.state));
        }
        let mut state = self.state.clone();
        for (_, value) in self.events.range(..expired) {
            aggregate.remove(&mut state, Value::Float(*value));
        }
        if unknown {
            for (_, value) in self.events.range(expired..).filter(|(stamp, _)| stamp.available > at) {
                aggregate.remove(&mut state, Value::Float(*value));
            }
        }
        Ok(aggregate.value(&state))
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_option(out, self.latest);
        put_option(out, self.gone);
        out.extend_from_slice(&(self.events.len() as u64).to_le_bytes());
        for (stamp, value) in &self.events {
            put_stamp(out, *stamp);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    /// State of the events that some bytes hold; `None` for bytes that no state has.
    fn read<A: Aggregate<State = S>>(aggregate: &A, bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut state = Self { latest: bytes.option()?, gone: bytes.option()?, ..Self::default() };
        for _ in 0..bytes.u64()? {
            let (stamp, value) = (bytes.stamp()?, bytes.f64()?);
            if state.events.back().is_some_and(|(last, _)| *last >= stamp) {
                return None;
            }
            state.events.push_back((stamp, value));
            aggregate.add(&mut state.state, Value::Float(value));
        }
        Some(state)
    }
}
