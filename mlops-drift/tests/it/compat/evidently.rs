//! Evidently, by `tests/oracle/compat_evidently.py`.

use mlops_drift::Sample;
use mlops_drift::compat::Categories;
use mlops_drift::compat::evidently::{StatTest, categorical_drift, dataset_drift, numeric_drift};
use serde::Deserialize;

use super::{categories, near};
use crate::samples;

#[derive(Deserialize)]
struct Expected {
    numbers: Vec<Option<Numbers>>,
    categories: Vec<OfCategories>,
    sets: Vec<Set>,
}

/// The test that it chose, with its score and answer, and all distances.
#[derive(Deserialize)]
struct Numbers(String, f64, bool, f64, f64, f64, f64);

#[derive(Deserialize)]
struct OfCategories(String, Option<f64>, bool, Option<f64>, f64, Option<f64>, f64, f64);

#[derive(Deserialize)]
struct Set {
    columns: Vec<(u64, f64, bool)>,
    share: f64,
    drifted: bool,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../../data/compat_evidently.json")).unwrap()
}

#[track_caller]
fn near_score(test: StatTest, got: f64, wanted: f64, what: &str) {
    match test {
        // Evidently subtracts from 1.
        StatTest::Z => assert!((got - wanted).abs() <= 4e-16 + 1e-10 * wanted, "{what}: {got} is not {wanted}"),
        StatTest::ChiSquare | StatTest::KolmogorovSmirnov => near(got, wanted, 1e-10, what),
        _ => near(got, wanted, 1e-12, what),
    }
}

#[test]
fn numbers_drift_as_evidently_says() {
    for (i, wanted) in (0..).zip(expected().numbers) {
        let case = samples::case(i, 100_000);
        let (a, b) = (Sample::of(&case.reference), Sample::of(&case.current));
        let Some(Numbers(name, score, drifted, wasserstein, js, psi, kl)) = wanted else {
            numeric_drift(&a, &b, Some(StatTest::Psi)).unwrap_err();
            continue;
        };
        let drift = numeric_drift(&a, &b, None).unwrap();
        assert_eq!((drift.test.name(), drift.drifted), (name.as_str(), drifted), "case {i}: {drift:?}");
        near_score(drift.test, drift.score, score, &format!("case {i}, {name}"));
        for (test, wanted) in [
            (StatTest::Wasserstein, wasserstein),
            (StatTest::JensenShannon, js),
            (StatTest::Psi, psi),
            (StatTest::KullbackLeibler, kl),
        ] {
            let got = numeric_drift(&a, &b, Some(test)).unwrap().score;
            near_score(test, got, wanted, &format!("case {i}, {}, {:?}", test.name(), case.kind));
        }
    }
}

#[test]
fn categories_drift_as_evidently_says() {
    for (i, wanted) in (0..).zip(expected().categories) {
        let OfCategories(name, score, drifted, chi_square, z, js, psi, kl) = wanted;
        let (a, b) = samples::counts(i);
        let (a, b) = (categories(&a), categories(&b));
        let drift = categorical_drift(&a, &b, None).unwrap();
        assert_eq!((drift.test.name(), drift.drifted), (name.as_str(), drifted), "case {i}: {drift:?}");
        near_score(drift.test, drift.score, score.unwrap_or(0.0), &format!("case {i}, {name}"));
        for (test, wanted) in [
            (StatTest::ChiSquare, chi_square),
            (StatTest::Z, Some(z)),
            (StatTest::JensenShannon, js.or(Some(0.0))),
            (StatTest::Psi, Some(psi)),
            (StatTest::KullbackLeibler, Some(kl)),
        ] {
            let got = categorical_drift(&a, &b, Some(test));
            let what = format!("case {i}, {}", test.name());
            // scipy's p-value for no degree of freedom is NaN, or 0 after rounding.
            match wanted.filter(|_| test != StatTest::ChiSquare || js.is_some_and(|js| js > 0.0)) {
                Some(wanted) => near_score(test, got.expect(&what).score, wanted, &what),
                None => _ = got.unwrap_err(),
            }
        }
    }
}

#[test]
fn sets_with_missing_values_drift_as_evidently_says() {
    for set in expected().sets {
        let mut columns = Vec::new();
        for (i, score, drifted) in set.columns {
            let case = samples::case(i, 2500);
            let holes = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            let [a, b] = [case.reference, case.current].map(|values| Sample::of(&[&values, &holes[..]].concat()));
            let drift = numeric_drift(&a, &b, None).unwrap();
            assert_eq!(drift.drifted, drifted);
            near_score(drift.test, drift.score, score, &format!("case {i}"));
            assert_eq!((drift.reference.nan, drift.reference.infinite), (1, 2));
            columns.push(drift);
        }
        let drift = dataset_drift(&columns, 0.5).unwrap();
        assert_eq!((drift.share, drift.drifted), (set.share, set.drifted));
    }
}

#[test]
fn what_evidently_refuses_is_refused() {
    let (none, nan, one) = (Sample::of(&[]), Sample::of(&[f64::NAN]), Sample::of(&[1.0]));
    numeric_drift(&none, &one, None).unwrap_err();
    numeric_drift(&one, &nan, None).unwrap_err();
    dataset_drift(&[], 0.5).unwrap_err();
    let empty = Categories::of_counts::<String>([], 3);
    categorical_drift(&empty, &categories(&[1]), None).unwrap_err();
    categorical_drift(&categories(&[1]), &categories(&[1]), Some(StatTest::Wasserstein)).unwrap_err();
    // Constant columns, and such as change from one constant to another.
    assert_eq!(numeric_drift(&one, &one, None).unwrap().score, 1.0);
    assert_eq!(numeric_drift(&one, &one, Some(StatTest::Wasserstein)).unwrap().score, 0.0);
    let huge = Sample::of(&(0..30).map(|i| f64::from(i - 15) * 1e307).collect::<Vec<_>>());
    numeric_drift(&huge, &huge, Some(StatTest::Psi)).unwrap_err();
}
