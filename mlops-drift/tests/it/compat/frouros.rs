//! frouros, by `tests/oracle/compat_frouros.py`.

use mlops_drift::Sample;
use mlops_drift::compat::frouros::{Detector, compare};
use serde_json::Value;

use super::near;
use crate::samples;

#[test]
fn distances_and_tests_are_those_of_frouros() {
    let detectors = {
        use Detector::{
            Bhattacharyya, ChiSquare, Energy, Hellinger, HistogramIntersection, KolmogorovSmirnov, Psi, Wasserstein,
        };
        [Psi, Hellinger, Bhattacharyya, HistogramIntersection, Wasserstein, Energy, KolmogorovSmirnov, ChiSquare]
    };
    let expected: Vec<Vec<Value>> = serde_json::from_str(include_str!("../../data/compat_frouros.json")).unwrap();
    for (i, wanted) in (0..).zip(expected) {
        let case = samples::case(i, 100_000);
        let (a, b) = (Sample::of(&case.reference), Sample::of(&case.current));
        for (detector, wanted) in detectors.into_iter().zip(wanted) {
            let drift = compare(detector, &a, &b).unwrap();
            let what = format!("case {i}, {}, {:?}, {} {}", detector.name(), case.kind, a.rows(), b.rows());
            match wanted {
                Value::Array(test) => {
                    near(drift.statistic, test[0].as_f64().unwrap(), 1e-12, &what);
                    near(drift.p_value.unwrap(), test[1].as_f64().unwrap(), 1e-10, &what);
                }
                distance => near(drift.statistic, distance.as_f64().unwrap(), 1e-12, &what),
            }
        }
    }
}

#[test]
fn odd_columns_are_answered_or_refused() {
    let [nan, empty, one, infinite] = [&[f64::NAN][..], &[], &[1.0], &[1.0, f64::INFINITY]].map(Sample::of);
    for detector in [Detector::Psi, Detector::Wasserstein, Detector::KolmogorovSmirnov, Detector::ChiSquare] {
        compare(detector, &nan, &one).unwrap_err();
        compare(detector, &one, &empty).unwrap_err();
        assert_eq!(compare(detector, &one, &one).unwrap().statistic, 0.0);
    }
    compare(Detector::Hellinger, &one, &infinite).unwrap_err();
    compare(Detector::Energy, &infinite, &one).unwrap_err();
    assert_eq!(compare(Detector::KolmogorovSmirnov, &one, &infinite).unwrap().statistic, 0.5);
    let far = Sample::of(&[-1.7e308, 1.7e308]);
    compare(Detector::Psi, &far, &one).unwrap_err();
}
