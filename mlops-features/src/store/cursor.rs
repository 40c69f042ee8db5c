//! How far a store has come.

use mlops_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Stamp;

/// How far a log's events were put into a store; an application keeps it, as JSON or however it likes, and goes on from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterializeCursor {
    /// All events that were known by then were put,
    until: Timestamp,
    /// of those whose sequence number is below this.
    position: u64,
    /// How far a run has come that wasn't finished.
    part: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    /// It has seen the log up to this sequence number.
    end: u64,
    /// The last event that was put; the order is by these two.
    available: Timestamp,
    sequence: u64,
}

impl MaterializeCursor {
    /// Before every event.
    #[must_use]
    pub fn start() -> Self {
        Self { until: Timestamp::MIN, position: 0, part: None }
    }

    /// Leaves out the events that were known by a time, wherever they are in the log.
    #[must_use]
    pub fn after(time: Timestamp) -> Self {
        Self { until: time, position: u64::MAX, part: None }
    }

    /// Until when events have to be known at least, in a run from here.
    pub(super) fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether an event has not been put yet: it became known later, or was logged later, whatever its times say.
    pub(super) fn takes(&self, stamp: Stamp) -> bool {
        let put = self.part.is_some_and(|part| {
            stamp.sequence < part.end && (stamp.available, stamp.sequence) <= (part.available, part.sequence)
        });
        !put && (stamp.available > self.until || stamp.sequence >= self.position)
    }

    /// In a run that has seen the log up to `end`, after an event.
    pub(super) fn within(self, end: u64, last: Stamp) -> Self {
        let part = Part { end, available: last.available, sequence: last.sequence };
        Self { part: Some(part), ..self }
    }

    /// After a run.
    pub(super) fn finished(end: u64, until: Timestamp) -> Self {
        Self { until, position: end, part: None }
    }
}
