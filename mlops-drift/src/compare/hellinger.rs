//! The Hellinger distance.

use super::shares::{Pair, Pairs};
use super::{CountTest, Effect, EffectMeasure, Interval, Method};
use crate::DriftError;

/// The Hellinger distance of counts in the same bins: √(½ Σ (√pᵢ − √qᵢ)²).
///
/// pᵢ and qᵢ are the shares of bin i in the reference and in the current sample (Hellinger, 1909,
/// doi:10.1515/crll.1909.136.210). It is a metric, symmetric, 0 for equal shares and 1 where no bin is occupied on both
/// sides, and needs no convention about empty bins. NannyML gives the same of its own bins. Contributions add to its
/// square.
///
/// Without a change its square is about (B − 1)/8 · (1/n + 1/m), B being the number of occupied bins; the root of that
/// is [`effect_without_drift`](CountTest::effect_without_drift). The interval is as that of
/// [`kullback_leibler`](crate::kullback_leibler); there is none where an occupied bin has less than 5 rows on a side.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::hellinger;
///
/// assert_eq!(hellinger(&[10, 0], &[0, 4]).unwrap().statistic, 1.0);
/// let drift = hellinger(&[50, 50], &[80, 20]).unwrap();
/// assert!((drift.statistic.powi(2) - (1.0 - 0.4_f64.sqrt() - 0.1_f64.sqrt())).abs() < 1e-15);
/// ```
pub fn hellinger(reference: &[u64], current: &[u64]) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let contribution = |bin: &Pair| {
        let roots = bin.p.sqrt() + bin.q.sqrt();
        if roots > 0.0 { 0.5 * (bin.difference / roots).powi(2) } else { 0.0 }
    };
    let contributions: Vec<f64> = pairs.bins.iter().map(contribution).collect();
    let square = contributions.iter().sum::<f64>().min(1.0);
    let per_row = pairs.per_row();
    let gradient = |bin: &Pair| (-0.5 * (bin.q / bin.p).sqrt(), -0.5 * (bin.p / bin.q).sqrt());
    let interval = pairs.interval(square, 8.0 / per_row, gradient);
    let interval = interval.map(|i| Interval { low: i.low.sqrt(), high: i.high.sqrt().min(1.0) });
    let value = square.sqrt();
    Ok(CountTest {
        statistic: value,
        p_value: None,
        method: Method::Distance,
        effect: Effect { measure: EffectMeasure::Hellinger, value, interval },
        effect_without_drift: Some((0.125 * (pairs.occupied - 1.0) * per_row).sqrt()),
        degrees_of_freedom: None,
        contributions,
        least_expected: None,
        reference_rows: Some(pairs.n as u64),
        current_rows: pairs.m as u64,
    })
}
