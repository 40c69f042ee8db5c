//! The Kolmogorov–Smirnov test as scipy has it.

use crate::compare::distance_upper;
use crate::{DriftError, Method, Sample, ks_two_sample};

/// The p-value of `scipy.stats.ks_2samp(method="auto")`.
pub(super) fn two_sample(reference: &Sample, current: &Sample) -> Result<f64, DriftError> {
    let test = ks_two_sample(reference, current)?;
    let (n, m) = (test.reference.used as f64, test.current.used as f64);
    Ok(match (test.method, test.p_value) {
        (Method::Exact, Some(p_value)) => p_value,
        // No more than half of the rows of a sample in memory: saturates beyond 2^32.
        _ => distance_upper((n * m / (n + m)).round_ties_even() as u32, test.statistic),
    })
}
