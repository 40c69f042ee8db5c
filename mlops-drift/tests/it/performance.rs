//! Monitors of performance.

use std::time::Duration;

use mlops_core::{SignalKind, Timestamp};
use mlops_drift::PerformanceMonitor;

const DAY: Duration = Duration::from_secs(86_400);

fn start() -> Timestamp {
    Timestamp::from_date(2013, 1, 1)
}

#[test]
fn a_window_has_the_loss_and_the_calibration_of_its_rows() {
    let mut monitor = PerformanceMonitor::builder(1, 0.3).build().unwrap();
    for (probability, positive) in [(0.9, true), (0.2, false), (0.25, true), (1.0, false)] {
        monitor.update(start(), probability, positive);
    }
    let window = monitor.window(start() + DAY).unwrap();
    // sklearn.metrics.log_loss([1, 0, 1, 0], [0.9, 0.2, 0.25, 1.0]) in scikit-learn 1.6.1
    let loss = (-(0.9_f64.ln()) - 0.8_f64.ln() - 0.25_f64.ln() - f64::EPSILON.ln()) / 4.0;
    assert!((window.log_loss - loss).abs() < 1e-12 * loss);
    assert_eq!((window.rows, window.observed_rate), (4, 0.5));
    assert!((window.mean_predicted - 0.5875).abs() < 1e-15);
    // Bins 0.2–0.3 (0.2 and 0.25, one positive) and 0.9–1.0 (0.9 and 1.0, one positive).
    let error = 0.5 * (0.5 - 0.225) + 0.5 * (0.95 - 0.5);
    assert!((window.expected_calibration_error - error).abs() < 1e-15);
    assert_eq!(monitor.signals(start() + DAY), [], "four rows are too few");
}

#[test]
fn a_model_that_answers_as_in_its_evaluation_gives_no_signal() {
    // Half of the predictions are 0.1 and half 0.7, and both come true as often as that.
    let reference = -0.5 * (0.1 * 0.1_f64.ln() + 0.9 * 0.9_f64.ln() + 0.7 * 0.7_f64.ln() + 0.3 * 0.3_f64.ln());
    let mut monitor = PerformanceMonitor::builder(1, reference).build().unwrap();
    for i in 0..10_000_u32 {
        let at = start() + DAY * (i / 1000);
        monitor.update(at, 0.1, i % 10 == 0);
        monitor.update(at, 0.7, i % 10 < 7);
        assert_eq!(monitor.signals(at), []);
    }
    assert_eq!(monitor.windows().count(), 10);
    let window = monitor.window(start() + DAY).unwrap();
    assert!((window.log_loss - reference).abs() < 1e-12);
    assert!(window.expected_calibration_error < 1e-12);
}

#[test]
fn a_drop_is_seen_within_the_window_by_adwin_and_after_it_by_the_mean() {
    let mut monitor = PerformanceMonitor::builder(4, 0.33).build().unwrap();
    let mut first = None;
    for i in 0..6000_u32 {
        let at = start() + DAY / 1000 * i;
        monitor.update(at, 0.1, if i < 3500 { i % 10 == 0 } else { i % 10 < 6 });
        if first.is_none() {
            first = monitor.signals(at).into_iter().next().map(|signal| (i, signal));
        }
    }
    let (i, signal) = first.unwrap();
    // As soon as there are 200 outcomes since the change, which ADWIN finds within a few.
    assert!((3690..3720).contains(&i), "{i}");
    assert!(signal.rows >= 200);
    assert!(signal.measure.contains("ADWIN"), "{signal}");
    assert!(signal.effect > 0.2 && signal.version == 4);
    let signals = monitor.signals(start() + 5 * DAY);
    assert_eq!((signals[0].subject.as_str(), signals[0].kind), ("log loss", SignalKind::PerformanceDrop));
    assert!(signals[0].interval.unwrap().low > 0.5);
    assert_eq!(signals[1].subject, "calibration");
}

#[test]
fn what_cannot_be_taken_is_counted() {
    let mut monitor = PerformanceMonitor::builder(1, 0.3).keep(2).build().unwrap();
    for probability in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        monitor.update(start(), probability, true);
    }
    for day in [5, 6, 7, 2] {
        monitor.update(start() + DAY * day, 0.5, true);
    }
    let tally = monitor.tally();
    assert_eq!((tally.counted, tally.invalid, tally.late), (3, 4, 1));
    assert_eq!(monitor.windows().count(), 2);
}

#[test]
fn parameters_are_checked() {
    assert!(PerformanceMonitor::builder(1, f64::NAN).build().is_err());
    assert!(PerformanceMonitor::builder(1, 0.3).window(Duration::ZERO).build().is_err());
    assert!(PerformanceMonitor::builder(1, 0.3).keep(1).build().is_err());
    assert!(PerformanceMonitor::builder(1, 0.3).loss_threshold(f64::NAN).build().is_err());
    assert!(PerformanceMonitor::builder(1, 0.3).calibration_threshold(0.0).build().is_err());
    assert!(PerformanceMonitor::builder(1, 0.3).min_rows(1).build().is_err());
}
