//! Two samples, or their counts in the same bins, become a number that says how far apart they are.

mod answer;
mod embedding;
mod jensen_shannon;
mod kolmogorov;
mod ks;
mod ks_interval;
mod psi;
mod sample;
mod special;
mod text;

pub use answer::{Effect, EffectMeasure, Interval, Method, SampleRows, SampleTest};
pub use embedding::{
    Bandwidth, CentroidDistance, KernelStore, PcaComponents, PcaReconstruction, PcaReference, PermutationOptions,
    PermutationOptionsBuilder, RocAuc, RowsTest, centroid_distance, energy_distance_rows, mmd, mmd_blocks, roc_auc,
};
#[cfg(feature = "linfa")]
pub use embedding::{ColumnWeight, DomainDrift, DomainOptions, DomainOptionsBuilder, domain_classifier};
pub use jensen_shannon::{JensenShannon, jensen_shannon};
pub use ks::ks_two_sample;
pub use ks_interval::{KsInterval, ks_interval};
pub use psi::{Psi, PsiZeros, psi};
pub use sample::Sample;
pub use text::{Script, ScriptShare, TextDrift, TextReference};
#[cfg(feature = "linfa")]
pub use text::{TextDomainDrift, WordWeight, text_domain_classifier};

use crate::DriftError;

/// The rows on both sides and the number of bins that hold any, if the counts can be compared.
fn totals(reference: &[u64], current: &[u64]) -> Result<(f64, f64, usize), DriftError> {
    if reference.len() != current.len() {
        return Err(DriftError::OtherBins { reference: reference.len(), current: current.len() });
    }
    // Saturating: counts near 2^64 can only come from outside, and must not wrap into a small total.
    let sum = |counts: &[u64]| counts.iter().fold(0_u64, |sum, &n| sum.saturating_add(n));
    let (n, m) = (sum(reference), sum(current));
    if n == 0 {
        return Err(DriftError::Empty { side: "reference" });
    }
    if m == 0 {
        return Err(DriftError::Empty { side: "current" });
    }
    let occupied = reference.iter().zip(current).filter(|&(&a, &b)| a > 0 || b > 0).count();
    Ok((n as f64, m as f64, occupied))
}
