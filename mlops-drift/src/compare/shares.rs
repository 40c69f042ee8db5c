//! Shares of counts, and differences of them that don't lose digits where they are nearly equal.

use super::divergence_interval::Divergence;
use super::{Interval, totals};
use crate::DriftError;

/// A bin on both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Rows in the reference.
    pub(super) a: f64,
    /// Rows in the current sample.
    pub(super) b: f64,
    /// The share in the reference.
    pub(super) p: f64,
    /// The share in the current sample.
    pub(super) q: f64,
    /// q − p, to the last digits.
    pub(super) difference: f64,
}

/// All bins on both sides.
#[derive(Debug)]
pub(super) struct Pairs {
    /// In the order of the counts; all zero where both sides are empty.
    pub(super) bins: Vec<Pair>,
    /// The reference's rows.
    pub(super) n: f64,
    /// The current rows.
    pub(super) m: f64,
    /// How many bins have a row.
    pub(super) occupied: f64,
}

impl Pairs {
    /// Shares of the counts, each with `added` more unless its bin is empty on both sides.
    pub(super) fn of(reference: &[u64], current: &[u64], added: f64) -> Result<Self, DriftError> {
        let (n, m, occupied) = totals(reference, current)?;
        let occupied = occupied as f64;
        let (all_n, all_m) = (n + added * occupied, m + added * occupied);
        let pair = |(&a, &b): (&u64, &u64)| {
            if a == 0 && b == 0 {
                return Pair { a: 0.0, b: 0.0, p: 0.0, q: 0.0, difference: 0.0 };
            }
            let (a, b) = (a as f64, b as f64);
            let (over, under) = (a + added, b + added);
            let difference = difference_of_products(under, all_n, over, all_m) / (all_n * all_m);
            Pair { a, b, p: over / all_n, q: under / all_m, difference }
        };
        Ok(Self { bins: reference.iter().zip(current).map(pair).collect(), n, m, occupied })
    }

    /// The bins that have a row.
    pub(super) fn occupied(&self) -> impl Iterator<Item = &Pair> {
        self.bins.iter().filter(|bin| bin.a + bin.b > 0.0)
    }

    /// The least number of rows that an occupied bin would have on a side if the shares of both were the same.
    pub(super) fn least_expected(&self) -> f64 {
        let least = self.occupied().map(|bin| bin.a + bin.b).fold(f64::INFINITY, f64::min);
        least * (self.n.min(self.m) / (self.n + self.m))
    }

    /// Where a divergence of the shares that these were drawn from may lie, as [`Divergence::interval`] says.
    ///
    /// It is `value` in the samples, is chi-square without a difference when multiplied with `scale`, and `gradient` gives
    /// its derivatives by p and by q in a bin. None where an occupied bin has less than 5 rows on a side, since its
    /// share's logarithm then isn't known to within a normal error.
    pub(super) fn interval(
        &self,
        value: f64,
        scale: f64,
        gradient: impl Fn(&Pair) -> (f64, f64),
    ) -> Option<Interval> {
        if self.occupied().any(|bin| bin.a.min(bin.b) < 5.0) {
            return None;
        }
        let (mut of_p, mut of_q) = (Moments::default(), Moments::default());
        for bin in self.occupied() {
            let (by_p, by_q) = gradient(bin);
            of_p.add(bin.p, by_p);
            of_q.add(bin.q, by_q);
        }
        let variance = of_p.variance() / self.n + of_q.variance() / self.m;
        Divergence { value, scale, variance, degrees_of_freedom: self.occupied - 1.0 }.interval()
    }

    /// 1/n + 1/m
    pub(super) fn per_row(&self) -> f64 {
        1.0 / self.n + 1.0 / self.m
    }
}

/// The moments of values that have weights of sum 1.
#[derive(Debug, Default)]
pub(super) struct Moments {
    mean: f64,
    square: f64,
    weight: f64,
}

impl Moments {
    /// By West's update, which keeps the digits of a variance that is small beside the mean.
    pub(super) fn add(&mut self, weight: f64, x: f64) {
        if weight > 0.0 {
            self.weight += weight;
            let off = x - self.mean;
            self.mean += off * weight / self.weight;
            self.square += weight * off * (x - self.mean);
        }
    }

    pub(super) fn variance(&self) -> f64 {
        self.square.max(0.0)
    }
}

/// a b − c d, to about one unit in the last place, however much of the products goes away (Kahan; see Jeannerod, Louvet
/// and Muller, 2013, doi:10.1090/S0025-5718-2013-02679-8).
pub(super) fn difference_of_products(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let (left, right) = (a * b, c * d);
    if left.max(right) < 9_007_199_254_740_992.0 && [a, b, c, d].iter().all(|x| x.fract() == 0.0) {
        return left - right; // both exact
    }
    (left - right) + (a.mul_add(b, -left) - c.mul_add(d, -right))
}

/// x ln(x / e) − x + e for x ≥ 0 and e ≥ 0, where `gap` is e − x: never negative, and 0 for x = e.
pub(super) fn deviance(x: f64, expected: f64, gap: f64) -> f64 {
    if x == 0.0 {
        return expected;
    }
    let u = gap / x;
    if u.abs() > 0.25 {
        return x * (u - (expected / x).ln());
    }
    // u − ln(1 + u) with y = u / (2 + u): u y − 2 (y³/3 + y⁵/5 + …)
    let y = u / (2.0 + u);
    let y2 = y * y;
    let mut series = 0.0;
    for odd in (3..=19).rev().step_by(2) {
        series = series * y2 + 1.0 / f64::from(odd);
    }
    x * (u * y - 2.0 * y * y2 * series)
}
