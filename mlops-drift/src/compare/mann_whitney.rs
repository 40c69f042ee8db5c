//! The Mann–Whitney U test.

use super::merge::each_tie;
use super::sample::Sides;
use super::special::normal_two_sided;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// The Mann–Whitney U test (Wilcoxon's rank sum test), two-sided.
///
/// U is how many pairs of a reference value and a current one have the larger value in the reference, ties counting a half
/// (Mann and Whitney, 1947, doi:10.1214/aoms/1177730491): the statistic of `scipy.stats.mannwhitneyu`. The p-value is exact,
/// from all orders, where a sample has at most 8 values and there are no ties; else it is that of the normal distribution with
/// the correction for ties and for continuity. That is scipy's choice, but that the exact p-value is given up where the number of
/// orders leaves 128 bits: from about 170,000 values beside 8. NaN is left out, infinities are values.
///
/// The effect is the probability of superiority 1 − U / nm, with an interval on the scale of logits by the variance of the
/// placements (DeLong, DeLong and Clarke-Pearson, 1988, doi:10.2307/2531595); none at 0 and 1 and where that variance is 0.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where all are NaN.
///
/// ```
/// use mlops_drift::{Sample, mann_whitney};
///
/// let test = mann_whitney(&Sample::of(&[1.0, 2.0, 3.0]), &Sample::of(&[2.5, 4.0, 5.0])).unwrap();
/// assert_eq!(test.statistic, 1.0);
/// assert!((test.p_value.unwrap() - 0.2).abs() < 1e-15); // 4 of 20 orders
/// assert!((test.effect.value - 8.0 / 9.0).abs() < 1e-15);
/// ```
pub fn mann_whitney(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::ranked(reference, current, 1)?;
    let (n, m) = (sides.reference.len(), sides.current.len());
    let mut ranks = Ranks::default();
    each_tie(sides.reference, sides.current, |tie| {
        let below = (2 * tie.j + tie.g) as u128;
        let above = (2 * tie.i + tie.f) as u128;
        let (f, g) = (tie.f as u128, tie.g as u128);
        ranks.twice_u += f * below;
        ranks.squares_reference += f * below * below;
        ranks.squares_current += g * above * above;
        let equal = f + g;
        ranks.ties += equal * equal * equal - equal;
    });
    let product = n as f64 * m as f64;
    let statistic = 0.5 * ranks.twice_u as f64;
    let exact = if n.min(m) <= 8 && ranks.ties == 0 { exact(n, m, (ranks.twice_u / 2) as usize) } else { None };
    let (p_value, method) = match exact {
        Some(p_value) => (p_value, Method::Exact),
        None => (normal(&ranks, n, m), Method::Asymptotic),
    };
    let value = (2 * n as u128 * m as u128 - ranks.twice_u) as f64 / (2.0 * product);
    let measure = EffectMeasure::ProbabilityOfSuperiority;
    let effect = Effect { measure, value, interval: ranks.interval(value, n as f64, m as f64) };
    Ok(sides.answer(statistic, Some(p_value), method, effect))
}

#[derive(Default)]
struct Ranks {
    twice_u: u128,
    /// Σ of four times the squared number of current values below each of the reference.
    squares_reference: u128,
    /// Σ of four times the squared number of reference values below each of the current sample.
    squares_current: u128,
    /// Σ t³ − t.
    ties: u128,
}

impl Ranks {
    fn interval(&self, value: f64, n: f64, m: f64) -> Option<Interval> {
        if n < 2.0 || m < 2.0 {
            return None;
        }
        // The variance of the shares of the other sample that are below, on either side.
        let below = 1.0 - value;
        let of_reference = (self.squares_reference as f64 / (4.0 * n * m * m) - below * below).max(0.0);
        let of_current = (self.squares_current as f64 / (4.0 * m * n * n) - value * value).max(0.0);
        let variance = of_reference / (n - 1.0) + of_current / (m - 1.0);
        if !(variance > 0.0 && value > 0.0 && value < 1.0) {
            return None;
        }
        let logit = (value / below).ln();
        let reach = 1.959_963_984_540_054 * variance.sqrt() / (value * below);
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Some(Interval { low: back(logit - reach), high: back(logit + reach) })
    }
}

fn normal(ranks: &Ranks, n: usize, m: usize) -> f64 {
    let (product, total) = (n as f64 * m as f64, (n + m) as f64);
    let deviation =
        (product / 12.0 * ((total + 1.0) - ranks.ties as f64 / (total * (total - 1.0)))).max(0.0).sqrt();
    let away = (ranks.twice_u as i128 - n as i128 * m as i128).unsigned_abs();
    // |U − nm/2| − ½, below which U is as near to its mean as it can be.
    let away = 0.5 * (away as f64 - 1.0);
    if deviation == 0.0 || away <= 0.0 { 1.0 } else { normal_two_sided(away / deviation) }
}

/// 2 P(U ≤ least), at most 1, from the numbers of orders with each U: the coefficients of Π (1 − q^(m+i)) / (1 − qⁱ). Their
/// arithmetic wraps at 2¹²⁸, which doesn't matter where all of them together are fewer.
fn exact(n: usize, m: usize, u: usize) -> Option<f64> {
    let (few, many) = (n.min(m), n.max(m));
    let mut all = 1_u128;
    for i in 1..=few {
        all = all.checked_mul((many + i) as u128)? / i as u128;
    }
    let least = u.min(n * m - u);
    let mut orders = vec![0_u128; least + 1];
    orders[0] = 1;
    for i in 1..=few {
        for at in (many + i..=least).rev() {
            orders[at] = orders[at].wrapping_sub(orders[at - many - i]);
        }
        for at in i..=least {
            orders[at] = orders[at].wrapping_add(orders[at - i]);
        }
    }
    let tail: u128 = orders.iter().sum();
    Some((2.0 * tail as f64 / all as f64).min(1.0))
}
