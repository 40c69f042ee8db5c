//! NannyML, by `tests/oracle/compat_nannyml.py`.

use mlops_drift::DriftError;
use mlops_drift::compat::Categories;
use mlops_drift::compat::nannyml::{
    Categorical, CategoricalMethod, ChunkDrift, Chunks, Continuous, ContinuousMethod,
};
use serde::Deserialize;

use super::{categories, near};
use crate::samples;

#[derive(Deserialize)]
struct Expected {
    numbers: Vec<[Option<Answer>; 4]>,
    categories: Vec<[Option<Answer>; 4]>,
}

/// The value, the threshold or the p-value, and whether it alarms.
#[derive(Clone, Copy, Deserialize)]
struct Answer(Option<f64>, Option<f64>, bool);

fn expected() -> Expected {
    serde_json::from_str(include_str!("../../data/compat_nannyml.json")).unwrap()
}

fn chunks(i: u64, rows: usize) -> Chunks {
    if i.is_multiple_of(8) || rows > 1000 { Chunks::default() } else { Chunks::Size(7) }
}

/// The square of a distance is a sum of terms that cancel, whose last bits are those of the logarithm in use.
#[track_caller]
fn near_distance(got: f64, wanted: f64, what: &str) {
    if (got * got - wanted * wanted).abs() > 4e-16 {
        near(got, wanted, 1e-12, what);
    }
}

#[track_caller]
fn check(got: Result<ChunkDrift, DriftError>, wanted: Option<Answer>, what: &str) {
    let Some(Answer(value, limit, alert)) = wanted else {
        got.expect_err(what);
        return;
    };
    let drift = got.expect(what);
    near_distance(drift.value, value.unwrap_or(0.0), what);
    match (drift.p_value, drift.threshold) {
        (Some(p_value), None) => near(p_value, limit.unwrap(), 1e-10, what),
        // NaN where NannyML's distances are roots of what rounds to below 0.
        (None, Some(threshold)) => near_distance(threshold, limit.unwrap_or(0.0), what),
        _ => panic!("{drift:?}"),
    }
    // A threshold of NaN never alarms there.
    assert_eq!(drift.alert, alert || limit.is_none() && drift.value > 0.0, "{what}: {drift:?}");
}

#[test]
fn numbers_drift_as_nannyml_says() {
    let methods = {
        use ContinuousMethod::{Hellinger, JensenShannon, KolmogorovSmirnov, Wasserstein};
        [JensenShannon, Hellinger, KolmogorovSmirnov, Wasserstein]
    };
    for (i, wanted) in (0..).zip(expected().numbers) {
        let case = samples::case(i, 100_000);
        for (method, wanted) in methods.into_iter().zip(wanted) {
            let fitted = Continuous::fit(method, &case.reference, chunks(i, case.reference.len()));
            let got = fitted.and_then(|fitted| fitted.compare(&case.current));
            check(got, wanted, &format!("case {i}, {}, {:?}, {}", method.name(), case.kind, case.reference.len()));
        }
    }
}

#[test]
fn categories_drift_as_nannyml_says() {
    let methods = {
        use CategoricalMethod::{ChiSquare, Hellinger, JensenShannon, LInfinity};
        [JensenShannon, Hellinger, ChiSquare, LInfinity]
    };
    for (i, wanted) in (0..).zip(expected().categories) {
        let (a, b) = samples::counts(i);
        let names: Vec<String> = (0..a.len()).map(|k| format!("{k:02}")).collect();
        let rows = names.iter().zip(&a).flat_map(|(name, &n)| std::iter::repeat_n(name, n.min(3000) as usize));
        let mut rows: Vec<(u64, &String)> = rows.enumerate().map(|(at, name)| (at as u64, name)).collect();
        let keys = samples::bits(700_000 + i, rows.len());
        rows.sort_by_key(|&(at, _)| keys[at as usize]);
        let reference: Vec<Option<&String>> = rows.into_iter().map(|(_, name)| Some(name)).collect();
        let current = categories(&b.iter().map(|&n| n.min(3000)).collect::<Vec<_>>());
        for (method, wanted) in methods.into_iter().zip(wanted) {
            let fitted = Categorical::fit(method, &reference, chunks(i, reference.len()));
            let got = fitted.and_then(|fitted| fitted.compare(&current));
            check(got, wanted, &format!("case {i}, {}", method.name()));
        }
    }
}

#[test]
fn chunks_of_nothing_are_refused_and_those_of_one_row_answered() {
    use {CategoricalMethod::ChiSquare, ContinuousMethod::Wasserstein};
    let reference: Vec<f64> = (0..31).map(f64::from).collect();
    for method in [ContinuousMethod::JensenShannon, ContinuousMethod::KolmogorovSmirnov, Wasserstein] {
        let fitted = Continuous::fit(method, &reference, Chunks::default()).unwrap(); // the last chunk has one row
        fitted.compare(&[f64::NAN; 5]).unwrap_err();
        fitted.compare(&[]).unwrap_err();
        assert!(fitted.compare(&[15.0]).unwrap().value > 0.0);
        Continuous::fit(method, &[f64::NAN; 50], Chunks::default()).unwrap_err();
        Continuous::fit(method, &[], Chunks::Size(5)).unwrap_err();
        // A column that was constant.
        let constant = Continuous::fit(method, &[2.0; 20_000], Chunks::default()).unwrap();
        assert!(constant.compare(&[3.0]).unwrap().alert);
        // A chunk of the reference that is missing altogether.
        let holes: Vec<f64> = (0..100).map(|i| if i < 10 { f64::NAN } else { f64::from(i) }).collect();
        assert!(Continuous::fit(method, &holes, Chunks::default()).unwrap().threshold().is_finite());
    }
    let infinite = Continuous::fit(Wasserstein, &reference, Chunks::default()).unwrap().compare(&[f64::INFINITY]);
    assert!(infinite.is_err() || infinite.is_ok_and(|drift| drift.value == f64::INFINITY));
    Continuous::fit(Wasserstein, &[f64::NEG_INFINITY, f64::INFINITY], Chunks::Size(1)).unwrap_err();

    let one: Vec<Option<&str>> = vec![Some("a"); 20];
    for method in
        [CategoricalMethod::JensenShannon, CategoricalMethod::Hellinger, ChiSquare, CategoricalMethod::LInfinity]
    {
        let fitted = Categorical::fit(method, &one, Chunks::default()).unwrap();
        fitted.compare(&Categories::of_counts([("a", 0)], 4)).unwrap_err();
        // A category that the reference lacks.
        assert!(fitted.compare(&Categories::of_counts([("b", 5)], 0)).unwrap().alert, "{method:?}");
        assert!(!fitted.compare(&Categories::of_counts([("a", 1)], 0)).unwrap().alert, "{method:?}");
    }
    assert!(Categorical::fit(ChiSquare, &one, Chunks::Number(0)).is_err());
}
