//! Columns of categories.

use super::{Binned, ChunkDrift, Chunks, Divergence, threshold};
use crate::DriftError;
use crate::compat::Categories;
use crate::compat::counts::{Table, checked, contingency};

/// NannyML's methods for columns of categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CategoricalMethod {
    /// `jensen_shannon`, NannyML's default: the square root of the Jensen–Shannon divergence to base 2 between the
    /// shares of the reference's categories; all others together are one more. 0 to 1.
    #[default]
    JensenShannon,
    /// `hellinger`: √(Σ (√pᵢ − √qᵢ)²) / √2 of the same shares. 0 to 1.
    Hellinger,
    /// `chi2`: the chi-square statistic of the contingency table, with Yates' correction for two categories. It grows
    /// with the rows, and its p-value alarms at any change once there are many.
    ChiSquare,
    /// `l_infinity`: the greatest difference of a category's shares. 0 to 1.
    LInfinity,
}

impl CategoricalMethod {
    /// NannyML's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JensenShannon => "jensen_shannon",
            Self::Hellinger => "hellinger",
            Self::ChiSquare => "chi2",
            Self::LInfinity => "l_infinity",
        }
    }
}

/// A method fitted on a reference of categories.
///
/// ```
/// use mlops_drift::compat::Categories;
/// use mlops_drift::compat::nannyml::{Categorical, CategoricalMethod, Chunks};
///
/// let reference: Vec<Option<&str>> = (0..100).map(|i| Some(if i % 2 == 0 { "red" } else { "blue" })).collect();
/// let method = Categorical::fit(CategoricalMethod::LInfinity, &reference, Chunks::default()).unwrap();
/// let chunk = Categories::of_counts([("red", 5), ("black", 15)], 0);
/// let drift = method.compare(&chunk).unwrap();
/// assert_eq!((drift.value, drift.threshold, drift.alert), (0.75, Some(0.0), true));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Categorical {
    method: CategoricalMethod,
    reference: Categories,
    binned: Binned,
    threshold: Option<f64>,
}

impl Categorical {
    /// Fits a method on the reference, whose rows are in the order of time; `None` is a missing value and left out.
    ///
    /// Chunks of the reference without a value are left out of the threshold, as NannyML does.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] without values, [`DriftError::OutOfRange`]
    /// where a chunk would have no row.
    pub fn fit<S: AsRef<str>>(
        method: CategoricalMethod,
        reference: &[Option<S>],
        chunks: Chunks,
    ) -> Result<Self, DriftError> {
        let of = |rows: &[Option<S>]| rows.iter().map(Option::as_ref).collect::<Categories>();
        let all = of(reference);
        let tally = all.tally();
        checked("reference", tally)?;
        let counts: Vec<u64> = all.iter().map(|(_, count)| count).collect();
        let binned = Binned::of(&counts, tally.used as usize);
        let mut fitted = Self { method, reference: all, binned, threshold: None };
        let mut values = Vec::new();
        for chunk in chunks.of(reference.len())? {
            let chunk = of(&reference[chunk]);
            if chunk.tally().used > 0 {
                values.push(fitted.value(&chunk).0);
            }
        }
        if method != CategoricalMethod::ChiSquare {
            fitted.threshold = Some(threshold(&values, f64::INFINITY));
        }
        Ok(fitted)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> CategoricalMethod {
        self.method
    }

    /// The value above which the method alarms; `None` for the chi-square method.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }

    /// Compares a chunk, of any number of rows, with the reference. Missing values are left out.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] without values.
    pub fn compare(&self, chunk: &Categories) -> Result<ChunkDrift, DriftError> {
        checked("current", chunk.tally())?;
        let (value, p_value) = self.value(chunk);
        let alert = p_value.is_some_and(|p| p < 0.05) || self.threshold.is_some_and(|threshold| value > threshold);
        Ok(ChunkDrift { value, p_value, threshold: self.threshold, alert })
    }

    fn value(&self, chunk: &Categories) -> (f64, Option<f64>) {
        let divergence = match self.method {
            CategoricalMethod::ChiSquare => {
                let test = contingency(&Table::of_categories(&self.reference, chunk));
                return (test.statistic, Some(test.p_value));
            }
            CategoricalMethod::LInfinity => {
                let table = Table::of_categories(&self.reference, chunk);
                let (n, m) = table.rows();
                let pairs = table.reference.iter().zip(&table.current);
                let apart = pairs.map(|(&a, &b)| (a as f64 / n as f64 - b as f64 / m as f64).abs());
                return (apart.fold(0.0, f64::max), None);
            }
            CategoricalMethod::JensenShannon => Divergence::JensenShannon,
            CategoricalMethod::Hellinger => Divergence::Hellinger,
        };
        let counts: Vec<u64> = self.reference.iter().map(|(category, _)| chunk.count(category)).collect();
        (self.binned.distance(divergence, &counts, chunk.tally().used as usize), None)
    }
}
