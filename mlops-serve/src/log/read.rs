//! What was logged, read back as one table.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Float64Type, Schema, TimestampMicrosecondType};
use mlops_core::Dataset;

use super::LogError;
use super::outcomes::OUTCOMES;

const SLOT: &str = "slot.";
const NUMBER: &str = "number.";

/// The predictions of a [`PredictionLog`](crate::PredictionLog)'s folder with their outcomes, as one table in the
/// order of `at`, then `id`, then `version`: what was served is what the next model can be trained and judged on.
///
/// Its columns are `id`, `at`, `version` and `latency_ns`; each slot under the field's own name, so that the features
/// of any version encode the rows again; `output.` and the output's name; `label` and `label_available`, null for a
/// prediction whose outcome was not logged (of several outcomes of one id, the first that was available counts). Slots
/// and outputs that not all files have, or not of one type, are left out.
///
/// # Errors
/// [`LogError::Read`] for a damaged file, [`LogError::NoPredictions`] for a folder without any,
/// [`LogError::RepeatedColumn`] where a slot has the name of another column.
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
    let read = |path: PathBuf| {
        Dataset::read_parquet(&path).map_err(|source| LogError::Read { path, source: Box::new(source) })
    };
    let failed = |source| LogError::Read { path: folder.into(), source: Box::new(source) };
    let files = files(folder, prefix)?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = files.first() else { return Err(LogError::NoPredictions { folder: folder.into() }) };
    let schemas: Vec<_> = files.iter().map(|file| file.batch().schema()).collect();
    let common = |field: &Arc<Field>| {
        let same = |schema: &Arc<Schema>| {
            schema.field_with_name(field.name()).is_ok_and(|other| other.data_type() == field.data_type())
        };
        keep(field.name()) && schemas.iter().all(same)
    };
    let kept: Vec<_> = first.batch().schema().fields().iter().filter(|field| common(field)).cloned().collect();
    let renamed = |field: &Arc<Field>| {
        let name = field.name().strip_prefix(SLOT).unwrap_or(field.name());
        Arc::new(Field::clone(field).with_name(name))
    };
    let schema = Arc::new(Schema::new(kept.iter().map(renamed).collect::<Vec<_>>()));
    let chosen = |file: &Dataset| {
        let columns = kept.iter().map(|field| file.column(field.name()).cloned()).collect::<Result<Vec<_>, _>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
        batch.map_err(|source| mlops_core::DatasetError::Arrow { origin: "the predictions".into(), source })
    };
    let batches = files.iter().map(chosen).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let predictions = Dataset::from_batches(batches).map_err(failed)?;
    let labelled = with_labels(&predictions, folder, read)?;
    labelled.sort_by(&["at", "id", "version"]).map_err(failed)
}

/// The table with the columns `label` and `label_available`.
fn with_labels(
    predictions: &Dataset,
    folder: &Path,
    read: impl Fn(PathBuf) -> Result<Dataset, LogError>,
) -> Result<Dataset, LogError> {
    let failed = |source| LogError::Read { path: folder.into(), source: Box::new(source) };
    let outcomes = files(folder, OUTCOMES)?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut labels: HashMap<&str, (i64, f64)> = HashMap::new();
    for outcomes in &outcomes {
        let column = |name| outcomes.column(name).map_err(failed);
        let (Some(ids), Some(available), Some(values)) = (
            column("id")?.as_string_opt::<i32>(),
            column("available")?.as_primitive_opt::<TimestampMicrosecondType>(),
            column("label")?.as_primitive_opt::<Float64Type>(),
        ) else {
            let path = folder.join(OUTCOMES);
            return Err(LogError::NotOutcomes { path });
        };
        for row in 0..outcomes.rows() {
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
    for (place, field) in fields.iter().enumerate() {
        if fields[..place].iter().any(|other| other.name() == field.name()) {
            return Err(LogError::RepeatedColumn { column: field.name().clone() });
        }
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|source| failed(mlops_core::DatasetError::Arrow { origin: "the outcomes".into(), source }))?;
    Dataset::from_batches([batch]).map_err(failed)
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
