//! Training a perceptron.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};
use mlops_core::{Model, ModelError, Trainer, TrainingMatrix};

use super::network::{Dense, Layer, log_odds};
use super::random::Random;
use super::{ComputeDevice, MlpModel, candle_failed};
use crate::backend::binary::{check_matrix, check_warm_start, signature};
use crate::backend::{ParameterError, check_parameter};

const TRAINER: &str = "multi-layer perceptron";

/// Trains an [`MlpModel`] by candle: AdamW on the mean log loss of shuffled batches.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `hidden`: sizes of the hidden layers | 64, 64 | at most 32 layers of 1 to 65,536 |
/// | `epochs`: passes over the rows | 8 | at least 1 |
/// | `batch_size`: rows a step | 512 | at least 1 |
/// | `learning_rate`: AdamW's step size | 0.001 | finite, above 0 |
/// | `weight_decay`: AdamW's decay; each step shrinks all weights and biases by the learning rate times it | 0.01 | finite, at least 0 |
/// | `seed`: of first weights and shuffles | 0 | any |
/// | `device`: where it is trained | `Cpu` | an NVIDIA device with the feature `cuda` |
///
/// AdamW's other parameters are β₁ = 0.9, β₂ = 0.999, ε = 1e-8 (I. Loshchilov, F. Hutter: Decoupled Weight Decay
/// Regularization. ICLR 2019, <https://arxiv.org/abs/1711.05101>). Weights start uniform by He's rule, biases at
/// zero; a warm start takes both from the earlier model, whose layers must be of these sizes, and starts the optimiser afresh.
///
/// It computes in f32 and steps all weights alike: standardise the columns first. Labels other than 0 and 1, a
/// label without rows, values that aren't finite as f32, and a loss that leaves the finite numbers are errors.
/// The same matrix, parameters and start give the same model bytes on one machine, on the processor at least.
///
/// ```
/// use mlops_core::Trainer;
/// use mlops_serve::MlpTrainer;
///
/// let trainer = MlpTrainer::builder().hidden([16]).epochs(20).seed(7).build()?;
/// assert_eq!(trainer.parameters()["seed"], 7);
/// assert!(MlpTrainer::builder().learning_rate(0.0).build().is_err());
/// # Ok::<(), mlops_serve::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MlpTrainer {
    hidden: Vec<usize>,
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    weight_decay: f64,
    seed: u64,
    device: ComputeDevice,
}

/// Collects the parameters of an [`MlpTrainer`], whose documentation lists them.
#[derive(Clone, Debug)]
#[must_use]
pub struct MlpTrainerBuilder(MlpTrainer);

impl Default for MlpTrainer {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            epochs: 8,
            batch_size: 512,
            learning_rate: 0.001,
            weight_decay: 0.01,
            seed: 0,
            device: ComputeDevice::Cpu,
        }
    }
}

impl MlpTrainerBuilder {
    /// Sets the sizes of the hidden layers, from the inputs on.
    pub fn hidden(mut self, sizes: impl IntoIterator<Item = usize>) -> Self {
        self.0.hidden = sizes.into_iter().collect();
        self
    }

