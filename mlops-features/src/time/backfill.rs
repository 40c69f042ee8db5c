//! State of new views beside a stream that goes on.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use mlops_core::{Fingerprint, Timestamp};

use super::event_log::EventLog;
use super::online::OnlineState;
use crate::FeatureError;

/// The states that a stream keeps, its own first. A clone is the same list: what is attached to the stream is found by
/// who was given the list before.
#[derive(Clone, Debug, Default)]
pub struct OnlineStates(Arc<RwLock<Vec<Arc<OnlineState>>>>);

impl OnlineStates {
    /// The state of the views with a fingerprint.
    #[must_use]
    pub fn find(&self, views: Fingerprint) -> Option<Arc<OnlineState>> {
        self.all().into_iter().find(|state| state.fingerprint() == views)
    }

    pub(crate) fn all(&self) -> Vec<Arc<OnlineState>> {
        // A push or a removal leaves no list torn.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add(&self, state: Arc<OnlineState>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(state);
    }

    pub(super) fn remove(&self, views: Fingerprint) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|state| state.fingerprint() != views);
    }
}

/// State of other views, on its way through the events that a log has.
///
/// A version with new windows needs state that knows the past. [`EventStream::backfill`](crate::EventStream::backfill)
/// begins it, [`Backfill::run`] reads the log, on any thread and while the stream goes on, and
/// [`EventStream::attach`](crate::EventStream::attach) brings it to the log's end and keeps it there. Until then it
/// answers [`EncodeError::NotReady`](mlops_core::EncodeError::NotReady), and no bundle that needs it is loaded.
#[derive(Debug)]
pub struct Backfill {
    folder: PathBuf,
    state: Arc<OnlineState>,
    /// The next sequence number.
    position: u64,
}

impl Backfill {
    pub(super) fn new(folder: PathBuf, state: OnlineState) -> Self {
        state.set_ready(false);
        Self { folder, state: Arc::new(state), position: 0 }
    }

    /// The state, which isn't ready yet.
    #[must_use]
    pub fn state(&self) -> &Arc<OnlineState> {
        &self.state
    }

    /// Applies the events that the log has now and that were not applied yet; says how many.
    ///
    /// # Errors
    /// [`FeatureError::Io`], [`FeatureError::Segment`] or [`FeatureError::Corrupt`] for a damaged log,
    /// [`FeatureError::Schema`] where logged events lack a column. Nothing is left out then: it can be run again.
    #[tracing::instrument(skip_all, fields(position = self.position))]
    pub fn run(&mut self) -> Result<usize, FeatureError> {
        let log = EventLog::open(&self.folder)?;
        let applied = log.replay_logged(&self.state, self.position)?.advance(&self.state, Timestamp::MAX);
        self.position = log.next;
        Ok(applied)
    }

    pub(super) fn into_state(self) -> Arc<OnlineState> {
        self.state
    }
}
