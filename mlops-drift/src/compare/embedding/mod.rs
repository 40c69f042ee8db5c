//! Rows of many numbers, such as embeddings, become a number that says how far apart two samples of them are.

mod answer;
mod auc;
mod centroid;
mod deal;
#[cfg(feature = "linfa")]
mod domain;
mod eigen;
mod energy;
mod mmd;
mod mmd_blocks;
mod options;
mod pairs;
mod pca;
mod product;
mod real;
mod rows;
mod select;

pub use answer::RowsTest;
pub use auc::{RocAuc, roc_auc};
pub use centroid::{CentroidDistance, centroid_distance};
#[cfg(feature = "linfa")]
pub use domain::{ColumnWeight, DomainDrift, DomainOptions, DomainOptionsBuilder, domain_classifier};
#[cfg(feature = "linfa")]
pub(in crate::compare) use domain::{Scaling, out_of_fold};
pub use energy::energy_distance_rows;
pub use mmd::{Bandwidth, mmd};
pub use mmd_blocks::mmd_blocks;
pub use options::{KernelStore, PermutationOptions, PermutationOptionsBuilder};
pub use pca::{PcaComponents, PcaReconstruction, PcaReference};
