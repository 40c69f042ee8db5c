//! Dense layers as tensors.

use candle_core::{Device, Result, Tensor};

use super::random::Random;

/// A dense layer's numbers outside of tensors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dense {
    /// Columns of the weights.
    pub(super) inputs: usize,
    /// Rows of the weights.
    pub(super) outputs: usize,
    /// outputs × inputs, row-major.
    pub(super) weight: Vec<f32>,
    /// One an output.
    pub(super) bias: Vec<f32>,
}

impl Dense {
    /// Uniform weights within ±gain · √(3 / inputs) (He et al., <https://doi.org/10.1109/ICCV.2015.123>), and no
    /// bias.
    pub(super) fn random(inputs: usize, outputs: usize, gain: f32, random: &mut Random) -> Self {
        let bound = gain * (3.0 / inputs as f32).sqrt();
        let weight = (0..inputs * outputs).map(|_| random.uniform(bound)).collect();
        Self { inputs, outputs, weight, bias: vec![0.0; outputs] }
    }
}

/// A layer's tensors.
#[derive(Clone)]
pub(super) struct Layer {
    /// inputs × outputs: the transpose of [`Dense::weight`].
    pub(super) weight: Tensor,
    /// 1 × outputs.
    pub(super) bias: Tensor,
}

impl Layer {
    pub(super) fn new(dense: &Dense, device: &Device) -> Result<Self> {
        let weight = Tensor::from_slice(&dense.weight, (dense.outputs, dense.inputs), device)?.t()?.contiguous()?;
        let bias = Tensor::from_slice(&dense.bias, (1, dense.outputs), device)?;
        Ok(Self { weight, bias })
    }

    pub(super) fn dense(&self) -> Result<Dense> {
        let (inputs, outputs) = self.weight.dims2()?;
        let weight = self.weight.t()?.contiguous()?.flatten_all()?.to_vec1()?;
        Ok(Dense { inputs, outputs, weight, bias: self.bias.flatten_all()?.to_vec1()? })
    }
}

/// The log odds of each row of `inputs` (rows × inputs), rows × 1: dense layers with max(0, ·) between them.
pub(super) fn log_odds(layers: &[Layer], inputs: &Tensor) -> Result<Tensor> {
    let mut values = inputs.clone();
    for (at, layer) in layers.iter().enumerate() {
        values = values.matmul(&layer.weight)?.broadcast_add(&layer.bias)?;
        if at + 1 < layers.len() {
            values = values.relu()?;
        }
    }
    Ok(values)
}
