//! The likelihood-ratio test of counts.

use super::chi_square::chi_square_p_value;
use super::shares::{Pair, Pairs, deviance, difference_of_products};
use super::{CountTest, Effect, EffectMeasure, Method};
use crate::DriftError;

/// The likelihood-ratio test of two samples of categories, the G-test: do both have the same shares?
///
/// G = 2 Σ aᵢ ln(aᵢ / eᵢ) + 2 Σ bᵢ ln(bᵢ / fᵢ), with the counts and expectations of
/// [`chi_square_contingency`](crate::chi_square_contingency) (Wilks, 1938, doi:10.1214/aoms/1177732360). The p-value is that
/// of chi-square with B − 1 degrees of freedom, B being the number of categories that have a row; those without are left
/// out. It is `scipy.stats.chi2_contingency(…, correction=False, lambda_="log-likelihood")`, is doubtful where
/// [`least_expected`](CountTest::least_expected) is below 5, and adds up exactly where categories are split further,
/// which the chi-square statistic doesn't. Empty cells add nothing.
///
/// A contribution is 2 (aᵢ ln(aᵢ / eᵢ) − aᵢ + eᵢ) and the same of the current sample, which is never negative and has the
/// same sum. The effect is G / 2N, the mutual information of side and category in nats; for n = m it is the
/// Jensen–Shannon divergence. Without a change it is about (B − 1) / 2N. Its interval takes that off, as that of
/// [`kullback_leibler`](crate::kullback_leibler) does; there is none where a category has less than 5 rows on a side, or there
/// is one category.
///
/// # Errors
/// [`DriftError::OtherBins`] for counts of unequal lengths, [`DriftError::Empty`] where a side has no row.
///
/// ```
/// use mlops_drift::g_test;
///
/// let test = g_test(&[30, 10], &[20, 20]).unwrap();
/// assert!((test.statistic - 5.411_532_090_976_83).abs() < 1e-14);
/// assert!((test.effect.value - test.statistic / 160.0).abs() < 1e-15);
/// ```
pub fn g_test(reference: &[u64], current: &[u64]) -> Result<CountTest, DriftError> {
    let pairs = Pairs::of(reference, current, 0.0)?;
    let (n, m) = (pairs.n, pairs.m);
    let rows = n + m;
    let part = |bin: &Pair| {
        let both = bin.a + bin.b;
        let gap = difference_of_products(n, bin.b, m, bin.a) / rows;
        2.0 * (deviance(bin.a, n * both / rows, gap) + deviance(bin.b, m * both / rows, -gap))
    };
    let contributions: Vec<f64> = pairs.bins.iter().map(part).collect();
    let statistic: f64 = contributions.iter().sum();
    let degrees_of_freedom = pairs.occupied - 1.0;
    let (share, rest) = (n / rows, m / rows);
    let gradient = |bin: &Pair| {
        let middle = share * bin.p + rest * bin.q;
        (share * (bin.p / middle).ln(), rest * (bin.q / middle).ln())
    };
    let value = statistic / (2.0 * rows);
    let interval = pairs.interval(value, 2.0 * rows, gradient);
    Ok(CountTest {
        statistic,
        p_value: Some(chi_square_p_value(statistic, degrees_of_freedom)),
        method: Method::Asymptotic,
        effect: Effect { measure: EffectMeasure::MutualInformation, value, interval },
        effect_without_drift: Some(degrees_of_freedom / (2.0 * rows)),
        degrees_of_freedom: Some(degrees_of_freedom),
        contributions,
        least_expected: Some(pairs.least_expected()),
        reference_rows: Some(n as u64),
        current_rows: m as u64,
    })
}
