//! A fitted logistic regression.

use mlops_core::{Model, ModelError, Signature, check_shapes};
use ndarray::{ArrayView2, ArrayViewMut2};

use crate::backend::binary::sigmoid;

/// A logistic regression: the probability of label 1 is 1 / (1 + e^−z) with z = intercept + Σ weightᵢ · xᵢ.
///
/// It has one output, `probability`. Every row, alone or in a batch, whatever the matrix's layout in memory,
/// is summed in the same order without fused operations, so its answer has the same bits on every platform.
/// NaN among the inputs answers NaN. Answering allocates nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticModel {
    signature: Signature,
    weights: Vec<f64>,
    intercept: f64,
}

impl LogisticModel {
    /// The caller has checked that there is a weight an input and one output, and that all are finite.
    pub(super) fn new(signature: Signature, weights: Vec<f64>, intercept: f64) -> Self {
        Self { signature, weights, intercept }
    }

    /// The weights, one an input: what one unit more of it adds to the log odds.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The log odds of a row of zeros.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }
}

impl Model for LogisticModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        for (row, output) in inputs.rows().into_iter().zip(&mut outputs) {
            let z = match row.to_slice() {
                Some(row) => log_odds(&self.weights, self.intercept, |column| row[column]),
                None => log_odds(&self.weights, self.intercept, |column| row[column]),
            };
            *output = sigmoid(z);
        }
        Ok(())
    }
}

/// The one kernel: four sums side by side, each over every fourth column, then the columns left over.
#[inline(always)]
pub(super) fn log_odds(weights: &[f64], intercept: f64, value: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let whole = weights.len() / 4 * 4;
    for (block, four) in weights.chunks_exact(4).enumerate() {
        for (lane, (sum, weight)) in sums.iter_mut().zip(four).enumerate() {
            *sum += weight * value(4 * block + lane);
        }
    }
    let mut rest = 0.0;
    for (column, weight) in weights.iter().enumerate().skip(whole) {
        rest += weight * value(column);
    }
    intercept + (((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest)
}
