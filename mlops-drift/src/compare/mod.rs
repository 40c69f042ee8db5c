//! Two samples, or their counts in the same bins, become a number that says how far apart they are.

mod anderson_darling;
mod answer;
mod chi_square;
mod clopper_pearson;
mod correction;
mod count_test;
mod cramer_von_mises;
mod divergence_interval;
mod embedding;
mod energy;
mod epps_singleton;
mod fisher;
mod g_test;
mod hellinger;
mod hypergeometric;
mod jensen_shannon;
mod kolmogorov;
mod ks;
mod ks_interval;
mod kuiper;
mod kullback_leibler;
mod levene;
mod mann_whitney;
mod merge;
mod moments;
mod one_sample;
mod proportion;
mod psi;
mod quadratic_tail;
mod sample;
mod shares;
mod sort;
mod special;
mod text;
mod total_variation;
mod unseen;
mod wasserstein;
mod welch;

pub use anderson_darling::anderson_darling;
pub use answer::{Effect, EffectMeasure, Interval, Method, SampleRows, SampleTest};
pub use chi_square::{ContinuityCorrection, chi_square_contingency, chi_square_goodness_of_fit};
pub use correction::{Corrected, Correction, correct};
pub use count_test::CountTest;
pub use cramer_von_mises::cramer_von_mises;
pub use embedding::{
    Bandwidth, CentroidDistance, KernelStore, PcaComponents, PcaReconstruction, PcaReference, PermutationOptions,
    PermutationOptionsBuilder, RocAuc, RowsTest, centroid_distance, energy_distance_rows, mmd, mmd_blocks, roc_auc,
};
#[cfg(feature = "linfa")]
pub use embedding::{ColumnWeight, DomainDrift, DomainOptions, DomainOptionsBuilder, domain_classifier};
pub use energy::energy_distance;
pub use epps_singleton::epps_singleton;
pub use fisher::fisher_exact;
pub use g_test::g_test;
pub use hellinger::hellinger;
pub use jensen_shannon::{JensenShannon, jensen_shannon};
pub use ks::ks_two_sample;
pub use ks_interval::{KsInterval, ks_interval};
pub use kuiper::kuiper;
pub use kullback_leibler::kullback_leibler;
pub use levene::levene;
pub use mann_whitney::mann_whitney;
pub(crate) use one_sample::distance_upper;
pub use proportion::two_proportion_z;
pub use psi::{Psi, PsiZeros, psi};
pub use sample::Sample;
pub(crate) use special::{chi_square_upper, normal_two_sided, normal_upper};
pub use text::{Script, ScriptShare, TextDrift, TextReference};
#[cfg(feature = "linfa")]
pub use text::{TextDomainDrift, WordWeight, text_domain_classifier};
pub use total_variation::{l_infinity, total_variation};
pub use unseen::share_of_unseen;
pub(crate) use wasserstein::{band, deviation, normalized};
pub use wasserstein::{normalized_wasserstein, wasserstein};
pub use welch::welch_t;

use crate::DriftError;

/// The rows on both sides and the number of bins that hold any, if the counts can be compared.
pub(crate) fn totals(reference: &[u64], current: &[u64]) -> Result<(f64, f64, usize), DriftError> {
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
