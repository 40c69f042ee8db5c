//! The population stability index as scouter 0.25 computes it.
//!
//! A column's bins are the reference's: ten between its deciles (R-7, Hyndman and Fan's seventh definition), or its
//! categories. On both sides 1e-10 is added to each share, and the index of M current rows is compared with
//! χ²(0.95; B − 1) / M for B bins (Yurdakul, 2018, *Statistical Properties of Population Stability Index*), as if the
//! reference were known without error.
//!
//! **Where this crate's own differs, and why.** [`psi`](crate::psi) adds half a row to each bin, so that an empty one
//! weighs as much as the rows allow. With 1e-10 one bin that is empty on one side adds 2.07 for each 10 % on the
//! other, and the index says little but that. A column with ties has bins that no value can be in; they count among
//! B, which makes the threshold too high. Values that the reference lacks are in no bin here and in one of their own
//! in a [`ReferenceProfile`](crate::ReferenceProfile). The threshold leaves the reference's error out: with as many
//! reference rows as current ones the index is twice as large without any drift (see
//! [`Psi::expected_without_drift`](crate::Psi)), and half of all looks alarm (209 of 400 in a test).
//!
//! **Where this module differs from scouter.** A current side without rows is an error, NaN there. A reference of one
//! category, where scouter has no threshold, is an error but for the
//! fixed one.

use super::counts::{Categories, checked};
use crate::compare::{chi_square_upper, normal_upper};
use crate::error::out_of_range;
use crate::{DriftError, Sample, SampleRows};

const BINS: usize = 10;
const ADDED: f64 = 1e-10;

/// When an index alarms, for M current rows and B bins.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PsiThreshold {
    /// `PsiChiSquareThreshold`: χ²(1 − α; B − 1) / M. Scouter's default, at α = 0.05.
    ChiSquare(f64),
    /// `PsiNormalThreshold`: (B − 1 + z(1 − α) √(2 (B − 1))) / M.
    Normal(f64),
    /// `PsiFixedThreshold`: this index.
    Fixed(f64),
}

impl Default for PsiThreshold {
    fn default() -> Self {
        Self::ChiSquare(0.05)
    }
}

impl PsiThreshold {
    /// The threshold for so many current rows and bins.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] where α isn't between 0 and 1, or the fixed threshold is negative or NaN,
    /// [`DriftError::Undefined`] for one bin or no row.
    ///
    /// ```
    /// use mlops_drift::compat::scouter::PsiThreshold;
    ///
    /// let threshold = PsiThreshold::default().of(400, 10).unwrap();
    /// assert!((threshold - 16.918_977_604_620_45 / 400.0).abs() < 1e-15);
    /// ```
    pub fn of(self, rows: u64, bins: usize) -> Result<f64, DriftError> {
        let alpha = match self {
            Self::Fixed(threshold) if threshold >= 0.0 => return Ok(threshold),
            Self::Fixed(threshold) => return out_of_range("threshold", &threshold, "at least 0"),
            Self::ChiSquare(alpha) | Self::Normal(alpha) => alpha,
        };
        if !(0.0 < alpha && alpha < 1.0) {
            return out_of_range("alpha", &alpha, "more than 0 and less than 1");
        }
        if bins < 2 || rows == 0 {
            return Err(DriftError::Undefined { statistic: "threshold", cause: "there is one bin, or no row" });
        }
        let freedom = (bins - 1) as f64;
        let critical = match self {
            Self::Normal(_) => freedom + point(alpha, -40.0, normal_upper) * (2.0 * freedom).sqrt(),
            _ => point(alpha, 0.0, |x| chi_square_upper(x, freedom)),
        };
        Ok(critical / rows as f64)
    }
}

/// The bins of a reference, and its shares in them.
///
/// ```
/// use mlops_drift::Sample;
/// use mlops_drift::compat::scouter::{PsiProfile, PsiThreshold};
///
/// let reference: Vec<f64> = (0..100).map(f64::from).collect();
/// let profile = PsiProfile::of_numbers(&Sample::of(&reference)).unwrap();
/// let drift = profile.compare_numbers(&Sample::of(&reference[20..90]), PsiThreshold::default()).unwrap();
/// assert!((drift.psi - 6.323_982_234_475_54).abs() < 1e-13 && drift.alert); // three bins are empty
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PsiProfile {
    bins: Bins,
    shares: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Bins {
    /// The upper edges of all bins but the last.
    Deciles(Vec<f64>),
    Categories(Vec<String>),
}

/// The index of a column, and whether it alarms.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct PsiDrift {
    /// Σ (pᵢ − qᵢ) ln(pᵢ / qᵢ), with 1e-10 added to each share.
    pub psi: f64,
    /// How many bins there are, those included that no value can be in.
    pub bins: usize,
    /// The threshold.
    pub threshold: f64,
    /// Whether the index is above it.
    pub alert: bool,
}

