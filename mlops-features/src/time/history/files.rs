//! Views of events in files that needn't fit in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::concat;
use arrow::error::ArrowError;
use mlops_core::{Dataset, SlotField};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::columns::arrow_schema;
use super::super::event::{EventSchema, Known};
use super::super::files::failed;
use super::views::is_fresh;
use super::{Keyed, NONE, Rows, key_columns, keys, micros, take, whole};
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::define::source::{Source, View};
use crate::read::{BatchReader, Column};

/// Gathers the views of a set as [`gather_tables`](crate::gather_tables) does, from events in Parquet files, by the names of
/// their sources. The files are read twice, part by part, so that only the rows and what they find must fit in memory. Of
/// events with the same times the later one in its file, or in the later file, is the later event.
///
/// # Errors
/// As [`gather_tables`](crate::gather_tables), [`FeatureError::Io`] or [`FeatureError::Segment`] where a file can't be read,
/// and [`FeatureError::Parameter`] for a set with windows, or with a source whose events have ids: these need more than one
/// event at a time.
#[tracing::instrument(skip_all, fields(rows = rows.rows()))]
pub fn gather_files(
    set: &FeatureSet,
    rows: &Dataset,
    files: &BTreeMap<String, Vec<PathBuf>>,
    catalog: &Catalog,
) -> Result<Dataset, FeatureError> {
    let refuse = |name: &str, parameter, got: &str| {
        let (name, got, allowed) = (name.into(), got.into(), "none where events are in files");
        Err(FeatureError::Parameter { name, parameter, got, allowed })
    };
    if let Some(window) = set.windows.first() {
        return refuse(&set.name, "windows", &format!("`{}`", window.name));
    }
    if let Some(source) = set.sources.iter().find(|source| source.unique.is_some()) {
        return refuse(&source.name, "unique", "given");
    }
    set.check(catalog)?;
    let schema = set.slot_schema(&BTreeMap::new(), catalog)?;
    let batch = rows.batch();
    let rows = Rows::new(set, &schema, batch)?;
    let keyed = keys(set).into_iter().map(|key| Ok((key, Keyed::new(set, &schema, &rows, key)?)));
    let keyed = keyed.collect::<Result<BTreeMap<_, _>, FeatureError>>()?;

    let mut gathered = BTreeMap::new();
    for source in &set.sources {
        let paths = files.get(&source.name).ok_or_else(|| FeatureError::NoTable { name: source.name.clone() })?;
        let views = set.views.iter().filter(|view| view.source == source.name);
        let views: Vec<_> = views.map(|view| (view, &keyed[&view.key])).collect();
        for ((view, _), columns) in views.iter().zip(join(source, &views, paths)?) {
            gathered.insert(&view.name, columns);
        }
    }
    let columns = set.views.iter().flat_map(|view| gathered.remove(&view.name).unwrap_or_default());
    whole(batch, &schema, columns)
}

/// The latest event that is known from a row's time on: when it happened, when it was known, and its number, from 1 on.
type Latest = (i64, i64, u64);

const NEVER: Latest = (i64::MIN, i64::MIN, 0);

