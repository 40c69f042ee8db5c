//! Counts and moments of rows.

use std::sync::Arc;

use mlops_core::Slots;

use super::{BinCounts, Moments, Plan, ReferenceProfile, Sums};
use crate::DriftError;

/// What rows looked like: the [counts](BinCounts) of a profile's bins, and the [moments](Moments) of its numeric columns.
///
/// Each thread has counts of its own, so counting a row takes no lock and no atomic operation, and allocates nothing; they
/// are merged when they are asked for. Counts of parts of the rows merge into those of the whole bit for bit, in any order.
/// An [`InputMonitor`](crate::InputMonitor) does both.
///
/// Sixteen numbers of a column are kept, and then counted at once: a row in sixteen takes longer than the others. What is
/// asked for has them all.
///
/// ```
/// use mlops_core::{SlotSchema, Slots};
/// use mlops_drift::ReferenceProfile;
///
/// let row = Slots::new(0);
/// let reference = ReferenceProfile::builder(&SlotSchema::default()).outputs(["late"]).rows(&vec![row.clone(); 2], &[0.0, 1.0]);
/// let profile = reference.build()?;
/// let mut threads = [profile.row_counts(), profile.row_counts()];
/// threads[0].add(&row, &[0.25]);
/// threads[1].add(&row, &[0.5]);
/// let [mut whole, other] = threads;
/// whole.merge(&other)?;
/// let late = whole.moments()[0].expect("it is numeric");
/// assert_eq!((late.count(), late.mean(), late.max()), (2, Some(0.375), Some(0.5)));
/// assert_eq!(profile.compare(&whole.bins())?[0].psi.current_rows, 2);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RowCounts {
    plan: Arc<Plan>,
    columns: usize,
    bins: BinCounts,
    sums: Box<[Sums]>,
}

impl ReferenceProfile {
    /// Counts and moments of no row yet, in the profile's bins.
    #[must_use]
    pub fn row_counts(&self) -> RowCounts {
        let plan = Arc::clone(&self.plan);
        RowCounts { columns: self.columns.len(), bins: self.counts(), sums: plan.sums(), plan }
    }
}

impl RowCounts {
    /// Counts a row. A slot or an output that isn't there is missing.
    #[inline]
    pub fn add(&mut self, slots: &Slots, outputs: &[f64]) {
        self.bins.rows += 1;
        self.plan.count(&mut self.bins.counts, &mut self.sums, slots.as_slice(), outputs);
    }

    /// Adds what other rows were counted to.
    ///
    /// # Errors
    /// [`DriftError::OtherProfile`] for counts in other bins; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), DriftError> {
        let other = other.finished();
        self.bins.merge(&other.bins)?;
        self.sums.iter_mut().zip(&other.sums).for_each(|(sums, other)| sums.merge(other));
        Ok(())
    }

    /// How many rows were counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.bins.rows
    }

    /// The counts of the bins, for [`ReferenceProfile::compare`].
    #[must_use]
    pub fn bins(&self) -> BinCounts {
        self.finished().bins
    }

    /// The moments of each of the profile's columns; `None` where one isn't numeric.
    #[must_use]
    pub fn moments(&self) -> Vec<Option<Moments>> {
        let finished = self.finished();
        self.plan.moments(self.columns, &finished.bins.counts, &finished.sums)
    }

    /// The same with all numbers counted that are kept for a batch.
    fn finished(&self) -> Self {
        let mut finished = self.clone();
        self.plan.finish(&mut finished.bins.counts, &mut finished.sums);
        finished
    }
}
