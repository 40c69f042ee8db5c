//! History: what was known at each row's time.
//!
//! Views, and windows that slide, are computed over columns: the rows and the events of an entity lie side by side, and
//! both are gone through once. All other windows replay the events through the state that serves online.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, OnceLock};
use std::thread;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::concat;
use arrow::datatypes::Schema;
use mlops_core::{Dataset, SlotSchema};

use super::columns::arrow_schema;
use super::event_log::EventLog;
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::define::source::{Late, LeadingEdge, Window};
use crate::read::{BatchReader, Column};
use crate::threads::{share_of, share_out};
use entities::Entities;
use events::Events;
use groups::Groups;

mod cells;
mod entities;
mod events;
mod files;
mod groups;
mod prefix;
mod replayed;
mod slide;
mod views;
mod windows;

pub(crate) use cells::Cells;
pub use files::gather_files;
pub(crate) use slide::{Sliding, slide};
pub(crate) use windows::Sums;

/// Gathers a table: the rows with the columns of the set's views and windows added, each as it was known at the row's
/// time: the bits that online state answers with as of then. The rows come back in their order, which may be any; so do
/// columns that the set doesn't name. All cores are used.
///
/// # Errors
/// [`FeatureError::Schema`] where the table lacks a column, [`FeatureError::NullKey`] for a row without a time,
/// [`FeatureError::Parameter`] for 2,147,483,648 rows or events of a source or more, what
/// [`FeatureSetBuilder::build`](crate::FeatureSetBuilder::build) says of the set, or what the log met.
#[tracing::instrument(skip_all, fields(rows = rows.rows()))]
pub fn gather_history(
    set: &FeatureSet,
    rows: &Dataset,
    log: &EventLog,
    catalog: &Catalog,
) -> Result<Dataset, FeatureError> {
    gather(set, rows, catalog, |sources| Events::of_log(sources, log))
}

/// Gathers a table as [`gather_history`] does, from tables of events, by the names of their sources, that are in no log.
/// An event is known when its source says; one that comes again, by its id, counts once. Of events with the same times the
/// later row is the later event.
///
/// # Errors
/// As [`gather_history`]; [`FeatureError::NoTable`] where a source has no table, [`FeatureError::Schema`] where a table
/// lacks a column.
#[tracing::instrument(skip_all, fields(rows = rows.rows()))]
pub fn gather_tables(
    set: &FeatureSet,
    rows: &Dataset,
    tables: &BTreeMap<String, Dataset>,
    catalog: &Catalog,
) -> Result<Dataset, FeatureError> {
    gather(set, rows, catalog, |sources| Events::of_tables(sources, tables))
}

/// The rows to gather.
struct Rows {
    reader: BatchReader,
    /// Their times.
    times: Vec<i64>,
}

