//! How a row of a source becomes an event.

use std::time::Duration;

use arrow::array::RecordBatch;
use mlops_core::{SlotField, SlotKind, SlotSchema, Timestamp, Value};

use super::seen::Seen;
use crate::FeatureError;
use crate::define::set::source_schema;
use crate::define::source::{Availability, Source};
use crate::read::BatchReader;

/// The slots of a source's rows: its columns, then the times that are no columns.
#[derive(Clone, Debug)]
pub(super) struct EventSchema {
    pub(super) slots: SlotSchema,
    /// How many of the slots are columns.
    pub(super) columns: usize,
    pub(super) event_time: usize,
    pub(super) known: Known,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    After(Duration),
    At(usize),
}

/// When an event happened, and when its source says that it is known: never before it happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) event_time: Timestamp,
    pub(super) available: Timestamp,
}

impl EventSchema {
    pub(super) fn new(source: &Source) -> Self {
        let mut slots = source_schema(source);
        let columns = slots.fields.len();
        let mut time = |name: &String| {
            let is_it = |field: &SlotField| field.name == *name && field.kind == SlotKind::Time;
            slots.fields.iter().position(is_it).unwrap_or_else(|| {
                slots.fields.push(SlotField { name: name.clone(), kind: SlotKind::Time, vocabulary: None });
                slots.fields.len() - 1
            })
        };
        let event_time = time(&source.event_time);
        let known = match &source.availability {
            Availability::After(lag) => Known::After(*lag),
            Availability::Column(column) => Known::At(time(column)),
        };
        slots.request = slots.fields.len();
        Self { slots, columns, event_time, known }
    }

    /// The times of a row, from its slots; `None` where it has no event time.
    pub(super) fn times<'a>(&self, slot: impl Fn(usize) -> Value<'a>) -> Option<Times> {
        let time = |place| match slot(place) {
            Value::Time(time) => Some(time),
            _ => None,
        };
        let event_time = time(self.event_time)?;
        let known = match self.known {
            Known::After(lag) => event_time + lag,
            Known::At(place) => time(place).unwrap_or(event_time),
        };
        Some(Times { event_time, available: known.max(event_time) })
    }
}

/// A row of a table that is an event. The order of the fields is that in which events of a source become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TableEvent {
    pub(super) available: Timestamp,
    pub(super) event_time: Timestamp,
    pub(super) row: u32,
}

/// The rows of a table that are events of a source.
#[derive(Debug)]
pub(super) struct EventTable {
    pub(super) schema: EventSchema,
    pub(super) reader: BatchReader,
    /// In the order in which they become known.
    pub(super) events: Vec<TableEvent>,
    left_out: usize,
    /// How many came before, by their ids.
    pub(super) duplicates: usize,
}

impl EventTable {
    pub(super) fn new(source: &Source, rows: &RecordBatch) -> Result<Self, FeatureError> {
        let schema = EventSchema::new(source);
        let reader = BatchReader::new(&schema.slots.fields, rows, &source.name)?;
        let event = |row: usize| {
            let times = schema.times(|slot| reader.value(slot, &schema.slots.fields[slot], row))?;
            Some(TableEvent { available: times.available, event_time: times.event_time, row: row as u32 })
        };
        let mut events: Vec<_> = (0..reader.rows()).filter_map(event).collect();
        events.sort_unstable();
        let left_out = reader.rows() - events.len();
        Ok(Self { schema, reader, events, left_out, duplicates: 0 })
    }

    /// How many rows have no event time.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// Leaves out events that came before, in the table or in what was seen.
    pub(super) fn distinct(&mut self, seen: Option<Seen>) {
        let Some(mut seen) = seen else { return };
        let (reader, fields) = (&self.reader, &self.schema.slots.fields);
        let before = self.events.len();
        self.events.retain(|event| {
            let id = seen.id(|slot| reader.value(slot, &fields[slot], event.row as usize));
            let new = !seen.has(id.as_ref());
            if new {
                seen.note(id, event.event_time);
            }
            new
        });
        self.duplicates += before - self.events.len();
    }
}
