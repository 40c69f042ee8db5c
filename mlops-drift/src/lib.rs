#![doc = include_str!("../README.md")]

mod compare;
mod error;
mod monitor;
mod profile;
mod stream;

pub use compare::{
    ContinuityCorrection, chi_square_contingency, chi_square_goodness_of_fit, fisher_exact, g_test, share_of_unseen,
};
pub use compare::{Corrected, Correction, CountTest, correct};
pub use compare::{
    Effect, EffectMeasure, Interval, JensenShannon, KsInterval, Method, Psi, PsiZeros, Sample, SampleRows,
    SampleTest, jensen_shannon, ks_interval, ks_two_sample, psi,
};
pub use compare::{hellinger, kullback_leibler, l_infinity, total_variation, two_proportion_z};
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
