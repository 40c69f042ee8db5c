//! scouter, by `tests/oracle/compat_scouter.py`.

use mlops_drift::Sample;
use mlops_drift::compat::Categories;
use mlops_drift::compat::scouter::{PsiProfile, PsiThreshold};
use serde::Deserialize;

use super::{categories, near};
use crate::samples;

#[derive(Deserialize)]
struct Expected {
    numbers: Vec<f64>,
    categories: Vec<f64>,
    thresholds: Vec<(u64, usize, f64, f64, f64)>,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../../data/compat_scouter.json")).unwrap()
}

#[test]
fn indices_are_those_of_scouter() {
    for (i, wanted) in (0..).zip(expected().numbers) {
        let case = samples::case(i, 100_000);
        let holes: &[f64] = if i.is_multiple_of(5) { &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY] } else { &[] };
        let [a, b] = [case.reference, case.current].map(|values| Sample::of(&[&values, holes].concat()));
        let profile = PsiProfile::of_numbers(&a).unwrap();
        let drift = profile.compare_numbers(&b, PsiThreshold::default()).unwrap();
        near(drift.psi, wanted, 1e-12, &format!("case {i}, {:?}", case.kind));
        assert_eq!((drift.bins, drift.alert), (10, drift.psi > drift.threshold));
    }
    for (i, wanted) in (0..).zip(expected().categories) {
        let (a, b) = samples::counts(i);
        let profile = PsiProfile::of_categories(&categories(&a)).unwrap();
        let drift = profile.compare_categories(&categories(&b), PsiThreshold::Fixed(0.25)).unwrap();
        near(drift.psi, wanted, 1e-12, &format!("case {i}"));
        assert_eq!(drift.alert, wanted > 0.25);
    }
}

#[test]
fn thresholds_are_those_of_its_documentation() {
    for (rows, bins, alpha, chi_square, normal) in expected().thresholds {
        near(PsiThreshold::ChiSquare(alpha).of(rows, bins).unwrap(), chi_square, 1e-12, "chi-square");
        near(PsiThreshold::Normal(alpha).of(rows, bins).unwrap(), normal, 1e-12, "normal");
    }
    for wrong in [PsiThreshold::ChiSquare(0.0), PsiThreshold::Normal(f64::NAN), PsiThreshold::Fixed(-1.0)] {
        wrong.of(10, 10).unwrap_err();
    }
}

#[test]
fn odd_columns_are_answered_or_refused() {
    let constant = PsiProfile::of_numbers(&Sample::of(&[3.0; 12])).unwrap();
    let threshold = PsiThreshold::default();
    assert_eq!(constant.compare_numbers(&Sample::of(&[3.0]), threshold).unwrap().psi, 0.0);
    near(
        constant.compare_numbers(&Sample::of(&[4.0; 5]), threshold).unwrap().psi,
        46.051_701_860_080_91,
        1e-13,
        "",
    );
    // All missing: every share is 0, which alarms.
    assert!(constant.compare_numbers(&Sample::of(&[f64::NAN; 4]), PsiThreshold::Fixed(0.25)).unwrap().alert);
    constant.compare_numbers(&Sample::of(&[]), threshold).unwrap_err();
    constant.compare_categories(&categories(&[1]), threshold).unwrap_err();
    PsiProfile::of_numbers(&Sample::of(&[f64::NAN; 10])).unwrap_err();
    PsiProfile::of_categories(&Categories::default()).unwrap_err();
    let one = PsiProfile::of_categories(&categories(&[5])).unwrap();
    one.compare_categories(&categories(&[5]), threshold).unwrap_err();
    assert_eq!(one.compare_categories(&categories(&[0, 5]), PsiThreshold::Fixed(0.25)).unwrap().bins, 1);
}
