//! History: what was known at each row's time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Schema;
use mlops_core::{Dataset, Slots, Value};

use super::columns::{ColumnBuilder, arrow_schema};
use super::event_log::EventLog;
use super::online::OnlineState;
use super::row_plan::RowPlan;
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::read::BatchReader;

/// Rows whose columns are put together before they become one batch.
const CHUNK: usize = 1 << 14;

/// Gathers a table: the rows with the columns of the set's views and windows added, each as it was known at the
/// row's time. The log is replayed in the order of availability through the very state that serves online, so
/// history and serving can't differ. The rows come back in their order, which may be any; so do columns that the
/// set doesn't name.
///
/// # Errors
/// [`FeatureError::Schema`] where the table lacks a column, [`FeatureError::NullKey`] for a row without a time, or
/// what the log met.
#[tracing::instrument(skip_all, fields(rows = rows.rows()))]
pub fn gather_history(
    set: &FeatureSet,
    rows: &Dataset,
    log: &EventLog,
    catalog: &Catalog,
) -> Result<Dataset, FeatureError> {
    let schema = set.slot_schema(&BTreeMap::new(), catalog)?;
    let batch = rows.batch();
    if schema.fields.len() == schema.request {
        return Ok(rows.clone());
    }
    let reader = BatchReader::new(&schema.fields[..schema.request], batch, "the rows to gather")?;
    let time = &schema.fields[0];
    let mut order = Vec::with_capacity(reader.rows());
    for row in 0..reader.rows() {
        match reader.value(0, time, row) {
            Value::Time(at) => order.push((at, row as u32)),
            _ => {
                let table = "the rows to gather".into();
                return Err(FeatureError::NullKey { table, row, column: set.time.clone() });
            }
        }
    }
    order.sort_unstable();

    let (state, plan) = (OnlineState::new(set, catalog)?, RowPlan::new(set, &schema)?);
    let mut replay = log.replay(&state)?;
    let gathered_fields = &schema.fields[schema.request..];
    let mut slots = Slots::default();
    let mut batches = Vec::new();
    for chunk in order.chunks(CHUNK) {
        let mut builders: Vec<_> = gathered_fields.iter().map(ColumnBuilder::new).collect();
        for &(at, row) in chunk {
            replay.advance(&state, at);
            reader.row(&schema, row as usize, &mut slots);
            state
                .fill(&schema, &plan, at, &mut slots)
                .map_err(|source| FeatureError::Row { row: row as usize, source })?;
            for (slot, builder) in (schema.request..).zip(&mut builders) {
                builder.push(slots.value(slot));
            }
        }
        let columns = builders.iter_mut().map(ColumnBuilder::finish).collect();
        batches.push(RecordBatch::try_new(arrow_schema(gathered_fields), columns)?);
    }
    let sorted = concat_batches(&arrow_schema(gathered_fields), &batches)?;

    // Back from the order of time to that of the table.
    let mut place = vec![0_u32; order.len()];
    for (sorted, &(_, row)) in (0..).zip(&order) {
        place[row as usize] = sorted;
    }
    let gathered = take_record_batch(&sorted, &arrow::array::UInt32Array::from(place))?;
    let fields: Vec<_> = batch.schema().fields().iter().chain(gathered.schema().fields()).cloned().collect();
    let columns = batch.columns().iter().chain(gathered.columns()).cloned().collect();
    let whole = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    Dataset::from_batches([whole])
        .map_err(|error| FeatureError::Corrupt { problem: format!("the gathered rows are no table: {error}") })
}
