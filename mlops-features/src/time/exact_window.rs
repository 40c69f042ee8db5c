//! The events of one entity in a window that slides with the asking time.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use mlops_core::{Timestamp, Value};

use super::bytes::{Bytes, put_stamp, put_time};
use super::online::{Behind, SLACK};
use super::window_state::{Asked, Counters, Event, KeyState, Shape, Stored, put_stored, read_stored, within};
use crate::define::aggregate::Aggregate;
use crate::define::scratch::Scratch;
use crate::define::source::Overflow;

/// Events in their total order, with the aggregate's state of their values.
#[derive(Clone, Debug)]
pub(super) struct ExactState<S, V> {
    events: VecDeque<Event<V>>,
    state: S,
    /// The latest available time of all that came.
    latest: Timestamp,
    /// The latest event time of those that are over and gone.
    gone: Timestamp,
    /// The latest event time of those that were one too many.
    refused: Timestamp,
}

impl<S: Default, V> Default for ExactState<S, V> {
    fn default() -> Self {
        let (events, state) = (VecDeque::new(), S::default());
        Self { events, state, latest: Timestamp::MIN, gone: Timestamp::MIN, refused: Timestamp::MIN }
    }
}

impl<S, V: Stored> ExactState<S, V> {
    /// Lets the first event go, if there is one, and tells when it happened.
    fn pop<A: Aggregate<State = S>>(&mut self, aggregate: &A) -> Option<Timestamp> {
        let (stamp, value) = self.events.pop_front()?;
        aggregate.remove(&mut self.state, value.value());
        Some(stamp.event_time)
    }
}

impl<A: Aggregate, V: Stored> KeyState<A, V> for ExactState<A::State, V> {
    fn insert(&mut self, aggregate: &A, shape: &Shape, event: Event<V>, counters: &Counters) {
        let stamp = event.0;
        let place = match self.events.back() {
            Some((last, _)) if shape.is_late(stamp, last.event_time) => {
                counters.late.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Some((last, _)) if *last > stamp => self.events.partition_point(|(other, _)| *other < stamp),
            _ => self.events.len(),
        };
        self.latest = self.latest.max(stamp.available);
        aggregate.add(&mut self.state, event.1.value());
        self.events.insert(place, event);
        let over = self.events.back().map_or(stamp, |(last, _)| *last).event_time - SLACK - shape.length;
        while self.events.front().is_some_and(|(first, _)| first.event_time <= over) {
            let happened = self.pop(aggregate);
            self.gone = happened.map_or(self.gone, |happened| happened.max(self.gone));
        }
        let Some(limit) = shape.limit else { return };
        while self.events.len() > limit.events as usize {
            let happened = self.pop(aggregate);
            counters.overflowed.fetch_add(1, Ordering::Relaxed);
            if limit.overflow == Overflow::Refuse {
                self.refused = happened.map_or(self.refused, |happened| happened.max(self.refused));
            }
        }
    }

    fn value(
        &self,
        aggregate: &A,
        shape: &Shape,
        Asked { at, end }: Asked,
        take: &mut dyn FnMut(Value<'_>),
    ) -> Result<(), Behind> {
        let begin = end - shape.length;
        if self.gone > begin {
            return Err(Behind::LetGo { horizon: Some(self.gone + shape.length) });
        }
        if let Some(limit) = shape.limit
            && self.refused > begin
        {
            return Err(Behind::Overflow { limit: limit.events });
        }
        let expired = self.events.iter().take_while(|(stamp, _)| stamp.event_time <= begin).count();
        let is_in = |(stamp, _): &&Event<V>| stamp.event_time <= end && stamp.available <= at;
        // An event that is known is in every window that reaches it: it happened before it was known, and before the
        // latest one that is known.
        let all_in = self.latest <= at && self.events.back().is_none_or(|(last, _)| last.event_time <= end);
        let inside = || self.events.range(expired..).filter(is_in);
        let (first, last) = (inside().next(), inside().next_back());
        let within = within(at, shape, [first, last]);
        let scratch = Scratch::default();
        if expired == 0 && all_in {
            take(aggregate.value(&self.state, &within, &scratch));
            return Ok(());
        }
        // The fewer are added or taken out.
        let state = if first.is_none() || expired > self.events.len() / 2 {
            let mut state = A::State::default();
            inside().for_each(|(_, value)| aggregate.add(&mut state, value.value()));
            state
        } else {
            let mut state = self.state.clone();
            self.events.range(..expired).for_each(|(_, value)| aggregate.remove(&mut state, value.value()));
            if !all_in {
                let out = self.events.range(expired..).filter(|event| !is_in(event));
                out.for_each(|(_, value)| aggregate.remove(&mut state, value.value()));
            }
            state
        };
        take(aggregate.value(&state, &within, &scratch));
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        [self.latest, self.gone, self.refused].into_iter().for_each(|time| put_time(out, time));
        out.extend_from_slice(&(self.events.len() as u64).to_le_bytes());
        for (stamp, value) in &self.events {
            put_stamp(out, *stamp);
            put_stored(out, value);
        }
    }

    fn read(aggregate: &A, bytes: &mut Bytes<'_>) -> Option<Self> {
        let (latest, gone, refused) = (bytes.time()?, bytes.time()?, bytes.time()?);
        let mut state = Self { latest, gone, refused, ..Self::default() };
        for _ in 0..bytes.u64()? {
            let (stamp, value) = (bytes.stamp()?, read_stored::<V>(bytes)?);
            if state.events.back().is_some_and(|(last, _)| *last >= stamp) {
                return None;
            }
            aggregate.add(&mut state.state, value.value());
            state.events.push_back((stamp, value));
        }
        Some(state)
    }
}
