//! What was logged, read back as one table.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, TimeUnit, TimestampMicrosecondType};
use mlops_core::{Dataset, DatasetError};

use super::LogError;
use super::outcomes::OUTCOMES;

const SLOT: &str = "slot.";
const NUMBER: &str = "number.";
const OWN: &str = "log.";

/// The predictions of a [`PredictionLog`](crate::PredictionLog)'s folder with their outcomes, as one table in the
/// order of `at`, then `id`, then `version`: what was served is what the next model can be trained and judged on.
///
/// Its columns are `id`, `at`, `version` and `latency_ns`; each slot under the field's own name, so that the features
/// of any version encode the rows again; `output.` and the output's name; `label` and `label_available`, null for a
/// prediction whose outcome was not logged (of several outcomes of one id, the first that was available counts). Slots
/// and outputs that not all files have, or not of one type, are left out.
///
/// A slot always has its own name. Where a file has a slot of the name of another column, it is the other that yields:
/// where there is a slot `at`, the time of the answer is in the column `log.at`.
///
/// # Errors
/// [`LogError::Read`], [`LogError::NotPredictions`] or [`LogError::NotOutcomes`] with the file that is damaged or isn't
/// the log's, [`LogError::ReadFolder`] for a folder that can't be listed, [`LogError::NoPredictions`] for one without
/// any, [`LogError::RepeatedColumn`] where there are slots `at` and `log.at` both.
pub fn read_predictions(folder: impl AsRef<Path>) -> Result<Dataset, LogError> {
    read(folder.as_ref(), "v", |name| !name.starts_with(NUMBER))
}

/// The same for the predictions of one version, with `number.` and the name of each number that its model was given.
///
/// # Errors
/// Those of [`read_predictions`].
pub fn read_predictions_of(folder: impl AsRef<Path>, version: u64) -> Result<Dataset, LogError> {
    read(folder.as_ref(), &format!("v{version}-"), |_| true)
}

fn read(folder: &Path, prefix: &str, keep: impl Fn(&str) -> bool) -> Result<Dataset, LogError> {
    let failed = |source| LogError::Read { path: folder.into(), source: Box::new(source) };
    let mut tables = Vec::new();
    for path in files(folder, prefix)? {
        let table = table(&path)?;
        if !is_predictions(&table) {
            return Err(LogError::NotPredictions { path });
        }
        tables.push(table);
    }
    let Some(first) = tables.first() else { return Err(LogError::NoPredictions { folder: folder.into() }) };
    let schemas: Vec<_> = tables.iter().map(|table| table.batch().schema()).collect();
    let common = |field: &Arc<Field>| {
        let same = |schema: &Arc<Schema>| {
            schema.field_with_name(field.name()).is_ok_and(|other| other.data_type() == field.data_type())
        };
        keep(field.name()) && schemas.iter().all(same)
    };
    let kept: Vec<_> = first.batch().schema().fields().iter().filter(|field| common(field)).cloned().collect();
    let schema = Arc::new(Schema::new(kept.clone()));
    let chosen = |table: &Dataset| {
        let columns =
            kept.iter().map(|field| table.column(field.name()).cloned()).collect::<Result<Vec<_>, _>>()?;
        batch(&schema, columns)
    };
    let batches = tables.iter().map(chosen).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let predictions = Dataset::from_batches(batches).map_err(failed)?;
    let labelled = with_labels(&predictions, folder)?.sort_by(&["at", "id", "version"]).map_err(failed)?;

    // Of all files, so that a column's name doesn't depend on which slots they share.
    let fields = schemas.iter().flat_map(|schema| schema.fields());
    let slots: HashSet<&str> = fields.filter_map(|field| field.name().strip_prefix(SLOT)).collect();
    named(&labelled, &slots, folder)
}

fn table(path: &Path) -> Result<Dataset, LogError> {
    Dataset::read_parquet(path).map_err(|source| LogError::Read { path: path.into(), source: Box::new(source) })
}

