//! The last events of one entity, for a look-up as of a time.

use std::collections::VecDeque;
use std::sync::Arc;

use mlops_core::{SlotKind, Timestamp, Value};

use super::bytes::{Bytes, put_option, put_stamp, put_value};
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
    pub(crate) fn of(value: Value<'_>) -> Self {
        match value {
            Value::Float(x) => Self::Float(x),
            Value::Int(x) => Self::Int(x),
            Value::Time(t) => Self::Time(t),
            Value::Text(text) | Value::Unseen(text) => Self::Text(text.into()),
            Value::Missing | Value::Category(_) | Value::Numbers(_) | Value::Texts(_) => Self::Missing,
        }
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Float(x) => Value::Float(*x),
            Self::Int(x) => Value::Int(*x),
            Self::Time(t) => Value::Time(*t),
            Self::Text(text) => Value::Text(text),
        }
    }
}

/// Events in their total order: event time, available time, sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewState {
    events: VecDeque<(Stamp, Box<[Kept]>)>,
    /// A time before which events may be gone that a look-up would need.
    horizon: Option<Timestamp>,
}

impl ViewState {
    pub(crate) fn insert(&mut self, stamp: Stamp, fields: Box<[Kept]>) {
        let place = self.events.partition_point(|(other, _)| *other < stamp);
        self.events.insert(place, (stamp, fields));
        // An event is not needed any more once a later one can be known at every time that may be asked for.
        let safe = self.events.back().map_or(stamp, |(last, _)| *last).event_time - SLACK;
        while let Some((next, _)) = self.events.get(1)
            && next.available <= safe
        {
            self.horizon = self.horizon.max(Some(next.available));
            self.events.pop_front();
        }
    }

    /// The fields of the last event that was known at `at` and didn't happen before `oldest`.
    pub(crate) fn latest_at(&self, at: Timestamp, oldest: Timestamp) -> Result<Option<&[Kept]>, Behind> {
        if self.horizon.is_some_and(|horizon| at < horizon) {
            return Err(Behind::LetGo { horizon: self.horizon });
        }
        let known = |(stamp, _): &&(Stamp, Box<[Kept]>)| stamp.available <= at && stamp.event_time <= at;
        let Some((stamp, fields)) = self.events.iter().rev().find(known) else { return Ok(None) };
        Ok((stamp.event_time >= oldest).then_some(fields))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_option(out, self.horizon);
        out.extend_from_slice(&(self.events.len() as u64).to_le_bytes());
        for (stamp, fields) in &self.events {
            put_stamp(out, *stamp);
            fields.iter().for_each(|field| put_value(out, field.value()));
        }
    }

    /// State whose events have fields of these kinds; `None` for bytes that no state has.
    pub(super) fn read(bytes: &mut Bytes<'_>, kinds: &[SlotKind]) -> Option<Self> {
        let mut state = Self { horizon: bytes.option()?, ..Self::default() };
        for _ in 0..bytes.u64()? {
            let stamp = bytes.stamp()?;
            if state.events.back().is_some_and(|(last, _)| *last >= stamp) {
                return None;
            }
            let fields = kinds.iter().map(|&kind| Some(Kept::of(bytes.value(kind)?))).collect::<Option<_>>()?;
            state.events.push_back((stamp, fields));
        }
        Some(state)
    }
}
