//! The exact interval of a share.

use super::Interval;
use super::hypergeometric::{illinois, stirling};
use super::proportion::{Z, wilson};
use super::shares::deviance;

/// The probability beyond either end.
const TAIL: f64 = 0.025;

/// Clopper and Pearson's interval of a share (1934, doi:10.1093/biomet/26.4.404), `count` of `rows`: it holds the share
/// in at least 95 % of samples, whatever it is.
pub(super) fn clopper_pearson(count: f64, rows: f64) -> Interval {
    let rest = rows - count;
    if count.min(rest) > 1e8 {
        // The sums below would be long. Wilson's differs by 1e-8 of the share at most.
        return wilson(count, rows, Z, 0.0);
    }
    // In ln share, so that shares near 0 keep their digits; about a standard deviation.
    let step = 1.0 / (count + 0.5).sqrt();
    let excess = |tail: f64| (tail / TAIL).ln().max(-1e3);
    let low = if count == 0.0 {
        0.0
    } else {
        let at = |ln: f64| excess(up_to(rest, count, -ln.exp_m1(), ln.exp()));
        let high = (count / rows).ln();
        let low = beyond(high, -2.0 * step, |ln| at(ln) <= 0.0);
        illinois((low, at(low)), (high, at(high)), at).exp()
    };
    let high = if rest == 0.0 {
        1.0
    } else {
        let at = |ln: f64| -excess(up_to(count, rest, ln.exp(), -ln.exp_m1()));
        let low = (count.max(0.5) / rows).ln();
        let high = beyond(low, 2.0 * step, |ln| at(ln) >= 0.0);
        illinois((low, at(low)), (high, at(high)), at).exp()
    };
    Interval { low, high }
}

/// A point, no more than 0, that is past what is sought, by steps that double.
fn beyond(start: f64, mut step: f64, past: impl Fn(f64) -> bool) -> f64 {
    let mut at = (start + step).min(0.0);
    for _ in 0..100 {
        if past(at) {
            break;
        }
        at = (at + step).min(0.0);
        step *= 2.0;
    }
    at
}

/// P(X ≤ count) of the binomial distribution of `count + rest` rows, for a share and its complement.
fn up_to(count: f64, rest: f64, share: f64, complement: f64) -> f64 {
    let rows = count + rest;
    // rows · share − count, from the lesser share, whose digits are not lost beside 1.
    let gap = if share < complement { rows.mul_add(share, -count) } else { rest - rows * complement };
    // As the tables of the hypergeometric distribution.
    let ln_probability = stirling(rows)
        - stirling(count)
        - stirling(rest)
        - deviance(count, rows * share, gap)
        - deviance(rest, rows * complement, -gap);
    let (mut term, mut sum) = (1.0, 1.0);
    let (mut count, mut rest) = (count, rest);
    while count > 0.0 && term > sum * 1e-17 {
        term *= count / (rest + 1.0) * (complement / share);
        sum += term;
        (count, rest) = (count - 1.0, rest + 1.0);
    }
    ln_probability.exp() * sum
}
