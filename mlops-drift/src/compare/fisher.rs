//! Fisher's exact test.

use super::hypergeometric::Table;
use super::{CountTest, Effect, EffectMeasure, Interval, Method, totals};
use crate::DriftError;
use crate::error::out_of_range;

/// Fisher's exact test of two shares. Each side is `[rows in the category, other rows]`.
///
/// With all four margins given, the rows of the reference in the category have a hypergeometric distribution without
/// a change. The p-value is two-sided: the probability of all tables that are at most as probable as the one seen
/// (Fisher, *The Design of Experiments*, 1935; Freeman and Halton, 1951, doi:10.1093/biomet/38.1-2.141). Tables that
/// are more probable by less than 1e-7 of it count as ties, as in R, so that rounding can't leave out one that is exactly
/// as probable; `scipy.stats.fisher_exact` allows 1e-14 of it, and gave the same to 1e-9 for 322 generated tables.
///
/// The statistic and the effect are the odds ratio a d / (b c) of `[a, b]` in the reference and `[c, d]` in the current
/// sample: above 1, the category has become rarer. It is infinite where b or c is 0 but a and d aren't, as scipy's. Where
/// one of a and d and one of b and c is 0, a margin is 0: then the p-value is 1, the odds ratio 1 (scipy: NaN), and
/// there is no interval. The interval is that of Cornfield's exact conditional test (1956), which holds the odds ratio
/// in at least 95 % of samples: `scipy.stats.contingency.odds_ratio(…).confidence_interval()`. The estimate that goes
/// with it in scipy, and that R prints, is the conditional one, closer to 1. There are no contributions.
///
/// # Errors
/// [`DriftError::Empty`] where a side has no row, [`DriftError::OutOfRange`] for more than 2^40 rows, whose tables would
/// take seconds to add up.
///
/// ```
/// use mlops_drift::fisher_exact;
///
/// let test = fisher_exact([8, 2], [1, 5]).unwrap();
/// assert_eq!(test.statistic, 20.0);
/// assert!((test.p_value.unwrap() - 400.0 / 11_440.0).abs() < 1e-15); // 0.035
/// ```
pub fn fisher_exact(reference: [u64; 2], current: [u64; 2]) -> Result<CountTest, DriftError> {
    let (n, m, _) = totals(&reference, &current)?;
    if n + m > 1_099_511_627_776.0 {
        return out_of_range("rows", &(n + m), "up to 2^40");
    }
    let ([a, b], [c, d]) = (reference.map(|x| x as f64), current.map(|x| x as f64));
    let table = Table { a, b, c, d };
    let (p_value, odds, interval) = if a + c == 0.0 || b + d == 0.0 {
        (1.0, 1.0, None)
    } else {
        let interval = Interval { low: table.least_odds(0.025), high: table.greatest_odds(0.025) };
        (table.two_sided(), a * d / (b * c), Some(interval))
    };
    Ok(CountTest {
        statistic: odds,
        p_value: Some(p_value),
        method: Method::Exact,
        effect: Effect { measure: EffectMeasure::OddsRatio, value: odds, interval },
        effect_without_drift: None,
        degrees_of_freedom: None,
        contributions: Vec::new(),
        least_expected: None,
        reference_rows: Some(n as u64),
        current_rows: m as u64,
    })
}
