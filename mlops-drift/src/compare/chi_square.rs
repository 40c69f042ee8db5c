//! Chi-square tests of counts.

use super::divergence_interval::Divergence;
use super::shares::{Moments, Pair, Pairs, difference_of_products};
use super::special::chi_square_upper;
use super::{CountTest, Effect, EffectMeasure, Interval, Method, totals};
use crate::DriftError;
use crate::error::out_of_range;

/// Whether a chi-square statistic with one degree of freedom is corrected for its counts being whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContinuityCorrection {
    /// No: the default.
    #[default]
    None,
    /// Yates' (1934, doi:10.2307/2983604), with one degree of freedom; with more, nothing is corrected.
    Yates,
}

/// The chi-square test of two samples of categories: do both have the same shares?
///
/// X² = Σ (aᵢ − eᵢ)² / eᵢ + Σ (bᵢ − fᵢ)² / fᵢ, where aᵢ and bᵢ are the rows in category i of the reference (n in all)
/// and of the current sample (m), eᵢ = n (aᵢ + bᵢ) / N and fᵢ = m (aᵢ + bᵢ) / N with N = n + m (Pearson, 1900,
/// doi:10.1080/14786440009463897). The p-value is that of chi-square with B − 1 degrees of freedom, B being the number of
/// categories that have a row: those without are left out (scipy refuses them). It is doubtful where
/// [`least_expected`](CountTest::least_expected) is below 5. One category gives 0 and a p-value of 1.
///
/// `scipy.stats.chi2_contingency` corrects by default where there is one degree of freedom, i.e. two categories, and
/// nowhere else: that is [`ContinuityCorrection::Yates`] here. It moves each count by up to ½ towards its expectation,
/// which makes p-values too large. Evidently's chi-square test of categories is
/// [`chi_square_goodness_of_fit`] instead, against the reference's shares as if they were known exactly.
///
/// The effect is Cramér's V, √(X² / N) here, without the correction, 0 to 1 (Cramér, *Mathematical Methods of
/// Statistics*, 1946, 21.9). It is too large on average: without a change it is about √((B − 1) / (N − 1)), given as
/// [`effect_without_drift`](CountTest::effect_without_drift); √max(0, V² − that²) is nearly without that bias (Bergsma,
/// 2013, doi:10.1016/j.jkss.2012.10.002). It also depends on the ratio of n to m, and is greatest for n = m. Its interval
/// is as that of [`kullback_leibler`](crate::kullback_leibler), which takes the bias off, so the value may lie above it;
/// there is none where a category has less than 5 rows on a side, or there is one category.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::{ContinuityCorrection, chi_square_contingency};
///
/// let test = chi_square_contingency(&[30, 10], &[20, 20], ContinuityCorrection::None).unwrap();
/// assert!((test.statistic - 16.0 / 3.0).abs() < 1e-14);
/// let corrected = chi_square_contingency(&[30, 10], &[20, 20], ContinuityCorrection::Yates).unwrap();
/// assert!((corrected.statistic - 4.32).abs() < 1e-14);
/// assert!(corrected.p_value > test.p_value);
/// ```
pub fn chi_square_contingency(
    reference: &[u64],
    current: &[u64],
    correction: ContinuityCorrection,
) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let (n, m) = (pairs.n, pairs.m);
    let rows = n + m;
    let degrees_of_freedom = pairs.occupied - 1.0;
    let most =
        if correction == ContinuityCorrection::Yates && degrees_of_freedom == 1.0 { 0.5 * rows } else { 0.0 };
    // N (e − a) = n b − m a, and 1/e + 1/f = N² / (n m (a + b))
    let parts = |most: f64| -> Vec<f64> {
        let part = |bin: &Pair| {
            if bin.a + bin.b == 0.0 {
                return 0.0;
            }
            let gap = difference_of_products(n, bin.b, m, bin.a).abs();
            let gap = gap - gap.min(most);
            gap / n * (gap / m) / (bin.a + bin.b)
        };
        pairs.bins.iter().map(part).collect()
    };
    let contributions = parts(most);
    let statistic: f64 = contributions.iter().sum();
    let plain: f64 = if most > 0.0 { parts(0.0).iter().sum() } else { statistic };
    let (share, rest) = (n / rows, m / rows);
    let gradient = |bin: &Pair| {
        let u = bin.difference / (share * bin.p + rest * bin.q);
        (share * rest * (-2.0 * u - share * u * u), share * rest * (2.0 * u - rest * u * u))
    };
    let value = plain / rows;
    let interval = pairs.interval(value, rows, gradient);
    Ok(CountTest {
        statistic,
        p_value: Some(chi_square_p_value(statistic, degrees_of_freedom)),
        method: Method::Asymptotic,
        effect: Effect {
            measure: EffectMeasure::CramersV,
            value: value.sqrt().min(1.0),
            interval: interval.map(|i| Interval { low: i.low.sqrt(), high: i.high.sqrt().min(1.0) }),
        },
        effect_without_drift: Some((degrees_of_freedom / (rows - 1.0)).sqrt()),
        degrees_of_freedom: Some(degrees_of_freedom),
        contributions,
        least_expected: Some(pairs.least_expected()),
        reference_rows: Some(n as u64),
        current_rows: m as u64,
    })
}

