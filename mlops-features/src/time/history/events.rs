//! The events that history is gathered from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use arrow::array::{Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::buffer::ScalarBuffer;
use mlops_core::{Dataset, SlotSchema, Slots, Timestamp, Value};

use super::super::columns::{ColumnBuilder, arrow_schema};
use super::super::event::{EventSchema, EventTable, Known};
use super::super::event_log::{EventLog, Stamped};
use super::super::online::Stamp;
use super::super::seen::Seen;
use super::groups::Groups;
use super::prefix::MISSING;
use super::{Keyed, SHARE, check_rows, key_columns, micros, threads};
use crate::FeatureError;
use crate::define::compile::CompiledExpr;
use crate::define::function::as_float;
use crate::define::scratch::Scratch;
use crate::define::set::{FeatureSet, source_schema};
use crate::define::source::Source;
use crate::read::{BatchReader, Column};
use crate::threads::{share_of, share_out};

/// The events of a source. Those with the same times are in their order.
pub(super) struct Events {
    source: String,
    pub(super) schema: SlotSchema,
    pub(super) reader: BatchReader,
    /// When each happened.
    pub(super) times: ScalarBuffer<i64>,
    pub(super) available: Available,
    /// Their numbers in the log; of a table, those of its rows.
    sequences: Option<Vec<u64>>,
}

/// When events could be known.
pub(super) enum Available {
    /// So many microseconds after they happened.
    After(i64),
    /// Each at a time of its own.
    At(Vec<i64>),
}

/// Events by the entity that a key names.
pub(super) struct KeyedEvents<'a> {
    pub(super) events: &'a Events,
    /// The entity of each event; `NONE` for an event of no row's.
    pub(super) codes: Vec<u32>,
    pub(super) entities: usize,
    groups: OnceLock<Groups>,
}

impl Events {
    /// Those of each source of a set.
    pub(super) fn of_log(set: &FeatureSet, log: &EventLog) -> Result<Vec<Self>, FeatureError> {
        let schemas: Vec<_> = set.sources.iter().map(source_schema).collect();
        let sources = set.sources.iter().map(|source| source.name.as_str()).zip(&schemas);
        let tables = log.tables(sources, 0)?;
        let sources = set.sources.iter().zip(schemas).zip(tables);
        sources.map(|((source, schema), tables)| Self::of_stamped(source, schema, tables)).collect()
    }

