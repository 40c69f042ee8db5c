//! Metrics against scikit-learn, SciPy and numpy.

use mlops_core::{BinaryEvaluator, Interval, Metric, ScoredRows};
use serde::Deserialize;

use crate::toy::{data, scored};

#[derive(Deserialize)]
struct Case {
    sample: Option<Sample>,
    draw: Option<Draw>,
    expected: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Sample {
    scores: Vec<f64>,
    labels: Vec<bool>,
}

#[derive(Debug, Deserialize)]
struct Draw {
    seed: u64,
    rows: usize,
    levels: u32,
    base: f64,
    slope: f64,
}

impl Draw {
    /// The sample that `sample` of `../oracle/evaluation.py` draws.
    fn sample(&self) -> Sample {
        let mut state = self.seed;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut one = || {
            let mut score = next();
            if self.levels > 0 {
                score = (score * (f64::from(self.levels) + 1.0)).floor() / f64::from(self.levels);
            }
            (score, next() < self.base + self.slope * (score - 0.5))
        };
        let (scores, labels) = (0..self.rows).map(|_| one()).unzip();
        Sample { scores, labels }
    }
}

/// Within 1e-12 of what is expected, relative to it; the absolute part is for differences that cancel to nothing.
#[track_caller]
fn assert_near(got: f64, expected: f64, what: &str) {
    let allowed = 1e-12 * expected.abs() + 1e-15;
    assert!((got - expected).abs() <= allowed, "{what}: {got:e} is not {expected:e}");
}

// Expected by ../oracle/evaluation.py.
#[test]
fn metrics_are_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/evaluation.json")).unwrap();
    assert!(cases.len() >= 100);
    for (number, case) in cases.iter().enumerate() {
        let sample = match (&case.sample, &case.draw) {
            (Some(sample), _) => Sample { scores: sample.scores.clone(), labels: sample.labels.clone() },
            (None, Some(draw)) => draw.sample(),
            (None, None) => panic!("case {number} has no sample"),
        };
        let rows = ScoredRows::by_other("sample", sample.scores, &sample.labels, data("sample")).unwrap();
        let evaluation = BinaryEvaluator::default().evaluate(&rows);
        for (name, expected) in &case.expected {
            let what = format!("case {number}, {name}");
            if let Some(name) = name.strip_suffix("_interval") {
                let interval = evaluation.metric(name).unwrap().interval;
                match (interval, expected.as_array()) {
                    (Some(Interval { low, high, .. }), Some(ends)) => {
                        assert_near(low, ends[0].as_f64().unwrap(), &what);
                        assert_near(high, ends[1].as_f64().unwrap(), &what);
                    }
                    (got, ends) => assert!(got.is_none() && ends.is_none(), "{what}: {got:?}, not {ends:?}"),
                }
            } else {
                let value = evaluation.metric(name).unwrap().defined_value();
                match (value, expected.as_f64()) {
                    (Some(value), Some(expected)) => assert_near(value, expected, &what),
                    (got, expected) => assert_eq!(got, expected, "{what}"),
                }
            }
        }
    }
}

#[test]
fn a_wholly_wrong_row_costs_the_logarithm_of_epsilon() {
    let evaluation = BinaryEvaluator::default().evaluate(&scored(&[0.0], &[true]));
    // sklearn.metrics.log_loss([1], [0.0], labels=[0, 1])
    assert_eq!(evaluation.metric("log_loss").unwrap().defined_value(), Some(36.043_653_389_117_15));
}

#[test]
fn what_is_undefined_says_why() {
    let reasons = |scores: &[f64], labels: &[bool]| {
        let evaluation = BinaryEvaluator::default().evaluate(&scored(scores, labels));
        let json = serde_json::to_value(&evaluation).unwrap();
        let reason = |name: &str| json["metrics"][name]["value"]["undefined"]["reason"].clone();
        [reason("roc_auc"), reason("average_precision"), reason("log_loss")]
    };
    let one_class = |rows, positives| serde_json::json!({ "one_class": { "rows": rows, "positives": positives } });
    let none = serde_json::Value::Null;
    assert_eq!(reasons(&[0.5; 3], &[true; 3]), [one_class(3, 3), none.clone(), none.clone()]);
    let no_positives = serde_json::json!({ "no_positives": { "rows": 3 } });
    assert_eq!(reasons(&[0.5; 3], &[false; 3]), [one_class(3, 0), no_positives, none]);
    assert_eq!(reasons(&[], &[]), [const { "no_rows" }; 3]);
}

