//! A trained perceptron.

use std::fmt;

use candle_core::{Device, Tensor};
use mlops_core::{Model, ModelError, Signature, check_shapes};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::candle_failed;
use super::network::{Dense, Layer, log_odds};
use crate::backend::binary::sigmoid;

/// Rows that go through the layers together, so that a large matrix needs no large memory.
const ROWS: usize = 1024;

/// A multi-layer perceptron: dense layers with max(0, ·) between them and the logistic function behind the
/// last, whose one output `probability` is that of label 1.
///
/// It computes in f32: inputs are rounded to f32 on their way in. candle sums a batch in another order than a row, and
/// each kind of processor in its own, so a row's answers agree within the tolerance of [`MlpFormat`](crate::MlpFormat)
/// rather than bit for bit. A row with a value that isn't finite as f32 is answered by NaN.
///
/// Answering allocates the layers' values and starts no threads of its own; on a processor, candle shares large
/// batches between the threads of rayon's global pool.
#[derive(Clone)]
pub struct MlpModel {
    signature: Signature,
    layers: Vec<Layer>,
    device: Device,
}

impl MlpModel {
    /// The caller has checked that the layers follow on another, from the signature's inputs to one output.
    pub(super) fn new(signature: Signature, layers: &[Dense], device: Device) -> Result<Self, ModelError> {
        let layers: Result<_, _> = layers.iter().map(|dense| Layer::new(dense, &device)).collect();
        Ok(Self { signature, layers: layers.map_err(candle_failed)?, device })
    }

    pub(super) fn dense(&self) -> Result<Vec<Dense>, ModelError> {
        self.layers.iter().map(Layer::dense).collect::<Result<_, _>>().map_err(candle_failed)
    }

    /// The sizes of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> Vec<usize> {
        let hidden = self.layers.len().saturating_sub(1);
        self.layers.iter().take(hidden).map(|layer| layer.bias.elem_count()).collect()
    }
}

impl fmt::Debug for MlpModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MlpModel")
            .field("signature", &self.signature)
            .field("hidden", &self.hidden())
            .field("device", &self.device)
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
        for (rows, mut answers) in
            inputs.axis_chunks_iter(Axis(0), ROWS).zip(outputs.axis_chunks_iter_mut(Axis(0), ROWS))
        {
            let values: Vec<f32> = rows.iter().map(|&value| value as f32).collect();
            let logits = Tensor::from_vec(values, rows.dim(), &self.device)
                .and_then(|values| log_odds(&self.layers, &values)?.flatten_all()?.to_vec1::<f32>())
                .map_err(candle_failed)?;
            for ((answer, logit), row) in answers.iter_mut().zip(logits).zip(rows.rows()) {
                // max(0, NaN) is 0, so the layers alone would answer as if nothing were missing.
                let usable = row.iter().all(|&value| (value as f32).is_finite());
                *answer = if usable { sigmoid(logit.into()) } else { f64::NAN };
            }
        }
        Ok(())
    }
}
