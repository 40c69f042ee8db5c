//! The two-sample Cramér–von Mises test.

use super::merge::{LongSum, each_tie};
use super::quadratic_tail::Quadratic;
use super::sample::Sides;
use super::wasserstein::band;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// The two-sample Cramér–von Mises test.
///
/// T = nm / (n + m) ∫ (F − G)² dH, with F and G the shares of the two samples up to a value and H that of both together
/// (Anderson, 1962, doi:10.1214/aoms/1177704477), computed in whole numbers. As in `scipy.stats.cramervonmises_2samp`, the
/// p-value is exact where neither sample has more than 20 values (Xiao, Gordon and Yakovlev, 2007,
/// doi:10.18637/jss.v017.i08), and that of the limit at the standardised T beyond. scipy's limit is 1 less a series that
/// ends at 1e-7, so its small p-values have no digits; this one sums the tail itself. NaN is left out, infinities are
/// values.
///
/// With ties the p-value is too large. scipy takes mean ranks of ties in a formula for ranks without them: two samples of
/// the same constant get a T that grows with their rows, and p = 0. Here equal samples have T = 0, whatever their ties.
///
/// The effect is √∫ (F − G)² dH; its interval is that ± 1.358 √(1/n + 1/m), cut to 0 and 1: √∫ is a norm, which differs by
/// no more than the band of the Kolmogorov–Smirnov test.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where fewer than two are not NaN.
///
/// ```
/// use mlops_drift::{Method, Sample, cramer_von_mises};
///
/// let test = cramer_von_mises(&Sample::of(&[1.0, 2.0, 3.0]), &Sample::of(&[4.0, 5.0, 6.0])).unwrap();
/// assert_eq!(test.method, Method::Exact);
/// assert!((test.p_value.unwrap() - 0.1).abs() < 1e-15); // 2 of 20 orders
/// ```
pub fn cramer_von_mises(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::ranked(reference, current, 2)?;
    let (n, m) = (sides.reference.len(), sides.current.len());
    // Σ (i·m − j·n)², exact where it matters: in short samples.
    let mut squares = LongSum::new();
    each_tie(sides.reference, sides.current, |tie| {
        let difference = ((tie.i + tie.f) * m) as i128 - ((tie.j + tie.g) * n) as i128;
        squares.add((tie.f + tie.g) as f64 * (difference as f64 * difference as f64));
    });
    let (product, total) = (n as f64 * m as f64, (n + m) as f64);
    let squares = squares.value();
    let statistic = squares / product / total / total;
    let (p_value, method) = if n.max(m) <= 20 {
        (exact(n, m, squares as u64), Method::Exact)
    } else {
        (limit(statistic, n as f64, m as f64), Method::Asymptotic)
    };
    let value = (statistic * total / product).sqrt();
    let reach = band(n, m);
    let interval = Interval { low: (value - reach).max(0.0), high: (value + reach).min(1.0) };
    let effect = Effect { measure: EffectMeasure::CramerVonMisesDistance, value, interval: Some(interval) };
    Ok(sides.answer(statistic, Some(p_value), method, effect))
}

fn limit(statistic: f64, n: f64, m: f64) -> f64 {
    let (total, product) = (n + m, n * m);
    let mean = (1.0 + 1.0 / total) / 6.0;
    let variance = (total + 1.0) * (4.0 * product * total - 3.0 * (n * n + m * m) - 2.0 * product)
        / (45.0 * total * total * 4.0 * product);
    Quadratic::CramerVonMises.upper_tail(1.0 / 6.0 + (statistic - mean) / (45.0 * variance).sqrt())
}

/// The share of orders of both samples whose Σ (i·m − j·n)² over all places, which is nm (n + m)² T, is as large or larger.
fn exact(n: usize, m: usize, squares: u64) -> f64 {
    let mut columns: Vec<Vec<(u64, u64)>> = vec![Vec::new(); m + 1];
    for i in 0..=n {
        for j in 0..=m {
            let difference = (i * m).abs_diff(j * n) as u64;
            let left = if j > 0 { columns[j - 1].as_slice() } else { &[] };
            let mut here = if i + j == 0 { vec![(0, 1)] } else { merged(&columns[j], left) };
            here.iter_mut().for_each(|(sum, _)| *sum += difference * difference);
            columns[j] = here;
        }
    }
    let orders = |of: &[(u64, u64)]| of.iter().map(|&(_, orders)| orders).sum::<u64>() as f64;
    let first = columns[m].partition_point(|&(sum, _)| sum < squares);
    orders(&columns[m][first..]) / orders(&columns[m])
}

/// Two rising lists of sums and how often each comes.
fn merged(a: &[(u64, u64)], b: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while let (Some(&(x, orders)), Some(&(y, others))) = (a.get(i), b.get(j)) {
        all.push((x.min(y), if x <= y { orders } else { 0 } + if y <= x { others } else { 0 }));
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    all.extend_from_slice(&a[i..]);
    all.extend_from_slice(&b[j..]);
    all
}
