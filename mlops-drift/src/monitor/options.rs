//! How an input monitor is set up.

use std::time::Duration;

use super::{PerformanceMonitor, PerformanceMonitorBuilder};
use crate::DriftError;
use crate::error::out_of_range;

/// How the rows are cut into windows that don't overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Window {
    /// By the time as of which a row was answered, in steps since 1970 UTC: of one day, from midnight to
    /// midnight UTC.
    Time(Duration),
    /// So many rows each, in the order in which they came, those that were dropped included.
    Rows(u64),
}

/// From which effect on there is a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DriftThresholds {
    /// Of the population stability index.
    pub psi: f64,
    /// Of the Jensen–Shannon distance; without it, the index decides alone.
    pub jensen_shannon: Option<f64>,
    /// Of the increase in the share of rows without a proper value.
    pub without_value: f64,
    /// How many rows a window must have for any signal of drift.
    pub min_rows: u64,
    /// Of the increase of the log loss over the evaluation's, in nats.
    pub log_loss: f64,
    /// Of the distance between the mean prediction and the share of positives.
    pub calibration: f64,
}

impl Default for DriftThresholds {
    fn default() -> Self {
        let (log_loss, calibration) = (0.05, 0.05);
        Self { psi: 0.2, jensen_shannon: None, without_value: 0.05, min_rows: 500, log_loss, calibration }
    }
}

/// How an [`InputMonitor`](crate::InputMonitor), and the
/// [`PerformanceMonitor`](crate::PerformanceMonitor) beside it, is set up.
///
/// | parameter | default | unit | range |
/// |---|---|---|---|
/// | `window` | one day | time or rows | at least 1 µs or 1 row |
/// | `keep` | 4 | windows that are counted at the same time, the current one included | 2 to 1000 |
/// | `stripes` | twice the cores, at most 64 | sets of counts | 1 to 1024, rounded up to a power of two |
/// | `psi` | 0.2 | population stability index | over 0 |
/// | `jensen_shannon` | none | distance | over 0, up to 0.8326 |
/// | `without_value` | 0.05 | increase in the share of missing, NaN, unseen and other kinds | over 0, up to 1 |
/// | `min_rows` | 500 | rows of a window below which it gives no signal of drift | 1 and more |
/// | `log_loss` | 0.05 | nats over the evaluation's | over 0 |
/// | `calibration` | 0.05 | mean prediction to share of positives | over 0, up to 1 |
#[derive(Clone, Debug, PartialEq)]
pub struct MonitorOptions {
    pub(super) window: Window,
    pub(super) keep: usize,
    pub(super) stripes: usize,
    pub(super) thresholds: DriftThresholds,
}

impl Default for MonitorOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            window: Window::Time(Duration::from_secs(86_400)),
            keep: 4,
            stripes: (2 * cores).min(64).next_power_of_two(),
            thresholds: DriftThresholds::default(),
        }
    }
}

/// Sets up [`MonitorOptions`].
#[derive(Clone, Debug)]
#[must_use]
pub struct MonitorOptionsBuilder(MonitorOptions);

impl MonitorOptions {
    /// Starts with the defaults above.
    pub fn builder() -> MonitorOptionsBuilder {
        MonitorOptionsBuilder(Self::default())
    }

    /// The monitor of a version's outcomes, in windows of the same length where that is a time.
    pub(super) fn performance(&self, version: u64, log_loss: f64) -> PerformanceMonitorBuilder {
        let builder = PerformanceMonitor::builder(version, log_loss)
            .keep(self.keep)
            .loss_threshold(self.thresholds.log_loss)
            .calibration_threshold(self.thresholds.calibration);
        match self.window {
            Window::Time(length) => builder.window(length),
            Window::Rows(_) => builder,
        }
    }

    /// The thresholds.
    #[must_use]
    pub fn thresholds(&self) -> &DriftThresholds {
        &self.thresholds
    }
}

impl MonitorOptionsBuilder {
    /// How the rows are cut into windows.
    pub fn window(mut self, window: Window) -> Self {
        self.0.window = window;
        self
    }

    /// Cuts the rows into windows of this length, as [`Window::Time`] does.
    pub fn every(self, length: Duration) -> Self {
        self.window(Window::Time(length))
    }

    /// How many windows are counted at the same time; rows of earlier ones are late.
    pub fn keep(mut self, windows: usize) -> Self {
        self.0.keep = windows;
        self
    }

    /// How many sets of counts there are, so that threads don't wait for each other. Each costs 8 bytes a bin
    /// and 208 a numeric column, for each kept window.
    pub fn stripes(mut self, stripes: usize) -> Self {
        self.0.stripes = stripes;
        self
    }

    /// From which population stability index on a column has drifted.
    pub fn psi(mut self, threshold: f64) -> Self {
        self.0.thresholds.psi = threshold;
        self
    }

    /// From which Jensen–Shannon distance on a column has drifted, whatever its index.
    pub fn jensen_shannon(mut self, threshold: f64) -> Self {
        self.0.thresholds.jensen_shannon = Some(threshold);
        self
    }

    /// From which increase in the share of rows without a proper value on a column's quality is worse.
    pub fn without_value(mut self, threshold: f64) -> Self {
        self.0.thresholds.without_value = threshold;
        self
    }

    /// How many rows a window must have for any signal. Without drift the index of B bins is about
    /// (B − 1)(1/n + 1/m) on average, 0.03 at 500 rows against a large reference.
    pub fn min_rows(mut self, rows: u64) -> Self {
        self.0.thresholds.min_rows = rows;
        self
    }

    /// From which log loss over the evaluation's on outcomes give a signal.
    pub fn log_loss(mut self, nats: f64) -> Self {
        self.0.thresholds.log_loss = nats;
        self
    }

    /// From which distance between the mean prediction and the share of positives on outcomes give a signal.
    pub fn calibration(mut self, distance: f64) -> Self {
        self.0.thresholds.calibration = distance;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] that names the parameter.
    pub fn build(self) -> Result<MonitorOptions, DriftError> {
        let mut options = self.0;
        match options.window {
            Window::Time(length) if length.as_micros() == 0 => return out_of_range("window", &0, "1 µs and more"),
            Window::Rows(0) => return out_of_range("window", &0, "1 row and more"),
            _ => {}
        }
        if !(2..=1000).contains(&options.keep) {
            return out_of_range("keep", &options.keep, "2 to 1000");
        }
        if !(1..=1024).contains(&options.stripes) {
            return out_of_range("stripes", &options.stripes, "1 to 1024");
        }
        options.stripes = options.stripes.next_power_of_two();
        let DriftThresholds { psi, jensen_shannon, without_value, min_rows, log_loss, calibration } =
            options.thresholds;
        if !(psi > 0.0 && psi.is_finite()) {
            return out_of_range("psi", &psi, "over 0");
        }
        if let Some(distance) = jensen_shannon
            && !(0.0 < distance && distance <= std::f64::consts::LN_2.sqrt())
        {
            return out_of_range("jensen_shannon", &distance, "over 0, up to 0.8326");
        }
        if !(0.0 < without_value && without_value <= 1.0) {
            return out_of_range("without_value", &without_value, "over 0, up to 1");
        }
        if min_rows == 0 {
            return out_of_range("min_rows", &min_rows, "1 and more");
        }
        if !(log_loss > 0.0 && log_loss.is_finite()) {
            return out_of_range("log_loss", &log_loss, "over 0");
        }
        if !(0.0 < calibration && calibration <= 1.0) {
            return out_of_range("calibration", &calibration, "over 0, up to 1");
        }
        Ok(options)
    }
}
