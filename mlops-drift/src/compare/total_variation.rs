//! Distances that are sums or maxima of the differences of shares.

use super::proportion::{newcombe, normal_point};
use super::shares::Pairs;
use super::{CountTest, Effect, EffectMeasure, Interval, Method};
use crate::DriftError;

/// √(½ ln(2 / 0.05)): the 95 % reach of a sum of rows that each move it by at most 1.
const REACH: f64 = 1.358_102_141_588_122_4;

/// The total variation distance of counts in the same bins: ½ Σ |pᵢ − qᵢ|.
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample. It is the largest difference of the
/// shares of any set of bins: the share of rows that would have to move. It is a metric, symmetric, 0 for equal shares
/// and 1 where no bin is occupied on both sides, and needs no convention about empty bins. Half of
/// `scipy.spatial.distance.cityblock`.
///
/// The interval holds the true distance in at least 95 % of samples, whatever the shares and for any number of rows,
/// and is wide for that. With w = √(1/n + 1/m) it reaches up by t = √(½ ln 40) w = 1.358 w, since the distance in
/// samples is on average no less than the true one and no row moves it by more than 1/n or 1/m (McDiarmid, 1989,
/// doi:10.1017/CBO9781107359949.008), and down by t + ½ √(B − 1) w, which is as much as chance can add to it on average,
/// B being the number of bins that were given. There is no `effect_without_drift`: it depends on the shares.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::total_variation;
///
/// let drift = total_variation(&[50, 30, 20], &[30, 30, 40]).unwrap();
/// assert!((drift.statistic - 0.2).abs() < 1e-15);
/// ```
pub fn total_variation(reference: &[u64], current: &[u64]) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let contributions: Vec<f64> = pairs.bins.iter().map(|bin| 0.5 * bin.difference.abs()).collect();
    let value = contributions.iter().sum::<f64>().min(1.0);
    let spread = (1.0 / pairs.n + 1.0 / pairs.m).sqrt();
    let up = REACH * spread;
    let down = up + 0.5 * (pairs.bins.len() as f64 - 1.0).sqrt() * spread;
    let interval = Interval { low: (value - down).max(0.0), high: (value + up).min(1.0) };
    Ok(distance(&pairs, EffectMeasure::TotalVariation, value, interval, contributions))
}

/// The largest difference of shares of counts in the same bins: max |pᵢ − qᵢ|, the distance in the norm L∞.
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample. It is 0 for equal shares and 1 where
/// each side has a single bin of its own, and needs no convention about empty bins. NannyML gives the same of
/// categories. A contribution is the bin's |pᵢ − qᵢ|, of which the statistic is the largest.
///
/// The interval is made of Newcombe's for each of the B bins that were given (see
/// [`two_proportion_z`](crate::two_proportion_z)) with the continuity correction (method 11), at a level of 1 − 0.05 / B so that all hold together (Bonferroni): it
/// is from the largest of the least differences that they allow to the largest of the greatest. So it is wider than
/// 95 % would need: it held the true one in 95 to 100 % of samples (measured). There is no `effect_without_drift`: it depends on the shares.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::l_infinity;
///
/// let drift = l_infinity(&[50, 30, 20], &[35, 30, 35]).unwrap();
/// assert!((drift.statistic - 0.15).abs() < 1e-15);
/// ```
pub fn l_infinity(reference: &[u64], current: &[u64]) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let contributions: Vec<f64> = pairs.bins.iter().map(|bin| bin.difference.abs()).collect();
    let value = contributions.iter().copied().fold(0.0, f64::max);
    let z = normal_point(0.05 / pairs.bins.len() as f64);
    let mut interval = Interval { low: 0.0, high: 0.0 };
    for bin in &pairs.bins {
        let Interval { low, high } = newcombe((bin.a, pairs.n), (bin.b, pairs.m), z, 0.5);
        interval.low = interval.low.max(low.max(-high)).max(0.0);
        interval.high = interval.high.max(high.max(-low));
    }
    Ok(distance(&pairs, EffectMeasure::LargestShareDifference, value, interval, contributions))
}

fn distance(
    pairs: &Pairs,
    measure: EffectMeasure,
    value: f64,
    interval: Interval,
    contributions: Vec<f64>,
) -> CountTest {
    CountTest {
        statistic: value,
        p_value: None,
        method: Method::Distance,
        effect: Effect { measure, value, interval: Some(interval) },
        effect_without_drift: None,
        degrees_of_freedom: None,
        contributions,
        least_expected: None,
        reference_rows: Some(pairs.n as u64),
        current_rows: pairs.m as u64,
    }
}
