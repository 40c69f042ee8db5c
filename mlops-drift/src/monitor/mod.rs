//! Watching a model while it answers.

mod drift;
mod format;
mod input;
mod loss;
mod options;
mod performance;
mod stripes;

pub use drift::WindowDrift;
pub use format::ProfileFormat;
pub use input::{InputMonitor, MonitorTally};
pub use loss::WindowPerformance;
pub use options::{DriftThresholds, MonitorOptions, MonitorOptionsBuilder, Window};
pub use performance::{PerformanceMonitor, PerformanceMonitorBuilder, PerformanceTally};
