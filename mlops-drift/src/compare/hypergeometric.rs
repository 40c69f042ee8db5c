//! The hypergeometric distribution of tables with two rows and two columns whose margins are given.

use super::shares::{deviance, difference_of_products};

/// A table, as whole numbers in floating point: `a b` over `c d`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

impl Table {
    /// The table of the same margins whose first cell is `a`.
    fn with(self, a: f64) -> Self {
        let more = a - self.a;
        Self { a, b: self.b - more, c: self.c - more, d: self.d + more }
    }

    /// The largest first cell that the margins allow.
    fn most(self) -> f64 {
        (self.a + self.b).min(self.a + self.c)
    }

    /// With its columns exchanged.
    fn mirrored(self) -> Self {
        Self { a: self.b, b: self.a, c: self.d, d: self.c }
    }

    /// ln P(table), to about 1e-13: the factorials by Stirling's formula with its error, whose large parts make up
    /// minus half the statistic of the G-test (after Loader, *Fast and Accurate Computation of Binomial
    /// Probabilities*, 2000).
    fn ln_probability(self) -> f64 {
        let Self { a, b, c, d } = self;
        let (top, bottom, left, right) = (a + b, c + d, a + c, b + d);
        let all = top + bottom;
        let gap = difference_of_products(b, c, a, d) / all;
        let deviances = deviance(a, top * left / all, gap)
            + deviance(b, top * right / all, -gap)
            + deviance(c, bottom * left / all, -gap)
            + deviance(d, bottom * right / all, gap);
        let margins = stirling(top) + stirling(bottom) + stirling(left) + stirling(right) - stirling(all);
        margins - stirling(a) - stirling(b) - stirling(c) - stirling(d) - deviances
    }

    /// Σ ψ^(k−a) P(k) / P(a) over the tables from this one on to those of larger first cells, itself included.
    fn sum_up(self, odds: f64) -> f64 {
        let Self { mut a, mut b, mut c, mut d } = self;
        let (mut term, mut sum) = (1.0, 1.0);
        while b > 0.0 && c > 0.0 {
            let ratio = odds * (b / (a + 1.0)) * (c / (d + 1.0));
            term *= ratio;
            sum += term;
            if (ratio < 1.0 && term < sum * 1e-18) || sum == f64::INFINITY {
                break;
            }
            (a, b, c, d) = (a + 1.0, b - 1.0, c - 1.0, d + 1.0);
        }
        sum
    }

    /// The probability of all tables that are at most as probable as this one, those included that are more probable
    /// by less than 1e-7 of it.
    pub(super) fn two_sided(self) -> f64 {
        let all = self.a + self.b + self.c + self.d;
        let mode = ((self.a + self.b + 1.0) * ((self.a + self.c + 1.0) / (all + 2.0))).floor().min(self.most());
        let limit = self.ln_probability() + 1e-7;
        if self.with(mode).ln_probability() <= limit {
            return 1.0;
        }
        // So that the table is left of the mode, and its ties to the right of it.
        let (table, mode) = if self.a > mode { (self.mirrored(), self.a + self.b - mode) } else { (self, mode) };
        let tail = table.mirrored().sum_up(1.0) * table.ln_probability().exp();
        let (mut over, mut under) = (mode, table.most() + 1.0);
        while under - over > 1.0 {
            let middle = (0.5 * (over + under)).floor();
            if table.with(middle).ln_probability() <= limit {
                under = middle;
            } else {
                over = middle;
            }
        }
        if under > table.most() {
            return tail.min(1.0);
        }
        let other = table.with(under);
        (tail + other.sum_up(1.0) * other.ln_probability().exp()).min(1.0)
    }

    /// The least odds ratio for which a first cell as large or larger has a probability of `tail`.
    pub(super) fn least_odds(self, tail: f64) -> f64 {
        if self.a == 0.0 || self.d == 0.0 {
            return 0.0;
        }
        let below = self.with(self.a - 1.0).mirrored();
        // P(a − 1) / P(a)
        let step = (self.a / (self.b + 1.0)) * (self.d / (self.c + 1.0));
        // Rises with the odds.
        let excess = |ln_odds: f64| {
            let odds = ln_odds.exp();
            let ratio = step / odds * below.sum_up(1.0 / odds) / self.sum_up(odds);
            (-ratio.ln_1p() - tail.ln()).max(-1e3)
        };
        let [a, b, c, d] = [self.a, self.b, self.c, self.d].map(|x| x + 0.5);
        let middle = (a / b * (d / c)).ln();
        let reach = (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
        let (mut low, mut high) = (middle - 2.0 * reach, middle - reach);
        let (mut at_low, mut at_high) = (excess(low), excess(high));
        for _ in 0..100 {
            if at_low > 0.0 {
                (high, at_high) = (low, at_low);
                low -= reach;
                at_low = excess(low);
            } else if at_high < 0.0 {
                (low, at_low) = (high, at_high);
                high += reach;
                at_high = excess(high);
            } else {
                break;
            }
        }
        illinois((low, at_low), (high, at_high), excess).exp()
    }

    /// The greatest odds ratio for which a first cell as small or smaller has a probability of `tail`.
    pub(super) fn greatest_odds(self, tail: f64) -> f64 {
        1.0 / self.mirrored().least_odds(tail)
    }
}

/// A root between two points with their values, negative and positive, by the Illinois form of regula falsi (Dowell and
/// Jarratt, 1971, doi:10.1007/BF01934364).
pub(super) fn illinois(
    (mut low, mut at_low): (f64, f64),
    (mut high, mut at_high): (f64, f64),
    of: impl Fn(f64) -> f64,
) -> f64 {
    let mut last = 0.0_f64;
    for _ in 0..200 {
        let x = (low * at_high - high * at_low) / (at_high - at_low);
        let value = of(x);
        if value == 0.0 || high - low <= 1e-14 * x.abs().max(1.0) {
            return x;
        }
        if value > 0.0 {
            (high, at_high) = (x, value);
            if last > 0.0 {
                at_low *= 0.5;
            }
        } else {
            (low, at_low) = (x, value);
            if last < 0.0 {
                at_high *= 0.5;
            }
        }
        last = value;
    }
    0.5 * (low + high)
}

/// ln x! − x ln x + x, for whole x.
pub(super) fn stirling(x: f64) -> f64 {
    /// ½ ln 2π
    const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_7;
    if x < 16.0 {
        let factorial: f64 = (2..=x as u32).map(f64::from).product();
        return if x == 0.0 { 0.0 } else { factorial.ln() - x * x.ln() + x };
    }
    let r = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];
    HALF_LN_TWO_PI + 0.5 * x.ln() + series.iter().rev().fold(0.0, |sum, c| sum * r + c) / x
}
