//! Rows of many numbers, such as embeddings, become a number that says how far apart two samples of them are.

mod answer;
mod auc;
mod centroid;
mod deal;
mod eigen;
mod energy;
mod mmd;
mod mmd_blocks;
mod options;
mod pairs;
mod pca;
mod real;
mod rows;
mod select;

pub use answer::RowsTest;
pub use auc::{RocAuc, roc_auc};
pub use centroid::{CentroidDistance, centroid_distance};
pub use energy::energy_distance_rows;
pub use mmd::{Bandwidth, mmd};
pub use mmd_blocks::mmd_blocks;
pub use options::{KernelStore, PermutationOptions, PermutationOptionsBuilder};
pub use pca::{PcaComponents, PcaReconstruction, PcaReference};