#[test]
fn a_small_slice_is_undefined_and_says_how_small() {
    let rows =
        scored(&[0.1, 0.2, 0.3, 0.4], &[false, true, false, true]).slice_by("hour", ["1", "1", "1", "2"]).unwrap();
    let evaluator = BinaryEvaluator::builder().minimum_slice_rows(3).build().unwrap();
    let evaluation = evaluator.evaluate(&rows);
    let [large, small] = evaluation.slices() else { panic!("two slices") };
    assert!(large.metrics().all(|(_, metric)| metric.defined_value().is_some()));
    assert!(small.metrics().all(|(_, metric)| metric.defined_value().is_none() && metric.interval.is_none()));
    let shown = evaluation.to_string();
    assert!(shown.contains("hour = 2: 1 rows are fewer than 3"), "{shown}");
}

#[test]
fn the_table_shows_all_rows_intervals_slices_and_reasons() {
    let rows =
        scored(&[0.25, 0.5, 0.75, 1.0], &[false, true, false, true]).slice_by("of", ["a", "a", "b", "b"]).unwrap();
    let evaluator = BinaryEvaluator::builder().minimum_slice_rows(2).build().unwrap();
    let shown = evaluator.evaluate(&rows).to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].ends_with("2 of 4 rows are positive"), "{shown}");
    assert!(lines[1].trim_start().starts_with("rows  roc_auc  log_loss"), "{shown}");
    assert!(lines[2].starts_with("all        4   0.7500"), "{shown}");
    assert!(lines[3].starts_with("  from"), "{shown}");
    assert!(lines[5].starts_with("of = a     2   1.0000"), "{shown}");
    assert_eq!(lines.len(), 7, "{shown}");
}

#[test]
fn what_a_paired_comparison_needs_is_not_written() {
    let json = serde_json::to_value(BinaryEvaluator::default().evaluate(&scored(&[0.5], &[true]))).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["data", "evaluator", "metrics", "positives", "rows", "slices", "subject"]);
}

#[test]
fn parameters_out_of_range_name_themselves() {
    let message = |builder: mlops_core::BinaryEvaluatorBuilder| builder.build().unwrap_err().to_string();
    for confidence in [0.0, 1.0, f64::NAN, 1.0 - f64::EPSILON / 2.0] {
        let message = message(BinaryEvaluator::builder().confidence(confidence));
        assert!(message.starts_with("confidence is"), "{message}");
    }
    assert!(message(BinaryEvaluator::builder().calibration_bins(0)).starts_with("calibration_bins is 0"));
    assert!(message(BinaryEvaluator::builder().calibration_bins(1001)).contains("1 to 1000"));
    assert!(message(BinaryEvaluator::builder().minimum_slice_rows(0)).starts_with("minimum_slice_rows"));
}

/// Whether the interval of calibration error over ten bins holds the true one for scores uniform on ten values,
/// of which each is `off` too low.
fn covers(seed: u64, off: f64) -> bool {
    let draw = Draw { seed, rows: 1000, levels: 0, base: 0.0, slope: 0.0 };
    let uniform = draw.sample().scores;
    let labels_by = Draw { seed: seed + 1_000_000, ..draw }.sample().scores;
    let scores: Vec<f64> = uniform.iter().map(|u| (u * 9.0).floor() / 10.0 + 0.05).collect();
    let labels: Vec<bool> = scores.iter().zip(labels_by).map(|(score, u)| u < score + off).collect();
    let evaluation = BinaryEvaluator::default().evaluate(&scored(&scores, &labels));
    let Some(Metric { interval: Some(Interval { low, high, .. }), .. }) = evaluation.metric("ece") else {
        return false;
    };
    (*low..=*high).contains(&off)
}

#[test]
fn the_interval_of_calibration_error_covers_with_and_without_error() {
    for off in [0.0, 0.01, 0.05] {
        let covered = (0..200).filter(|seed| covers(*seed, off)).count();
        // Three standard errors of 200 trials below 0.95.
        assert!(covered as f64 / 200.0 > 0.903, "{covered} of 200 at {off}");
    }
}
