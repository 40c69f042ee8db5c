//! The Wasserstein distance.

use super::merge::{LongSum, fold_steps};
use super::moments::Moments;
use super::sample::Sides;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// The 95 % point of the greatest value of a Brownian bridge: √(1/n + 1/m) times this is a band around F − G which
/// holds the true difference at all values at once, in 95 % of large samples.
pub(super) const BAND: f64 = 1.358_098_639_322_550_5;

/// How far F − G may be from the true difference, at 95 %.
pub(crate) fn band(n: usize, m: usize) -> f64 {
    BAND * (1.0 / n as f64 + 1.0 / m as f64).sqrt()
}

/// The Wasserstein-1 distance: ∫ |F(x) − G(x)| dx, the least mean way that makes one sample out of the other, in the
/// values' own unit.
///
/// F and G are the shares of the two samples up to x (Vallender, 1974, doi:10.1137/1118101). Infinities are left out,
/// since any would make it infinite; NaN is left out. `scipy.stats.wasserstein_distance` gives the same number. A
/// distance beyond the range of a float is infinite.
///
/// The effect is the distance itself. Its interval is ∫ of the least and of the greatest that |F − G| can be within the
/// band of the Kolmogorov–Smirnov test, at 95 %, over the range that the values were seen in; what lies beyond that
/// range adds to the upper end and can't be known.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where none is finite.
///
/// ```
/// use mlops_drift::{Sample, wasserstein};
///
/// let distance = wasserstein(&Sample::of(&[0.0, 1.0, 3.0]), &Sample::of(&[5.0, 6.0, 8.0])).unwrap();
/// assert!((distance.statistic - 5.0).abs() < 1e-15);
/// assert_eq!(distance.p_value, None);
/// ```
pub fn wasserstein(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::finite(reference, current, 1)?;
    let (distance, interval) = distance(sides.reference, sides.current);
    let measure = EffectMeasure::Wasserstein;
    let effect = Effect { measure, value: distance, interval: Some(interval) };
    Ok(sides.answer(distance, None, Method::Distance, effect))
}

/// The Wasserstein-1 distance divided by the reference's standard deviation (of the population: Σ(x − x̄)² / n), which
/// makes it comparable between columns: a normal distribution moved by a tenth of its standard deviation gives 0.1.
///
/// The same as [`wasserstein`] otherwise; the interval takes the standard deviation for known. Evidently divides by
/// max(standard deviation, 0.001), so that the distance depends on the unit where values are small.
///
/// # Errors
/// Those of [`wasserstein`], and [`DriftError::Undefined`] for a reference whose finite values are all the same.
///
/// ```
/// use mlops_drift::{Sample, normalized_wasserstein};
///
/// let distance = normalized_wasserstein(&Sample::of(&[0.0, 2.0]), &Sample::of(&[0.5, 2.5])).unwrap();
/// assert!((distance.statistic - 0.5).abs() < 1e-15);
/// ```
pub fn normalized_wasserstein(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let distance = wasserstein(reference, current)?;
    normalized(distance, deviation(reference))
}

/// The standard deviation of the finite values; 0 where there are none.
pub(crate) fn deviation(sample: &Sample) -> f64 {
    if sample.finite().is_empty() { 0.0 } else { Moments::of(sample.finite()).population_deviation() }
}

/// A Wasserstein distance in standard deviations of the reference.
pub(crate) fn normalized(distance: SampleTest, deviation: f64) -> Result<SampleTest, DriftError> {
    if deviation == 0.0 {
        return Err(DriftError::Undefined {
            statistic: "normalised Wasserstein distance",
            cause: "the reference is constant",
        });
    }
    let statistic = distance.statistic / deviation;
    let interval = distance
        .effect
        .interval
        .map(|interval| Interval { low: interval.low / deviation, high: interval.high / deviation });
    let effect = Effect { measure: EffectMeasure::NormalizedWasserstein, value: statistic, interval };
    Ok(SampleTest { statistic, effect, ..distance })
}

fn distance(reference: &[f64], current: &[f64]) -> (f64, Interval) {
    let (n, m) = (reference.len(), current.len());
    let scale = n as f64 * m as f64;
    let reach = band(n, m) * scale;
    let lanes = fold_steps(
        reference,
        current,
        || [const { LongSum::new() }; 3],
        |sums, step| {
            let width = step.width();
            let difference = step.difference.unsigned_abs() as f64;
            sums[0].add(difference * width);
            sums[1].add((difference - reach).max(0.0) * width);
            sums[2].add((difference + reach).min(scale) * width);
        },
    );
    let [distance, low, high] = LongSum::totals(&lanes).map(|sum| sum / scale);
    (distance, Interval { low, high })
}
