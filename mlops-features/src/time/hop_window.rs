//! The events of one entity in a window that moves by a hop.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mlops_core::{Timestamp, Value};

use super::bytes::{Bytes, put_framed, put_stamp, put_time};
use super::online::{Behind, SLACK};
use super::window_state::{
    Asked, Counters, Event, KeyState, Shape, Stored, floor, put_stored, read_stored, within,
};
use crate::define::aggregate::Aggregate;
use crate::define::scratch::Scratch;

/// Events as aggregated states, one a hop, where every question that may still be asked knows them; one by one before.
#[derive(Clone, Debug)]
pub(super) struct HopState<S, V> {
    /// By their ends.
    tiles: VecDeque<Tile<S, V>>,
    /// In their total order.
    recent: VecDeque<Event<V>>,
    /// The earliest time at which one of the recent was known.
    known: Timestamp,
    /// The latest event time.
    latest: Timestamp,
    /// The latest available time of those that are in tiles.
    closed: Timestamp,
    /// The latest end of the tiles that are gone.
    gone: Timestamp,
}

/// The events with `end − hop < event time ≤ end`.
#[derive(Clone, Debug)]
struct Tile<S, V> {
    end: Timestamp,
    state: S,
    first: Event<V>,
    last: Event<V>,
}

impl<S, V> Default for HopState<S, V> {
    fn default() -> Self {
        let (tiles, recent) = (VecDeque::new(), VecDeque::new());
        let (known, none) = (Timestamp::MAX, Timestamp::MIN);
        Self { tiles, recent, known, latest: none, closed: none, gone: none }
    }
}

/// The end of the tile that a time is in.
fn tile_end(time: Timestamp, hop: Duration) -> Timestamp {
    let floor = floor(time, hop);
    if floor == time { time } else { floor + hop }
}

impl<S: Default, V: Stored> HopState<S, V> {
    fn close<A: Aggregate<State = S>>(&mut self, aggregate: &A, shape: &Shape, event: Event<V>) {
        let end = tile_end(event.0.event_time, shape.hop);
        self.closed = self.closed.max(event.0.available);
        let place = self.tiles.partition_point(|tile| tile.end < end);
        if self.tiles.get(place).is_none_or(|tile| tile.end != end) {
            let (first, last) = (event.clone(), event.clone());
            self.tiles.insert(place, Tile { end, state: S::default(), first, last });
        }
        let Some(tile) = self.tiles.get_mut(place) else { return };
        aggregate.add(&mut tile.state, event.1.value());
        aggregate.compact(&mut tile.state);
        if event.0 < tile.first.0 {
            tile.first = event;
        } else if event.0 > tile.last.0 {
            tile.last = event;
        }
    }
}

impl<A: Aggregate, V: Stored> KeyState<A, V> for HopState<A::State, V> {
    fn insert(&mut self, aggregate: &A, shape: &Shape, event: Event<V>, counters: &Counters) {
        let stamp = event.0;
        if shape.is_late(stamp, self.latest) {
            counters.late.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.latest = self.latest.max(stamp.event_time);
        self.known = self.known.min(stamp.available);
        let place = self.recent.partition_point(|(other, _)| *other < stamp);
        self.recent.insert(place, event);
        let safe = self.latest - SLACK;
        if self.known <= safe {
            self.known = Timestamp::MAX;
            for event in std::mem::take(&mut self.recent) {
                if event.0.available <= safe {
                    self.close(aggregate, shape, event);
                } else {
                    self.known = self.known.min(event.0.available);
                    self.recent.push_back(event);
                }
            }
        }
        let over = floor(safe, shape.hop) - shape.length;
        while let Some(tile) = self.tiles.pop_front_if(|tile| tile.end <= over) {
            self.gone = self.gone.max(tile.end);
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
        if at < self.closed {
            return Err(Behind::LetGo { horizon: Some(self.closed) });
        }
        if self.gone > begin {
            return Err(Behind::LetGo { horizon: Some(self.gone + shape.length) });
        }
        let mut state = A::State::default();
        let (mut first, mut last) = (None::<&Event<V>>, None::<&Event<V>>);
        let tiles = self.tiles.iter().skip_while(|tile| tile.end <= begin).take_while(|tile| tile.end <= end);
        for tile in tiles {
            aggregate.merge(&mut state, &tile.state);
            (first, last) = (first.or(Some(&tile.first)), Some(&tile.last));
        }
        let is_in =
            |(stamp, _): &&Event<V>| begin < stamp.event_time && stamp.event_time <= end && stamp.available <= at;
        for event in self.recent.iter().filter(is_in) {
            aggregate.add(&mut state, event.1.value());
            first = first.filter(|first| first.0 < event.0).or(Some(event));
            last = last.filter(|last| last.0 > event.0).or(Some(event));
        }
        let within = within(at, shape, [first, last]);
        take(aggregate.value(&state, &within, &Scratch::default()));
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) {
        [self.latest, self.closed, self.gone].into_iter().for_each(|time| put_time(out, time));
        let put = |(stamp, value): &Event<V>, out: &mut Vec<u8>| {
            put_stamp(out, *stamp);
            put_stored(out, value);
        };
        out.extend_from_slice(&(self.tiles.len() as u64).to_le_bytes());
        for tile in &self.tiles {
            put_time(out, tile.end);
            put(&tile.first, out);
            put(&tile.last, out);
            put_framed(out, &postcard::to_stdvec(&tile.state).unwrap_or_default());
        }
        out.extend_from_slice(&(self.recent.len() as u64).to_le_bytes());
        self.recent.iter().for_each(|event| put(event, out));
    }

    fn read(_: &A, bytes: &mut Bytes<'_>) -> Option<Self> {
        let (latest, closed, gone) = (bytes.time()?, bytes.time()?, bytes.time()?);
        let mut state = Self { latest, closed, gone, ..Self::default() };
        let event = |bytes: &mut Bytes<'_>| Some((bytes.stamp()?, read_stored::<V>(bytes)?));
        for _ in 0..bytes.u64()? {
            let (end, first, last) = (bytes.time()?, event(bytes)?, event(bytes)?);
            let (of, rest) = postcard::take_from_bytes(bytes.framed()?).ok()?;
            if state.tiles.back().is_some_and(|tile| tile.end >= end) || first.0 > last.0 || !rest.is_empty() {
                return None;
            }
            state.tiles.push_back(Tile { end, state: of, first, last });
        }
        for _ in 0..bytes.u64()? {
            let event = event(bytes)?;
            if state.recent.back().is_some_and(|(last, _)| *last >= event.0) {
                return None;
            }
            state.known = state.known.min(event.0.available);
            state.recent.push_back(event);
        }
        Some(state)
    }
}
