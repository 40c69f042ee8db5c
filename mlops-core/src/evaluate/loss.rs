//! Means over rows, and the intervals of those that are mean losses.

use super::metric::{Metric, Undefined};
use super::scored::Row;
use super::{Interval, interval};

/// The mean of a number a row, without an interval.
pub(super) fn mean(rows: &[Row], of: impl Fn(&Row) -> f64) -> Metric {
    if rows.is_empty() {
        return Metric::undefined(Undefined::NoRows);
    }
    Metric::defined(rows.iter().map(of).sum::<f64>() / rows.len() as f64, rows.len(), None)
}

/// The mean loss of log loss, in nats; probabilities are clipped to `[ε, 1 − ε]`.
pub(super) fn log_loss(rows: &[Row], confidence: f64) -> Metric {
    let loss = |row: &Row| {
        let right = if row.label { row.score } else { 1.0 - row.score };
        -right.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
    };
    mean_loss(rows, loss, f64::MAX, confidence)
}

/// The mean squared distance of the score from the outcome.
pub(super) fn brier(rows: &[Row], confidence: f64) -> Metric {
    mean_loss(rows, |row| row.residual().powi(2), 1.0, confidence)
}

/// The mean of a loss between 0 and `ceiling`, with its normal interval.
fn mean_loss(rows: &[Row], loss: impl Fn(&Row) -> f64, ceiling: f64, confidence: f64) -> Metric {
    let mut metric = mean(rows, &loss);
    if let (Some(mean), true) = (metric.defined_value(), rows.len() >= 2) {
        let n = rows.len() as f64;
        let squares: f64 = rows.iter().map(|row| (loss(row) - mean).powi(2)).sum();
        let reach = interval::normal_reach(confidence) * (squares / (n - 1.0) / n).sqrt();
        metric.interval = Interval::within(mean - reach, mean + reach, 0.0, ceiling);
    }
    metric
}
