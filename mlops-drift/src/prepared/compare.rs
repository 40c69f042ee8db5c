//! What a comparison with a prepared reference tells of a column.

use crate::DriftError;
use crate::compare::{JensenShannon, KsInterval, Psi, PsiZeros, SampleTest, jensen_shannon, psi};

/// How many rows of both sides a bin has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BinRows {
    /// What the bin holds: `below`, a range, `above`, `-inf`, `inf`, `NaN`, or a text, `unseen`; `missing`.
    pub label: String,
    /// The reference's rows.
    pub reference: u64,
    /// The current rows.
    pub current: u64,
}

impl BinRows {
    pub(super) fn of(labels: impl Iterator<Item = String>, reference: &[u64], current: &[u64]) -> Vec<Self> {
        let counts = reference.iter().zip(current);
        labels.zip(counts).map(|(label, (&reference, &current))| Self { label, reference, current }).collect()
    }
}

/// A column, compared. Its bins hold every row of both sides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnComparison {
    /// The column's name.
    pub column: String,
    /// The bins, those of what is no value last.
    pub bins: Vec<BinRows>,
    /// The edges of the bins of numbers, rising: bin i holds `edges[i-1] < x <= edges[i]`, the first what is below all of the
    /// reference, the one behind the last edge what is above. Empty for texts.
    pub edges: Vec<f64>,
    /// The population stability index over all bins; its contributions are in their order.
    pub psi: Psi,
    /// The Jensen–Shannon divergence over all bins; its contributions are in their order.
    pub jensen_shannon: JensenShannon,
    /// Where the Kolmogorov–Smirnov distance of numbers lies as far as the bins tell; `None` for texts, and where a side
    /// has no number.
    pub ks_interval: Option<KsInterval>,
    /// What sorted numbers tell; `None` for texts, for counts alone, and where a side has no finite number.
    pub numbers: Option<Box<NumberComparison>>,
    pub(super) is_text: bool,
}

/// Numbers, compared by their order and their distances.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NumberComparison {
    /// The Kolmogorov–Smirnov test.
    pub kolmogorov_smirnov: SampleTest,
    /// The Wasserstein distance.
    pub wasserstein: SampleTest,
    /// The Wasserstein distance in standard deviations of the reference; `None` where that is constant.
    pub normalized_wasserstein: Option<SampleTest>,
}

impl ColumnComparison {
    pub(super) fn of(column: &str, bins: Vec<BinRows>) -> Result<Self, DriftError> {
        let reference: Vec<u64> = bins.iter().map(|bin| bin.reference).collect();
        let current: Vec<u64> = bins.iter().map(|bin| bin.current).collect();
        let in_column = |cause| DriftError::Column { column: column.to_owned(), cause: Box::new(cause) };
        Ok(Self {
            column: column.to_owned(),
            psi: psi(&reference, &current, PsiZeros::default()).map_err(in_column)?,
            jensen_shannon: jensen_shannon(&reference, &current).map_err(in_column)?,
            bins,
            edges: Vec::new(),
            ks_interval: None,
            numbers: None,
            is_text: false,
        })
    }
}
