//! What holds for all samples.

use mlops_drift::Sample;
use mlops_drift::compat::evidently::{self, StatTest};
use mlops_drift::compat::nannyml::{Categorical, CategoricalMethod, Chunks, Continuous, ContinuousMethod};
use mlops_drift::compat::scouter::{PsiProfile, PsiThreshold};
use mlops_drift::compat::{Categories, frouros};
use proptest::prelude::*;

use crate::samples;

const STAT_TESTS: [StatTest; 7] = [
    StatTest::KolmogorovSmirnov,
    StatTest::ChiSquare,
    StatTest::Z,
    StatTest::Wasserstein,
    StatTest::JensenShannon,
    StatTest::Psi,
    StatTest::KullbackLeibler,
];
const CONTINUOUS: [ContinuousMethod; 4] = [
    ContinuousMethod::JensenShannon,
    ContinuousMethod::Hellinger,
    ContinuousMethod::KolmogorovSmirnov,
    ContinuousMethod::Wasserstein,
];
const CATEGORICAL: [CategoricalMethod; 4] = [
    CategoricalMethod::JensenShannon,
    CategoricalMethod::Hellinger,
    CategoricalMethod::ChiSquare,
    CategoricalMethod::LInfinity,
];
const DETECTORS: [frouros::Detector; 8] = [
    frouros::Detector::Psi,
    frouros::Detector::Hellinger,
    frouros::Detector::Bhattacharyya,
    frouros::Detector::HistogramIntersection,
    frouros::Detector::Wasserstein,
    frouros::Detector::Energy,
    frouros::Detector::KolmogorovSmirnov,
    frouros::Detector::ChiSquare,
];

/// Any floats at all, or such as are near each other.
fn wild() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![4 => prop::num::f64::ANY, 4 => (-3_i32..4).prop_map(f64::from), 1 => Just(f64::MAX)];
    prop::collection::vec(value, 0..60)
}

fn tame() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![(-9_i32..9).prop_map(f64::from), -9.0..9.0_f64], 1..80)
}

fn counts() -> impl Strategy<Value = Categories> {
    let count = prop_oneof![8 => 0_u64..100, 1 => Just(u64::MAX)];
    (prop::collection::vec(count, 0..6), 0_u64..9).prop_map(|(counts, missing)| {
        Categories::of_counts(counts.into_iter().enumerate().map(|(i, n)| (i.to_string(), n)), missing)
    })
}

