//! Distances against scipy. The values are from `tests/oracle/distances.py`.

use mlops_drift::{Method, PsiZeros, Sample, jensen_shannon, ks_two_sample, psi};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    counts: Vec<Counts>,
    samples: Vec<Samples>,
    long: Vec<Long>,
}

#[derive(Deserialize)]
struct Counts {
    reference: Vec<u64>,
    current: Vec<u64>,
    js_distance: f64,
    psi_jeffreys: f64,
    psi_plain: Option<f64>,
}

#[derive(Deserialize)]
struct Samples {
    reference: Vec<f64>,
    current: Vec<f64>,
    statistic: f64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Long {
    n: u32,
    m: u32,
    power: f64,
    statistic: f64,
    p_value: f64,
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../data/distances.json")).unwrap()
}

#[track_caller]
fn near(got: f64, wanted: f64, relative: f64) {
    assert!((got - wanted).abs() <= relative * wanted.abs(), "{got} is not {wanted}");
}

#[test]
fn distances_of_counts_are_those_of_scipy() {
    for case in expected().counts {
        let distance = jensen_shannon(&case.reference, &case.current).unwrap().distance();
        near(distance, case.js_distance, 1e-12);
        let index = psi(&case.reference, &case.current, PsiZeros::Jeffreys).unwrap().statistic;
        near(index, case.psi_jeffreys, 1e-12);
        let plain = psi(&case.reference, &case.current, PsiZeros::Infinite).unwrap().statistic;
        match case.psi_plain {
            Some(wanted) => near(plain, wanted, 1e-12),
            None => assert_eq!(plain, f64::INFINITY),
        }
    }
}

#[test]
fn tests_of_short_samples_are_those_of_scipy() {
    for case in expected().samples {
        let test = ks_two_sample(&Sample::of(&case.reference), &Sample::of(&case.current)).unwrap();
        near(test.statistic, case.statistic, 1e-12);
        near(test.p_value.unwrap(), case.p_value, 1e-11); // scipy's own sum loses some digits
        assert_eq!(test.method, Method::Exact);
    }
}

#[test]
fn tests_of_long_samples_are_those_of_scipy_within_what_is_documented() {
    for Long { n, m, power, statistic, p_value } in expected().long {
        let reference: Vec<f64> = (0..n).map(|i| f64::from(i) / f64::from(n)).collect();
        let current: Vec<f64> = (0..m).map(|i| ((f64::from(i) + 0.5) / f64::from(m)).powf(power)).collect();
        let test = ks_two_sample(&Sample::of(&reference), &Sample::of(&current)).unwrap();
        near(test.statistic, statistic, 1e-12);
        let rows = f64::from(n) * f64::from(m) / (f64::from(n) + f64::from(m));
        match test.method {
            Method::Exact => near(test.p_value.unwrap(), p_value, 1e-9), // sums of up to 6e6 terms
            _ => {
                let allowed = if rows > 20_000.0 { 1.1e-6 } else { 1e-10 };
                assert!((test.p_value.unwrap() - p_value).abs() < allowed, "{n} {m}: {test:?} {p_value}");
            }
        }
    }
}

#[test]
fn samples_that_cannot_be_compared_are_refused() {
    assert!(ks_two_sample(&Sample::of(&[]), &Sample::of(&[1.0])).is_err());
    assert!(ks_two_sample(&Sample::of(&[1.0]), &Sample::of(&[f64::NAN])).is_err());
    assert!(psi(&[1, 2], &[1], PsiZeros::default()).is_err());
    assert!(psi(&[0, 0], &[1, 1], PsiZeros::default()).is_err());
    assert!(jensen_shannon(&[1], &[0]).is_err());
}

#[test]
fn the_same_drift_is_the_same_effect_at_a_hundred_times_the_rows() {
    let few = psi(&[400, 300, 300], &[500, 250, 250], PsiZeros::default()).unwrap();
    let many = psi(&[40_000, 30_000, 30_000], &[50_000, 25_000, 25_000], PsiZeros::default()).unwrap();
    assert!((few.statistic / many.statistic - 1.0).abs() < 0.01);
}
