//! Features for serving: from a bundle's part to gathered rows.

use std::sync::Arc;

use mlops_core::{
    EncodeError, Encoder, EncoderFormat, FormatError, Gather, LoadedEncoder, SlotEncoder, Slots, Timestamp,
};
use serde::Serialize;

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::fitted::FittedFeatures;
use crate::stored::MEDIA_TYPE;
use crate::time::{OnlineState, OnlineStates, RowPlan};

/// Gathers rows for fitted features from online state: the request's columns, then what was known at its time.
#[derive(Clone, Debug)]
pub struct FeatureServer {
    features: Arc<FittedFeatures>,
    state: Option<(Arc<OnlineState>, RowPlan)>,
}

impl FeatureServer {
    /// A server of features that are gathered from `state`.
    ///
    /// # Errors
    /// [`FeatureError::ForeignState`] where the state is of other views.
    pub fn new(features: Arc<FittedFeatures>, state: Arc<OnlineState>) -> Result<Self, FeatureError> {
        let (got, wanted) = (state.fingerprint(), features.set().view_fingerprint());
        if got != wanted {
            return Err(FeatureError::ForeignState { got, wanted });
        }
        let plan = RowPlan::new(features.set(), features.slot_schema())?;
        Ok(Self { features, state: Some((state, plan)) })
    }
}

impl<Row: Serialize + ?Sized> Gather<Row> for FeatureServer {
    fn gather(&self, row: &Row, at: Timestamp, slots: &mut Slots) -> Result<(), EncodeError> {
        self.features.read(row, slots)?;
        match &self.state {
            Some((state, plan)) => state.fill(self.features.slot_schema(), plan, at, slots),
            None if self.features.slot_schema().fields.len() == self.features.slot_schema().request => Ok(()),
            None => Err(EncodeError::NotReady {
                source_name: "views and windows".into(),
                at,
                problem: "the features were loaded without online state".into(),
            }),
        }
    }
}

/// Loads the features part of a bundle, with the application's functions and its online state.
#[derive(Clone, Debug, Default)]
pub struct FeaturesFormat {
    catalog: Catalog,
    states: OnlineStates,
}

impl FeaturesFormat {
    /// A format without online state: features that gather answer [`EncodeError::NotReady`].
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, states: OnlineStates::default() }
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
        let gather = match state {
            Some(state) if !state.is_ready() => return Err(failed(FeatureError::StateNotReady { views })),
            Some(state) => FeatureServer::new(Arc::clone(&features), Arc::clone(state)).map_err(failed)?,
            None => FeatureServer { features: Arc::clone(&features), state: None },
        };
        Ok(LoadedEncoder { encoder: features, gather: Arc::new(gather) })
    }
}
