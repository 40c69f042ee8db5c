//! Where a network's numbers are.

use candle_core::Device;
use mlops_core::ModelError;

use super::candle_failed;

/// Where a perceptron is trained or answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComputeDevice {
    /// The processor, by candle's kernels, which share large products between the threads of rayon's global pool.
    #[default]
    Cpu,
    /// An NVIDIA device; an error without the feature `cuda`.
    Cuda {
        /// Its number, from 0.
        ordinal: usize,
    },
}

impl ComputeDevice {
    pub(super) fn open(self) -> Result<Device, ModelError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda { ordinal } => Device::new_cuda(ordinal).map_err(candle_failed),
        }
    }
}
