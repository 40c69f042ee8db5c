//! Control of false alarms over many tests.

use std::fmt;

use crate::DriftError;
use crate::error::out_of_range;

/// How the p-values of many tests are corrected for their number, k.
///
/// At a level of 5 %, one test in twenty alarms without a change: over 20 independent columns some test does in 64 % of
/// all looks. With p₍₁₎ ≤ … ≤ p₍ₖ₎ the adjusted p-values are, each cut to 1:
///
/// | correction | adjusted | holds at most at the level | for tests that depend on each other |
/// |---|---|---|---|
/// | Bonferroni | k p₍ᵢ₎ | the probability of any false alarm | in any way |
/// | Holm | maxⱼ≤ᵢ (k − j + 1) p₍ⱼ₎ | the same | in any way |
/// | Benjamini–Hochberg | minⱼ≥ᵢ k p₍ⱼ₎ / j | the expected share of false ones among the alarms | not at all, or positively |
/// | Benjamini–Yekutieli | minⱼ≥ᵢ c k p₍ⱼ₎ / j, c = Σⱼ 1/j | the same | in any way |
///
/// Holm (1979, <https://www.jstor.org/stable/4615733>) alarms wherever Bonferroni does and more often, so there is little
/// reason for Bonferroni but that it can be computed one test at a time. Benjamini and Hochberg, 1995,
/// doi:10.1111/j.2517-6161.1995.tb02031.x; Benjamini and Yekutieli, 2001, doi:10.1214/aos/1013699998. Positively means
/// positive regression dependence on the true nulls, which columns that rise together mostly have.
///
/// The adjusted p-values are those of `scipy.stats.false_discovery_control` (`bh`, `by`) and of statsmodels'
/// `multipletests` (`bonferroni`, `holm`, `fdr_bh`, `fdr_by`). The correction is for tests that are looked at together; for
/// tests that are repeated over time, their p-values of all times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Correction {
    /// Each p-value times their number.
    Bonferroni,
    /// Bonferroni's, stepping down from the least p-value: never larger.
    Holm,
    /// The false discovery rate, for tests that don't depend on each other or do positively.
    BenjaminiHochberg,
    /// The false discovery rate, however tests depend on each other.
    BenjaminiYekutieli,
}

impl fmt::Display for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bonferroni => "Bonferroni",
            Self::Holm => "Holm",
            Self::BenjaminiHochberg => "Benjamini–Hochberg",
            Self::BenjaminiYekutieli => "Benjamini–Yekutieli",
        })
    }
}

/// The outcome of many tests. Made by [`correct`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Corrected {
    /// The adjusted p-values, in the order of the tests. Each is the least level at which its test is rejected.
    pub adjusted: Vec<f64>,
    /// Which tests are rejected: those whose adjusted p-value is at most the level.
    pub rejected: Vec<bool>,
    /// The level, over all tests.
    pub level: f64,
    /// How the p-values were corrected.
    pub correction: Correction,
}

/// Corrects the p-values of tests for their number, and says which are rejected at a level over all of them.
///
/// The formulas are at [`Correction`]. A single p-value stays as it is. Equal p-values get equal adjusted ones. A test
/// without a p-value has no place here: leaving it out or taking 1 for it must be the caller's choice.
///
/// # Errors
/// [`DriftError::NoPValues`] for none, [`DriftError::NotAPValue`] with the index of the first that is NaN or not
/// within 0 to 1, [`DriftError::OutOfRange`] for a level that isn't over 0 and below 1.
///
/// ```
/// use mlops_drift::{Correction, correct};
///
/// let found = correct(&[0.01, 0.04, 0.03, 0.5], 0.05, Correction::BenjaminiHochberg).unwrap();
/// assert_eq!(found.rejected, [true, false, false, false]);
/// assert!((found.adjusted[1] - 4.0 * 0.04 / 3.0).abs() < 1e-15);
/// assert_eq!(found.adjusted[1], found.adjusted[2]);
/// ```
pub fn correct(p_values: &[f64], level: f64, correction: Correction) -> Result<Corrected, DriftError> {
    if !(0.0 < level && level < 1.0) {
        return out_of_range("level", &level, "over 0 and below 1");
    }
    if p_values.is_empty() {
        return Err(DriftError::NoPValues);
    }
    if let Some((index, &got)) = p_values.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(DriftError::NotAPValue { index, got });
    }
    let adjusted = adjust(p_values, correction);
    let rejected = adjusted.iter().map(|&p| p <= level).collect();
    Ok(Corrected { adjusted, rejected, level, correction })
}

fn adjust(p_values: &[f64], correction: Correction) -> Vec<f64> {
    let tests = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut adjusted = p_values.to_vec();
    match correction {
        Correction::Bonferroni => adjusted.iter_mut().for_each(|p| *p = (*p * tests).min(1.0)),
        Correction::Holm => {
            let mut largest = 0.0_f64;
            for (rank, &i) in order.iter().enumerate() {
                largest = largest.max((tests - rank as f64) * p_values[i]);
                adjusted[i] = largest.min(1.0);
            }
        }
        Correction::BenjaminiHochberg | Correction::BenjaminiYekutieli => {
            let factor = match correction {
                Correction::BenjaminiYekutieli => tests * (1..=order.len()).map(|j| 1.0 / j as f64).sum::<f64>(),
                _ => tests,
            };
            let mut least = 1.0_f64;
            for (rank, &i) in order.iter().enumerate().rev() {
                least = least.min(factor / (rank as f64 + 1.0) * p_values[i]);
                adjusted[i] = least;
            }
        }
    }
    adjusted
}