/// By how many threads history is gathered. The system is asked once, since it reads files to tell.
fn threads() -> NonZeroUsize {
    static THREADS: LazyLock<NonZeroUsize> =
        LazyLock::new(|| thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    *THREADS
}

/// No row, entity or place.
const NONE: u32 = u32::MAX;

/// Rows that a thread gets at once, at least.
const SHARE: usize = 1 << 16;

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Some rows of arrays as long as each other, in an order; null for `NONE`.
fn take(arrays: &[&dyn Array], rows: &[u32]) -> Result<Vec<ArrayRef>, FeatureError> {
    let share = share_of(rows.len(), SHARE, threads());
    let taken = share_out(threads(), rows.chunks(share).collect(), |rows: &[u32]| {
        let valid = BooleanBuffer::collect_bool(rows.len(), |row| rows[row] != NONE);
        let places = rows.iter().map(|&row| if row == NONE { 0 } else { row }).collect::<Vec<_>>();
        let places = UInt32Array::new(places.into(), Some(NullBuffer::new(valid)));
        let take = |array: &&dyn Array| match array.len() {
            0 => Ok(new_null_array(array.data_type(), rows.len())),
            _ => arrow::compute::take(*array, &places, None),
        };
        arrays.iter().map(take).collect::<Result<Vec<_>, _>>()
    });
    let parts = taken.into_iter().collect::<Result<Vec<_>, _>>()?;
    let column = |(column, array): (usize, &&dyn Array)| {
        let parts: Vec<_> = parts.iter().map(|part| part[column].as_ref()).collect();
        if parts.is_empty() { Ok(array.slice(0, 0)) } else { concat(&parts) }
    };
    Ok(arrays.iter().enumerate().map(column).collect::<Result<_, _>>()?)
}

/// Refuses a table with too many rows: they are numbered, and so are their keys.
fn check_rows(table: &str, rows: usize) -> Result<(), FeatureError> {
    if rows >= 1 << 31 {
        let (got, allowed) = (rows.to_string(), "fewer than 2,147,483,648");
        return Err(FeatureError::Parameter { name: table.into(), parameter: "number of rows", got, allowed });
    }
    Ok(())
}

/// Whether a window's answer depends on nothing but the events in it.
fn slides(window: &Window) -> bool {
    window.hop.is_zero()
        && window.limit.is_none()
        && window.late == Late::Take
        && window.leading_edge == LeadingEdge::Asked
}

fn gather(
    set: &FeatureSet,
    dataset: &Dataset,
    catalog: &Catalog,
    events: impl FnOnce(&FeatureSet) -> Result<Vec<Events>, FeatureError>,
) -> Result<Dataset, FeatureError> {
    // One that was read from a file may say anything.
    set.check(catalog)?;
    let schema = set.slot_schema(&BTreeMap::new(), catalog)?;
    let batch = dataset.batch();
    if schema.fields.len() == schema.request {
        return Ok(dataset.clone());
    }
    let rows = Rows::new(set, &schema, batch)?;
    let events = events(set)?;
    let gathered = columns(set, &schema, &rows, &events, catalog)?;
    whole(batch, &schema, gathered)
}

/// Rows with what was gathered for them.
fn whole(
    rows: &RecordBatch,
    schema: &SlotSchema,
    gathered: impl IntoIterator<Item = ArrayRef>,
) -> Result<Dataset, FeatureError> {
    let added = arrow_schema(&schema.fields[schema.request..]);
    let fields: Vec<_> = rows.schema().fields().iter().chain(added.fields()).cloned().collect();
    let columns = rows.columns().iter().cloned().chain(gathered).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let whole = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?;
    Dataset::from_batches([whole])
        .map_err(|error| FeatureError::Corrupt { problem: format!("the gathered rows are no table: {error}") })
}

/// The columns of the set's views and windows, in their order.
fn columns(
    set: &FeatureSet,
    schema: &SlotSchema,
    rows: &Rows,
    events: &[Events],
    catalog: &Catalog,
) -> Result<Vec<ArrayRef>, FeatureError> {
    let mut gathered: Vec<Option<ArrayRef>> = vec![None; schema.fields.len()];
    let mut views_at = schema.request;
    let views: Vec<_> = set
        .views
        .iter()
        .map(|view| {
            views_at += view.fields.len();
            (views_at - view.fields.len(), view)
        })
        .collect();
    let windows: Vec<_> = (views_at..).zip(&set.windows).collect();

    for key in keys(set) {
        let keyed = Keyed::new(set, schema, rows, key)?;
        for (source, events) in set.sources.iter().zip(events) {
            let views = views.iter().filter(|(_, view)| view.key == *key && view.source == source.name);
            let such = |window: &Window| window.key == *key && window.source == source.name && slides(window);
            let windows: Vec<_> = windows.iter().copied().filter(|(_, window)| such(window)).collect();
            let mut views = views.peekable();
            if views.peek().is_none() && windows.is_empty() {
                continue;
            }
            let events = events.of(&keyed, key)?;
            for (slot, view) in views {
                for (slot, column) in (*slot..).zip(views::join(view, &events, &keyed)?) {
                    gathered[slot] = Some(column);
                }
            }
            if !windows.is_empty() {
                for (slot, column) in windows::slide(set, &windows, schema, &events, keyed.groups(), catalog)? {
                    gathered[slot] = Some(column);
                }
            }
        }
    }
    if !set.windows.iter().all(slides) {
        let replayed = replayed::columns(set, rows, events, catalog)?;
        let windows = windows.iter().filter(|(_, window)| !slides(window));
        for ((slot, _), column) in windows.zip(replayed) {
            gathered[*slot] = Some(column);
        }
    }
    Ok(gathered.into_iter().skip(schema.request).map(|column| column.expect("each has been gathered")).collect())
}

/// The keys by which columns are gathered.
fn keys(set: &FeatureSet) -> Vec<&Vec<String>> {
    let sliding = set.windows.iter().filter(|window| slides(window)).map(|window| &window.key);
    let mut keys: Vec<_> = set.views.iter().map(|view| &view.key).chain(sliding).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The rows by the entity that a key names.
struct Keyed<'a> {
    rows: &'a Rows,
    entities: Entities,
    /// The entity of each row.
    codes: Vec<u32>,
    groups: OnceLock<Groups>,
}

impl<'a> Keyed<'a> {
    fn new(set: &FeatureSet, schema: &SlotSchema, rows: &'a Rows, key: &[String]) -> Result<Self, FeatureError> {
        let columns = key_columns(&rows.reader, schema, key, &set.name)?;
        let (entities, codes) = Entities::of(&columns);
        Ok(Self { rows, entities, codes, groups: OnceLock::new() })
    }

    fn groups(&self) -> &Groups {
        self.groups.get_or_init(|| Groups::new(&self.codes, self.entities.len(), &self.rows.times, None))
    }
}

/// The columns of a key in a table.
fn key_columns<'a>(
    reader: &'a BatchReader,
    schema: &SlotSchema,
    key: &[String],
    user: &str,
) -> Result<Vec<&'a Column>, FeatureError> {
    key.iter().map(|name| Ok(reader.column(super::online::position(schema, name, user)?))).collect()
}

impl Rows {
    fn new(set: &FeatureSet, schema: &SlotSchema, batch: &RecordBatch) -> Result<Self, FeatureError> {
        let table = "the rows to gather";
        let reader = BatchReader::new(&schema.fields[..schema.request], batch, table)?;
        check_rows(table, reader.rows())?;
        let Column::Time(times) = reader.column(0) else { unreachable!("the first column is the time") };
        if let Some(row) = times.nulls().and_then(|nulls| nulls.iter().position(|valid| !valid)) {
            return Err(FeatureError::NullKey { table: table.into(), row, column: set.time.clone() });
        }
        let times = times.values().to_vec();
        Ok(Self { reader, times })
    }
}
