#![doc = include_str!("../README.md")]

mod compare;
mod error;
mod monitor;
mod profile;
mod stream;

pub use compare::{
    Effect, EffectMeasure, Interval, JensenShannon, KsInterval, Method, Psi, PsiZeros, Sample, SampleRows,
    SampleTest, jensen_shannon, ks_interval, ks_two_sample, psi,
};
pub use error::DriftError;
pub use monitor::{
    DriftThresholds, InputMonitor, MonitorOptions, MonitorOptionsBuilder, MonitorTally, PerformanceMonitor,
    PerformanceMonitorBuilder, PerformanceTally, ProfileFormat, Window, WindowDrift, WindowPerformance,
};
pub use profile::{
    BinCounts, Bins, CategoryBins, ColumnDrift, ColumnKind, Moments, NumericBins, PROFILE_MEDIA_TYPE,
    ProfileBuilder, ProfileColumn, ReferenceProfile, RowCounts,
};
pub use stream::{Adwin, AdwinBuilder, AfterDrift, Detector, DetectorState, DriftEvidence};
