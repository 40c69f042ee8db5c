//! Counts of categories or of values on both sides.

use std::collections::BTreeMap;

use crate::compare::chi_square_upper;
use crate::{DriftError, SampleRows};

/// How often each category is in a column.
///
/// The peers leave missing values out of categories, so they are counted here, and left out.
///
/// ```
/// use mlops_drift::compat::Categories;
///
/// let column: Categories = [Some("red"), Some("blue"), None, Some("red")].into_iter().collect();
/// assert_eq!(column.count("red"), 2);
/// assert_eq!((column.rows(), column.missing()), (4, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories {
    counts: BTreeMap<String, u64>,
    missing: u64,
}

impl Categories {
    /// From counts; a category that is named twice has the sum. Those with a count of 0 are left out.
    pub fn of_counts<S: Into<String>>(counts: impl IntoIterator<Item = (S, u64)>, missing: u64) -> Self {
        let mut categories = Self { counts: BTreeMap::new(), missing };
        for (category, count) in counts {
            if count > 0 {
                let all = categories.counts.entry(category.into()).or_default();
                *all = all.saturating_add(count);
            }
        }
        categories
    }

    /// How many rows have this category.
    #[must_use]
    pub fn count(&self, category: &str) -> u64 {
        self.counts.get(category).copied().unwrap_or(0)
    }

    /// All categories that a row has, in order, and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(category, &count)| (category.as_str(), count))
    }

    /// How many rows there are, the missing values included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.counts.values().fold(self.missing, |sum, &count| sum.saturating_add(count))
    }

    /// How many values are missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    pub(super) fn tally(&self) -> SampleRows {
        let rows = self.rows();
        SampleRows { rows, nan: self.missing, infinite: 0, used: rows - self.missing }
    }
}

impl<S: AsRef<str>> FromIterator<Option<S>> for Categories {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(values: I) -> Self {
        let mut categories = Self::default();
        for value in values {
            let Some(value) = value else {
                categories.missing += 1;
                continue;
            };
            if let Some(count) = categories.counts.get_mut(value.as_ref()) {
                *count += 1;
            } else {
                categories.counts.insert(value.as_ref().to_owned(), 1);
            }
        }
        categories
    }
}

/// The counts of all categories that either side has, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) reference: Vec<u64>,
    pub(super) current: Vec<u64>,
}

impl Table {
    pub(super) fn of_categories(reference: &Categories, current: &Categories) -> Self {
        let mut both: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        reference.iter().for_each(|(category, count)| both.entry(category).or_default().0 = count);
        current.iter().for_each(|(category, count)| both.entry(category).or_default().1 = count);
        let (reference, current) = both.into_values().unzip();
        Self { reference, current }
    }

    /// Of two sorted samples, each value a category.
    pub(super) fn of_values(reference: &[f64], current: &[f64]) -> Self {
        let mut table = Self::default();
        let (mut a, mut b) = (reference, current);
        while let Some(&x) = a.first().into_iter().chain(b.first()).min_by(|x, y| x.total_cmp(y)) {
            let run = |side: &[f64]| side.iter().take_while(|y| **y == x).count();
            let (run_a, run_b) = (run(a), run(b));
            table.reference.push(run_a as u64);
            table.current.push(run_b as u64);
            (a, b) = (&a[run_a..], &b[run_b..]);
        }
        table
    }

    pub(super) fn len(&self) -> usize {
        self.reference.len()
    }

    pub(super) fn rows(&self) -> (u64, u64) {
        // Saturating, since counts may come from anywhere.
        let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, &count| sum.saturating_add(count));
        (sum(&self.reference), sum(&self.current))
    }
}

/// A chi-square statistic with its p-value.
pub(super) struct ChiSquare {
    pub(super) statistic: f64,
    pub(super) p_value: f64,
}

/// `scipy.stats.chi2_contingency` of a table of two rows: with Yates' correction for two categories.
pub(super) fn contingency(table: &Table) -> ChiSquare {
    let (n, m) = table.rows();
    let (n, m) = (n as f64, m as f64);
    if table.len() < 2 {
        return ChiSquare { statistic: 0.0, p_value: 1.0 };
    }
    let term = |observed: f64, expected: f64| {
        let off = expected - observed;
        let off = if table.len() == 2 { (off.abs() - 0.5).max(0.0) } else { off };
        off * off / expected
    };
    let pairs = table.reference.iter().zip(&table.current);
    let terms = pairs.map(|(&a, &b)| {
        let (a, b) = (a as f64, b as f64);
        let both = (a + b) / (n + m);
        term(a, both * n) + term(b, both * m)
    });
    let statistic = terms.sum();
    ChiSquare { statistic, p_value: chi_square_upper(statistic, (table.len() - 1) as f64) }
}

/// Refuses a side with no row, or none that can be used.
pub(super) fn checked(side: &'static str, rows: SampleRows) -> Result<(), DriftError> {
    match rows {
        SampleRows { rows: 0, .. } => Err(DriftError::Empty { side }),
        SampleRows { used: 0, .. } => Err(DriftError::TooFewValues { side, rows, least: 1 }),
        _ => Ok(()),
    }
}
