//! Drift as Evidently 0.7.23 computes it.
//!
//! **Which test.** Evidently chooses by the rows of the reference, after missing values and infinities are dropped,
//! and by how many different values both sides have together:
//!
//! | reference rows | column | different values | test | alarm |
//! |---|---|---|---|---|
//! | up to 1000 | numbers | more than 5 | Kolmogorov–Smirnov | p ≤ 0.05 |
//! | up to 1000 | numbers | 3 to 5 | chi-square | p < 0.05 |
//! | up to 1000 | numbers | 1 or 2 | z | p < 0.05 |
//! | up to 1000 | categories | more than 2 | chi-square | p < 0.05 |
//! | up to 1000 | categories | 1 or 2 | z | p < 0.05 |
//! | more | numbers | more than 5 | Wasserstein | distance ≥ 0.1 |
//! | more | numbers | up to 5 | Jensen–Shannon | distance ≥ 0.1 |
//! | more | categories | any | Jensen–Shannon | distance ≥ 0.1 |
//!
//! **Bins** of the divergences: categories, and numbers of which the reference has at most 20 different values, by
//! value; others between Sturges' edges over both sides together, so that they move with the current data.
//!
//! **Where this crate's own differs, and why.** [`ks_two_sample`](crate::ks_two_sample) gives the distance with an
//! interval beside the p-value, since with rows enough every p-value is small. [`psi`](crate::psi) and
//! [`jensen_shannon`](crate::jensen_shannon) take bins that are the reference's, so that two days can be compared,
//! and add half a row to each bin where Evidently puts 1e-4 into empty ones. [`InputMonitor`](crate::InputMonitor)
//! makes missing, unseen and infinite values bins; Evidently drops missing values and infinities without a word, so
//! that a column which turns half missing has not drifted.
//!
//! **Where this module differs from Evidently.** An answer that is NaN there is an error here. What cancels to a
//! negative square in the Jensen–Shannon distance is 0 here, NaN there. The z test's p-value keeps its digits in the
//! far tail, where Evidently subtracts from 1. Columns of integers have the bins of floats: numpy makes theirs at
//! least 1 wide, which matters only beyond half a million rows of few more than 20 neighbouring integers.

use super::counts::{Categories, Table, checked};
use super::{distances, kolmogorov, numpy};
use crate::compare::{chi_square_upper, normal_two_sided};
use crate::{DriftError, Sample, SampleRows};

/// One of Evidently's tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatTest {
    /// `ks`: the p-value of the two-sample Kolmogorov–Smirnov test, of numbers only. Exact up to 10,000 rows on each
    /// side; beyond, as scipy has it, from the distribution for one sample of nm / (n + m) values, where
    /// [`ks_two_sample`](crate::ks_two_sample) takes Kolmogorov's limit.
    KolmogorovSmirnov,
    /// `chisquare`: the p-value of χ² = Σ (bᵢ − eᵢ)² / eᵢ with k − 1 degrees of freedom, where eᵢ = aᵢ m / n.
    ///
    /// A test of goodness of fit: the reference, scaled to the rows m of the current side, is taken for the truth. It
    /// ignores the reference's own error, so that with n = m rows χ² is twice what a contingency table gives and 5 %
    /// become 22 % false alarms at two degrees of freedom. A value that the reference lacks gives p = 0, however
    /// rare it is.
    ChiSquare,
    /// `z`: the two-sided p-value of z = (p − q) / √(P (1 − P) (1/n + 1/m)), where p and q are the shares of all rows
    /// that are not the least value and P is that of both sides together; 1 where there is one value.
    Z,
    /// `wasserstein`: the Wasserstein distance of order 1 over max(s, 0.001), with s the standard deviation of the
    /// reference (n in the denominator); of numbers only. So a column whose scale is below 0.001 hardly drifts.
    Wasserstein,
    /// `jensenshannon`: the square root of the Jensen–Shannon divergence in nats, 0 to 0.8326.
    JensenShannon,
    /// `psi`: Σ (pᵢ − qᵢ) ln(pᵢ / qᵢ). On each side shares of 0 become 0.0001, or a millionth of the side's least
    /// share where that is no more than 0.0001; the others stay, so that the sum is no longer 1.
    Psi,
    /// `kl_div`: Σ pᵢ ln(pᵢ / qᵢ), with p the reference, of shares filled as for `psi` and then scaled to 1.
    KullbackLeibler,
}

