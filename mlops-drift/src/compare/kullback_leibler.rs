//! The Kullback–Leibler divergence.

use super::shares::{Pairs, deviance};
use super::{CountTest, Effect, EffectMeasure, Method, PsiZeros};
use crate::DriftError;

/// The Kullback–Leibler divergence of the current sample from the reference, of counts in the same bins:
/// Σ pᵢ ln(pᵢ / qᵢ), in nats.
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample (Kullback and Leibler, 1951,
/// doi:10.1214/aoms/1177729694). It is not symmetric: the other direction is had by exchanging the sides; both together
/// are the population stability index ([`psi`](crate::psi)). By default each bin counts half a row more, as in `psi`
/// ([`PsiZeros::Jeffreys`]); with [`PsiZeros::Infinite`] a bin that only the reference has makes it infinite, one
/// that only the current sample has adds nothing to it. Bins that are empty on both sides are left out.
/// `scipy.stats.entropy(p, q)` is the latter; Evidently puts 1e-4 in the place of empty bins' shares.
///
/// A contribution is pᵢ ln(pᵢ / qᵢ) − pᵢ + qᵢ, which is never negative and has the same sum. Without a change the
/// divergence is about (B − 1)/2 · (1/n + 1/m), B being the number of occupied bins
/// ([`effect_without_drift`](CountTest::effect_without_drift)). The interval is from the noncentral chi-square
/// distribution with a variance by the delta method, which takes that off, so the value may lie above it; it holds the
/// true divergence in 93 to 99 % of samples (measured). There is none where an occupied bin has less than 5 rows on a
/// side: the logarithms of such shares can't be known.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::{PsiZeros, kullback_leibler};
///
/// let drift = kullback_leibler(&[50, 50], &[80, 20], PsiZeros::Infinite).unwrap();
/// assert!((drift.statistic - 0.223_143_551_314_209_76).abs() < 1e-15); // ln(0.5² / (0.8 · 0.2)) / 2
/// assert_eq!(kullback_leibler(&[5, 5], &[9, 0], PsiZeros::Infinite).unwrap().statistic, f64::INFINITY);
/// ```
pub fn kullback_leibler(reference: &[u64], current: &[u64], zeros: PsiZeros) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, zeros.added())?;
    let contributions: Vec<f64> = pairs.bins.iter().map(|bin| deviance(bin.p, bin.q, bin.difference)).collect();
    let value: f64 = contributions.iter().sum();
    let per_row = pairs.per_row();
    let interval = pairs.interval(value, 2.0 / per_row, |bin| ((bin.p / bin.q).ln(), -bin.p / bin.q));
    Ok(CountTest {
        statistic: value,
        p_value: None,
        method: Method::Distance,
        effect: Effect { measure: EffectMeasure::KullbackLeibler, value, interval },
        effect_without_drift: Some(0.5 * (pairs.occupied - 1.0) * per_row),
        degrees_of_freedom: None,
        contributions,
        least_expected: None,
        reference_rows: Some(pairs.n as u64),
        current_rows: pairs.m as u64,
    })
}
