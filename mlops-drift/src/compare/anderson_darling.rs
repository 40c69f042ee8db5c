//! The Anderson–Darling test of two samples.

use super::merge::{LongSum, each_tie};
use super::quadratic_tail::Quadratic;
use super::sample::Sides;
use super::{Effect, EffectMeasure, Method, Sample, SampleTest};
use crate::DriftError;

/// The k-sample Anderson–Darling test, of two samples.
///
/// A² = nm / (n + m) ∫ (F − G)² / (H (1 − H)) dH, with H the share of both samples together and halves of ties on either side
/// (Scholz and Stephens, 1987, doi:10.1080/01621459.1987.10478805, equation 7). It weighs both tails more than the
/// Cramér–von Mises test does. The statistic is (A² − 1) / σ, with σ² the variance of A² where nothing has changed, as in
/// `scipy.stats.anderson_ksamp(variant="midrank")`.
///
/// The p-value is that of the limit, Σ χ²ₖ / (k (k + 1)), at the value that stands as many standard deviations above its mean,
/// to 1e-10. scipy interpolates between seven points of it, within 5 % of the p-value, and cuts off at 0.25 and 0.001. NaN is
/// left out, infinities are values.
///
/// The effect is √(A² (n + m) / nm). It has no interval: its weights have no bound.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where fewer than two are not NaN,
/// [`DriftError::Undefined`] where all values of both samples are the same.
///
/// ```
/// use mlops_drift::{Sample, anderson_darling};
///
/// let reference: Vec<f64> = (0..50).map(f64::from).collect();
/// let current: Vec<f64> = (0..50).map(|i| f64::from(i) + 12.0).collect();
/// let test = anderson_darling(&Sample::of(&reference), &Sample::of(&current)).unwrap();
/// assert!(test.p_value.unwrap() < 0.01);
/// ```
pub fn anderson_darling(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::ranked(reference, current, 2)?;
    let (n, m) = (sides.reference.len(), sides.current.len());
    let (rows_n, rows_m, total) = (n as f64, m as f64, (n + m) as f64);
    let mut sum = LongSum::new();
    let mut distinct = 0_u64;
    each_tie(sides.reference, sides.current, |tie| {
        distinct += 1;
        let equal = (tie.f + tie.g) as f64;
        let below = (tie.i + tie.j) as f64 + 0.5 * equal;
        // m·M − n·M' of Scholz and Stephens, doubled, without rounding before the difference.
        let twice = (m * (2 * tie.i + tie.f)) as i128 - (n * (2 * tie.j + tie.g)) as i128;
        let difference = 0.5 * twice as f64;
        sum.add(equal * (difference * difference) / (below * (total - below) - 0.25 * total * equal));
    });
    if distinct < 2 {
        return Err(DriftError::Undefined {
            statistic: "Anderson–Darling statistic",
            cause: "all values of both samples are the same",
        });
    }
    let squared = sum.value() / total * (1.0 / rows_n + 1.0 / rows_m) * (total - 1.0) / total;
    let statistic = (squared - 1.0) / deviation(n + m, 1.0 / rows_n + 1.0 / rows_m);
    let limit_deviation = (2.0 * (std::f64::consts::PI.powi(2) / 3.0 - 3.0)).sqrt();
    let p_value = Quadratic::AndersonDarling.upper_tail(1.0 + limit_deviation * statistic);
    let value = (squared * total / (rows_n * rows_m)).sqrt();
    let effect = Effect { measure: EffectMeasure::AndersonDarlingDistance, value, interval: None };
    Ok(sides.answer(statistic, Some(p_value), Method::Asymptotic, effect))
}

/// σ of A² for two samples of `total` values together, whose sizes' inverses add up to `inverses` (equation 4).
fn deviation(total: usize, inverses: f64) -> f64 {
    let mut harmonic = LongSum::new(); // Σ 1/i
    let mut nested = LongSum::new(); // Σᵢ Σⱼ 1 / ((N − i) j), j > i
    let mut tail = 0.0;
    for i in (1..total).rev() {
        // `tail` is Σ 1/j for j > i.
        nested.add(tail / (total - i) as f64);
        tail += 1.0 / i as f64;
        harmonic.add(1.0 / i as f64);
    }
    let (h, g, s) = (harmonic.value(), nested.value(), inverses);
    let k = 2.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * s;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * s - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * s + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    let n = total as f64;
    let variance = (((a * n + b) * n + c) * n + d) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
    variance.sqrt()
}
