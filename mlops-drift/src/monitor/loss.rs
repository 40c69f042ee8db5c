//! How well the answers of a window fit their outcomes.

use mlops_core::{EffectInterval, Timestamp};

const BINS: usize = 10;

/// Sums over the outcomes of one window.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes {
    rows: u64,
    /// Mean and squared deviations of the loss, by Welford's update.
    mean_loss: f64,
    squares: f64,
    bins: [Bin; BINS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    rows: u64,
    predicted: f64,
    positive: u64,
}

/// How well the answers of a window fit their outcomes. Made by
/// [`PerformanceMonitor::window`](crate::PerformanceMonitor::window).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct WindowPerformance {
    /// The start of the window.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The outcomes in it.
    pub rows: u64,
    /// The mean of −ln(probability of what happened), in nats. Probabilities are cut to ε to 1 − ε with
    /// ε = 2.2e-16, as scikit-learn's `log_loss` does, so one row adds 36.04 at most.
    pub log_loss: f64,
    /// Where the log loss of many such rows lies with 95 % confidence, by the normal approximation to its mean.
    pub log_loss_interval: EffectInterval,
    /// The mean of the predicted probabilities.
    pub mean_predicted: f64,
    /// The share of positive outcomes.
    pub observed_rate: f64,
    /// The expected calibration error: Σ (rows of bin b / rows) · |mean prediction − share of positives in b|
    /// over ten bins of equal width (Naeini et al., 2015, doi:10.1609/aaai.v29i1.9602). Over 0 for a perfectly
    /// calibrated model too, the more so the fewer rows there are.
    pub expected_calibration_error: f64,
    /// The standard error of `mean_predicted − observed_rate` for a calibrated model: √(Σ p(1 − p)) / rows,
    /// taken bin by bin.
    pub calibration_error_scale: f64,
}

pub(super) fn log_loss(probability: f64, positive: bool) -> f64 {
    let p = probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
    if positive { -p.ln() } else { -(1.0 - p).ln() }
}

impl Outcomes {
    pub(super) fn add(&mut self, probability: f64, positive: bool, loss: f64) {
        self.rows += 1;
        let away = loss - self.mean_loss;
        self.mean_loss += away / self.rows as f64;
        self.squares += away * (loss - self.mean_loss);
        // The probability is in 0 to 1, so the place is in 0 to 10.
        let place = ((probability * BINS as f64) as usize).min(BINS - 1);
        let bin = &mut self.bins[place];
        bin.rows += 1;
        bin.predicted += probability;
        bin.positive += u64::from(positive);
    }

    pub(super) fn finish(&self, since: Timestamp, until: Timestamp) -> WindowPerformance {
        let rows = self.rows as f64;
        let occupied = || self.bins.iter().filter(|bin| bin.rows > 0);
        let reach = 1.96 * (self.squares / (rows - 1.0) / rows).sqrt();
        // One row tells nothing of the spread.
        let reach = if reach.is_finite() { reach } else { f64::INFINITY };
        let variance: f64 = occupied().map(|bin| bin.predicted * (1.0 - bin.predicted / bin.rows as f64)).sum();
        WindowPerformance {
            since,
            until,
            rows: self.rows,
            log_loss: self.mean_loss,
            log_loss_interval: EffectInterval { low: self.mean_loss - reach, high: self.mean_loss + reach },
            mean_predicted: occupied().map(|bin| bin.predicted).sum::<f64>() / rows,
            observed_rate: occupied().map(|bin| bin.positive as f64).sum::<f64>() / rows,
            expected_calibration_error: occupied()
                .map(|bin| (bin.predicted - bin.positive as f64).abs() / rows)
                .sum(),
            calibration_error_scale: variance.max(0.0).sqrt() / rows,
        }
    }
}
