//! Where training runs.

use candle_core::Device;
use mlops_core::ModelError;

use super::candle_failed;

/// Where a perceptron is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComputeDevice {
    /// The processor. candle shares large products between the threads of rayon's global pool and may start a
    /// pool of its own; `RAYON_NUM_THREADS=1` keeps it on the training thread.
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
