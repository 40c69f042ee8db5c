//! A trained perceptron.

use std::fmt;

use mlops_core::{Model, ModelError, Signature, check_shapes};
use ndarray::{ArrayView2, ArrayViewMut2};

use super::forward::Forward;
use super::network::Dense;
use crate::backend::binary::sigmoid;

/// A multi-layer perceptron: dense layers with max(0, ·) between them and the logistic function behind the
/// last, whose one output `probability` is that of label 1.
///
/// It computes in f32: inputs are rounded to f32 on their way in, where what is too large for f32 becomes
/// infinite. Every row, alone or in a batch, is summed in the same order without fused operations, so its answer
/// has the same bits on every platform. NaN among the inputs answers NaN.
///
/// It answers on the processor, wherever it was trained, on the thread that asks. A call allocates twice the
/// width of the widest layer.
#[derive(Clone)]
pub struct MlpModel {
    signature: Signature,
    layers: Vec<Dense>,
    forward: Forward,
}

impl MlpModel {
    /// The caller has checked that the layers follow on one another, from the signature's inputs to one output.
    pub(super) fn new(signature: Signature, layers: Vec<Dense>) -> Self {
        let forward = Forward::new(&layers);
        Self { signature, layers, forward }
    }

    pub(super) fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// The sizes of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> Vec<usize> {
        let hidden = self.layers.len().saturating_sub(1);
        self.layers.iter().take(hidden).map(|layer| layer.outputs).collect()
    }
}

impl fmt::Debug for MlpModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlpModel")
            .field("signature", &self.signature)
            .field("hidden", &self.hidden())
            .finish_non_exhaustive()
    }
}

impl Model for MlpModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        let mut scratch = self.forward.scratch();
        for (row, output) in inputs.rows().into_iter().zip(&mut outputs) {
            *output = sigmoid(self.forward.log_odds(row.iter().copied(), &mut scratch).into());
        }
        Ok(())
    }
}
