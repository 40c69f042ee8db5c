//! What the rows looked like that a model was made with.

mod bins;
mod build;
mod compare;
mod counts;
mod format;
mod moments;
mod plan;
mod rows;

use std::sync::Arc;

use mlops_core::{Fingerprint, Part, Slot, Slots};

pub use bins::{Bins, CategoryBins, NumericBins};
pub use build::ProfileBuilder;
pub use compare::{ColumnDrift, ColumnKind};
pub use counts::BinCounts;
pub use moments::Moments;
pub(crate) use moments::Sums;
pub(crate) use plan::Plan;
pub use rows::RowCounts;

use crate::DriftError;

/// The name of the profile's format, as a part of a bundle.
pub const PROFILE_MEDIA_TYPE: &str = "application/vnd.mlops.profile+json";

/// Where a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Slot(usize),
    Output(usize),
}

impl Source {
    /// What a row has there. A slot or an output that isn't there is missing.
    #[inline(always)]
    fn slot(self, slots: &[Slot], outputs: &[f64]) -> Slot {
        match self {
            Self::Slot(index) => slots.get(index).copied().unwrap_or_default(),
            Self::Output(index) => outputs.get(index).map_or(Slot::Missing, |&x| Slot::Float(x)),
        }
    }
}

/// A column of a [`ReferenceProfile`].
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileColumn {
    name: String,
    source: Source,
    bins: Bins,
    /// Where its counts start among those of all columns.
    offset: usize,
}

impl ProfileColumn {
    /// The name of the field or output.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is an input or an output.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        match self.source {
            Source::Slot(_) => ColumnKind::Input,
            Source::Output(_) => ColumnKind::Output,
        }
    }

    /// Its bins.
    #[must_use]
    pub fn bins(&self) -> &Bins {
        &self.bins
    }
}

/// What the reference rows looked like: for each input and output the bins and how many rows fell into each.
///
/// It is made once, from the rows that the model was trained or validated on, and travels in the bundle. Its
/// bins are fixed, so that later rows cost one increment a value and nothing of the reference is read again.
///
/// - A numeric column (float, integer, output) has ranges between quantiles of its finite reference values, ten
///   by default, and ranges below the least and above the greatest. The edges are values of the reference (the
///   inverse of the empirical distribution function, Hyndman and Fan's type 1, doi:10.2307/2684934), and each
///   belongs to the range below it, so equal values are never split; fewer ranges are left where values repeat,
///   one where the column is constant. Integers beyond 2⁵³ are rounded to floats.
/// - A category column has a bin for each of its most frequent texts, 64 by default, and one for all other
///   known ones.
/// - An instant or a text has bins for present and missing only.
/// - Missing, NaN, unseen and values of another kind have bins of their own.
///
/// Made by [`ReferenceProfile::builder`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceProfile {
    columns: Vec<ProfileColumn>,
    plan: Arc<Plan>,
    reference: BinCounts,
    log_loss: Option<f64>,
    bytes: Arc<[u8]>,
}

impl ReferenceProfile {
    /// The columns: slots first, then outputs.
    #[must_use]
    pub fn columns(&self) -> &[ProfileColumn] {
        &self.columns
    }

    /// How many rows the reference had.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.reference.rows
    }

    /// The mean log loss of the model's evaluation, in nats, where the profile was told: what later outcomes are
    /// compared with.
    #[must_use]
    pub fn log_loss(&self) -> Option<f64> {
        self.log_loss
    }

    /// The fingerprint of columns and bins, without the counts: counts with the same one can be merged.
    #[must_use]
    pub fn bins_fingerprint(&self) -> Fingerprint {
        self.reference.profile
    }

    /// The reference's counts.
    #[must_use]
    pub fn reference(&self) -> &BinCounts {
        &self.reference
    }

    /// Counts of no row yet, in these bins.
    #[must_use]
    pub fn counts(&self) -> BinCounts {
        BinCounts::new(self.reference.profile, self.reference.counts.len())
    }

    /// Counts one row.
    ///
    /// # Errors
    /// [`DriftError::OtherProfile`] for counts in other bins; nothing is counted then.
    pub fn update(&self, counts: &mut BinCounts, slots: &Slots, outputs: &[f64]) -> Result<(), DriftError> {
        self.check(counts)?;
        counts.rows += 1;
        for column in &self.columns {
            let bin = column.offset + column.bins.bin(column.source.slot(slots.as_slice(), outputs));
            if let Some(count) = counts.counts.get_mut(bin) {
                *count += 1;
            }
        }
        Ok(())
    }

    /// What a row is counted by.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn check(&self, counts: &BinCounts) -> Result<(), DriftError> {
        let (got, wanted) = (counts.profile, self.reference.profile);
        if got != wanted || counts.counts.len() != self.reference.counts.len() {
            return Err(DriftError::OtherProfile { got, wanted });
        }
        Ok(())
    }

    /// The profile as a part of a bundle.
    #[must_use]
    pub fn to_part(&self) -> Part {
        Part { media_type: PROFILE_MEDIA_TYPE.into(), bytes: Arc::clone(&self.bytes) }
    }
}