fn batch(schema: &Arc<Schema>, columns: Vec<ArrayRef>) -> Result<RecordBatch, DatasetError> {
    let batch = RecordBatch::try_new(Arc::clone(schema), columns);
    batch.map_err(|source| DatasetError::Arrow { origin: "the predictions".into(), source })
}

fn is_predictions(table: &Dataset) -> bool {
    let is = |name, wanted: fn(&DataType) -> bool| {
        table.column(name).is_ok_and(|column| wanted(column.data_type()) && column.null_count() == 0)
    };
    is("id", |kind| *kind == DataType::Utf8)
        && is("at", |kind| matches!(kind, DataType::Timestamp(TimeUnit::Microsecond, _)))
        && is("version", |kind| *kind == DataType::UInt64)
}

/// The table with the columns `label` and `label_available`.
fn with_labels(predictions: &Dataset, folder: &Path) -> Result<Dataset, LogError> {
    let failed = |source| LogError::Read { path: folder.into(), source: Box::new(source) };
    let mut outcomes = Vec::new();
    for path in files(folder, OUTCOMES)? {
        outcomes.push((table(&path)?, path));
    }
    let mut labels: HashMap<&str, (i64, f64)> = HashMap::new();
    for (table, path) in &outcomes {
        let column = |name| table.column(name).ok().filter(|column| column.null_count() == 0);
        let columns = column("id").zip(column("available")).zip(column("label"));
        let typed = columns.and_then(|((id, available), label)| {
            let available = available.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some((id.as_string_opt::<i32>()?, available, label.as_primitive_opt::<Float64Type>()?))
        });
        let Some((ids, available, values)) = typed else {
            return Err(LogError::NotOutcomes { path: path.clone() });
        };
        for row in 0..table.rows() {
            let outcome = (available.value(row), values.value(row));
            let known = labels.entry(ids.value(row)).or_insert(outcome);
            if outcome.0 < known.0 {
                *known = outcome;
            }
        }
    }
    let ids = predictions.column("id").map_err(failed)?.as_string::<i32>();
    let found: Vec<Option<(i64, f64)>> = ids.iter().map(|id| labels.get(id?).copied()).collect();
    let label: Float64Array = found.iter().map(|found| found.map(|(_, label)| label)).collect();
    let available: TimestampMicrosecondArray = found.iter().map(|found| found.map(|(at, _)| at)).collect();
    let added: [(&str, ArrayRef); 2] =
        [("label", Arc::new(label)), ("label_available", Arc::new(available.with_timezone("UTC")))];

    let mut fields: Vec<Arc<Field>> = predictions.batch().schema().fields().iter().cloned().collect();
    let mut columns = predictions.batch().columns().to_vec();
    for (name, column) in added {
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        columns.push(column);
    }
    let labelled = batch(&Arc::new(Schema::new(fields)), columns).map_err(failed)?;
    Dataset::from_batches([labelled]).map_err(failed)
}

/// The table with slots under their own names; what else has the name of a slot yields.
fn named(table: &Dataset, slots: &HashSet<&str>, folder: &Path) -> Result<Dataset, LogError> {
    let failed = |source| LogError::Read { path: folder.into(), source: Box::new(source) };
    let mut names = HashSet::new();
    let mut fields = Vec::new();
    for field in table.batch().schema().fields() {
        let name = match field.name().strip_prefix(SLOT) {
            Some(slot) => slot.to_owned(),
            None if slots.contains(field.name().as_str()) => format!("{OWN}{}", field.name()),
            None => field.name().clone(),
        };
        if !names.insert(name.clone()) {
            return Err(LogError::RepeatedColumn { column: name });
        }
        fields.push(Field::clone(field).with_name(name));
    }
    let named = batch(&Arc::new(Schema::new(fields)), table.batch().columns().to_vec()).map_err(failed)?;
    Dataset::from_batches([named]).map_err(failed)
}

/// The whole files whose names begin like this, in order.
fn files(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>, LogError> {
    let io = |source| LogError::ReadFolder { folder: folder.into(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(".parquet") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