impl StatTest {
    /// Evidently's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KolmogorovSmirnov => "ks",
            Self::ChiSquare => "chisquare",
            Self::Z => "z",
            Self::Wasserstein => "wasserstein",
            Self::JensenShannon => "jensenshannon",
            Self::Psi => "psi",
            Self::KullbackLeibler => "kl_div",
        }
    }

    /// Evidently's default threshold: 0.05 for p-values, 0.1 for distances.
    #[must_use]
    pub const fn threshold(self) -> f64 {
        match self {
            Self::KolmogorovSmirnov | Self::ChiSquare | Self::Z => 0.05,
            _ => 0.1,
        }
    }

    /// Whether this score is drift at that threshold.
    #[must_use]
    pub fn drifted(self, score: f64, threshold: f64) -> bool {
        match self {
            Self::KolmogorovSmirnov => score <= threshold,
            Self::ChiSquare | Self::Z => score < threshold,
            _ => score >= threshold,
        }
    }

    /// What Evidently chooses for numbers with so many reference rows and so many different values.
    #[must_use]
    pub const fn for_numbers(reference_rows: usize, different: usize) -> Self {
        match (reference_rows <= 1000, different) {
            (true, 0..=2) => Self::Z,
            (true, 3..=5) => Self::ChiSquare,
            (true, _) => Self::KolmogorovSmirnov,
            (false, 0..=5) => Self::JensenShannon,
            (false, _) => Self::Wasserstein,
        }
    }

    /// What Evidently chooses for categories.
    #[must_use]
    pub const fn for_categories(reference_rows: usize, different: usize) -> Self {
        match (reference_rows <= 1000, different) {
            (true, 0..=2) => Self::Z,
            (true, _) => Self::ChiSquare,
            (false, _) => Self::JensenShannon,
        }
    }
}

/// Whether a column has drifted, as Evidently's `ValueDrift` says it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ValueDrift {
    /// The test.
    pub test: StatTest,
    /// A p-value or a distance, by the test.
    pub score: f64,
    /// The test's default threshold.
    pub threshold: f64,
    /// Whether the score is beyond the threshold.
    pub drifted: bool,
    /// The reference's rows.
    pub reference: SampleRows,
    /// The current side's rows.
    pub current: SampleRows,
}

