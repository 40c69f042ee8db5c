//! Outcomes wait beside the predictions that they belong to.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::Outcome;

use super::LogError;
use super::segment::write_batches;

/// How the names of outcomes' files begin.
pub(super) const OUTCOMES: &str = "outcomes-";

/// Outcomes that are not in a file yet.
#[derive(Debug, Default)]
pub(super) struct Outcomes(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    ids: Vec<String>,
    available: Vec<i64>,
    labels: Vec<f64>,
}

impl Outcomes {
    /// Takes an outcome, if fewer than `room` wait; says whether it did.
    pub(super) fn push(&self, outcome: &Outcome<'_>, room: usize) -> bool {
        let mut waiting = self.lock();
        if waiting.ids.len() >= room {
            return false;
        }
        waiting.ids.push(outcome.id.to_owned());
        waiting.available.push(outcome.available.as_micros());
        waiting.labels.push(outcome.label);
        true
    }

    pub(super) fn len(&self) -> usize {
        self.lock().ids.len()
    }

    /// Writes what waits to a file; answers how many outcomes that were. They are let go if it can't be written.
    pub(super) fn write(&self, folder: &Path, name: &str) -> Result<usize, (usize, LogError)> {
        let Waiting { ids, available, labels } = std::mem::take(&mut *self.lock());
        let rows = ids.len();
        if rows == 0 {
            return Ok(0);
        }
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(StringArray::from(ids))),
            ("available", Arc::new(TimestampMicrosecondArray::from(available).with_timezone("UTC"))),
            ("label", Arc::new(Float64Array::from(labels))),
        ];
        let batch = RecordBatch::try_from_iter(columns);
        let written = batch
            .map_err(|source| LogError::Parquet { path: folder.join(name), source: source.into() })
            .and_then(|batch| write_batches(folder, name, &[batch]));
        written.map(|()| rows).map_err(|error| (rows, error))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing under the lock panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
