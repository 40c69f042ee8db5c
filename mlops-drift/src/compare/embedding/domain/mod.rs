//! Whether a classifier can tell two samples of rows apart.

mod folds;
mod options;

use ndarray::ArrayView2;

pub(in crate::compare) use folds::{Scaling, out_of_fold};
pub use options::{DomainOptions, DomainOptionsBuilder};

use super::auc::RocAuc;
use super::rows::{Pooled, check};
use crate::DriftError;

/// How well a classifier tells two samples of rows apart. Made by [`domain_classifier`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DomainDrift {
    /// The area under the curve of scores that each row was given by a model that wasn't trained on it: ½ where nothing
    /// tells the sides apart, 1 where everything does.
    pub auc: RocAuc,
    /// Which columns speak, by the falling size of their coefficients, all columns once.
    pub weights: Vec<ColumnWeight>,
    /// Rows of the reference.
    pub reference_rows: u64,
    /// Rows of the current sample.
    pub current_rows: u64,
}

/// How a column speaks for a side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnWeight {
    /// The column, from 0.
    pub column: usize,
    /// The change of the log odds of the current side by one standard deviation of the column, all others the same.
    pub coefficient: f64,
}

/// How well a logistic regression tells the current rows from those of the reference.
///
/// Each side's rows are put in a random order (by the generator that
/// [`PermutationOptions`](crate::PermutationOptions) describes, stream 0 of the seed, the reference first), and the i-th
/// goes into fold i mod k. For each fold a model is trained on all others: columns are standardised by the means and
/// standard deviations of what it is trained on (divided by the rows; a constant column counts for nothing), and the sum
/// of the log losses plus α/2 Σwⱼ² is minimised by L-BFGS. Its log odds are the scores of the fold's rows, and the area
/// is of the scores of all rows together, with [`roc_auc`](crate::roc_auc)'s interval. The interval takes scores for
/// independent, which those of one model are only nearly. scikit-learn's `cross_val_predict(LogisticRegression(C=1/α))`
/// with the same folds gives the same scores.
///
/// The weights are of a model of all rows; those of columns that say the same are shared between them.
///
/// A classifier sees what its form can: this one sees shifts of columns, and not a change of spread or of how two hang
/// together. Add squares and products as columns, or use [`mmd`](crate::mmd), for those. Evidently's threshold of an
/// area of 0.55 is a custom, not a test.
///
/// # Errors
/// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::TooFewRows`] for fewer rows than folds,
/// [`DriftError::NotFinite`], [`DriftError::OtherWidths`]; [`DriftError::NotTrained`] where the training fails.
///
/// ```
/// use mlops_drift::{DomainOptions, domain_classifier};
/// use ndarray::Array2;
///
/// let reference = Array2::from_shape_fn((60, 2), |(i, j)| ((i * 37 + j * 11) % 59) as f64);
/// let mut current = reference.clone();
/// current.column_mut(1).mapv_inplace(|x| x + 30.0);
/// let drift = domain_classifier(reference.view(), current.view(), &DomainOptions::default())?;
/// assert!(drift.auc.interval.is_some_and(|interval| interval.low > 0.7));
/// assert_eq!(drift.weights[0].column, 1);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn domain_classifier(
    reference: ArrayView2<f64>,
    current: ArrayView2<f64>,
    options: &DomainOptions,
) -> Result<DomainDrift, DriftError> {
    check(&reference, &current, options.folds)?;
    let rows = Pooled::of(&reference, &current).rows;
    let (auc, coefficients) = out_of_fold(&rows, reference.nrows(), options, Scaling::Standard)?;
    let mut weights: Vec<ColumnWeight> = coefficients
        .into_iter()
        .enumerate()
        .map(|(column, coefficient)| ColumnWeight { column, coefficient })
        .collect();
    weights.sort_by(|a, b| b.coefficient.abs().total_cmp(&a.coefficient.abs()));
    Ok(DomainDrift { auc, weights, reference_rows: reference.nrows() as u64, current_rows: current.nrows() as u64 })
}
