//! NannyML's car loans: a chunk that has drifted, as NannyML and Evidently see it.

use mlops_drift::Sample;
use mlops_drift::compat::Categories;
use mlops_drift::compat::evidently::{StatTest, categorical_drift, numeric_drift};
use mlops_drift::compat::nannyml::{Categorical, CategoricalMethod, Chunks, Continuous, ContinuousMethod};
use serde::Deserialize;

use super::near;

struct Loans {
    values: Vec<f64>,
    ranges: Vec<Option<&'static str>>,
}

/// The reference, and rows 35,000 to 39,999 of the analysis; the format is in `tests/data/car_loan/NOTICE`.
fn loans() -> (Loans, Loans) {
    let rows: Vec<u32> = include_bytes!("../../data/car_loan/rows.bin")
        .chunks_exact(3)
        .map(|row| u32::from_le_bytes([row[0], row[1], row[2], 0]))
        .collect();
    let side = |rows: &[u32]| Loans {
        values: rows.iter().map(|row| f64::from(row & 0x1_FFFF)).collect(),
        ranges: rows.iter().map(|row| Some(["a", "b", "c", "d"][(row >> 17) as usize])).collect(),
    };
    (side(&rows[..50_000]), side(&rows[50_000..]))
}

#[derive(Deserialize)]
struct OfNannyml {
    car_loan: Vec<(f64, f64, bool)>,
}

#[derive(Deserialize)]
struct OfEvidently {
    car_loan: Vec<(String, f64)>,
}

#[test]
fn the_chunk_has_drifted_as_nannyml_says() {
    let (reference, chunk) = loans();
    let wanted: OfNannyml = serde_json::from_str(include_str!("../../data/compat_nannyml.json")).unwrap();
    let mut wanted = wanted.car_loan.into_iter();
    let mut check = |got: f64, limit: Option<f64>, alert: bool, what: &str| {
        let wanted = wanted.next().unwrap();
        near(got, wanted.0, 1e-12, what);
        near(limit.unwrap(), wanted.1, 1e-10, what);
        assert_eq!(alert, wanted.2);
    };
    for (method, about) in [
        (ContinuousMethod::JensenShannon, 0.466_777),
        (ContinuousMethod::Hellinger, 0.413_820),
        (ContinuousMethod::KolmogorovSmirnov, 0.43772),
        (ContinuousMethod::Wasserstein, 19169.83),
    ] {
        let fitted = Continuous::fit(method, &reference.values, Chunks::Size(5000)).unwrap();
        let drift = fitted.compare(&chunk.values).unwrap();
        check(drift.value, drift.threshold, drift.alert, method.name());
        near(drift.value, about, 2e-6, "as published");
    }
    let counts: Categories = chunk.ranges.into_iter().collect();
    for method in [
        CategoricalMethod::JensenShannon,
        CategoricalMethod::Hellinger,
        CategoricalMethod::ChiSquare,
        CategoricalMethod::LInfinity,
    ] {
        let fitted = Categorical::fit(method, &reference.ranges, Chunks::Size(5000)).unwrap();
        let drift = fitted.compare(&counts).unwrap();
        check(drift.value, drift.p_value.or(drift.threshold), drift.alert, method.name());
    }
}

#[test]
fn the_chunk_has_drifted_as_evidently_says() {
    let (reference, chunk) = loans();
    let wanted: OfEvidently = serde_json::from_str(include_str!("../../data/compat_evidently.json")).unwrap();
    let (a, b) = (Sample::of(&reference.values), Sample::of(&chunk.values));
    let (c, d): (Categories, Categories) =
        (reference.ranges.into_iter().collect(), chunk.ranges.into_iter().collect());
    assert_eq!(numeric_drift(&a, &b, None).unwrap().test, StatTest::Wasserstein);
    assert_eq!(categorical_drift(&c, &d, None).unwrap().test, StatTest::JensenShannon);
    use StatTest::{JensenShannon, KullbackLeibler, Psi, Wasserstein};
    let numeric = [Wasserstein, JensenShannon, Psi, KullbackLeibler].map(|test| numeric_drift(&a, &b, Some(test)));
    let categorical = [JensenShannon, Psi, KullbackLeibler].map(|test| categorical_drift(&c, &d, Some(test)));
    let mut got = numeric.into_iter().chain(categorical).map(Result::unwrap);
    for (name, score) in wanted.car_loan {
        let drift = got.next().unwrap();
        assert_eq!(drift.test.name(), name);
        assert!(drift.drifted);
        near(drift.score, score, 1e-12, &name);
    }
}
