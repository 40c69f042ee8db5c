//! How many rows fell into each bin.

use mlops_core::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::DriftError;

/// How many rows fell into each bin of a [`ReferenceProfile`](crate::ReferenceProfile). Counts of parts of the
/// data merge into those of the whole, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinCounts {
    pub(super) profile: Fingerprint,
    pub(super) rows: u64,
    pub(super) counts: Vec<u64>,
}

impl BinCounts {
    pub(crate) fn new(profile: Fingerprint, bins: usize) -> Self {
        Self { profile, rows: 0, counts: vec![0; bins] }
    }

    /// How many rows were counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The counts, column after column, each in the order of its bins.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The bins that they were counted in, as [`bins_fingerprint`](crate::ReferenceProfile::bins_fingerprint)
    /// gives it.
    #[must_use]
    pub fn profile(&self) -> Fingerprint {
        self.profile
    }

    /// Adds the counts of other rows.
    ///
    /// # Errors
    /// [`DriftError::OtherProfile`] for counts in other bins; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), DriftError> {
        if self.profile != other.profile || self.counts.len() != other.counts.len() {
            return Err(DriftError::OtherProfile { got: other.profile, wanted: self.profile });
        }
        self.add(other.rows, &other.counts);
        Ok(())
    }

    pub(crate) fn add(&mut self, rows: u64, counts: &[u64]) {
        self.rows = self.rows.saturating_add(rows);
        for (sum, &count) in self.counts.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }
}
