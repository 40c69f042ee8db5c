//! The latest event of a source, as it was known.

use std::collections::VecDeque;

use mlops_core::Timestamp;

use super::bytes::{Bytes, put_option, put_time};
use super::online::{Behind, SLACK, Stamp};

/// When the latest event of a source that was known at a time had happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Watermark {
    /// When it rose and to what, both rising.
    steps: VecDeque<(Timestamp, Timestamp)>,
    /// A time before which steps may be gone.
    horizon: Option<Timestamp>,
}

impl Watermark {
    pub(super) fn insert(&mut self, stamp: Stamp) {
        let step = (stamp.available, stamp.event_time);
        let place = self.steps.partition_point(|(known, _)| *known <= step.0);
        if place.checked_sub(1).and_then(|before| self.steps.get(before)).is_some_and(|(_, at)| *at >= step.1) {
            return;
        }
        let end = place + self.steps.range(place..).take_while(|(_, at)| *at <= step.1).count();
        // A step that was known at the same time is lower.
        let begin = match place.checked_sub(1).and_then(|before| self.steps.get(before)) {
            Some((known, _)) if *known == step.0 => place - 1,
            _ => place,
        };
        self.steps.drain(begin..end);
        self.steps.insert(begin, step);
        let safe = self.steps.back().map_or(step.1, |(_, latest)| *latest) - SLACK;
        while let Some((known, _)) = self.steps.get(1)
            && *known <= safe
        {
            self.horizon = self.horizon.max(Some(*known));
            self.steps.pop_front();
        }
    }

    /// The latest event time that was known at a time; `None` before any.
    pub(super) fn at(&self, at: Timestamp) -> Result<Option<Timestamp>, Behind> {
        if self.horizon.is_some_and(|horizon| at < horizon) {
            return Err(Behind::LetGo { horizon: self.horizon });
        }
        Ok(self.steps.iter().rev().find(|(known, _)| *known <= at).map(|(_, latest)| *latest))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_option(out, self.horizon);
        out.extend_from_slice(&(self.steps.len() as u64).to_le_bytes());
        for (known, latest) in &self.steps {
            put_time(out, *known);
            put_time(out, *latest);
        }
    }

    /// `None` for bytes that no watermark has.
    pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut watermark = Self { horizon: bytes.option()?, ..Self::default() };
        for _ in 0..bytes.u64()? {
            let step = (bytes.time()?, bytes.time()?);
            if watermark.steps.back().is_some_and(|last| last.0 >= step.0 || last.1 >= step.1) {
                return None;
            }
            watermark.steps.push_back(step);
        }
        Some(watermark)
    }
}
