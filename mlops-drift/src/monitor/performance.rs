//! Watching how well a model answers, once outcomes are known.

use std::collections::BTreeMap;
use std::time::Duration;

use mlops_core::{EffectInterval, Signal, SignalKind, Timestamp};

use super::WindowPerformance;
use super::loss::{Outcomes, log_loss};
use crate::error::out_of_range;
use crate::{Adwin, Detector, DetectorState, DriftError, DriftEvidence};

/// Compares the log loss and the calibration of a binary classifier with those of its evaluation, as outcomes
/// come in.
///
/// A signal is about the effect: the loss of the last complete window over that of the evaluation, if it is
/// over the threshold and the lower end of its 95 % interval is over 0; the same for the distance between
/// the mean prediction and the share of positives. Besides, [`Adwin`] watches the loss row by row and so sees a
/// change within a window; its detection is a signal if the loss since then is over the evaluation's by more
/// than the threshold, in `min_rows` outcomes or more.
///
/// The interval is about the rows of the window only, not about the error of the reference loss.
///
/// | parameter | default | unit | range |
/// |---|---|---|---|
/// | `reference` | required | log loss of the evaluation, in nats | 0 and more |
/// | `window` | one day | time | at least 1 µs |
/// | `keep` | 64 | windows | 2 and more |
/// | `loss_threshold` | 0.05 | nats over the reference | over 0 |
/// | `calibration_threshold` | 0.05 | mean prediction to share of positives | over 0, up to 1 |
/// | `min_rows` | 200 | outcomes of a window, or since a change, below which it gives no signal | 2 and more |
///
/// ```
/// use mlops_core::Timestamp;
/// use mlops_drift::PerformanceMonitor;
///
/// let mut monitor = PerformanceMonitor::builder(3, 0.35).build().unwrap();
/// let day = Timestamp::from_date(2013, 1, 1);
/// for i in 0..1000 {
///     monitor.update(day, 0.1, i % 2 == 0); // one in ten was predicted, every other one came
/// }
/// let signals = monitor.signals(Timestamp::from_date(2013, 1, 2));
/// assert_eq!(signals[0].subject, "log loss");
/// assert_eq!(signals[1].subject, "calibration");
/// ```
#[derive(Debug)]
pub struct PerformanceMonitor {
    settings: PerformanceMonitorBuilder,
    windows: BTreeMap<i64, Outcomes>,
    adwin: Adwin,
    change: Option<Change>,
    tally: PerformanceTally,
}

/// A change for the worse that was detected, with the losses since.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: Timestamp,
    rows: u64,
    mean: f64,
}

/// What became of the outcomes that a [`PerformanceMonitor`] was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PerformanceTally {
    /// Outcomes that were taken.
    pub counted: u64,
    /// Outcomes whose probability was NaN or outside of 0 to 1: not taken.
    pub invalid: u64,
    /// Outcomes whose window was kept no more: not taken.
    pub late: u64,
}

/// Sets up a [`PerformanceMonitor`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PerformanceMonitorBuilder {
    version: u64,
    reference: f64,
    window: Duration,
    keep: usize,
    loss_threshold: f64,
    calibration_threshold: f64,
    min_rows: u64,
}

impl PerformanceMonitorBuilder {
    /// The length of the windows, in steps since 1970 UTC.
    pub fn window(mut self, length: Duration) -> Self {
        self.window = length;
        self
    }

    /// How many windows are kept.
    pub fn keep(mut self, windows: usize) -> Self {
        self.keep = windows;
        self
    }

    /// From which log loss over the reference's on there is a signal.
    pub fn loss_threshold(mut self, nats: f64) -> Self {
        self.loss_threshold = nats;
        self
    }

    /// From which distance between the mean prediction and the share of positives on there is a signal.
    pub fn calibration_threshold(mut self, distance: f64) -> Self {
        self.calibration_threshold = distance;
        self
    }

    /// How many outcomes a window must have for a signal.
    pub fn min_rows(mut self, rows: u64) -> Self {
        self.min_rows = rows;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] that names the parameter.
    pub fn build(self) -> Result<PerformanceMonitor, DriftError> {
        if !(self.reference >= 0.0 && self.reference.is_finite()) {
            return out_of_range("reference", &self.reference, "0 and more");
        }
        if self.window.as_micros() == 0 {
            return out_of_range("window", &0, "1 µs and more");
        }
        if self.keep < 2 {
            return out_of_range("keep", &self.keep, "2 and more");
        }
        if !(self.loss_threshold > 0.0 && self.loss_threshold.is_finite()) {
            return out_of_range("loss_threshold", &self.loss_threshold, "over 0");
        }
        if !(0.0 < self.calibration_threshold && self.calibration_threshold <= 1.0) {
            return out_of_range("calibration_threshold", &self.calibration_threshold, "over 0, up to 1");
        }
        if self.min_rows < 2 {
            return out_of_range("min_rows", &self.min_rows, "2 and more");
        }
        let (windows, adwin, tally) = Default::default();
        Ok(PerformanceMonitor { settings: self, windows, adwin, change: None, tally })
    }
}

