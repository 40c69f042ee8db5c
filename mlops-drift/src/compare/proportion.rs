//! Shares of one category, and their difference.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc_inv;

use super::shares::difference_of_products;
use super::special::normal_two_sided;
use super::{CountTest, Effect, EffectMeasure, Interval, Method};
use crate::DriftError;

/// The 97.5 % point of the standard normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// The point that the standard normal distribution is beyond, on either side, with this probability.
pub(super) fn normal_point(two_sided: f64) -> f64 {
    SQRT_2 * erfc_inv(two_sided)
}

/// Wilson's interval of a share (1927, doi:10.1080/01621459.1927.10502953), `count` of `rows`; `half` is ½ for the
/// continuity correction, else 0.
pub(super) fn wilson(count: f64, rows: f64, z: f64, half: f64) -> Interval {
    let z2 = z * z;
    let spread = |count: f64| 0.5 * z2 + z * (count * (rows - count) / rows + 0.25 * z2).sqrt();
    let (less, more) = ((count - half).max(0.0), (count + half).min(rows));
    // (count + z²/2 − …) / (rows + z²), without cancellation
    let low = less * less * (1.0 + z2 / rows) / ((less + spread(less)) * (rows + z2));
    let high = if more == rows { 1.0 } else { (more + spread(more)) / (rows + z2) };
    Interval { low, high }
}

/// Newcombe's interval of the difference b/m − a/n out of Wilson's of both (1998, method 10, or 11 with `half`,
/// doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).
pub(super) fn newcombe((a, n): (f64, f64), (b, m): (f64, f64), z: f64, half: f64) -> Interval {
    let (p, q) = (a / n, b / m);
    let (of_p, of_q) = (wilson(a, n, z, half), wilson(b, m, z, half));
    let difference = difference_of_products(b, n, a, m) / (n * m);
    Interval {
        low: (difference - (q - of_q.low).hypot(of_p.high - p)).max(-1.0),
        high: (difference + (of_q.high - q).hypot(p - of_p.low)).min(1.0),
    }
}

/// The z-test of two shares. Each side is `[rows in the category, other rows]`.
///
/// z = (q − p) / √(s (1 − s) (1/n + 1/m)), where p and q are the shares of the category in the reference and in the
/// current sample, n and m the rows and s the share in both together. The p-value is two-sided from the normal
/// distribution, as in statsmodels' `proportions_ztest`; z² is the statistic of
/// [`chi_square_contingency`](crate::chi_square_contingency) without a correction. Where a category has no row on both
/// sides, z is 0 and the p-value 1 (statsmodels: NaN).
///
/// The effect is q − p. Its interval is Newcombe's, made of Wilson's intervals of both (1998, method 10,
/// doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), which is good for few rows and shares near 0
/// too: statsmodels' `confint_proportions_2indep(method="newcomb")`. It isn't the test turned round, so that close to
/// 5 % the two may differ. Contributions are those of the two categories to z².
///
/// # Errors
/// [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::two_proportion_z;
///
/// let test = two_proportion_z([56, 14], [48, 32]).unwrap();
/// assert!((test.effect.value + 0.2).abs() < 1e-15);
/// let interval = test.effect.interval.unwrap(); // (a) in Newcombe's table II
/// assert!((interval.low + 0.3339).abs() < 1e-4 && (interval.high + 0.0524).abs() < 1e-4);
/// ```
pub fn two_proportion_z(reference: [u64; 2], current: [u64; 2]) -> Result<CountTest, DriftError> {
    let (n, m, _) = super::totals(&reference, &current)?;
    let ([a, rest_a], [b, rest_b]) = (reference.map(|x| x as f64), current.map(|x| x as f64));
    // (q − p) n m
    let gap = difference_of_products(b, rest_a, a, rest_b);
    let (inside, outside) = (a + b, rest_a + rest_b);
    let rows = n + m;
    let statistic =
        if gap == 0.0 { 0.0 } else { gap * rows.sqrt() / (n.sqrt() * m.sqrt() * inside.sqrt() * outside.sqrt()) };
    let square = statistic * statistic;
    let effect = Effect {
        measure: EffectMeasure::ShareDifference,
        value: gap / (n * m),
        interval: Some(newcombe((a, n), (b, m), Z, 0.0)),
    };
    Ok(CountTest {
        statistic,
        p_value: Some(normal_two_sided(statistic)),
        method: Method::Asymptotic,
        effect,
        effect_without_drift: None,
        degrees_of_freedom: None,
        contributions: vec![square * outside / rows, square * inside / rows],
        least_expected: Some(inside.min(outside) * n.min(m) / rows),
        reference_rows: Some(n as u64),
        current_rows: m as u64,
    })
}
