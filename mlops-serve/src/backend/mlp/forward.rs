//! A network's answer to a row.

use super::network::Dense;

/// Outputs that are summed side by side: eight SSE registers of f32.
const LANES: usize = 32;

/// A dense layer laid out for its kernel.
///
/// Each output is one sum, over the inputs in their order from the bias on. Lanes are independent sums, so how
/// wide a processor's registers are changes nothing, and nothing is fused: answers have the same bits everywhere.
#[derive(Clone, Debug)]
struct Packed {
    /// For each block of outputs the bias, then for each input its weights.
    blocks: Vec<(Lanes, Vec<Lanes>)>,
}

type Lanes = [f32; LANES];

impl Packed {
    fn new(dense: &Dense) -> Self {
        let block = |first: usize| {
            let mut bias = [0.0; LANES];
            let mut weights = vec![[0.0; LANES]; dense.inputs];
            let rows = dense.weight.chunks_exact(dense.inputs).zip(&dense.bias).skip(first);
            for (lane, (row, of_output)) in rows.take(LANES).enumerate() {
                bias[lane] = *of_output;
                weights.iter_mut().zip(row).for_each(|(lanes, weight)| lanes[lane] = *weight);
            }
            (bias, weights)
        };
        Self { blocks: (0..dense.outputs).step_by(LANES).map(block).collect() }
    }

    /// Writes the outputs, and zeros up to a whole number of blocks.
    fn apply(&self, inputs: &[f32], outputs: &mut [f32]) {
        for ((bias, weights), outputs) in self.blocks.iter().zip(outputs.chunks_exact_mut(LANES)) {
            let mut sums = *bias;
            for (input, weights) in inputs.iter().zip(weights) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += input * weight;
                }
            }
            outputs.copy_from_slice(&sums);
        }
    }
}

/// Dense layers with max(0, ·) between them and one output, ready to answer.
///
/// Written by hand because candle 0.11 reads the number of cores from the system in each of its products, which
/// costs many times what a row does.
#[derive(Clone, Debug)]
pub(super) struct Forward {
    hidden: Vec<Packed>,
    /// The last layer: too narrow for lanes, so its lanes are sums over every 32nd input.
    weights: Vec<f32>,
    bias: f32,
    /// Floats that a layer's inputs or outputs take at most, in whole blocks.
    width: usize,
}

impl Forward {
    /// The caller has checked that each layer takes what the one before gives, and that the last gives one number.
    pub(super) fn new(layers: &[Dense]) -> Self {
        let widest = layers.iter().flat_map(|layer| [layer.inputs, layer.outputs]).max().unwrap_or(0);
        let (hidden, last) = layers.split_at(layers.len().saturating_sub(1));
        Self {
            hidden: hidden.iter().map(Packed::new).collect(),
            weights: last.iter().flat_map(|layer| layer.weight.iter().copied()).collect(),
            bias: last.iter().flat_map(|layer| layer.bias.first()).sum(),
            width: widest.next_multiple_of(LANES),
        }
    }

    /// Room for [`Forward::log_odds`].
    pub(super) fn scratch(&self) -> [Vec<f32>; 2] {
        [vec![0.0; self.width], vec![0.0; self.width]]
    }

    /// The log odds of a row. NaN stays NaN.
    pub(super) fn log_odds(&self, row: impl Iterator<Item = f64>, scratch: &mut [Vec<f32>; 2]) -> f32 {
        let [inputs, outputs] = scratch;
        inputs.iter_mut().zip(row).for_each(|(input, value)| *input = value as f32);
        for layer in &self.hidden {
            layer.apply(inputs, outputs);
            // Not `max`, which would drop NaN.
            outputs.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
            std::mem::swap(inputs, outputs);
        }
        let mut sums = [0.0; LANES];
        for (inputs, weights) in inputs.chunks(LANES).zip(self.weights.chunks(LANES)) {
            for ((sum, input), weight) in sums.iter_mut().zip(inputs).zip(weights) {
                *sum += input * weight;
            }
        }
        let mut left = LANES / 2;
        while left > 0 {
            let (low, high) = sums.split_at_mut(left);
            low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
            left /= 2;
        }
        self.bias + sums[0]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::Forward;
    use crate::backend::mlp::network::{Dense, Layer, log_odds};
    use crate::backend::mlp::random::Random;

    #[test]
    fn answers_as_candle_does() {
        let mut random = Random::new(3);
        for sizes in [vec![1, 1], vec![5, 1], vec![40, 64, 64, 1], vec![33, 31, 32, 65, 1], vec![100, 1, 7, 1]] {
            let layers: Vec<Dense> = sizes
                .windows(2)
                .map(|size| {
                    let mut dense = Dense::random(size[0], size[1], 1.4, &mut random);
                    dense.bias.iter_mut().for_each(|bias| *bias = random.uniform(0.5));
                    dense
                })
                .collect();
            let forward = Forward::new(&layers);
            let mut scratch = forward.scratch();
            let tensors: Vec<Layer> = layers.iter().map(|dense| Layer::new(dense, &Device::Cpu).unwrap()).collect();
            for _ in 0..20 {
                let row: Vec<f32> = (0..sizes[0]).map(|_| random.uniform(2.0)).collect();
                let got = forward.log_odds(row.iter().map(|&x| x.into()), &mut scratch);
                let row = Tensor::from_vec(row, (1, sizes[0]), &Device::Cpu).unwrap();
                let wanted = log_odds(&tensors, &row).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
                // f32 sums of up to 100 terms in two orders.
                assert!((got - wanted).abs() <= 1e-5 * wanted.abs().max(1.0), "{sizes:?}: {got} and {wanted}");
            }
        }
    }
}
