//! Reading on from the last entry that was seen.

use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;

use super::LogRegistry;
use super::entry::{LOG, Sealed, sequence, slot};
use crate::{LogProblem, RegistryError};

/// A reader lists the log when it comes to a new end, and at every so many askings there.
const LIST_EVERY: u32 = 256;

/// How sure a caller must be of the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A missing slot is the end, but for a listing now and then.
    Usual,
    /// A missing slot is the end if a listing shows nothing later.
    Certain,
}

impl LogRegistry {
    /// Replays the entries that were written since. An entry that is lost must not become a slot that the next
    /// writer fills: that would undo what it did, and all would look well.
    pub(super) async fn catch_up(&self, end: End) -> Result<(), RegistryError> {
        loop {
            let next = self.state().sequence + 1;
            if self.replay(next).await? {
                self.shared.asked.store(0, Ordering::Relaxed);
                continue;
            }
            let asked = self.shared.asked.fetch_add(1, Ordering::Relaxed);
            if end == End::Usual && !asked.is_multiple_of(LIST_EVERY) {
                return Ok(());
            }
            let Some(later) = self.listed(next).await? else { return Ok(()) };
            // Whoever wrote the later one saw this one, unless it was written since it was asked for.
            if !self.replay(next).await? {
                // Whoever asks next is to be told as well.
                self.shared.asked.store(0, Ordering::Relaxed);
                return Err(RegistryError::Corrupt { sequence: next, problem: LogProblem::Missing { later } });
            }
        }
    }

    /// Reads a slot and takes its entry in; whether there is one.
    async fn replay(&self, sequence: u64) -> Result<bool, RegistryError> {
        let Some(sealed) = self.read(sequence).await? else { return Ok(false) };
        self.absorb(sealed)?;
        Ok(true)
    }

    pub(super) async fn read(&self, sequence: u64) -> Result<Option<Sealed>, RegistryError> {
        let bytes = self.get(&slot(sequence)).await?;
        bytes.map(|bytes| Sealed::from_bytes(sequence, &bytes)).transpose()
    }

    /// Takes an entry in, unless another thread did.
    pub(super) fn absorb(&self, sealed: Sealed) -> Result<(), RegistryError> {
        let mut state = self.state();
        if state.follows(&sealed) { state.apply(sealed) } else { Ok(()) }
    }

    /// An entry that a listing shows at `next` or later.
    pub(super) async fn listed(&self, next: u64) -> Result<Option<u64>, RegistryError> {
        let log = Path::from(LOG);
        let mut keys = self.shared.store.list_with_offset(Some(&log), &slot(next.saturating_sub(1)));
        while let Some(key) = keys.next().await {
            let key = key.map_err(|source| RegistryError::Store { path: LOG.into(), source })?;
            if let Some(found) = sequence(&key.location).filter(|found| *found >= next) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
