//! Training a logistic regression.

use std::collections::BTreeMap;

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_logistic::LogisticRegression;
use mlops_core::{Model, ModelError, Trainer, TrainingMatrix};
use ndarray::Array1;

use super::LogisticModel;
use super::model::log_odds;
use crate::backend::binary::{check_matrix, check_warm_start, sigmoid, signature};
use crate::backend::{ParameterError, check_parameter};

const TRAINER: &str = "logistic regression";

/// Trains a [`LogisticModel`] by linfa's L-BFGS.
///
/// What it minimises, over n rows with labels yᵢ of 0 or 1, is the sum (not the mean) of the rows' log losses
/// and a penalty on the weights, but not on the intercept b:
///
/// J(w, b) = − Σᵢ [yᵢ ln pᵢ + (1 − yᵢ) ln(1 − pᵢ)] + α/2 · Σⱼ wⱼ²,  pᵢ = 1 / (1 + e^−(b + w·xᵢ))
///
/// So α is scikit-learn's 1 / `C`, and the same α weighs less the more rows there are. The penalty treats all
/// columns alike: standardise them first.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `alpha`: weight α of the penalty | 1 | finite, at least 0 |
/// | `max_iterations`: steps of L-BFGS | 200 | at least 1 |
/// | `gradient_tolerance`: training ends where the Euclidean norm of the gradient of J/n is below it | 1e-6 | finite, above 0 |
///
/// Training also ends where the iterations run out, and where a step no longer changes the bits of J, which
/// leaves the weights uncertain by about √(the spacing of floats at J / the curvature of J). Then the best point
/// so far is the model, and a warning in the trace says how large the gradient was left.
///
/// Labels other than 0 and 1, a label without rows and values that aren't finite are errors. Training is
/// deterministic: it uses no chance, and one thread.
///
/// ```
/// use mlops_core::Trainer;
/// use mlops_serve::LogisticTrainer;
///
/// let trainer = LogisticTrainer::builder().alpha(0.1).build()?;
/// assert_eq!(trainer.parameters()["alpha"], 0.1);
/// assert!(LogisticTrainer::builder().alpha(f64::NAN).build().is_err());
/// # Ok::<(), mlops_serve::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticTrainer {
    alpha: f64,
    max_iterations: u64,
    gradient_tolerance: f64,
}

/// Collects the parameters of a [`LogisticTrainer`], whose documentation lists them.
#[derive(Clone, Debug)]
#[must_use]
pub struct LogisticTrainerBuilder(LogisticTrainer);

impl Default for LogisticTrainer {
    fn default() -> Self {
        Self { alpha: 1.0, max_iterations: 200, gradient_tolerance: 1e-6 }
    }
}

impl LogisticTrainer {
    /// Starts from the defaults.
    pub fn builder() -> LogisticTrainerBuilder {
        LogisticTrainerBuilder(Self::default())
    }

    /// The Euclidean norm of the gradient of J/n.
    fn gradient_norm(&self, matrix: &TrainingMatrix, weights: &[f64], intercept: f64) -> f64 {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| self.alpha * weight).collect();
        let mut of_intercept = 0.0;
        for (row, label) in matrix.values().rows().into_iter().zip(matrix.labels()) {
            let residual = sigmoid(log_odds(weights, intercept, |column| row[column])) - label;
            gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum += residual * value);
            of_intercept += residual;
        }
        let squares: f64 = gradient.iter().map(|part| part * part).sum();
        (squares + of_intercept * of_intercept).sqrt() / matrix.labels().len() as f64
    }
}

