//! The energy distance.

use super::merge::{LongSum, fold_steps};
use super::sample::Sides;
use super::wasserstein::band;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// The energy distance: √(2 ∫ (F(x) − G(x))² dx), in the square root of the values' unit.
///
/// Its square is 2 E|X − Y| − E|X − X'| − E|Y − Y'| (Székely and Rizzo, 2013, doi:10.1016/j.jspi.2013.03.018), with X from the
/// reference and Y from the current sample. `scipy.stats.energy_distance` gives the same number. NaN and infinities are left out.
///
/// The effect is the coefficient of inhomogeneity, the square over 2 E|X − Y|: 0 for equal samples, 1 for two different
/// constants. Its interval is by the band of the Kolmogorov–Smirnov test, over the range that the values were seen in.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where none is finite.
///
/// ```
/// use mlops_drift::{Sample, energy_distance};
///
/// let distance = energy_distance(&Sample::of(&[0.0]), &Sample::of(&[2.0])).unwrap();
/// assert_eq!((distance.statistic, distance.effect.value), (2.0, 1.0));
/// ```
pub fn energy_distance(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::finite(reference, current, 1)?;
    let (n, m) = (sides.reference.len(), sides.current.len());
    let scale = 1.0 / (n as f64 * m as f64);
    let reach = band(n, m);
    let lanes = fold_steps(
        sides.reference,
        sides.current,
        || [const { LongSum::new() }; 4],
        |sums, step| {
            let width = step.width();
            let difference = step.difference.unsigned_abs() as f64 * scale;
            let (low, high) = ((difference - reach).max(0.0), (difference + reach).min(1.0));
            sums[0].add(difference * difference * width);
            sums[1].add(low * low * width);
            sums[2].add(high * high * width);
            // Both ways to be on different sides: F (1 − G) + G (1 − F).
            let apart = step.i as f64 * (m - step.j) as f64 + step.j as f64 * (n - step.i) as f64;
            sums[3].add(apart * scale * width);
        },
    );
    let [half_square, low, high, between] = LongSum::totals(&lanes);
    let coefficient = |part: f64| if between == 0.0 { 0.0 } else { (part / between).min(1.0) };
    let interval = Interval { low: coefficient(low), high: coefficient(high) };
    let value = coefficient(half_square);
    let effect = Effect { measure: EffectMeasure::EnergyCoefficient, value, interval: Some(interval) };
    Ok(sides.answer((2.0 * half_square).sqrt(), None, Method::Distance, effect))
}
