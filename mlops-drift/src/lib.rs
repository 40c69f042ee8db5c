#![doc = include_str!("../README.md")]

pub mod compat;

mod compare;
mod error;
mod monitor;
mod prepared;
mod profile;
mod stream;

pub use compare::{
    Bandwidth, CentroidDistance, ContinuityCorrection, Corrected, Correction, CountTest, Effect, EffectMeasure,
    Interval, JensenShannon, KernelStore, KsInterval, Method, PcaComponents, PcaReconstruction, PcaReference,
    PermutationOptions, PermutationOptionsBuilder, Psi, PsiZeros, RocAuc, RowsTest, Sample, SampleRows, SampleTest,
    Script, ScriptShare, TextDrift, TextReference, anderson_darling, centroid_distance, chi_square_contingency,
    chi_square_goodness_of_fit, correct, cramer_von_mises, energy_distance, energy_distance_rows, epps_singleton,
    fisher_exact, g_test, hellinger, jensen_shannon, ks_interval, ks_two_sample, kuiper, kullback_leibler,
    l_infinity, levene, mann_whitney, mmd, mmd_blocks, normalized_wasserstein, psi, roc_auc, share_of_unseen,
    total_variation, two_proportion_z, wasserstein, welch_t,
};
#[cfg(feature = "linfa")]
pub use compare::{
    ColumnWeight, DomainDrift, DomainOptions, DomainOptionsBuilder, TextDomainDrift, WordWeight, domain_classifier,
    text_domain_classifier,
};
pub use error::DriftError;
pub use monitor::{
    DriftThresholds, InputMonitor, MonitorOptions, MonitorOptionsBuilder, MonitorTally, PerformanceMonitor,
    PerformanceMonitorBuilder, PerformanceTally, ProfileFormat, Window, WindowDrift, WindowPerformance,
};
pub use prepared::{
    BinRows, ColumnComparison, ColumnEffect, EffectThresholds, EffectThresholdsBuilder, EffectVerdict,
    NumberComparison, PREPARED_MEDIA_TYPE, PreparedReference, PreparedReferenceBuilder, PreparedTally,
};
pub use profile::{
    BinCounts, Bins, CategoryBins, ColumnDrift, ColumnKind, Moments, NumericBins, PROFILE_MEDIA_TYPE,
    ProfileBuilder, ProfileColumn, ReferenceProfile, RowCounts,
};
pub use stream::{Adwin, AdwinBuilder, AfterDrift, Detector, DetectorState, DriftEvidence};
