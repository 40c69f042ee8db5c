//! Rows are filled from a store.

use std::error::Error;
use std::sync::Arc;

use mlops_core::{EncodeError, SlotSchema, Slots, Timestamp, Value};

use super::online_store::{OnlineStore, StoreKey};
use super::record::Record;
use super::view::StoreView;
use crate::FeatureError;
use crate::define::set::FeatureSet;
use crate::time::RowPlan;
use crate::time::key::Key;

/// Reads the views of a set from a store.
#[derive(Clone, Debug)]
pub(crate) struct StoreReader {
    store: Arc<dyn OnlineStore>,
    views: Arc<[StoreView]>,
}

/// A row that can't be filled.
#[derive(Debug)]
pub(crate) struct Unfilled {
    pub(crate) row: usize,
    pub(crate) error: EncodeError,
}

impl StoreReader {
    pub(crate) fn new(set: &FeatureSet, store: Arc<dyn OnlineStore>) -> Result<Self, FeatureError> {
        Ok(Self { store, views: StoreView::of(set)?.into() })
    }

    /// Fills the slots of views with what was known at `at`, all rows by one call of the store; the slots of the
    /// requests are there already. The plan is of the schema, and of the set.
    pub(crate) fn fill(
        &self,
        schema: &SlotSchema,
        plan: &RowPlan,
        at: Timestamp,
        rows: &mut [Slots],
    ) -> Result<(), Unfilled> {
        let mut asked = Vec::with_capacity(rows.len() * self.views.len());
        for (row, slots) in rows.iter().enumerate() {
            for (view, place) in self.views.iter().zip(&plan.views) {
                if let Some(key) = Key::of(slots, schema, &place.key) {
                    asked.push((row, view, place.slot, key));
                }
            }
        }
        let keys: Vec<_> =
            asked.iter().map(|(_, view, _, key)| StoreKey { view, entity: key.as_bytes() }).collect();
        let mut unfilled = None;
        let outcome = self.store.get(&keys, &mut |place, record| {
            let Some(&(row, view, slot, _)) = asked.get(place) else { return };
            let Some(slots) = rows.get_mut(row) else { return };
            if let Err(error) = set_fields(view, &record, schema, slot, at, slots) {
                unfilled.get_or_insert(Unfilled { row, error });
            }
        });
        match (outcome, unfilled) {
            (Err(error), _) => Err(Unfilled { row: 0, error: not_ready("the store of views", at, &error) }),
            (_, Some(unfilled)) => Err(unfilled),
            _ => Ok(()),
        }
    }
}

fn set_fields(
    view: &StoreView,
    record: &Record<'_>,
    schema: &SlotSchema,
    first: usize,
    at: Timestamp,
    slots: &mut Slots,
) -> Result<(), EncodeError> {
    let failed = |error| not_ready(view.name(), at, &error);
    // First, since the times of another view say nothing here.
    view.check(record).map_err(failed)?;
    if !view.is_fresh(record, at)? {
        return Ok(());
    }
    let set = |place: usize, value: Value<'_>| {
        let slot = first + place;
        match (value, schema.fields.get(slot).and_then(|field| field.vocabulary.as_ref())) {
            (Value::Text(text), Some(vocabulary)) => slots.set_category(slot, text, vocabulary),
            _ => slots.set_value(slot, value),
        }
    };
    view.fields(record, set).map_err(failed)
}

fn not_ready(name: &str, at: Timestamp, error: &FeatureError) -> EncodeError {
    let mut problem = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        problem = format!("{problem}: {error}");
        cause = error.source();
    }
    EncodeError::NotReady { source_name: name.into(), at, problem }
}
