//! The two-sample Cramér–von Mises test.

use super::merge::each_tie;
use super::quadratic_tail::Quadratic;
use super::sample::Sides;
use super::wasserstein::band;
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// The two-sample Cramér–von Mises test.
///
/// T = nm / (n + m) ∫ (F − G)² dH, with H the share of both samples together, computed in whole numbers from the ranks, those
/// of ties being their mean (Anderson, 1962, doi:10.1214/aoms/1177704477). As in `scipy.stats.cramervonmises_2samp`, the
/// p-value is exact where neither sample has more than 20 values (Xiao, Gordon and Yakovlev, 2007,
/// doi:10.18637/jss.v017.i08), and that of the limit at the standardised T beyond. scipy's limit is 1 less a series that
/// ends at 1e-7, so its small p-values have no digits; this one sums the tail itself. NaN is left out, infinities are
/// values. With ties the p-value is too large.
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
    // Four times Σ (midrank − place)² of either side.
    let (mut squares_n, mut squares_m) = (0_i128, 0_i128);
    each_tie(sides.reference, sides.current, |tie| {
        let (i, j, f, g) = (tie.i as i128, tie.j as i128, tie.f as i128, tie.g as i128);
        // Σ (c − k)² for k = 1 to `equal`, where c is the midrank less the own values below.
        let of = |equal: i128, below: i128| {
            if equal == 0 {
                return 0;
            }
            let twice = 2 * below + f + g + 1;
            equal * twice * twice - 2 * twice * equal * (equal + 1) + 2 * equal * (equal + 1) * (2 * equal + 1) / 3
        };
        squares_n += of(f, j);
        squares_m += of(g, i);
    });
    let (rows_n, rows_m) = (n as i128, m as i128);
    let product = rows_n * rows_m;
    let four_u = rows_n * squares_n + rows_m * squares_m;
    // T = U / (nmN) − (4nm − 1) / (6N), over one denominator.
    let total = (n + m) as f64;
    let numerator = 3 * four_u - 2 * product * (4 * product - 1);
    let statistic = numerator as f64 / (12.0 * product as f64 * total);
    let (p_value, method) = if n.max(m) <= 20 {
        (exact(n, m, numerator), Method::Exact)
    } else {
        (limit(statistic, n as f64, m as f64), Method::Asymptotic)
    };
    let value = (statistic.max(0.0) * total / product as f64).sqrt();
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

/// The share of orders of both samples whose T is as large or larger, by how often each Σ (i·m − j·n)² over the places
/// of an order comes: nm·N²·T.
fn exact(n: usize, m: usize, numerator: i128) -> f64 {
    // T = numerator / (12 nmN), and T = Σ d² / (nmN²): Σ d² = numerator · N / 12.
    let wanted = numerator * (n + m) as i128;
    let mut columns: Vec<Vec<(i128, u64)>> = vec![Vec::new(); m + 1];
    for i in 0..=n {
        for j in 0..=m {
            let difference = (i * m) as i128 - (j * n) as i128;
            let left = if j > 0 { columns[j - 1].as_slice() } else { &[] };
            let mut here = if i + j == 0 { vec![(0, 1)] } else { merged(&columns[j], left) };
            here.iter_mut().for_each(|(sum, _)| *sum += difference * difference);
            columns[j] = here;
        }
    }
    let orders = |of: &[(i128, u64)]| of.iter().map(|&(_, orders)| orders).sum::<u64>() as f64;
    let first = columns[m].partition_point(|&(sum, _)| 12 * sum < wanted);
    orders(&columns[m][first..]) / orders(&columns[m])
}

/// Two rising lists of sums and how often each comes.
fn merged(a: &[(i128, u64)], b: &[(i128, u64)]) -> Vec<(i128, u64)> {
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
