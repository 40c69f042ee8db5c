//! The Jensen–Shannon divergence.

use super::Interval;
use super::shares::{Pair, Pairs, deviance};
use crate::DriftError;

/// A Jensen–Shannon divergence. Made by [`jensen_shannon`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JensenShannon {
    /// The divergence in nats: 0 for equal shares, ln 2 where no bin is occupied on both sides.
    pub divergence: f64,
    /// What each bin adds to it; never negative.
    pub contributions: Vec<f64>,
    /// Rows in the reference.
    pub reference_rows: u64,
    /// Rows in the current sample.
    pub current_rows: u64,
    /// Where the divergence of what the samples were drawn from may lie; `None` where nothing can be said.
    pub interval: Option<Interval>,
}

impl JensenShannon {
    /// The square root of the divergence, which is a metric: 0 to √(ln 2) = 0.8326.
    #[must_use]
    pub fn distance(&self) -> f64 {
        self.divergence.sqrt()
    }
}

/// The Jensen–Shannon divergence of counts in the same bins: ½ Σ pᵢ ln(pᵢ / mᵢ) + ½ Σ qᵢ ln(qᵢ / mᵢ).
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample, and mᵢ = (pᵢ + qᵢ) / 2
/// (Lin, 1991, doi:10.1109/18.61115). It is symmetric, finite for empty bins without any convention about them
/// (0 ln 0 is 0), and in nats. `scipy.spatial.distance.jensenshannon` and Evidently give the square root of
/// this, which is [`JensenShannon::distance`]; NannyML gives the square root to base 2, which is larger by
/// 1 / √(ln 2) = 1.2011.
///
/// Without a change it is about (B − 1)/8 · (1/n + 1/m), with B occupied bins and n and m rows. The interval takes that
/// off, so the divergence may lie above it; it is as that of [`kullback_leibler`](crate::kullback_leibler), and there is
/// none where an occupied bin has less than 5 rows on a side.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::jensen_shannon;
///
/// let apart = jensen_shannon(&[10, 0], &[0, 10]).unwrap();
/// assert!((apart.divergence - 2_f64.ln()).abs() < 1e-15);
/// assert_eq!(jensen_shannon(&[3, 1], &[6, 2]).unwrap().distance(), 0.0);
/// ```
pub fn jensen_shannon(reference: &[u64], current: &[u64]) -> Result<JensenShannon, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let contribution = |bin: &Pair| {
        let (middle, half) = (0.5 * (bin.p + bin.q), 0.5 * bin.difference);
        0.5 * (deviance(bin.p, middle, half) + deviance(bin.q, middle, -half))
    };
    let contributions: Vec<f64> = pairs.bins.iter().map(contribution).collect();
    let divergence = contributions.iter().sum();
    let gradient = |bin: &Pair| {
        let middle = 0.5 * (bin.p + bin.q);
        (0.5 * (bin.p / middle).ln(), 0.5 * (bin.q / middle).ln())
    };
    let interval = pairs.interval(divergence, 8.0 / pairs.per_row(), gradient);
    Ok(JensenShannon {
        divergence,
        contributions,
        reference_rows: pairs.n as u64,
        current_rows: pairs.m as u64,
        interval,
    })
}