impl PsiProfile {
    /// Ten bins between the deciles of the finite values. A bin holds its upper edge, not its lower one.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] without finite values.
    pub fn of_numbers(reference: &Sample) -> Result<Self, DriftError> {
        let values = reference.finite();
        let (rows, numbers, used) = (reference.rows(), reference.values().len() as u64, values.len() as u64);
        checked("reference", SampleRows { rows, nan: rows - numbers, infinite: numbers - used, used })?;
        let edges: Vec<f64> = (1..BINS).map(|i| quantile(values, i as f64 / BINS as f64)).collect();
        let shares = numeric_shares(&edges, values, used);
        Ok(Self { bins: Bins::Deciles(edges), shares })
    }

    /// A bin for each category. Missing values are left out.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] where all are missing.
    pub fn of_categories(reference: &Categories) -> Result<Self, DriftError> {
        let tally = reference.tally();
        checked("reference", tally)?;
        let (names, shares) =
            reference.iter().map(|(name, count)| (name.to_owned(), count as f64 / tally.used as f64)).unzip();
        Ok(Self { bins: Bins::Categories(names), shares })
    }

    /// Compares numbers with the reference. NaN and −∞ are rows that are in no bin, ∞ is in the last.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::Undefined`] for the profile of categories, and what
    /// [`PsiThreshold::of`] refuses.
    pub fn compare_numbers(&self, current: &Sample, threshold: PsiThreshold) -> Result<PsiDrift, DriftError> {
        let Bins::Deciles(edges) = &self.bins else { return Err(other("the profile is of categories")) };
        let rows = current.rows();
        let values = current.values();
        let above = values.partition_point(|&x| x == f64::NEG_INFINITY);
        self.compare(&numeric_shares(edges, &values[above..], rows), rows, threshold)
    }

    /// Compares categories with the reference. Missing values and categories that the reference lacks are rows that
    /// are in no bin.
    ///
    /// # Errors
    /// As [`compare_numbers`](Self::compare_numbers).
    pub fn compare_categories(
        &self,
        current: &Categories,
        threshold: PsiThreshold,
    ) -> Result<PsiDrift, DriftError> {
        let Bins::Categories(names) = &self.bins else { return Err(other("the profile is of numbers")) };
        let rows = current.rows();
        let shares: Vec<f64> = names.iter().map(|name| current.count(name) as f64 / rows as f64).collect();
        self.compare(&shares, rows, threshold)
    }

    fn compare(&self, shares: &[f64], rows: u64, threshold: PsiThreshold) -> Result<PsiDrift, DriftError> {
        if rows == 0 {
            return Err(DriftError::Empty { side: "current" });
        }
        let terms = self.shares.iter().zip(shares).map(|(p, q)| {
            let (p, q) = (p + ADDED, q + ADDED);
            (p - q) * (p / q).ln()
        });
        let psi = terms.sum();
        let threshold = threshold.of(rows, shares.len())?;
        Ok(PsiDrift { psi, bins: shares.len(), threshold, alert: psi > threshold })
    }
}

fn other(cause: &'static str) -> DriftError {
    DriftError::Undefined { statistic: "psi", cause }
}

/// (1 − h) x[j] + h x[j + 1] with j and h the whole and the rest of n p + 1 − p, counted from 1.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = sorted.len() as f64 * p + (1.0 - p);
    let h = at - at.floor();
    let value = |i: usize| sorted.get(i).or(sorted.last()).copied().unwrap_or(f64::NAN);
    let j = (at.floor() as usize).saturating_sub(1);
    (1.0 - h) * value(j) + h * value(j + 1)
}

fn numeric_shares(edges: &[f64], sorted: &[f64], rows: u64) -> Vec<f64> {
    let up_to = edges.iter().map(|edge| sorted.partition_point(|x| x <= edge)).chain([sorted.len()]);
    let mut before = 0;
    let shares = up_to.map(|up_to| {
        // Rounding can put an edge a bit below the one before it, in a run of ties.
        let count = up_to.saturating_sub(before);
        before = up_to;
        count as f64 / rows as f64
    });
    shares.collect()
}

/// Where a falling function has this value, to the last bit.
fn point(value: f64, mut low: f64, function: impl Fn(f64) -> f64) -> f64 {
    let mut high = 1.0;
    while function(high) > value {
        high *= 2.0;
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if function(middle) > value { low = middle } else { high = middle }
    }
}
