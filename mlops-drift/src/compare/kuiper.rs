//! The two-sample Kuiper test.

use super::merge::fold_steps;
use super::sample::Sides;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// Kuiper's two-sample test.
///
/// V = sup (F − G) + sup (G − F), with F and G the shares of the two samples up to x (Kuiper, 1960,
/// doi:10.1016/S1385-7258(60)50006-0). It sees a change of spread as well as a move, and on a circle (hours, weekdays,
/// directions) doesn't depend on where one starts to count.
///
/// Where neither sample has more than 20 values the p-value is exact, by counting lattice paths; with ties it is too
/// large then. Beyond, it is the limit 2 Σ (4 k² λ² − 1) exp(−2 k² λ²) at λ = (√N + 0.155 + 0.24/√N) V, N = nm / (n + m)
/// (Stephens, 1965, doi:10.1093/biomet/52.3-4.309). NaN is left out, infinities are values.
///
/// The effect is V itself; its interval is V ± 1.747 √(1/n + 1/m), by the 95 % point of the range of a Brownian bridge.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where all are NaN.
///
/// ```
/// use mlops_drift::{Sample, kuiper};
///
/// let test = kuiper(&Sample::of(&[1.0, 2.0, 3.0, 4.0]), &Sample::of(&[0.0, 0.5, 6.0, 7.0])).unwrap();
/// assert_eq!(test.statistic, 1.0); // as far below as above, each by a half
/// ```
pub fn kuiper(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::ranked(reference, current, 1)?;
    let (n, m) = (sides.reference.len(), sides.current.len());
    let lanes = fold_steps(
        sides.reference,
        sides.current,
        || (0, 0),
        |(above, below), step| {
            let here = step.beyond_ties();
            *above = here.max(*above);
            *below = here.min(*below);
        },
    );
    let (above, below) = lanes.into_iter().fold((0, 0), |most, lane| (lane.0.max(most.0), lane.1.min(most.1)));
    let range: u64 = i64::abs_diff(above, below);
    let statistic = range as f64 / (n as f64 * m as f64);
    let (p_value, method) = if n.max(m) <= 20 {
        (exact(n, m, range as usize), Method::Exact)
    } else {
        (limit(statistic, n as f64 * m as f64 / (n as f64 + m as f64)), Method::Asymptotic)
    };
    let reach = 1.747_288_210_464_917_4 * (1.0 / n as f64 + 1.0 / m as f64).sqrt();
    let interval = Interval { low: (statistic - reach).max(0.0), high: (statistic + reach).min(1.0) };
    let effect = Effect { measure: EffectMeasure::KuiperDistance, value: statistic, interval: Some(interval) };
    Ok(sides.answer(statistic, Some(p_value), method, effect))
}

/// P(n·m·V ≥ range) by counting the paths from (0, 0) to (n, m) along which i·m − j·n has a smaller range.
///
/// In units of the greatest common divisor, a path of range r is within `width + 1 − r` bands of that width and, being
/// in one band less of the next smaller width, counts once in the difference of the two sums over all bands.
fn exact(n: usize, m: usize, range: usize) -> f64 {
    let unit = gcd(n, m);
    let range = (range / unit) as i64;
    let within = |width: i64| -> u64 { (-width..=0).map(|low| paths(n, m, unit, low, low + width)).sum() };
    if range == 0 {
        return 1.0;
    }
    let fewer = if range >= 2 { within(range - 2) } else { 0 };
    let all = paths(n, m, unit, i64::MIN, i64::MAX);
    (all - (within(range - 1) - fewer)) as f64 / all as f64
}

/// How many paths stay between two values, themselves included: at most C(40, 20), which is exact.
fn paths(n: usize, m: usize, unit: usize, low: i64, high: i64) -> u64 {
    let mut count = vec![0_u64; m + 1];
    for i in 0..=n {
        let mut before = u64::from(i == 0);
        for (j, here) in count.iter_mut().enumerate() {
            let at = (i * m / unit) as i64 - (j * n / unit) as i64;
            *here = if low <= at && at <= high { *here + before } else { 0 };
            before = *here;
        }
    }
    count[m]
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn limit(v: f64, n: f64) -> f64 {
    let lambda = (n.sqrt() + 0.155 + 0.24 / n.sqrt()) * v;
    if lambda < 0.25 {
        return 1.0; // within 1e-30
    }
    let mut p = 0.0;
    for k in 1..100 {
        let z = f64::from(k * k) * lambda * lambda;
        let term = 2.0 * (4.0 * z - 1.0) * (-2.0 * z).exp();
        p += term;
        // The first terms are negative where λ is small.
        if z > 1.0 && term <= 1e-17 * p {
            break;
        }
    }
    p.clamp(0.0, 1.0)
}
