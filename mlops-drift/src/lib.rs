#![doc = include_str!("../README.md")]

mod compare;
mod error;
mod monitor;
mod profile;
mod stream;

pub use compare::{
    Bandwidth, CentroidDistance, KernelStore, PcaComponents, PcaReconstruction, PcaReference, PermutationOptions,
    PermutationOptionsBuilder, RocAuc, RowsTest, centroid_distance, energy_distance_rows, mmd, mmd_blocks, roc_auc,
};
#[cfg(feature = "linfa")]
pub use compare::{
    ColumnWeight, DomainDrift, DomainOptions, DomainOptionsBuilder, TextDomainDrift, WordWeight, domain_classifier,
    text_domain_classifier,
};
pub use compare::{
    Effect, EffectMeasure, Interval, JensenShannon, KsInterval, Method, Psi, PsiZeros, Sample, SampleRows,
    SampleTest, jensen_shannon, ks_interval, ks_two_sample, psi,
};
pub use compare::{Script, ScriptShare, TextDrift, TextReference};
pub use error::DriftError;
pub use monitor::{
    DriftThresholds, InputMonitor, MonitorOptions, MonitorOptionsBuilder, MonitorTally, PerformanceMonitor,
    PerformanceMonitorBuilder, PerformanceTally, ProfileFormat, Window, WindowDrift, WindowPerformance,
};
pub use profile::{
    BinCounts, Bins, CategoryBins, ColumnDrift, ColumnKind, NumericBins, PROFILE_MEDIA_TYPE, ProfileBuilder,
    ProfileColumn, ReferenceProfile,
};
pub use stream::{Adwin, AdwinBuilder, AfterDrift, Detector, DetectorState, DriftEvidence};