    fn of_stamped(source: &Source, schema: SlotSchema, tables: Vec<Stamped>) -> Result<Self, FeatureError> {
        let (stamps, mut readers): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
        if readers.is_empty() {
            let columns = schema.fields.iter().map(|field| ColumnBuilder::new(field).finish()).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(0));
            let empty = RecordBatch::try_new_with_options(arrow_schema(&schema.fields), columns, &options)?;
            readers.push(BatchReader::new(&schema.fields, &empty, &source.name)?);
        }
        let mut stamps = stamps.concat();
        check_rows(&source.name, stamps.len())?;
        let mut reader = BatchReader::concat(&schema.fields, &readers)?;
        if !stamps.is_sorted_by(|a, b| a.sequence < b.sequence) {
            let mut order: Vec<_> = (0..stamps.len() as u32).collect();
            order.sort_by_key(|&row| stamps[row as usize].sequence);
            order.dedup_by_key(|row| stamps[*row as usize].sequence);
            stamps = order.iter().map(|&row| stamps[row as usize]).collect();
            reader = reader.take(&schema.fields, &UInt32Array::from(order))?;
        }
        let times: ScalarBuffer<i64> = stamps.iter().map(|stamp| stamp.event_time.as_micros()).collect();
        let known: Vec<_> = stamps.iter().map(|stamp| stamp.available.max(stamp.event_time).as_micros()).collect();
        let lag = |(known, time): (&i64, &i64)| known.checked_sub(*time);
        let first = known.iter().zip(&times).next().and_then(lag);
        let available = match first {
            Some(first) if known.iter().zip(&times).all(|times| lag(times) == Some(first)) => {
                Available::After(first)
            }
            _ => Available::At(known),
        };
        let sequences = Some(stamps.iter().map(|stamp| stamp.sequence).collect());
        Ok(Self { source: source.name.clone(), schema, reader, times, available, sequences })
    }

    /// Those of each source of a set, whose tables go by the sources' names.
    pub(super) fn of_tables(
        set: &FeatureSet,
        tables: &BTreeMap<String, Dataset>,
    ) -> Result<Vec<Self>, FeatureError> {
        let events = |source: &Source| {
            let no_table = || FeatureError::NoTable { name: source.name.clone() };
            Self::of_table(source, tables.get(&source.name).ok_or_else(no_table)?.batch())
        };
        set.sources.iter().map(events).collect()
    }

    fn of_table(source: &Source, table: &RecordBatch) -> Result<Self, FeatureError> {
        check_rows(&source.name, table.num_rows())?;
        let EventSchema { slots, event_time, known, .. } = EventSchema::new(source);
        let mut reader = BatchReader::new(&slots.fields, table, &source.name)?;
        let Column::Time(times) = reader.column(event_time) else { unreachable!("an event has a time") };
        if source.unique.is_some() || times.null_count() > 0 {
            let mut events = EventTable::new(source, table)?;
            events.distinct(Seen::new(source));
            let mut rows: Vec<_> = events.events.iter().map(|event| event.row).collect();
            rows.sort_unstable();
            reader = reader.take(&slots.fields, &UInt32Array::from(rows))?;
        }
        let time = |place: usize| match reader.column(place) {
            Column::Time(times) => times,
            _ => unreachable!("times are read as such"),
        };
        let times = time(event_time).values().clone();
        let available = match known {
            Known::After(lag) => Available::After(micros(lag)),
            Known::At(place) => {
                let known = time(place).iter().zip(&times);
                Available::At(known.map(|(known, &time)| known.map_or(time, |known| known.max(time))).collect())
            }
        };
        let (name, schema) = (source.name.clone(), source_schema(source));
        Ok(Self { source: name, schema, reader, times, available, sequences: None })
    }

    /// The stamp of an event.
    pub(super) fn stamp(&self, event: usize) -> Stamp {
        let time = self.times[event];
        let available = match &self.available {
            Available::After(lag) => time.saturating_add(*lag),
            Available::At(times) => times[event],
        };
        let sequence = self.sequences.as_ref().map_or(event as u64, |sequences| sequences[event]);
        let (event_time, available) = (Timestamp::from_micros(time), Timestamp::from_micros(available));
        Stamp { event_time, available, sequence }
    }

    /// Hands on an expression's value for some events.
    pub(super) fn each_value(
        &self,
        expression: &CompiledExpr,
        events: impl IntoIterator<Item = usize>,
        mut take: impl FnMut(Value<'_>),
    ) {
        let (mut slots, mut scratch) = (Slots::default(), Scratch::default());
        for event in events {
            match expression.slot() {
                Some(slot) => take(self.reader.value(slot, &self.schema.fields[slot], event)),
                None => {
                    self.reader.row(&self.schema, event, &mut slots);
                    take(expression.value(&slots, &scratch));
                    scratch.clear();
                }
            }
        }
    }

    /// An expression's values as floats.
    fn floats(&self, expression: &CompiledExpr) -> Vec<f64> {
        let share = share_of(self.times.len(), SHARE, threads());
        let shares = (0..self.times.len()).step_by(share).map(|begin| begin..self.times.len().min(begin + share));
        let of_share = |events: Range<usize>| {
            let mut floats = Vec::with_capacity(events.len());
            self.each_value(expression, events, |value| floats.push(float(value)));
            floats
        };
        share_out(threads(), shares.collect(), of_share).concat()
    }

    /// The events of some rows' entities, by a key; those of others are left out.
    pub(super) fn of<'a>(&'a self, keyed: &Keyed<'_>, key: &[String]) -> Result<KeyedEvents<'a>, FeatureError> {
        let columns = key_columns(&self.reader, &self.schema, key, &self.source)?;
        let codes = keyed.entities.codes(&columns);
        Ok(KeyedEvents { events: self, codes, entities: keyed.entities.len(), groups: OnceLock::new() })
    }
}

