//! Levene's test.

use super::moments::Moments;
use super::sample::Sides;
use super::special::fisher_upper;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// Levene's test of equal spread, with distances from the median (Brown and Forsythe, 1974, doi:10.1080/01621459.1974.10482955).
///
/// W = (N − 2) · nm/N (z̄ − w̄)² / (Σ (zᵢ − z̄)² + Σ (wᵢ − w̄)²), with z and w the distances of the values from their own
/// sample's median and N = n + m; under no change it has Fisher's distribution with 1 and N − 2 degrees of freedom.
/// `scipy.stats.levene` gives the same numbers. NaN and infinities are left out.
///
/// The effect is w̄ / z̄, the current mean distance from the median over the reference's, with an interval on its logarithm by
/// the delta method; none where a sample is constant.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where fewer than two are finite,
/// [`DriftError::Undefined`] where the distances don't vary within either sample, as in two constants.
///
/// ```
/// use mlops_drift::{Sample, levene};
///
/// let test = levene(&Sample::of(&[1.0, 2.0, 3.0, 4.0]), &Sample::of(&[2.0, 4.0, 6.0, 8.0])).unwrap();
/// assert!((test.effect.value - 2.0).abs() < 1e-15);
/// assert!((test.statistic - 2.4).abs() < 1e-14);
/// ```
pub fn levene(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::finite(reference, current, 2)?;
    let (a, b) = (distances(sides.reference), distances(sides.current));
    let within = a.squares + b.squares;
    if within == 0.0 {
        return Err(DriftError::Undefined {
            statistic: "Levene statistic",
            cause: "the distances from the median don't vary in either sample",
        });
    }
    let degrees = a.n + b.n - 2.0;
    let difference = a.less(&b);
    // Divided before it is squared: squares of extreme values leave the range of a float.
    let ratio = difference / within.sqrt();
    let statistic = degrees * (a.n * b.n / (a.n + b.n)) * ratio * ratio;
    let value = b.mean() / a.mean();
    let relative = |side: &Moments| side.variance() / side.n / (side.mean() * side.mean());
    let reach = 1.959_963_984_540_054 * (relative(&a) + relative(&b)).sqrt();
    let interval = (a.mean() > 0.0 && b.mean() > 0.0)
        .then(|| Interval { low: value * (-reach).exp(), high: value * reach.exp() });
    let effect = Effect { measure: EffectMeasure::SpreadRatio, value, interval };
    let answer = sides.answer(statistic, Some(fisher_upper(statistic, degrees)), Method::Asymptotic, effect);
    Ok(SampleTest { degrees_of_freedom: Some(degrees), ..answer })
}

/// The moments of the distances from the median of sorted values.
fn distances(values: &[f64]) -> Moments {
    let middle = values.len() / 2;
    let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
    let distances: Vec<f64> = values.iter().map(|x| (x - median).abs()).collect();
    Moments::of(&distances)
}