    /// Sets how often training passes over the rows.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.0.epochs = epochs;
        self
    }

    /// Sets how many rows make a step; the last of an epoch may have fewer.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.0.batch_size = batch_size;
        self
    }

    /// Sets the size of a step.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.0.learning_rate = learning_rate;
        self
    }

    /// Sets how fast weights decay.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.0.weight_decay = weight_decay;
        self
    }

    /// Sets what the first weights and the shuffles come from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Sets where training runs.
    pub fn device(mut self, device: ComputeDevice) -> Self {
        self.0.device = device;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ParameterError`] for the first that is out of its range.
    pub fn build(self) -> Result<MlpTrainer, ParameterError> {
        let MlpTrainer { hidden, epochs, batch_size, learning_rate, weight_decay, .. } = &self.0;
        let sizes = hidden.len() <= 32 && hidden.iter().all(|size| (1..=65_536).contains(size));
        check_parameter("hidden", hidden, "at most 32 layers of 1 to 65,536", sizes)?;
        check_parameter("epochs", epochs, "at least 1", *epochs >= 1)?;
        check_parameter("batch_size", batch_size, "at least 1", *batch_size >= 1)?;
        let positive = learning_rate.is_finite() && *learning_rate > 0.0;
        check_parameter("learning_rate", learning_rate, "finite, above 0", positive)?;
        let decays = weight_decay.is_finite() && *weight_decay >= 0.0;
        check_parameter("weight_decay", weight_decay, "finite, at least 0", decays)?;
        Ok(self.0)
    }
}

impl MlpTrainer {
    /// Starts from the defaults.
    pub fn builder() -> MlpTrainerBuilder {
        MlpTrainerBuilder(Self::default())
    }

    /// The layers that training starts with.
    fn first_layers(
        &self,
        matrix: &TrainingMatrix,
        warm_start: Option<&MlpModel>,
        random: &mut Random,
    ) -> Result<Vec<Dense>, ModelError> {
        if let Some(earlier) = warm_start {
            check_warm_start(TRAINER, matrix, earlier.signature())?;
            let had = earlier.hidden();
            if had != self.hidden {
                let problem =
                    format!("the earlier model's hidden layers are {had:?}, wanted are {:?}", self.hidden);
                return Err(ModelError::Training { trainer: TRAINER, problem });
            }
            return Ok(earlier.layers().to_vec());
        }
        let mut inputs = matrix.values().ncols();
        let mut layers = Vec::new();
        for &outputs in &self.hidden {
            layers.push(Dense::random(inputs, outputs, std::f32::consts::SQRT_2, random));
            inputs = outputs;
        }
        layers.push(Dense::random(inputs, 1, 1.0, random));
        Ok(layers)
    }

    /// Trains in place; the error is candle's, or `Ok` has the epoch, from 1, in which the loss was no longer finite.
    fn fit(
        &self,
        layers: &[Layer],
        variables: Vec<Var>,
        matrix: &TrainingMatrix,
        device: &Device,
        random: &mut Random,
    ) -> candle_core::Result<Option<usize>> {
        let (rows, columns) = matrix.values().dim();
        let values: Vec<f32> = matrix.values().iter().map(|&value| value as f32).collect();
        let labels: Vec<f32> = matrix.labels().iter().map(|&label| label as f32).collect();
        let parameters =
            ParamsAdamW { lr: self.learning_rate, weight_decay: self.weight_decay, ..Default::default() };
        let mut optimizer = AdamW::new(variables, parameters)?;
        let mut order: Vec<usize> = (0..rows).collect();
        for epoch in 1..=self.epochs {
            random.shuffle(&mut order);
            let mut sum = 0.0;
            for batch in order.chunks(self.batch_size) {
                let of_row = |&row: &usize| &values[row * columns..(row + 1) * columns];
                let inputs: Vec<f32> = batch.iter().flat_map(of_row).copied().collect();
                let inputs = Tensor::from_vec(inputs, (batch.len(), columns), device)?;
                let targets: Vec<f32> = batch.iter().map(|&row| labels[row]).collect();
                let targets = Tensor::from_vec(targets, (batch.len(), 1), device)?;
                let logits = log_odds(layers, &inputs)?;
                sum += f64::from(log_loss(&logits.detach(), &targets)?.to_scalar::<f32>()?);
                optimizer.backward_step(&surrogate(&logits, &targets)?)?;
            }
            let loss = sum / rows as f64;
            tracing::debug!(epoch, loss, "passed over the rows");
            if !loss.is_finite() {
                return Ok(Some(epoch));
            }
        }
        Ok(None)
    }
}

/// What has the gradient of the mean log loss by the logits, (p − y) / n, and is linear in them: no logarithm
/// or kink stands between the loss and its gradient, so it is exact for logits of any size, 0 included.
fn surrogate(logits: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
    let residuals = (candle_nn::ops::sigmoid(&logits.detach())? - targets)?;
    (logits * residuals)?.mean_all()
}

/// The sum of the log losses −y ln p − (1 − y) ln(1 − p) as max(z, 0) − z y + ln(1 + e^−|z|).
fn log_loss(logits: &Tensor, targets: &Tensor) -> candle_core::Result<Tensor> {
    let tail = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    ((logits.relu()? - (logits * targets)?)? + tail)?.sum_all()
}

impl Trainer for MlpTrainer {
    type Model = MlpModel;

    fn parameters(&self) -> BTreeMap<String, serde_json::Value> {
        let device = match self.device {
            ComputeDevice::Cpu => "cpu".to_owned(),
            ComputeDevice::Cuda { ordinal } => format!("cuda:{ordinal}"),
        };
        BTreeMap::from([
            ("batch_size".to_owned(), self.batch_size.into()),
            ("device".to_owned(), device.into()),
            ("epochs".to_owned(), self.epochs.into()),
            ("hidden".to_owned(), self.hidden.clone().into()),
            ("learning_rate".to_owned(), self.learning_rate.into()),
            ("seed".to_owned(), self.seed.into()),
            ("weight_decay".to_owned(), self.weight_decay.into()),
        ])
    }

    fn train(&self, matrix: &TrainingMatrix, warm_start: Option<&MlpModel>) -> Result<MlpModel, ModelError> {
        let (rows, columns) = matrix.values().dim();
        let _span = tracing::info_span!("train_mlp", rows, columns).entered();
        let refuse = |problem| Err(ModelError::Training { trainer: TRAINER, problem });
        check_matrix(TRAINER, matrix, |value| (value as f32).is_finite())?;
        if columns == 0 {
            return refuse("the matrix has no columns".to_owned());
        }
        let device = self.device.open()?;
        let mut random = Random::new(self.seed);
        let first = self.first_layers(matrix, warm_start, &mut random)?;

        let (mut layers, mut variables) = (Vec::new(), Vec::new());
        for dense in &first {
            let Layer { weight, bias } = Layer::new(dense, &device).map_err(candle_failed)?;
            let weight = Var::from_tensor(&weight).map_err(candle_failed)?;
            let bias = Var::from_tensor(&bias).map_err(candle_failed)?;
            layers.push(Layer { weight: weight.as_tensor().clone(), bias: bias.as_tensor().clone() });
            variables.extend([weight, bias]);
        }
        if let Some(epoch) = self.fit(&layers, variables, matrix, &device, &mut random).map_err(candle_failed)? {
            return refuse(format!(
                "the loss left the finite numbers in epoch {epoch}; a smaller learning rate may hold it"
            ));
        }
        let dense: candle_core::Result<Vec<_>> = layers.iter().map(Layer::dense).collect();
        let dense = dense.map_err(candle_failed)?;
        if !dense.iter().all(|layer| layer.weight.iter().chain(&layer.bias).all(|weight| weight.is_finite())) {
            return refuse("the weights grew beyond all numbers; a smaller learning rate may hold them".to_owned());
        }
        Ok(MlpModel::new(signature(matrix), dense))
    }
}