/// The columns of views of one source.
fn join(
    source: &Source,
    views: &[(&View, &Keyed<'_>)],
    paths: &[PathBuf],
) -> Result<Vec<Vec<ArrayRef>>, FeatureError> {
    let none = |(_, keyed): &(&View, &Keyed<'_>)| vec![NEVER; keyed.groups().len()];
    let mut latest: Vec<_> = views.iter().map(none).collect();
    let times = Times::of(source);
    let mut fields = times.fields.clone();
    let parts = views.iter().flat_map(|(view, _)| &view.key);
    for name in parts.collect::<BTreeSet<_>>() {
        let column = times.schema.slots.fields.iter().find(|field| field.name == *name);
        fields.extend(column.filter(|field| times.fields.iter().all(|time| time.name != field.name)).cloned());
    }
    read(paths, &fields, |before, events| {
        let codes = views.iter().map(|(view, keyed)| {
            let schema = mlops_core::SlotSchema { request: fields.len(), fields: fields.clone() };
            Ok(keyed.entities.codes(&key_columns(events, &schema, &view.key, &view.name)?))
        });
        let codes = codes.collect::<Result<Vec<_>, FeatureError>>()?;
        for event in 0..events.rows() {
            let Some((time, known)) = times.of_event(events, event) else { continue };
            for (((view, keyed), codes), latest) in views.iter().zip(&codes).zip(&mut latest) {
                if codes[event] == NONE {
                    continue;
                }
                // The first row that knows of it; those behind it do too.
                let rows = keyed.groups().group(codes[event] as usize);
                let asked = &keyed.groups().times[rows.clone()];
                let first = asked.partition_point(|at| at.saturating_sub(i64::from(view.strict)) < known);
                if first < asked.len() {
                    let latest = &mut latest[rows.start + first];
                    *latest = (*latest).max((time, known, before + event as u64 + 1));
                }
            }
        }
        Ok(())
    })?;

    let found: Vec<Vec<u64>> =
        views.iter().zip(&latest).map(|((view, keyed), latest)| found(view, keyed, latest)).collect();
    let mut wanted: Vec<u64> = found.iter().flatten().copied().filter(|event| *event > 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let names: BTreeSet<_> = views.iter().flat_map(|(view, _)| &view.fields).collect();
    let slots = &times.schema.slots.fields[..times.schema.columns];
    let fields: Vec<_> = slots.iter().filter(|field| names.contains(&field.name)).cloned().collect();
    let columns = values(paths, &fields, &wanted)?;

    let of_view = |((view, keyed), found): (&(&View, &Keyed<'_>), Vec<u64>)| {
        let places = found.iter().map(|event| wanted.binary_search(event).map_or(NONE, |place| place as u32));
        let rows = keyed.groups().by_row(&places.collect::<Vec<_>>());
        let column = |name: &String| {
            let place =
                fields.iter().position(|field| field.name == *name).expect("a view's fields are its source's");
            columns[place].as_ref()
        };
        take(&view.fields.iter().map(column).collect::<Vec<_>>(), &rows)
    };
    views.iter().zip(found).map(of_view).collect()
}

/// The number of the event that each place finds; 0 where it finds none.
fn found(view: &View, keyed: &Keyed<'_>, latest: &[Latest]) -> Vec<u64> {
    let groups = keyed.groups();
    let mut found = vec![0; latest.len()];
    for entity in 0..keyed.entities.len() {
        let mut best = NEVER;
        for place in groups.group(entity) {
            best = best.max(latest[place]);
            if is_fresh(view, best.0, groups.times[place]) {
                found[place] = best.2;
            }
        }
    }
    found
}

/// The values of some events, by their numbers, which rise.
fn values(paths: &[PathBuf], fields: &[SlotField], wanted: &[u64]) -> Result<Vec<ArrayRef>, FeatureError> {
    let schema = arrow_schema(fields);
    let mut parts: Vec<Vec<ArrayRef>> =
        schema.fields().iter().map(|field| vec![new_empty_array(field.data_type())]).collect();
    let mut next = 0;
    read(paths, fields, |before, events| {
        let end = before + events.rows() as u64;
        let here = wanted[next..].iter().take_while(|event| **event <= end);
        let rows = UInt32Array::from_iter_values(here.map(|event| (event - before - 1) as u32));
        next += rows.len();
        if !rows.is_empty() {
            for (place, parts) in parts.iter_mut().enumerate() {
                let column = events.column(place).array().expect("events have no lists");
                parts.push(arrow::compute::take(column, &rows, None)?);
            }
        }
        Ok(())
    })?;
    let whole = |parts: Vec<ArrayRef>| concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    Ok(parts.into_iter().map(whole).collect::<Result<_, ArrowError>>()?)
}

/// When the rows of a source happened and could be known.
struct Times {
    schema: EventSchema,
    /// The columns that tell, in the order in which they are read: first the one of the event time.
    fields: Vec<SlotField>,
}

impl Times {
    fn of(source: &Source) -> Self {
        let schema = EventSchema::new(source);
        let mut fields = vec![schema.slots.fields[schema.event_time].clone()];
        if let Known::At(place) = schema.known
            && place != schema.event_time
        {
            fields.push(schema.slots.fields[place].clone());
        }
        Self { schema, fields }
    }

    /// When an event happened and could be known; `None` for a row that is no event.
    fn of_event(&self, events: &BatchReader, event: usize) -> Option<(i64, i64)> {
        let time = |place: usize| match events.column(place) {
            Column::Time(times) if times.is_valid(event) => Some(times.value(event)),
            _ => None,
        };
        let happened = time(0)?;
        let known = match self.schema.known {
            Known::After(lag) => happened.saturating_add(micros(lag)),
            Known::At(_) => time(self.fields.len() - 1).unwrap_or(happened),
        };
        Some((happened, known.max(happened)))
    }
}

/// Reads some columns of files, part by part, each with how many rows came before it.
fn read(
    paths: &[PathBuf],
    fields: &[SlotField],
    mut part: impl FnMut(u64, &BatchReader) -> Result<(), FeatureError>,
) -> Result<(), FeatureError> {
    let mut before = 0;
    for path in paths {
        for batch in open(path, fields)? {
            let batch = batch?;
            part(before, &BatchReader::new(fields, &batch, &path.display().to_string())?)?;
            before += batch.num_rows() as u64;
        }
    }
    Ok(())
}

fn open(
    path: &Path,
    fields: &[SlotField],
) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>>, FeatureError> {
    let damaged = |source| FeatureError::Segment { path: path.into(), source };
    let file = File::open(path).map_err(failed(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let names = fields.iter().map(|field| field.name.as_str());
    let columns = ProjectionMask::columns(builder.parquet_schema(), names);
    builder.with_projection(columns).with_batch_size(PART).build().map_err(damaged)
}

/// Rows that are read at once.
const PART: usize = 1 << 16;