proptest! {
    #[test]
    fn no_numbers_panic_or_give_nan(reference in wild(), current in wild(), size in 0_usize..20) {
        let (a, b) = (Sample::of(&reference), Sample::of(&current));
        for test in STAT_TESTS.map(Some).into_iter().chain([None]) {
            if let Ok(drift) = evidently::numeric_drift(&a, &b, test) {
                prop_assert!(!drift.score.is_nan(), "{drift:?}");
            }
        }
        for detector in DETECTORS {
            if let Ok(drift) = frouros::compare(detector, &a, &b) {
                prop_assert!(!drift.statistic.is_nan(), "{drift:?}");
            }
        }
        if let Ok(profile) = PsiProfile::of_numbers(&a) {
            _ = profile.compare_numbers(&b, PsiThreshold::default());
        }
        for method in CONTINUOUS {
            let fitted = Continuous::fit(method, &reference, Chunks::Size(size));
            if let Ok(drift) = fitted.and_then(|fitted| fitted.compare(&current)) {
                prop_assert!(!drift.value.is_nan(), "{drift:?}");
            }
        }
    }

    #[test]
    fn no_categories_panic_or_give_nan(a in counts(), b in counts()) {
        for test in STAT_TESTS.map(Some).into_iter().chain([None]) {
            if let Ok(drift) = evidently::categorical_drift(&a, &b, test) {
                prop_assert!(!drift.score.is_nan(), "{drift:?}");
            }
        }
        if let Ok(profile) = PsiProfile::of_categories(&a) {
            _ = profile.compare_categories(&b, PsiThreshold::Normal(0.01));
        }
        let rows = a.iter().flat_map(|(name, n)| std::iter::repeat_n(Some(name), n.min(9) as usize));
        let rows: Vec<Option<&str>> = rows.collect();
        for method in CATEGORICAL {
            if let Ok(drift) = Categorical::fit(method, &rows, Chunks::Number(2)).and_then(|m| m.compare(&b)) {
                prop_assert!(!drift.value.is_nan(), "{drift:?}");
            }
        }
    }

    #[test]
    fn distances_are_symmetric_and_zero_on_equal(a in tame(), b in tame()) {
        let (a, b) = (Sample::of(&a), Sample::of(&b));
        for detector in DETECTORS {
            let there = frouros::compare(detector, &a, &b).unwrap().statistic;
            let back = frouros::compare(detector, &b, &a).unwrap().statistic;
            prop_assert!((there - back).abs() <= 1e-11 * there.abs() + 1e-15, "{detector:?}: {there} {back}");
            // 1 − Σ of shares leaves a rounding.
            prop_assert!(frouros::compare(detector, &a, &a).unwrap().statistic.abs() < 1e-15);
        }
        for test in [StatTest::Wasserstein, StatTest::JensenShannon, StatTest::Psi, StatTest::KullbackLeibler] {
            prop_assert_eq!(evidently::numeric_drift(&a, &a, Some(test)).unwrap().score, 0.0);
        }
        let profile = PsiProfile::of_numbers(&a).unwrap();
        prop_assert_eq!(profile.compare_numbers(&a, PsiThreshold::default()).unwrap().psi, 0.0);
    }

    #[test]
    fn the_unit_does_not_matter_where_it_should_not(a in tame(), b in tame()) {
        let [a4, b4] = [&a, &b].map(|side| side.iter().map(|x| x * 4.0).collect::<Vec<_>>());
        let score = |a: &[f64], b: &[f64], test| {
            evidently::numeric_drift(&Sample::of(a), &Sample::of(b), Some(test)).unwrap().score
        };
        for test in STAT_TESTS {
            // A constant reference has the least standard deviation, in the column's unit; chi-square needs two values.
            if a.iter().all(|x| *x == a[0]) {
                continue;
            }
            prop_assert_eq!(score(&a, &b, test), score(&a4, &b4, test));
        }
        if a.len() >= 10 {
            for (method, factor) in CONTINUOUS.into_iter().zip([1.0, 1.0, 1.0, 4.0]) {
                let value = |a: &[f64], b: &[f64]| {
                    Continuous::fit(method, a, Chunks::default()).unwrap().compare(b).unwrap().value
                };
                if a.iter().any(|x| *x != a[0]) {
                    prop_assert_eq!(value(&a, &b) * factor, value(&a4, &b4));
                }
            }
        }
    }

    #[test]
    fn the_order_of_a_chunk_does_not_matter(a in tame(), mut b in tame()) {
        for method in CONTINUOUS {
            let fitted = Continuous::fit(method, &a, Chunks::Size(5)).unwrap();
            let before = fitted.compare(&b).unwrap();
            b.reverse();
            prop_assert_eq!(before, fitted.compare(&b).unwrap());
        }
    }
}

/// What the documentation says of alarms without drift.
#[test]
fn alarms_without_drift_are_as_often_as_said() {
    let chunk = |seed: u64| samples::uniforms(seed, 200);
    let (mut nannyml, mut scouter, mut evidently) = (0, 0, 0);
    for round in 0..400 {
        let reference: Vec<f64> = (0..10).flat_map(|k| chunk(2_000_000 + 20 * round + k)).collect();
        let current = chunk(2_000_000 + 20 * round + 10);
        let fitted = Continuous::fit(ContinuousMethod::JensenShannon, &reference, Chunks::default()).unwrap();
        nannyml += u32::from(fitted.compare(&current).unwrap().alert);
        let (a, b) = (Sample::of(&reference[..200]), Sample::of(&current));
        let drift = PsiProfile::of_numbers(&a).unwrap().compare_numbers(&b, PsiThreshold::default()).unwrap();
        scouter += u32::from(drift.alert);
        let thirds =
            |sample: &Sample| Sample::of(&sample.values().iter().map(|u| (u * 3.0).floor()).collect::<Vec<_>>());
        evidently += u32::from(evidently::numeric_drift(&thirds(&a), &thirds(&b), None).unwrap().drifted);
    }
    assert_eq!((nannyml, scouter, evidently), (25, 209, 92));
}