/// Whether numbers have drifted, by this test, or by the one that Evidently chooses.
///
/// NaN and infinities are left out. Chi-square and z take each value for a category; Evidently allows them by name
/// for categories only, yet chooses them for numbers.
///
/// # Errors
/// [`DriftError::Empty`] for a side without rows, [`DriftError::TooFewValues`] where all are NaN or infinite
/// (Evidently raises `ValueError` for both), [`DriftError::Undefined`] for the chi-square test of one value, and
/// where the values are too near each other or too far apart for bins.
///
/// ```
/// use mlops_drift::Sample;
/// use mlops_drift::compat::evidently::{StatTest, numeric_drift};
///
/// let reference = Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let current = Sample::of(&[11.0, 12.0, 13.0, 14.0, 15.0, 16.0]);
/// let drift = numeric_drift(&reference, &current, None).unwrap();
/// assert_eq!((drift.test, drift.drifted), (StatTest::KolmogorovSmirnov, true));
/// assert!((drift.score - 2.0 / 924.0).abs() < 1e-15);
/// let distance = numeric_drift(&reference, &current, Some(StatTest::Wasserstein)).unwrap();
/// assert!((distance.score - 10.0 / (35.0_f64 / 12.0).sqrt()).abs() < 1e-14);
/// ```
pub fn numeric_drift(
    reference: &Sample,
    current: &Sample,
    test: Option<StatTest>,
) -> Result<ValueDrift, DriftError> {
    let rows = (tally(reference), tally(current));
    checked("reference", rows.0)?;
    checked("current", rows.1)?;
    let (a, b) = (reference.finite(), current.finite());
    let by_value = Table::of_values(a, b);
    let test = test.unwrap_or_else(|| StatTest::for_numbers(a.len(), by_value.len()));
    let score = match test {
        StatTest::KolmogorovSmirnov => {
            let [a, b] = [a, b].map(|values| Sample::from_sorted(values.to_vec(), 0));
            kolmogorov::two_sample(&a, &b)?
        }
        StatTest::Wasserstein => distances::wasserstein(a, b) / numpy::standard_deviation(a).max(0.001),
        StatTest::ChiSquare | StatTest::Z => by_value.score(test)?,
        _ if by_value.reference.iter().filter(|&&count| count > 0).count() <= 20 => by_value.score(test)?,
        _ => {
            let mut both = [a, b].concat();
            both.sort_unstable_by(f64::total_cmp);
            let edges = numpy::sturges_edges(&both)?;
            let binned = Table { reference: numpy::histogram(a, &edges), current: numpy::histogram(b, &edges) };
            binned.score(test)?
        }
    };
    answer(test, score, rows)
}

/// Whether categories have drifted, by this test, or by the one that Evidently chooses.
///
/// Missing values are left out. A category that the reference lacks counts like any other.
///
/// # Errors
/// [`DriftError::Empty`] for a side without rows, [`DriftError::TooFewValues`] where all are missing,
/// [`DriftError::Undefined`] for tests of numbers and for the chi-square test of one category.
///
/// ```
/// use mlops_drift::compat::Categories;
/// use mlops_drift::compat::evidently::{StatTest, categorical_drift};
///
/// let reference = Categories::of_counts([("red", 10), ("green", 10), ("blue", 10)], 0);
/// let current = Categories::of_counts([("red", 5), ("green", 5), ("black", 1)], 0);
/// let drift = categorical_drift(&reference, &current, None).unwrap();
/// assert_eq!((drift.test, drift.score), (StatTest::ChiSquare, 0.0)); // black was never expected
/// ```
pub fn categorical_drift(
    reference: &Categories,
    current: &Categories,
    test: Option<StatTest>,
) -> Result<ValueDrift, DriftError> {
    let rows = (reference.tally(), current.tally());
    checked("reference", rows.0)?;
    checked("current", rows.1)?;
    let table = Table::of_categories(reference, current);
    let test = test.unwrap_or_else(|| StatTest::for_categories(rows.0.used as usize, table.len()));
    let score = table.score(test)?;
    answer(test, score, rows)
}

/// Whether a set of columns has drifted, as Evidently's `DataDriftPreset` says it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DatasetDrift {
    /// How many columns have drifted.
    pub drifted_columns: usize,
    /// Their share of all.
    pub share: f64,
    /// Whether the share is at least the one that was asked for.
    pub drifted: bool,
}

/// Whether at least this share of the columns has drifted; Evidently's default is 0.5.
///
/// Columns count alike, and nothing is corrected for their number: with p-values at 0.05 and without drift, one
/// column in twenty drifts.
///
/// # Errors
/// [`DriftError::Undefined`] without columns (Evidently divides by zero).
///
/// ```
/// use mlops_drift::Sample;
/// use mlops_drift::compat::evidently::{dataset_drift, numeric_drift};
///
/// let (a, b) = (Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Sample::of(&[11.0, 12.0, 13.0, 14.0, 15.0, 16.0]));
/// let columns = [numeric_drift(&a, &b, None).unwrap(), numeric_drift(&a, &a, None).unwrap()];
/// assert!(dataset_drift(&columns, 0.5).unwrap().drifted);
/// ```
pub fn dataset_drift(columns: &[ValueDrift], share: f64) -> Result<DatasetDrift, DriftError> {
    if columns.is_empty() {
        return Err(DriftError::Undefined { statistic: "share of drifted columns", cause: "there is no column" });
    }
    let drifted_columns = columns.iter().filter(|column| column.drifted).count();
    let found = drifted_columns as f64 / columns.len() as f64;
    Ok(DatasetDrift { drifted_columns, share: found, drifted: found >= share })
}