/// The chi-square test of categories against shares that are known exactly.
///
/// X² = Σ (bᵢ − m sᵢ)² / (m sᵢ), where bᵢ are the rows in category i, m those in all and sᵢ the expected shares (Pearson,
/// 1900, doi:10.1080/14786440009463897). The p-value is that of chi-square with one degree of freedom less than there
/// are categories with a share, as in `scipy.stats.chisquare`; it is doubtful where
/// [`least_expected`](CountTest::least_expected) is below 5. The shares are divided by their sum, which must be 1 to 1.5e-8
/// as scipy demands. Where they are those of a sample, they have an error of their own, which this test takes for
/// drift: [`chi_square_contingency`] doesn't.
///
/// Rows in a category whose share is 0 make the statistic and the effect infinite and the p-value 0: they can't be, if
/// the shares are right. The category is the one whose contribution is infinite. A category without share and rows is
/// left out (scipy: NaN).
///
/// The effect is Cohen's w, √(X² / m) (*Statistical Power Analysis for the Behavioral Sciences*, 1988, 7.2). Without a
/// change it is about √((B − 1) / m), given as [`effect_without_drift`](CountTest::effect_without_drift), and as much
/// too large with a small one. Its interval takes that off, as that of [`kullback_leibler`](crate::kullback_leibler)
/// does; there is none where `least_expected` is below 5 or there is one category.
///
/// # Errors
/// [`DriftError::OtherBins`] for unequal lengths, [`DriftError::Empty`] for no row, [`DriftError::OutOfRange`] for a
/// share that is negative, NaN or infinite, and for shares whose sum isn't 1.
///
/// ```
/// use mlops_drift::chi_square_goodness_of_fit;
///
/// let test = chi_square_goodness_of_fit(&[0.5, 0.25, 0.25], &[40, 40, 20]).unwrap();
/// assert!((test.statistic - 12.0).abs() < 1e-13);
/// let unseen = chi_square_goodness_of_fit(&[0.5, 0.5, 0.0], &[40, 40, 1]).unwrap();
/// assert_eq!((unseen.statistic, unseen.p_value), (f64::INFINITY, Some(0.0)));
/// assert_eq!(unseen.contributions[2], f64::INFINITY);
/// ```
pub fn chi_square_goodness_of_fit(expected_shares: &[f64], current: &[u64]) -> Result<CountTest, DriftError> {
    let allowed = "finite shares, none negative, of sum 1";
    if let Some(share) = expected_shares.iter().find(|&&share| !(0.0..=1.5).contains(&share)) {
        return out_of_range("expected_shares", share, allowed);
    }
    let sum: f64 = expected_shares.iter().sum();
    if expected_shares.len() != current.len() {
        return Err(DriftError::OtherBins { reference: expected_shares.len(), current: current.len() });
    }
    let (m, _, _) = totals(current, current).map_err(|_| DriftError::Empty { side: "current" })?;
    if (sum - 1.0).abs() > f64::EPSILON.sqrt() {
        return out_of_range("expected_shares", &format_args!("of sum {sum}"), allowed);
    }
    let part = |(&share, &count): (&f64, &u64)| match (share > 0.0, count) {
        (false, 0) => 0.0,
        (false, _) => f64::INFINITY,
        (true, count) => {
            let gap = difference_of_products(m, share, count as f64, sum);
            gap / (m * share) * (gap / sum)
        }
    };
    let contributions: Vec<f64> = expected_shares.iter().zip(current).map(part).collect();
    let statistic: f64 = contributions.iter().sum();
    let possible = expected_shares.iter().filter(|&&share| share > 0.0);
    let degrees_of_freedom = possible.clone().count() as f64 - 1.0;
    let least_expected = possible.fold(f64::INFINITY, |least, &share| least.min(m * share / sum));
    // The variance of Σ (q − s)² / s, with derivatives 2 (q − s) / s
    let mut slopes = Moments::default();
    for (&share, &count) in expected_shares.iter().zip(current).filter(|&(&share, _)| share > 0.0) {
        let q = count as f64 / m;
        slopes.add(q, 2.0 * (q * sum - share) / share);
    }
    let (value, variance) = (statistic / m, slopes.variance() / m);
    let interval = if least_expected >= 5.0 {
        Divergence { value, scale: m, variance, degrees_of_freedom }.interval()
    } else {
        None
    };
    Ok(CountTest {
        statistic,
        p_value: Some(chi_square_p_value(statistic, degrees_of_freedom)),
        method: Method::Asymptotic,
        effect: Effect {
            measure: EffectMeasure::CohensW,
            value: value.sqrt(),
            interval: interval.map(|i| Interval { low: i.low.sqrt(), high: i.high.sqrt() }),
        },
        effect_without_drift: Some((degrees_of_freedom / m).sqrt()),
        degrees_of_freedom: Some(degrees_of_freedom),
        contributions,
        least_expected: Some(least_expected),
        reference_rows: None,
        current_rows: m as u64,
    })
}

/// P(X ≥ statistic) of chi-square, which without degrees of freedom is always 0.
pub(super) fn chi_square_p_value(statistic: f64, degrees_of_freedom: f64) -> f64 {
    match degrees_of_freedom {
        k if k >= 1.0 => chi_square_upper(statistic, k),
        _ if statistic == f64::INFINITY => 0.0,
        _ => 1.0,
    }
}