impl LogisticTrainerBuilder {
    /// Sets the weight of the penalty.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// Sets how many steps of L-BFGS are taken at most.
    pub fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.0.max_iterations = max_iterations;
        self
    }

    /// Sets the norm of the gradient below which training ends.
    pub fn gradient_tolerance(mut self, gradient_tolerance: f64) -> Self {
        self.0.gradient_tolerance = gradient_tolerance;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ParameterError`] for the first that is out of its range.
    pub fn build(self) -> Result<LogisticTrainer, ParameterError> {
        let LogisticTrainer { alpha, max_iterations, gradient_tolerance } = self.0;
        check_parameter("alpha", alpha, "finite, at least 0", alpha.is_finite() && alpha >= 0.0)?;
        check_parameter("max_iterations", max_iterations, "at least 1", max_iterations >= 1)?;
        let positive = gradient_tolerance.is_finite() && gradient_tolerance > 0.0;
        check_parameter("gradient_tolerance", gradient_tolerance, "finite, above 0", positive)?;
        Ok(self.0)
    }
}

impl Trainer for LogisticTrainer {
    type Model = LogisticModel;

    fn parameters(&self) -> BTreeMap<String, serde_json::Value> {
        BTreeMap::from([
            ("alpha".to_owned(), self.alpha.into()),
            ("gradient_tolerance".to_owned(), self.gradient_tolerance.into()),
            ("max_iterations".to_owned(), self.max_iterations.into()),
        ])
    }

    fn train(
        &self,
        matrix: &TrainingMatrix,
        warm_start: Option<&LogisticModel>,
    ) -> Result<LogisticModel, ModelError> {
        let (rows, columns) = matrix.values().dim();
        let _span = tracing::info_span!("train_logistic", rows, columns).entered();
        check_matrix(TRAINER, matrix, f64::is_finite)?;

        let labels = matrix.labels().mapv(|label| label == 1.0);
        let mut regression = LogisticRegression::default()
            .alpha(self.alpha)
            .max_iterations(self.max_iterations)
            // linfa sums losses over the rows, so its gradient grows with them.
            .gradient_tolerance(self.gradient_tolerance * rows as f64);
        if let Some(earlier) = warm_start {
            check_warm_start(TRAINER, matrix, earlier.signature())?;
            // The line search can't leave a point that is already the minimum.
            if self.gradient_norm(matrix, earlier.weights(), earlier.intercept()) < self.gradient_tolerance {
                return Ok(LogisticModel::new(signature(matrix), earlier.weights().to_vec(), earlier.intercept()));
            }
            let sign = if positive_class(&labels) { 1.0 } else { -1.0 };
            let start = earlier.weights().iter().chain([&earlier.intercept()]).map(|x| sign * x).collect();
            regression = regression.initial_params(start);
        }

        let failed =
            |error: linfa_logistic::error::Error| ModelError::Backend { library: "linfa", source: Box::new(error) };
        let dataset = DatasetBase::new(matrix.values().view(), labels);
        let fitted = regression.check().map_err(failed)?.fit(&dataset).map_err(failed)?;
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        let weights: Vec<f64> = fitted.params().iter().map(|weight| sign * weight).collect();
        let intercept = sign * fitted.intercept();
        if !(intercept.is_finite() && weights.iter().all(|weight| weight.is_finite())) {
            let problem = "the weights grew beyond all numbers; a larger alpha holds them".to_owned();
            return Err(ModelError::Training { trainer: TRAINER, problem });
        }
        let gradient_norm = self.gradient_norm(matrix, &weights, intercept);
        if gradient_norm >= self.gradient_tolerance {
            tracing::warn!(
                gradient_norm,
                tolerance = self.gradient_tolerance,
                "training ended before the tolerance"
            );
        }
        Ok(LogisticModel::new(signature(matrix), weights, intercept))
    }
}

/// Which label linfa will call positive: the more frequent one, or the first where there are as many of each.
/// Only where a warm start begins hangs on it; what was fitted says itself.
fn positive_class(labels: &Array1<bool>) -> bool {
    let ones = labels.iter().filter(|&&label| label).count();
    let zeros = labels.len() - ones;
    if ones == zeros { labels.first().copied().unwrap_or(true) } else { ones > zeros }
}
