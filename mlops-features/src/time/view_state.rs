//! The last events of one entity, for a look-up as of a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use mlops_core::{Slots, Timestamp, Value};

use super::online::{Behind, SLACK, Stamp};

/// A field of an event as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    Missing,
    Float(f64),
    Int(i64),
    Time(Timestamp),
    Text(Arc<str>),
}

impl Kept {
    pub(crate) fn of(slots: &Slots, slot: usize) -> Self {
        match slots.value(slot) {
            Value::Float(x) => Self::Float(x),
            Value::Int(x) => Self::Int(x),
            Value::Time(t) => Self::Time(t),
            Value::Text(text) | Value::Unseen(text) => Self::Text(text.into()),
            Value::Missing | Value::Category(_) => Self::Missing,
        }
    }
}

/// Events in their total order: event time, available time, sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewState {
    events: VecDeque<(Stamp, Box<[Kept]>)>,
    /// The latest available time of all that came.
    latest: Option<Timestamp>,
    /// A time before which events may be gone that a look-up would need.
    horizon: Option<Timestamp>,
}

impl ViewState {
    pub(crate) fn insert(&mut self, stamp: Stamp, fields: Box<[Kept]>) {
        let place = self.events.partition_point(|(other, _)| *other < stamp);
        self.events.insert(place, (stamp, fields));
        self.latest = self.latest.max(Some(stamp.available));
        // An event is not needed any more once a later one can be known at every time that may be asked for.
        let safe = self.latest.unwrap_or(stamp.available) - SLACK;
        while self.events.get(1).is_some_and(|(next, _)| next.available <= safe) {
            self.events.pop_front();
            self.horizon = Some(safe);
        }
    }

    /// The fields of the last event that was known at `at` and not older than `ttl`.
    pub(crate) fn latest_at(&self, at: Timestamp, ttl: Option<Duration>) -> Result<Option<&[Kept]>, Behind> {
        if self.horizon.is_some_and(|horizon| at < horizon) {
            return Err(Behind { horizon: self.horizon });
        }
        let known = |(stamp, _): &&(Stamp, Box<[Kept]>)| stamp.available <= at && stamp.event_time <= at;
        let Some((stamp, fields)) = self.events.iter().rev().find(known) else { return Ok(None) };
        let fresh = ttl.is_none_or(|ttl| stamp.event_time >= at - ttl);
        Ok(fresh.then_some(fields))
    }
}
