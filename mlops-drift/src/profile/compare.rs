//! Later rows against the reference, column by column.

use std::fmt;

use super::{BinCounts, Bins, ProfileColumn, ReferenceProfile};
use crate::DriftError;
use crate::compare::{JensenShannon, KsInterval, Psi, PsiZeros, jensen_shannon, ks_interval, psi};

/// Whether a column goes into the model or comes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// A slot.
    Input,
    /// A number that the model answered.
    Output,
}

/// How far a column is from the reference. Made by [`ReferenceProfile::compare`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnDrift {
    /// The name of the field or output.
    pub column: String,
    /// Whether it is an input or an output.
    pub kind: ColumnKind,
    /// The population stability index over all bins, in the default of [`PsiZeros`].
    pub psi: Psi,
    /// The Jensen–Shannon divergence over all bins.
    pub jensen_shannon: JensenShannon,
    /// Where the Kolmogorov–Smirnov distance of the numbers lies, missing ones and NaN left out; `None` for a
    /// column that isn't numeric or has no number on one side.
    pub ks: Option<KsInterval>,
    /// The share of the reference's rows that have no proper value: missing, NaN, unseen or of another kind.
    pub reference_without_value: f64,
    /// The same of the current rows.
    pub current_without_value: f64,
}

/// The column and its population stability index.
impl fmt::Display for ColumnDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} PSI {:.2}", self.column, self.psi.statistic)
    }
}

impl ReferenceProfile {
    /// Compares rows that were counted in these bins with the reference.
    ///
    /// # Errors
    /// [`DriftError::OtherProfile`] for counts in other bins, [`DriftError::Empty`] for counts of no row.
    pub fn compare(&self, current: &BinCounts) -> Result<Vec<ColumnDrift>, DriftError> {
        self.check(current)?;
        self.columns.iter().map(|column| column.compare(&self.reference.counts, &current.counts)).collect()
    }
}

impl ProfileColumn {
    fn compare(&self, reference: &[u64], current: &[u64]) -> Result<ColumnDrift, DriftError> {
        let span = self.offset..self.offset + self.bins.len();
        let reference = reference.get(span.clone()).unwrap_or_default();
        let current = current.get(span).unwrap_or_default();
        let values = ..self.bins.not_values().start;
        let ks = match &self.bins {
            Bins::Numeric(bins) => ks_interval(bins.edges(), &reference[values], &current[values]).ok(),
            _ => None,
        };
        let without_value = |counts: &[u64]| {
            let sum = |counts: &[u64]| counts.iter().map(|&n| n as f64).sum::<f64>();
            sum(&counts[self.bins.not_values()]) / sum(counts)
        };
        Ok(ColumnDrift {
            column: self.name.clone(),
            kind: self.kind(),
            psi: psi(reference, current, PsiZeros::default())?,
            jensen_shannon: jensen_shannon(reference, current)?,
            ks,
            reference_without_value: without_value(reference),
            current_without_value: without_value(current),
        })
    }
}
