//! Features for serving: from a bundle's part to gathered rows.

use std::sync::Arc;

use mlops_core::{
    EncodeError, Encoder, EncoderFormat, FormatError, Gather, LoadedEncoder, SlotEncoder, Slots, Timestamp,
};
use serde::Serialize;

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::fitted::FittedFeatures;
use crate::store::{OnlineStore, StoreReader, Unfilled};
use crate::stored::MEDIA_TYPE;
use crate::time::{OnlineState, OnlineStates, RowPlan};

/// Gathers rows for fitted features: the request's columns, then what was known at its time, from online state or, its
/// views, from a store.
#[derive(Clone, Debug)]
pub struct FeatureServer {
    features: Arc<FittedFeatures>,
    from: Option<Origin>,
}

/// Where rows are gathered from.
#[derive(Clone, Debug)]
struct Origin {
    plan: RowPlan,
    /// Of windows, and of views where there is no store.
    state: Option<Arc<OnlineState>>,
    store: Option<StoreReader>,
}

impl FeatureServer {
    /// A server of features that are gathered from `state`.
    ///
    /// # Errors
    /// [`FeatureError::ForeignState`] where the state is of other views.
    pub fn new(features: Arc<FittedFeatures>, state: Arc<OnlineState>) -> Result<Self, FeatureError> {
        Self::of(features, Some(state), None)
    }

    /// A server of features whose views are gathered from `store`, and whose windows from `state`, which a set without
    /// windows doesn't need.
    ///
    /// # Errors
    /// [`FeatureError::ForeignState`] where the state is of other views and windows, [`FeatureError::Parameter`] where
    /// there is none and the set has windows.
    pub fn from_store(
        features: Arc<FittedFeatures>,
        store: Arc<dyn OnlineStore>,
        state: Option<Arc<OnlineState>>,
    ) -> Result<Self, FeatureError> {
        Self::of(features, state, Some(store))
    }

    fn of(
        features: Arc<FittedFeatures>,
        state: Option<Arc<OnlineState>>,
        store: Option<Arc<dyn OnlineStore>>,
    ) -> Result<Self, FeatureError> {
        let set = features.set();
        let (got, wanted) = (state.as_ref().map(|state| state.fingerprint()), set.view_fingerprint());
        match got {
            Some(got) if got != wanted => return Err(FeatureError::ForeignState { got, wanted }),
            None if !set.windows.is_empty() => {
                let (name, allowed) = (set.name.clone(), "online state, since the set has windows");
                return Err(FeatureError::Parameter { name, parameter: "state", got: "none".into(), allowed });
            }
            _ => {}
        }
        let plan = RowPlan::new(set, features.slot_schema())?;
        let store = store.map(|store| StoreReader::new(set, store)).transpose()?;
        Ok(Self { features, from: Some(Origin { plan, state, store }) })
    }

    /// Gathers many rows as of one time, by one call of the store if there is one: row by row the same as
    /// [`Gather::gather`].
    ///
    /// # Errors
    /// [`FeatureError::Row`] for a row that can't be read or gathered. `slots` are then of no use.
    pub fn gather_many<Row: Serialize>(
        &self,
        rows: &[Row],
        at: Timestamp,
        slots: &mut Vec<Slots>,
    ) -> Result<(), FeatureError> {
        slots.resize_with(rows.len(), Slots::default);
        for (row, (one, slots)) in rows.iter().zip(&mut *slots).enumerate() {
            self.features.read(one, slots).map_err(|source| FeatureError::Row { row, source })?;
        }
        self.fill(at, slots).map_err(|Unfilled { row, error }| FeatureError::Row { row, source: error })
    }

    /// Fills what is gathered of rows that were read.
    fn fill(&self, at: Timestamp, rows: &mut [Slots]) -> Result<(), Unfilled> {
        let schema = self.features.slot_schema();
        let Some(Origin { plan, state, store }) = &self.from else {
            if schema.fields.len() == schema.request {
                return Ok(());
            }
            let (source_name, problem) = ("views and windows", "the features were loaded without online state");
            let error = EncodeError::NotReady { source_name: source_name.into(), at, problem: problem.into() };
            return Err(Unfilled { row: 0, error });
        };
        if let Some(store) = store {
            store.fill(schema, plan, at, rows)?;
        }
        let Some(state) = state else { return Ok(()) };
        for (row, slots) in rows.iter_mut().enumerate() {
            let filled = match store {
                Some(_) => state.fill_windows(schema, plan, at, slots),
                None => state.fill(schema, plan, at, slots),
            };
            filled.map_err(|error| Unfilled { row, error })?;
        }
        Ok(())
    }
}

impl<Row: Serialize + ?Sized> Gather<Row> for FeatureServer {
    fn gather(&self, row: &Row, at: Timestamp, slots: &mut Slots) -> Result<(), EncodeError> {
        self.features.read(row, slots)?;
        self.fill(at, std::slice::from_mut(slots)).map_err(|unfilled| unfilled.error)
    }
}

/// Loads the features part of a bundle, with the application's functions and its online state.
#[derive(Clone, Debug, Default)]
pub struct FeaturesFormat {
    catalog: Catalog,
    states: OnlineStates,
    store: Option<Arc<dyn OnlineStore>>,
}

impl FeaturesFormat {
    /// A format without online state: features that gather answer [`EncodeError::NotReady`].
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, states: OnlineStates::default(), store: None }
    }

    /// With the state that rows are gathered from.
    #[must_use]
    pub fn with_state(self, state: Arc<OnlineState>) -> Self {
        let states = OnlineStates::default();
        states.add(state);
        self.with_states(&states)
    }

    /// With the states of a stream, those included that are attached to it later: each bundle is loaded with that of its
    /// views, and not before it is ready.
    #[must_use]
    pub fn with_states(mut self, states: &OnlineStates) -> Self {
        self.states = states.clone();
        self
    }

    /// With the store that views are gathered from; windows are gathered from the state.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn OnlineStore>) -> Self {
        self.store = Some(store);
        self
    }
}

impl<Row: Serialize + ?Sized + 'static> EncoderFormat<Row> for FeaturesFormat {
    fn media_type(&self) -> &'static str {
        MEDIA_TYPE
    }

    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<Row>, FormatError> {
        let failed = |error: FeatureError| FormatError { problem: error.to_string() };
        let features = Arc::new(FittedFeatures::from_bytes(bytes, &self.catalog).map_err(failed)?);
        let (states, views) = (self.states.all(), features.set().view_fingerprint());
        let state = states.iter().find(|state| state.fingerprint() == views).or(states.first());
        let gather = match (state, &self.store) {
            (Some(state), _) if !state.is_ready() => return Err(failed(FeatureError::StateNotReady { views })),
            (None, None) => FeatureServer { features: Arc::clone(&features), from: None },
            (state, store) => {
                FeatureServer::of(Arc::clone(&features), state.cloned(), store.clone()).map_err(failed)?
            }
        };
        Ok(LoadedEncoder { encoder: features, gather: Arc::new(gather) })
    }
}
