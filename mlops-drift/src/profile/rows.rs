//! Counts and moments of rows.

use std::sync::Arc;

use mlops_core::{Slot, Slots};

use super::{BinCounts, Bins, Moments, ProfileColumn, ReferenceProfile, Sums};
use crate::DriftError;

/// What rows looked like: the [counts](BinCounts) of a profile's bins, and the [moments](Moments) of its numeric columns.
///
/// Each thread has counts of its own, so counting a row takes no lock and no atomic operation, and allocates nothing; they
/// are merged when they are asked for. Counts of parts of the rows merge into those of the whole bit for bit, in any order.
/// An [`InputMonitor`](crate::InputMonitor) does both.
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
/// let late = whole.moments(0).expect("it is numeric");
/// assert_eq!((late.count(), late.mean(), late.max()), (2, Some(0.375), Some(0.5)));
/// assert_eq!(profile.compare(whole.bins())?[0].psi.current_rows, 2);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RowCounts {
    columns: Arc<[ProfileColumn]>,
    bins: BinCounts,
    /// Of the numeric columns.
    sums: Box<[Sums]>,
}

impl ReferenceProfile {
    /// Counts and moments of no row yet, in the profile's bins.
    #[must_use]
    pub fn row_counts(&self) -> RowCounts {
        RowCounts { columns: Arc::clone(&self.columns), bins: self.counts(), sums: self.sums() }
    }

    /// Sums of no number yet, one for each numeric column.
    pub(crate) fn sums(&self) -> Box<[Sums]> {
        let numeric = self.columns.iter().filter(|column| matches!(column.bins, Bins::Numeric(_)));
        vec![Sums::EMPTY; numeric.count()].into()
    }

    /// Counts one row into slices as long as those of the reference: the hot loop of every monitor.
    #[inline]
    pub(crate) fn count_into(&self, counts: &mut [u64], sums: &mut [Sums], slots: &[Slot], outputs: &[f64]) {
        count_into(&self.columns, counts, sums, slots, outputs);
    }

    /// The moments of each column, `None` where it isn't numeric.
    pub(crate) fn moments(&self, counts: &[u64], sums: &[Sums]) -> Vec<Option<Moments>> {
        moments(&self.columns, counts, sums).collect()
    }
}

impl RowCounts {
    /// Counts a row. A slot or an output that isn't there is missing.
    #[inline]
    pub fn add(&mut self, slots: &Slots, outputs: &[f64]) {
        self.bins.rows += 1;
        count_into(&self.columns, &mut self.bins.counts, &mut self.sums, slots.as_slice(), outputs);
    }

    /// Adds what other rows were counted to.
    ///
    /// # Errors
    /// [`DriftError::OtherProfile`] for counts in other bins; nothing is added then.
    pub fn merge(&mut self, other: &Self) -> Result<(), DriftError> {
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
    pub fn bins(&self) -> &BinCounts {
        &self.bins
    }

    /// The moments of the profile's column at `index`; `None` if it isn't numeric, and past the end.
    #[must_use]
    pub fn moments(&self, index: usize) -> Option<Moments> {
        moments(&self.columns, &self.bins.counts, &self.sums).nth(index).flatten()
    }
}

#[inline(always)]
fn count_into(columns: &[ProfileColumn], counts: &mut [u64], sums: &mut [Sums], slots: &[Slot], outputs: &[f64]) {
    let mut sums = sums.iter_mut();
    for column in columns {
        let slot = column.source.slot(slots, outputs);
        let bin = match &column.bins {
            Bins::Numeric(bins) => {
                // There is one for each numeric column.
                let Some(sums) = sums.next() else { return };
                let number = match slot {
                    Slot::Float(x) => Some(x),
                    Slot::Int(x) => Some(x as f64),
                    _ => None,
                };
                match number {
                    Some(x) if sums.add(x, bins.grid()) => bins.range_of(x),
                    _ => column.bins.bin(slot),
                }
            }
            bins => bins.bin(slot),
        };
        if let Some(count) = counts.get_mut(column.offset + bin) {
            *count += 1;
        }
    }
}

fn moments(columns: &[ProfileColumn], counts: &[u64], sums: &[Sums]) -> impl Iterator<Item = Option<Moments>> {
    let mut sums = sums.iter();
    columns.iter().map(move |column| {
        let Bins::Numeric(bins) = &column.bins else { return None };
        let numbers = counts.get(column.offset..column.offset + bins.edges().len() + 1)?;
        let numbers = numbers.iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
        Some(sums.next()?.of(numbers, bins.grid()))
    })
}
