//! Where one reader's rows hold the keys, and take the values, of a state's views and windows.

use mlops_core::SlotSchema;

use super::online::position;
use crate::FeatureError;
use crate::define::set::FeatureSet;

/// Where the rows of one schema hold the keys of a set's views and windows, and where their values go. State belongs to
/// the views alone, so each reader brings a plan of its own.
#[derive(Clone, Debug)]
pub(crate) struct RowPlan {
    /// In the order of the set's views.
    pub(crate) views: Vec<RowPlace>,
    /// In the order of the set's windows.
    pub(crate) windows: Vec<RowPlace>,
}

#[derive(Clone, Debug)]
pub(crate) struct RowPlace {
    /// The slots of the key.
    pub(crate) key: Vec<usize>,
    /// The first slot of the values.
    pub(crate) slot: usize,
}

impl RowPlan {
    /// The plan of rows with this schema, which is the set's.
    ///
    /// # Errors
    /// [`FeatureError::Unknown`] where a key's column is not in the row.
    pub(crate) fn new(set: &FeatureSet, row: &SlotSchema) -> Result<Self, FeatureError> {
        let mut next = row.request;
        let mut place = |key: &[String], user: &str, values: usize| {
            let key = key.iter().map(|name| position(row, name, user)).collect::<Result<_, _>>()?;
            let slot = next;
            next += values;
            Ok::<_, FeatureError>(RowPlace { key, slot })
        };
        let views = set.views.iter().map(|view| place(&view.key, &view.name, view.fields.len()));
        let views = views.collect::<Result<_, _>>()?;
        let windows = set.windows.iter().map(|window| place(&window.key, &window.name, 1));
        let windows = windows.collect::<Result<_, _>>()?;
        Ok(Self { views, windows })
    }
}
