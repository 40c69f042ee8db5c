#![doc = include_str!("../README.md")]

pub mod compat;

mod compare;
mod error;
mod monitor;
mod prepared;
mod profile;
mod stream;

pub use compare::{
    ContinuityCorrection, chi_square_contingency, chi_square_goodness_of_fit, fisher_exact, g_test, share_of_unseen,
};
pub use compare::{Corrected, Correction, CountTest, correct};
pub use compare::{
    Effect, EffectMeasure, Interval, JensenShannon, KsInterval, Method, Psi, PsiZeros, Sample, SampleRows,
    SampleTest, anderson_darling, cramer_von_mises, energy_distance, epps_singleton, jensen_shannon, ks_interval,
    ks_two_sample, kuiper, levene, mann_whitney, normalized_wasserstein, psi, wasserstein, welch_t,
};
pub use compare::{hellinger, kullback_leibler, l_infinity, total_variation, two_proportion_z};
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
    BinCounts, Bins, CategoryBins, ColumnDrift, ColumnKind, NumericBins, PROFILE_MEDIA_TYPE, ProfileBuilder,
    ProfileColumn, ReferenceProfile,
};
pub use stream::{Adwin, AdwinBuilder, AfterDrift, Detector, DetectorState, DriftEvidence};