fn answer(test: StatTest, score: f64, rows: (SampleRows, SampleRows)) -> Result<ValueDrift, DriftError> {
    if score.is_nan() {
        return Err(DriftError::Undefined {
            statistic: test.name(),
            cause: "the values are too far apart for floats",
        });
    }
    let threshold = test.threshold();
    let drifted = test.drifted(score, threshold);
    Ok(ValueDrift { test, score, threshold, drifted, reference: rows.0, current: rows.1 })
}

fn tally(sample: &Sample) -> SampleRows {
    let (rows, values, used) = (sample.rows(), sample.values().len() as u64, sample.finite().len() as u64);
    SampleRows { rows, nan: rows - values, infinite: values - used, used }
}

impl Table {
    fn score(&self, test: StatTest) -> Result<f64, DriftError> {
        let (n, m) = self.rows();
        let shares = || (numpy::shares(&self.reference, n as usize), numpy::shares(&self.current, m as usize));
        match test {
            StatTest::ChiSquare => self.goodness_of_fit(n as f64, m as f64),
            StatTest::Z => Ok(self.z(n as f64, m as f64)),
            StatTest::JensenShannon => {
                let (p, q) = shares();
                Ok(distances::jensen_shannon(&p, &q))
            }
            StatTest::Psi | StatTest::KullbackLeibler => {
                let (p, q) = shares();
                let (p, q) = (filled(p), filled(q));
                if test == StatTest::KullbackLeibler {
                    return Ok(distances::kullback_leibler(&p, &q));
                }
                let terms: Vec<f64> = p.iter().zip(&q).map(|(p, q)| (p - q) * (p / q).ln()).collect();
                Ok(numpy::sum(&terms))
            }
            StatTest::KolmogorovSmirnov | StatTest::Wasserstein => {
                Err(DriftError::Undefined { statistic: test.name(), cause: "it is of numbers, not of categories" })
            }
        }
    }

    fn goodness_of_fit(&self, n: f64, m: f64) -> Result<f64, DriftError> {
        if self.len() < 2 {
            return Err(DriftError::Undefined { statistic: "chisquare", cause: "there is only one value" });
        }
        let scale = m / n;
        let pairs = self.reference.iter().zip(&self.current);
        let terms = pairs.map(|(&a, &b)| {
            let expected = a as f64 * scale;
            (b as f64 - expected).powi(2) / expected
        });
        Ok(chi_square_upper(terms.sum(), (self.len() - 1) as f64))
    }

    fn z(&self, n: f64, m: f64) -> f64 {
        let others = |counts: &[u64]| counts.iter().skip(1).fold(0, |sum: u64, &n| sum.saturating_add(n)) as f64;
        if self.len() < 2 {
            return 1.0;
        }
        let (p, q) = (others(&self.reference) / n, others(&self.current) / m);
        let both = (p * n + q * m) / (n + m);
        normal_two_sided((p - q) / (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt())
    }
}

/// Shares of 0 become 0.0001, or a millionth of the least where that is no more than 0.0001.
fn filled(shares: Vec<f64>) -> Vec<f64> {
    let least = shares.iter().copied().filter(|&share| share > 0.0).fold(f64::INFINITY, f64::min);
    let fill = if least <= 1e-4 { least / 1e6 } else { 1e-4 };
    shares.into_iter().map(|share| if share == 0.0 { fill } else { share }).collect()
}
