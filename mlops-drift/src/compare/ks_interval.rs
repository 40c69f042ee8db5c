//! The Kolmogorov–Smirnov distance of samples of which only counts in bins are known.

use super::totals;
use crate::DriftError;

/// Where the Kolmogorov–Smirnov distance of two binned samples lies. Made by [`ks_interval`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct KsInterval {
    /// The least distance that the counts allow: the largest difference at an edge.
    pub low: f64,
    /// The greatest that they allow.
    pub high: f64,
    /// Rows in the reference, those in the bins only.
    pub reference_rows: u64,
    /// Rows in the current sample, those in the bins only.
    pub current_rows: u64,
}

/// The interval that must hold the two-sample Kolmogorov–Smirnov distance of two samples with these counts.
///
/// Bin i holds the values x with `edges[i-1] < x <= edges[i]`; the first reaches down to −∞, the last up to ∞,
/// so there is one bin more than there are edges. With F and G the shares of the two samples up to a value, the
/// distance is sup |F − G| (Smirnov, 1939; see [`ks_two_sample`](crate::ks_two_sample)). At an edge both are
/// known, which gives the lower end: maxᵢ |Fᵢ − Gᵢ|. Within bin i both only lie between their values at its two
/// edges, which gives the upper end: maxᵢ max(Fᵢ − Gᵢ₋₁, Gᵢ − Fᵢ₋₁). It exceeds the lower end by at most the
/// largest share that a bin has on either side: with ten bins of equal counts, by about 0.1 without drift.
///
/// A bin between two neighbouring floats holds one value, so nothing within it is unknown. This interval is
/// about the binning only, not about sampling: there is no p-value. `datasketches` and whylogs give a test on
/// sketches that takes the sketch for the sample.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts whose lengths don't fit each other or the edges, [`DriftError::Empty`]
/// where a side has no row.
///
/// ```
/// use mlops_drift::ks_interval;
///
/// let ks = ks_interval(&[1.0, 2.0], &[0, 10, 10], &[0, 4, 16]).unwrap();
/// assert!((ks.low - 0.3).abs() < 1e-15);
/// assert!((ks.high - 0.8).abs() < 1e-15);
/// ```
pub fn ks_interval(edges: &[f64], reference: &[u64], current: &[u64]) -> Result<KsInterval, DriftError> {
    if edges.len() + 1 != reference.len() {
        return Err(DriftError::OtherBins { reference: reference.len(), current: edges.len() + 1 });
    }
    let (n, m, _) = totals(reference, current)?;
    let (rows_n, rows_m) = (n as u128, m as u128);
    // In whole numbers, over the common denominator n·m, so that the raw distance, computed likewise, is within.
    let (mut low, mut high) = (0_u128, 0_u128);
    let (mut f, mut g) = (0_u128, 0_u128);
    let mut lower_edge = f64::NEG_INFINITY;
    for (i, (&a, &b)) in reference.iter().zip(current).enumerate() {
        let (f_before, g_before) = (f, g);
        f += u128::from(a) * rows_m;
        g += u128::from(b) * rows_n;
        low = low.max(f.abs_diff(g));
        let upper_edge = edges.get(i).copied().unwrap_or(f64::INFINITY);
        if lower_edge.next_up() < upper_edge {
            high = high.max(f.saturating_sub(g_before)).max(g.saturating_sub(f_before));
        }
        lower_edge = upper_edge;
    }
    let scale = n * m;
    Ok(KsInterval {
        low: low as f64 / scale,
        high: high.max(low) as f64 / scale,
        reference_rows: n as u64,
        current_rows: m as u64,
    })
}
