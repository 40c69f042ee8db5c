//! Windows by a replay: of events in the order in which they could be known, through the state that serves online.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use mlops_core::{Slots, Timestamp};

use super::super::columns::{ColumnBuilder, arrow_schema};
use super::super::online::OnlineState;
use super::super::replay::Replay;
use super::super::row_plan::RowPlan;
use super::events::Events;
use super::{Rows, slides};
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;

/// Rows whose columns are put together before they become one batch.
const CHUNK: usize = 1 << 14;

/// The columns of the windows that don't slide.
pub(super) fn columns(
    set: &FeatureSet,
    rows: &Rows,
    events: &[Events],
    catalog: &Catalog,
) -> Result<Vec<ArrayRef>, FeatureError> {
    // State that knows of what happens at a row's own time may have let go what was known before it.
    let [closed, strict] = [false, true].map(|strict| replay(set, strict, rows, events, catalog));
    let (mut closed, mut strict) = (closed?.into_iter(), strict?.into_iter());
    let windows = set.windows.iter().filter(|window| !slides(window));
    Ok(windows.filter_map(|window| if window.strict { strict.next() } else { closed.next() }).collect())
}

/// The columns of those that are strict, or of those that are not.
fn replay(
    set: &FeatureSet,
    strict: bool,
    rows: &Rows,
    events: &[Events],
    catalog: &Catalog,
) -> Result<Vec<ArrayRef>, FeatureError> {
    let mut set = set.clone();
    set.views.clear();
    set.windows.retain(|window| !slides(window) && window.strict == strict);
    if set.windows.is_empty() {
        return Ok(Vec::new());
    }
    let used: BTreeSet<_> = set.windows.iter().map(|window| &window.source).collect();
    let events: Vec<_> = set.sources.iter().zip(events).filter(|(source, _)| used.contains(&source.name)).collect();
    let (sources, events): (Vec<_>, Vec<_>) = events.into_iter().map(|(source, of)| (source.clone(), of)).unzip();
    set.sources = sources;

    let schema = set.slot_schema(&BTreeMap::new(), catalog)?;
    let (state, plan) = (OnlineState::new(&set, catalog)?, RowPlan::new(&set, &schema)?);
    let mut replay = Replay::default();
    for (source, events) in events.into_iter().enumerate() {
        let stamps: Vec<_> = (0..events.times.len()).map(|event| events.stamp(event)).collect();
        replay.push(source, events.reader.clone(), &stamps, &(0..u64::MAX));
    }
    replay.sort_by(|stamp| (stamp.available, stamp.sequence));

    let mut order: Vec<_> = rows.times.iter().zip(0_u32..).map(|(&at, row)| (at, row)).collect();
    order.sort_unstable();
    let fields = &schema.fields[schema.request..];
    let mut slots = Slots::default();
    let mut batches = Vec::new();
    for chunk in order.chunks(CHUNK) {
        let mut builders: Vec<_> = fields.iter().map(ColumnBuilder::new).collect();
        for &(at, row) in chunk {
            let at = Timestamp::from_micros(at);
            replay.advance(&state, at - Duration::from_micros(u64::from(strict)));
            rows.reader.row(&schema, row as usize, &mut slots);
            state
                .fill_windows(&schema, &plan, at, &mut slots)
                .map_err(|source| FeatureError::Row { row: row as usize, source })?;
            for (slot, builder) in (schema.request..).zip(&mut builders) {
                builder.push(slots.value(slot));
            }
        }
        let columns = builders.iter_mut().map(ColumnBuilder::finish).collect();
        batches.push(RecordBatch::try_new(arrow_schema(fields), columns)?);
    }
    let sorted = concat_batches(&arrow_schema(fields), &batches)?;

    // Back from the order of time to that of the table.
    let mut place = vec![0_u32; order.len()];
    for (sorted, &(_, row)) in (0..).zip(&order) {
        place[row as usize] = sorted;
    }
    Ok(take_record_batch(&sorted, &UInt32Array::from(place))?.columns().to_vec())
}
