//! Events on their way from the log into state.

use std::ops::Range;

use mlops_core::{Slots, Timestamp};

use super::online::{OnlineState, Stamp};
use crate::read::BatchReader;

/// Events on their way from the log into state.
#[derive(Debug, Default)]
pub struct Replay {
    tables: Vec<(usize, BatchReader)>,
    order: Vec<(Stamp, u32, u32)>,
    next: usize,
    slots: Slots,
}

impl Replay {
    /// Adds the events of a table with these sequence numbers.
    pub(super) fn push(&mut self, source: usize, reader: BatchReader, stamps: &[Stamp], sequences: &Range<u64>) {
        let table = self.tables.len() as u32;
        let rows = stamps.iter().zip(0..).filter(|(stamp, _)| sequences.contains(&stamp.sequence));
        self.order.extend(rows.map(|(stamp, row)| (*stamp, table, row)));
        self.tables.push((source, reader));
    }

    /// Puts the events in their order; one that came twice counts once.
    pub(super) fn sort_by(&mut self, order: impl Fn(&Stamp) -> (Timestamp, u64)) {
        self.order.sort_unstable_by_key(|(stamp, ..)| order(stamp));
        self.order.dedup_by_key(|(stamp, ..)| stamp.sequence);
    }

    /// Applies all events that were known by `until` and were not applied yet; says how many.
    pub fn advance(&mut self, state: &OnlineState, until: Timestamp) -> usize {
        let begin = self.next;
        while let Some((source, stamp, slots)) = self.next(state, until) {
            state.apply(source, stamp, slots);
        }
        self.next - begin
    }

    /// The next event that was known by `until`: its source, its stamp and the source's columns.
    pub(crate) fn next(&mut self, state: &OnlineState, until: Timestamp) -> Option<(usize, Stamp, &Slots)> {
        let &(stamp, table, row) = self.order.get(self.next).filter(|(stamp, ..)| stamp.available <= until)?;
        let (source, reader) = &self.tables[table as usize];
        reader.row(state.source_schema(*source), row as usize, &mut self.slots);
        self.next += 1;
        Some((*source, stamp, &self.slots))
    }

    /// Passes over the events that come next, as long as they are such.
    pub(crate) fn skip_while(&mut self, such: impl Fn(Stamp) -> bool) {
        self.next += self.order[self.next..].iter().take_while(|(stamp, ..)| such(*stamp)).count();
    }

    /// How many events were not applied yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.order.len() - self.next
    }
}