/// A value that is counted and summed.
fn float(value: Value<'_>) -> f64 {
    match value {
        Value::Missing => f64::from_bits(MISSING),
        // What is no number is counted alone.
        value => match as_float(value).unwrap_or_default() {
            x if x.is_nan() => f64::NAN,
            x => x,
        },
    }
}

/// The events of one entity, in their order.
pub(super) struct EntityEvents<'a> {
    /// The place of the first.
    pub(super) start: usize,
    /// When each happened.
    pub(super) times: &'a [i64],
    known: EntityKnown<'a>,
}

enum EntityKnown<'a> {
    After(i64),
    At(&'a [i64]),
}

impl KeyedEvents<'_> {
    /// An expression's values by place, as floats.
    pub(super) fn floats(&self, expression: &CompiledExpr) -> Vec<f64> {
        let place = expression.slot();
        if let Some(Column::Float(column)) = place.map(|place| self.events.reader.column(place)) {
            return self.groups().arranged(|event| {
                let x = column.value(event);
                float(if column.is_null(event) { Value::Missing } else { Value::Float(x) })
            });
        }
        let floats = self.events.floats(expression);
        self.groups().arranged(|event| floats[event])
    }

    pub(super) fn groups(&self) -> &Groups {
        self.groups.get_or_init(|| {
            let known = match &self.events.available {
                Available::After(_) => None,
                Available::At(times) => Some(times.as_slice()),
            };
            Groups::new(&self.codes, self.entities, &self.events.times, known)
        })
    }

    /// Those of an entity.
    pub(super) fn group(&self, entity: usize) -> EntityEvents<'_> {
        let groups = self.groups();
        let group = groups.group(entity);
        let known = match (&self.events.available, &groups.known) {
            (Available::After(lag), _) => EntityKnown::After(*lag),
            (_, known) => EntityKnown::At(known.as_ref().map_or(&[], |known| &known[group.clone()])),
        };
        EntityEvents { start: group.start, times: &groups.times[group], known }
    }
}

impl EntityEvents<'_> {
    /// When an event could be known.
    #[inline]
    pub(super) fn known(&self, event: usize) -> i64 {
        match self.known {
            EntityKnown::After(lag) => self.times[event].saturating_add(lag),
            EntityKnown::At(known) => known[event],
        }
    }

    /// Whether the events became known in the order in which they happened.
    pub(super) fn in_order(&self) -> bool {
        match self.known {
            EntityKnown::After(_) => true,
            EntityKnown::At(known) => known.is_sorted(),
        }
    }

    /// How many of the events, which became known in order, were known at each of some times that rise.
    pub(super) fn count_known(&self, at: &[i64], counts: &mut Vec<u32>) {
        match self.known {
            EntityKnown::After(0) => count_until(self.times, |time| time, |at| at, at, counts),
            EntityKnown::After(lag) => {
                count_until(self.times, |time| time.saturating_add(lag), |at| at, at, counts);
            }
            EntityKnown::At(known) => count_until(known, |time| time, |at| at, at, counts),
        }
    }

    /// The events in the order in which they became known; `None` where that is the order in which they happened.
    pub(super) fn by_known(&self) -> Option<Vec<u32>> {
        match self.known {
            EntityKnown::At(known) if !self.in_order() => {
                let mut order: Vec<_> = (0..known.len() as u32).collect();
                order.sort_by_key(|&event| known[event as usize]);
                Some(order)
            }
            _ => None,
        }
    }
}

/// How many of some times, which rise, are not after each of some others, which rise too.
#[inline]
pub(super) fn count_until(
    times: &[i64],
    time: impl Fn(i64) -> i64,
    end: impl Fn(i64) -> i64,
    ends: &[i64],
    counts: &mut Vec<u32>,
) {
    /// Times that are counted at once, without a branch.
    const STEP: usize = 4;
    let mut count = 0;
    counts.clear();
    counts.extend(ends.iter().map(|&at| {
        let end = end(at);
        loop {
            let step = match times.get(count..count + STEP) {
                Some(step) => step.iter().map(|&at| usize::from(time(at) <= end)).sum(),
                None => times[count..].iter().filter(|&&at| time(at) <= end).count(),
            };
            count += step;
            if step < STEP {
                break;
            }
        }
        count as u32
    }));
}
