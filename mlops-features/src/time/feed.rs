//! Tables as a stream, for backtests.

use arrow::array::RecordBatch;
use mlops_core::{Fingerprint, Timestamp};

use super::event::{EventTable, TableEvent};
use super::seen::Seen;
use super::stream::EventStream;
use crate::FeatureError;
use crate::define::set::FeatureSet;

/// The events of tables in the one order in which they could be known: by that time, source, event time and row.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
/// use mlops_core::Timestamp;
/// use mlops_features::{Catalog, EventStream, Feature, FeatureSet, Feed, Nulls, Source, Window};
///
/// let catalog = Catalog::new();
/// let set = FeatureSet::builder("shop", "at")
///     .categories(&["customer"])
///     .sources([Source::new("orders", "ordered").texts(&["customer"])])
///     .windows([Window::count("orders", "orders", &["customer"], Duration::from_secs(3600))])
///     .features([Feature::number("orders", "orders", Nulls::Refuse)])
///     .build(&catalog)?;
/// let orders = RecordBatch::try_from_iter([
///     ("ordered", Arc::new(TimestampMicrosecondArray::from(vec![30, 10, 20])) as _),
///     ("customer", Arc::new(StringArray::from(vec!["ann", "bob", "ann"])) as _),
/// ])?;
/// let folder = tempfile::tempdir()?;
/// let mut stream = EventStream::open(folder.path(), &set, &catalog)?;
/// let mut feed = Feed::new(&set, &[("orders", &orders)])?;
/// assert_eq!(feed.advance(&mut stream, Timestamp::from_micros(20))?, 2);
///
/// // A new feed of the same table passes over what the log has.
/// let mut again = Feed::new(&set, &[("orders", &orders)])?;
/// assert_eq!(again.advance(&mut stream, Timestamp::MAX)?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Feed {
    fingerprint: Fingerprint,
    sources: Vec<FeedSource>,
    /// The numbers of the sources, in the order of their events.
    order: Vec<u32>,
    next: usize,
}

#[derive(Debug)]
struct FeedSource {
    name: String,
    table: EventTable,
    /// How many of its events were passed on.
    next: usize,
}

impl Feed {
    /// The events of a set's sources, each from its table. Rows without an event time are no events.
    ///
    /// # Errors
    /// [`FeatureError::NoTable`], [`FeatureError::Duplicate`] or [`FeatureError::Unknown`] where there isn't one table
    /// for each source; [`FeatureError::Schema`] where a table lacks a column.
    pub fn new(set: &FeatureSet, tables: &[(&str, &RecordBatch)]) -> Result<Self, FeatureError> {
        for (place, (name, _)) in tables.iter().enumerate() {
            set.source(name, "a feed")?;
            if tables[..place].iter().any(|(other, _)| other == name) {
                return Err(FeatureError::Duplicate { what: "tables", name: (*name).into() });
            }
        }
        let mut sources = Vec::new();
        for source in set.sources() {
            let name = source.name.clone();
            let Some((_, rows)) = tables.iter().find(|(other, _)| *other == name) else {
                return Err(FeatureError::NoTable { name });
            };
            let mut table = EventTable::new(source, rows)?;
            table.distinct(Seen::new(source));
            sources.push(FeedSource { name, table, next: 0 });
        }
        let events = |(number, source): (u32, &FeedSource)| -> Vec<_> {
            source.table.events.iter().map(|event| (event.available, number)).collect()
        };
        let mut order: Vec<_> = (0..).zip(&sources).flat_map(events).collect();
        order.sort_unstable();
        let order = order.into_iter().map(|(_, source)| source).collect();
        Ok(Self { fingerprint: set.view_fingerprint(), sources, order, next: 0 })
    }

    /// Pushes all events that were known by `until` and were not passed on yet, each at the time from which it was
    /// known; says how many. Events that the log has already are passed over: of each source as many as
    /// [`EventStream::logged`] says. So a new feed of the same tables goes on where the log ends.
    ///
    /// # Errors
    /// [`FeatureError::ForeignState`] for a stream of other views; [`FeatureError::OtherLog`] for a log that lacks
    /// events which were passed on before; what [`EventStream::push`] says. The event that failed comes again next
    /// time.
    pub fn advance(&mut self, stream: &mut EventStream, until: Timestamp) -> Result<usize, FeatureError> {
        let got = stream.state().fingerprint();
        if got != self.fingerprint {
            return Err(FeatureError::ForeignState { got, wanted: self.fingerprint });
        }
        for source in &self.sources {
            let (got, wanted) = (stream.logged(&source.name), source.next as u64);
            if got < wanted {
                return Err(FeatureError::OtherLog { name: source.name.clone(), got, wanted });
            }
        }
        let mut pushed = 0;
        while let Some((number, event)) = self.peek()
            && event.available <= until
        {
            let source = &mut self.sources[number];
            if source.next as u64 >= stream.logged_of(number) {
                stream.push_row(number, &source.table.reader, event.row as usize, event.available)?;
                pushed += 1;
            }
            source.next += 1;
            self.next += 1;
        }
        Ok(pushed)
    }

    /// Passes over the events that the stream's log has already; says when the last of them was known. A program
    /// that was stopped goes on with what it does besides from there.
    pub fn resume(&mut self, stream: &EventStream) -> Option<Timestamp> {
        let mut last = None;
        while let Some((number, event)) = self.peek()
            && (self.sources[number].next as u64) < stream.logged_of(number)
        {
            last = Some(event.available);
            self.sources[number].next += 1;
            self.next += 1;
        }
        last
    }

    fn peek(&self) -> Option<(usize, TableEvent)> {
        let number = *self.order.get(self.next)? as usize;
        let source = &self.sources[number];
        Some((number, *source.table.events.get(source.next)?))
    }

    /// How many events were not passed on yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.order.len() - self.next
    }

    /// How many rows came before, by their ids.
    #[must_use]
    pub fn duplicates(&self) -> usize {
        self.sources.iter().map(|source| source.table.duplicates).sum()
    }

    /// How many rows have no event time, and so are no events.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.sources.iter().map(|source| source.table.left_out()).sum()
    }
}
