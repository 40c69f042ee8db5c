//! The events of one entity in a window, and what they add up to.

use std::collections::VecDeque;
use std::time::Duration;

use mlops_core::Timestamp;

use super::bytes::{Bytes, put_option, put_stamp};
use super::exact_sum::ExactSum;
use super::online::{Behind, SLACK, Stamp};
use crate::define::source::Aggregate;

/// Events in their total order, with the exact sum of their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct WindowState {
    events: VecDeque<(Stamp, f64)>,
    sum: ExactSum,
    /// The latest available time of all that came.
    latest: Option<Timestamp>,
    /// The latest event time of those that are gone.
    gone: Option<Timestamp>,
}

impl WindowState {
    pub(crate) fn insert(&mut self, stamp: Stamp, value: f64, length: Duration) {
        self.latest = self.latest.max(Some(stamp.available));
        let place = match self.events.back() {
            Some((last, _)) if *last > stamp => self.events.partition_point(|(other, _)| *other < stamp),
            _ => self.events.len(),
        };
        self.events.insert(place, (stamp, value));
        self.sum.add(value);
        let safe = self.events.back().map_or(stamp, |(last, _)| *last).event_time - SLACK - length;
        while let Some((first, value)) = self.events.front().copied()
            && first.event_time <= safe
        {
            self.events.pop_front();
            self.sum.remove(value);
            self.gone = self.gone.max(Some(first.event_time));
        }
    }

    /// The aggregate of the events with `at − length < event time ≤ at` that were known at `at`.
    pub(crate) fn value(
        &self,
        at: Timestamp,
        length: Duration,
        aggregate: Aggregate,
    ) -> Result<Option<f64>, Behind> {
        let begins = at - length;
        if self.gone.is_some_and(|gone| gone > begins) {
            return Err(Behind { horizon: self.gone.map(|gone| gone + length) });
        }
        let expired = self.events.iter().take_while(|(stamp, _)| stamp.event_time <= begins).count();
        // Who is known happened: an event is available at its own time at the earliest.
        let unknown = self.latest.is_some_and(|latest| latest > at);
        if expired == 0 && !unknown {
            return Ok(finish(&self.sum, self.events.len(), aggregate));
        }
        let mut sum = self.sum.clone();
        let mut count = self.events.len() - expired;
        for (_, value) in self.events.range(..expired) {
            sum.remove(*value);
        }
        if unknown {
            for (_, value) in self.events.range(expired..).filter(|(stamp, _)| stamp.available > at) {
                sum.remove(*value);
                count -= 1;
            }
        }
        Ok(finish(&sum, count, aggregate))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_option(out, self.latest);
        put_option(out, self.gone);
        out.extend_from_slice(&(self.events.len() as u64).to_le_bytes());
        for (stamp, value) in &self.events {
            put_stamp(out, *stamp);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    /// State, with the sum that its events have; `None` for bytes that no state has.
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut state = Self { latest: bytes.option()?, gone: bytes.option()?, ..Self::default() };
        for _ in 0..bytes.u64()? {
            let (stamp, value) = (bytes.stamp()?, bytes.f64()?);
            if state.events.back().is_some_and(|(last, _)| *last >= stamp) {
                return None;
            }
            state.events.push_back((stamp, value));
            state.sum.add(value);
        }
        Some(state)
    }
}

fn finish(sum: &ExactSum, count: usize, aggregate: Aggregate) -> Option<f64> {
    match aggregate {
        Aggregate::Count => Some(count as f64),
        Aggregate::Sum => Some(sum.value()),
        Aggregate::Mean => (count > 0).then(|| sum.value() / count as f64),
    }
}
