//! Scores of rows by models that weren't trained on them.

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::DomainOptions;
use crate::DriftError;
use crate::compare::embedding::auc::{RocAuc, roc_auc};
use crate::compare::embedding::deal::{SplitMix, in_threads};

/// The norm of the mean gradient below which training ends.
const TOLERANCE: f64 = 1e-7;
const ITERATIONS: u64 = 500;

/// What is done to the columns before training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::compare) enum Scaling {
    /// To mean 0 and standard deviation 1.
    Standard,
    /// Nothing.
    None,
}

/// The area under the curve of the scores of all rows, of which the first `n` are the reference, each by a model that
/// wasn't trained on it; and the coefficients of a model of all rows.
pub(in crate::compare) fn out_of_fold(
    rows: &Array2<f64>,
    n: usize,
    options: &DomainOptions,
    scaling: Scaling,
) -> Result<(RocAuc, Vec<f64>), DriftError> {
    let total = rows.nrows();
    let mut fold = vec![usize::MAX; total];
    let mut chance = SplitMix::new(options.seed, 0);
    for side in [0..n, n..total] {
        let mut order: Vec<usize> = side.collect();
        let all = order.len();
        chance.shuffle(&mut order, all);
        order.into_iter().enumerate().for_each(|(place, row)| fold[row] = place % options.folds);
    }
    // The last is of all rows.
    let parts = in_threads((0..=options.folds).collect(), options.threads, |held_out| {
        let places: Vec<usize> = (0..total).filter(|&row| fold[row] != held_out).collect();
        let model =
            Logistic::fit(&rows.select(Axis(0), &places), places.iter().map(|&row| row >= n), options, scaling)?;
        let scores = (0..total).filter(|&row| fold[row] == held_out).map(|row| (row, model.score(rows.row(row))));
        Ok((scores.collect::<Vec<_>>(), model.weights))
    });
    let mut scores = vec![0.0; total];
    let mut coefficients = Vec::new();
    for part in parts {
        let (scored, weights) = part?;
        scored.into_iter().for_each(|(row, score)| scores[row] = score);
        coefficients = weights;
    }
    let (reference, current) = scores.split_at(n);
    Ok((roc_auc(reference, current)?, coefficients))
}

struct Logistic {
    means: Array1<f64>,
    deviations: Array1<f64>,
    weights: Vec<f64>,
    intercept: f64,
}

impl Logistic {
    fn fit(
        rows: &Array2<f64>,
        labels: impl Iterator<Item = bool>,
        options: &DomainOptions,
        scaling: Scaling,
    ) -> Result<Self, DriftError> {
        let (n, columns) = rows.dim();
        let labels: Array1<bool> = labels.collect();
        let (means, deviations) = match scaling {
            Scaling::None => (Array1::zeros(columns), Array1::ones(columns)),
            Scaling::Standard => {
                let first = rows.row(0);
                let means = &first + &((rows - &first).sum_axis(Axis(0)) / n as f64);
                let squares = (rows - &means).mapv(|x| x * x).sum_axis(Axis(0)) / n as f64;
                (means, squares.mapv(f64::sqrt))
            }
        };
        let mut model = Self { means, deviations, weights: vec![0.0; columns], intercept: 0.0 };
        let mut standard = rows - &model.means;
        for (mut column, &deviation) in standard.columns_mut().into_iter().zip(&model.deviations) {
            column.mapv_inplace(|x| if deviation > 0.0 { x / deviation } else { 0.0 });
        }
        let ones = labels.iter().filter(|&&label| label).count() as f64;
        let rest = n as f64 - ones;
        // The line search can't leave a point that is already the minimum, as it is where no column says anything.
        let share = ones / n as f64;
        let residuals = labels.mapv(|label| f64::from(u8::from(label)) - share);
        let gradient = standard.t().dot(&residuals);
        if gradient.dot(&gradient).sqrt() < TOLERANCE * n as f64 {
            model.intercept = (ones / rest).ln();
            return Ok(model);
        }
        let not_trained =
            |error: linfa_logistic::error::Error| DriftError::NotTrained { problem: error.to_string() };
        let fitted = LogisticRegression::default()
            .alpha(options.alpha)
            .max_iterations(ITERATIONS)
            .gradient_tolerance(TOLERANCE * n as f64)
            .check()
            .map_err(not_trained)?
            .fit(&DatasetBase::new(standard, labels))
            .map_err(not_trained)?;
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        model.weights = fitted.params().iter().map(|weight| sign * weight).collect();
        model.intercept = sign * fitted.intercept();
        if !(model.intercept.is_finite() && model.weights.iter().all(|weight| weight.is_finite())) {
            return Err(DriftError::NotTrained { problem: "a weight is not finite".to_owned() });
        }
        Ok(model)
    }

    /// The log odds of the current side.
    fn score(&self, row: ArrayView1<f64>) -> f64 {
        let scaled = row.iter().zip(&self.means).zip(&self.deviations).zip(&self.weights);
        let parts = scaled.map(
            |(((x, mean), &deviation), weight)| {
                if deviation > 0.0 { weight * (x - mean) / deviation } else { 0.0 }
            },
        );
        self.intercept + parts.sum::<f64>()
    }
}