impl PerformanceMonitor {
    /// Starts a monitor of a version whose evaluation gave this log loss.
    pub fn builder(version: u64, reference: f64) -> PerformanceMonitorBuilder {
        PerformanceMonitorBuilder {
            version,
            reference,
            window: Duration::from_secs(86_400),
            keep: 64,
            loss_threshold: 0.05,
            calibration_threshold: 0.05,
            min_rows: 200,
        }
    }

    /// Takes the predicted probability of an answer and whether it came true. `at` is when that became known,
    /// so that a window is complete once it has ended; outcomes should come about in that order.
    pub fn update(&mut self, at: Timestamp, probability: f64, positive: bool) {
        if !(0.0..=1.0).contains(&probability) {
            self.tally.invalid += 1;
            return;
        }
        let window = self.window_of(at);
        let full = self.windows.len() >= self.settings.keep;
        let oldest = self.windows.first_key_value().map(|(&oldest, _)| oldest);
        if full && oldest.is_some_and(|oldest| window < oldest) {
            self.tally.late += 1;
            return;
        }
        let loss = log_loss(probability, positive);
        self.windows.entry(window).or_default().add(probability, positive, loss);
        while self.windows.len() > self.settings.keep {
            self.windows.pop_first();
        }
        self.tally.counted += 1;
        if let Some(Change { rows, mean, .. }) = &mut self.change {
            *rows += 1;
            *mean += (loss - *mean) / *rows as f64;
        }
        if let DetectorState::Drift { evidence: DriftEvidence { values_after, mean_before, mean_after, .. } } =
            self.adwin.update(loss)
        {
            let worse = mean_after > mean_before;
            self.change = worse.then_some(Change { at, rows: values_after, mean: mean_after });
        }
    }

    /// What became of the outcomes so far.
    #[must_use]
    pub fn tally(&self) -> PerformanceTally {
        self.tally
    }

    /// The last window that was complete at `now`; `None` if it has no outcome.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> Option<WindowPerformance> {
        let window = self.window_of(now).checked_sub(1)?;
        self.windows.get(&window).map(|outcomes| self.finish(window, outcomes))
    }

    /// All windows that are kept and have an outcome, the oldest first, the current one included.
    pub fn windows(&self) -> impl Iterator<Item = WindowPerformance> + '_ {
        self.windows.iter().map(|(&window, outcomes)| self.finish(window, outcomes))
    }

    /// What passed its threshold in the last window that was complete at `now`, and the change that was
    /// detected within the last window's length, if any.
    #[must_use]
    pub fn signals(&self, now: Timestamp) -> Vec<Signal> {
        let settings = &self.settings;
        let window = self.window(now).filter(|window| window.rows >= settings.min_rows);
        let mut signals = Vec::new();
        if let Some(window) = window {
            let of = |subject: &str, measure: &str, effect: f64, reach: f64, threshold: f64| {
                let interval = EffectInterval { low: effect - reach, high: effect + reach };
                (effect >= threshold && interval.low > 0.0).then(|| Signal {
                    kind: SignalKind::PerformanceDrop,
                    subject: subject.into(),
                    measure: measure.into(),
                    effect,
                    threshold,
                    interval: Some(interval),
                    since: window.since,
                    at: window.until,
                    version: settings.version,
                    rows: window.rows,
                })
            };
            let effect = window.log_loss - settings.reference;
            let reach = window.log_loss_interval.high - window.log_loss;
            signals.extend(of("log loss", "increase", effect, reach, settings.loss_threshold));
            let effect = (window.mean_predicted - window.observed_rate).abs();
            let reach = 1.96 * window.calibration_error_scale;
            signals.extend(of("calibration", "distance", effect, reach, settings.calibration_threshold));
        }
        signals.extend(self.change_signal(now));
        signals
    }

    fn change_signal(&self, now: Timestamp) -> Option<Signal> {
        let settings = &self.settings;
        let Change { at, rows, mean } = self.change?;
        let effect = mean - settings.reference;
        let recent = at <= now && now.since(at) < settings.window && rows >= settings.min_rows;
        (recent && effect >= settings.loss_threshold).then(|| Signal {
            kind: SignalKind::PerformanceDrop,
            subject: "log loss".into(),
            measure: "increase since a change detected by ADWIN".into(),
            effect,
            threshold: settings.loss_threshold,
            interval: None,
            since: self.start(self.window_of(at)),
            at,
            version: settings.version,
            rows,
        })
    }

    fn finish(&self, window: i64, outcomes: &Outcomes) -> WindowPerformance {
        let since = self.start(window);
        outcomes.finish(since, since + self.settings.window)
    }

    fn micros(&self) -> i64 {
        i64::try_from(self.settings.window.as_micros()).unwrap_or(i64::MAX)
    }

    fn window_of(&self, at: Timestamp) -> i64 {
        at.as_micros().div_euclid(self.micros())
    }

    fn start(&self, window: i64) -> Timestamp {
        Timestamp::from_micros(window.saturating_mul(self.micros()))
    }
}
