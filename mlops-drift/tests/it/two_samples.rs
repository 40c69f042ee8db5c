//! Tests of two samples and distances between them. The values are from `tests/oracle/two_samples.py`, of the pairs of
//! `samples::case`.

use mlops_drift::{
    DriftError, Method, Sample, SampleTest, anderson_darling, cramer_von_mises, energy_distance, epps_singleton,
    ks_two_sample, kuiper, levene, mann_whitney, normalized_wasserstein, wasserstein, welch_t,
};
use proptest::prelude::*;
use serde::Deserialize;

use crate::samples::case;

#[derive(Deserialize)]
struct Expected {
    kolmogorov_smirnov: Vec<f64>,
    kolmogorov_smirnov_p: Vec<f64>,
    kuiper: Vec<(f64, f64)>,
    cramer_von_mises: Vec<Option<(f64, f64)>>,
    anderson_darling: Vec<Option<(f64, Option<f64>, f64)>>,
    mann_whitney: Vec<(f64, f64)>,
    welch: Vec<Option<(f64, f64, f64)>>,
    levene: Vec<Option<(f64, f64)>>,
    distances: Vec<(f64, Option<f64>, f64, f64)>,
    epps_singleton: Vec<Option<EppsSingleton>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EppsSingleton {
    Well((f64, f64, u32, f64)),
    /// An eigenvalue is too small to tell from 0.
    #[expect(dead_code, reason = "it only says so")]
    Ill(String),
}

fn expected() -> Expected {
    serde_json::from_str(include_str!("../data/two_samples.json")).unwrap()
}

fn pair(i: usize, most: usize) -> (Sample, Sample) {
    let case = case(i as u64, most);
    (Sample::of(&case.reference), Sample::of(&case.current))
}

#[track_caller]
fn near(i: usize, what: &str, got: f64, wanted: f64, relative: f64) {
    let error = (got - wanted).abs();
    // Beyond the range of normal floats no digits are left.
    assert!(error <= relative * wanted.abs() + 1e-300, "case {i}, {what}: {got} is not {wanted}: {error:e}");
}

/// Compares a statistic and a p-value, or the refusal of what has none.
#[track_caller]
fn check(i: usize, got: Result<SampleTest, DriftError>, wanted: Option<(f64, f64)>, relative: f64) {
    match wanted {
        None => assert!(got.is_err(), "case {i}: {got:?}"),
        Some((statistic, p_value)) => {
            let got = got.unwrap();
            near(i, "statistic", got.statistic, statistic, relative);
            near(i, "p-value", got.p_value.unwrap(), p_value, 1e-10);
        }
    }
}

#[test]
fn kolmogorov_smirnov_is_that_of_its_definition() {
    let expected = expected();
    for (i, &statistic) in expected.kolmogorov_smirnov.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        near(i, "statistic", ks_two_sample(&a, &b).unwrap().statistic, statistic, 1e-15);
    }
    for (i, &p_value) in expected.kolmogorov_smirnov_p.iter().enumerate() {
        let (a, b) = pair(i, 400);
        let got = ks_two_sample(&a, &b).unwrap();
        assert_eq!(got.method, Method::Exact);
        near(i, "p-value", got.p_value.unwrap(), p_value, 1e-11);
    }
}

#[test]
fn kuiper_is_that_of_its_definition() {
    for (i, &wanted) in expected().kuiper.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        let got = kuiper(&a, &b);
        let short = a.rows().max(b.rows()) <= 20;
        assert_eq!(got.as_ref().unwrap().method == Method::Exact, short);
        check(i, got, Some(wanted), 1e-12);
    }
}

#[test]
fn cramer_von_mises_is_that_of_its_definition() {
    for (i, &wanted) in expected().cramer_von_mises.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        check(i, cramer_von_mises(&a, &b), wanted, 1e-12);
    }
}

#[test]
fn anderson_darling_is_that_of_its_definition() {
    for (i, wanted) in expected().anderson_darling.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        let got = anderson_darling(&a, &b);
        match *wanted {
            None => assert!(got.is_err(), "case {i}: {got:?}"),
            Some((statistic, p_value, deviation)) => {
                let got = got.unwrap();
                // A² − 1 over σ: what A² is exact to.
                let allowed = 1e-12 * (statistic.abs() + 1.0 / deviation);
                assert!((got.statistic - statistic).abs() <= allowed, "case {i}: {got:?} {statistic}");
                match p_value {
                    // The p-value falls by about the error of A² in the exponent.
                    Some(p_value) => near(i, "p-value", got.p_value.unwrap(), p_value, 1e-10),
                    None => assert!(got.p_value.unwrap() < 1e-8, "case {i}: {got:?}"),
                }
            }
        }
    }
}

#[test]
fn mann_whitney_is_that_of_its_definition() {
    for (i, &wanted) in expected().mann_whitney.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        check(i, mann_whitney(&a, &b), Some(wanted), 0.0);
    }
}

#[test]
fn welch_is_that_of_its_definition() {
    for (i, wanted) in expected().welch.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        let got = welch_t(&a, &b);
        if let (Some((_, degrees, _)), Ok(got)) = (wanted, &got) {
            near(i, "degrees of freedom", got.degrees_of_freedom.unwrap(), *degrees, 1e-12);
        }
        check(i, got, wanted.map(|(statistic, _, p_value)| (statistic, p_value)), 1e-12);
    }
}

#[test]
fn levene_is_that_of_its_definition() {
    for (i, &wanted) in expected().levene.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        check(i, levene(&a, &b), wanted, 1e-12);
    }
}

#[test]
fn distances_are_those_of_their_definitions() {
    for (i, &(plain, normalized, energy, coefficient)) in expected().distances.iter().enumerate() {
        let (a, b) = pair(i, 100_000);
        near(i, "Wasserstein", wasserstein(&a, &b).unwrap().statistic, plain, 1e-12);
        match normalized {
            None => assert!(normalized_wasserstein(&a, &b).is_err()),
            Some(wanted) => {
                let got = normalized_wasserstein(&a, &b).unwrap().statistic;
                near(i, "normalised Wasserstein", got, wanted, 1e-12);
            }
        }
        let got = energy_distance(&a, &b).unwrap();
        near(i, "energy", got.statistic, energy, 1e-12);
        near(i, "energy coefficient", got.effect.value, coefficient, 1e-12);
    }
}

#[test]
fn epps_singleton_is_that_of_its_definition() {
    let mut well = 0;
    for (i, wanted) in expected().epps_singleton.iter().enumerate() {
        let (a, b) = pair(i, 400);
        let got = epps_singleton(&a, &b);
        match wanted {
            None => assert!(got.is_err(), "case {i}: {got:?}"),
            Some(EppsSingleton::Ill(_)) => assert!(got.is_ok(), "case {i}: {got:?}"),
            &Some(EppsSingleton::Well((statistic, p_value, rank, condition))) => {
                let got = got.unwrap();
                assert_eq!(got.degrees_of_freedom, Some(f64::from(rank)), "case {i}");
                // What the covariance's last digit is worth after its inversion.
                let relative = 1e-12 + 1e-15 * condition;
                near(i, "statistic", got.statistic, statistic, relative);
                // d ln p / dW is about −½ in the tail.
                near(i, "p-value", got.p_value.unwrap(), p_value, 1e-10 + relative * (1.0 + statistic));
                well += 1;
            }
        }
    }
    assert!(well > 150, "{well} cases with a well-conditioned answer");
}

type Test = fn(&Sample, &Sample) -> Result<SampleTest, DriftError>;

const RANKED: [Test; 5] = [ks_two_sample, kuiper, cramer_von_mises, anderson_darling, mann_whitney];
const SYMMETRIC: [Test; 9] = [
    ks_two_sample,
    kuiper,
    cramer_von_mises,
    anderson_darling,
    levene,
    epps_singleton,
    wasserstein,
    energy_distance,
    |a, b| {
        welch_t(a, b).map(|mut test| {
            test.statistic = test.statistic.abs();
            test
        })
    },
];
const ZERO_ON_EQUAL: [Test; 8] =
    [ks_two_sample, kuiper, cramer_von_mises, welch_t, levene, epps_singleton, wasserstein, energy_distance];

fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![(-20_i32..20).prop_map(f64::from), -20.0..20.0_f64];
    prop::collection::vec(value, 5..60)
}

proptest! {
    #[test]
    fn tests_do_not_depend_on_order(a in values(), b in values()) {
        let turned = |values: &[f64]| Sample::of(&values.iter().rev().copied().collect::<Vec<_>>());
        for test in RANKED.into_iter().chain(SYMMETRIC) {
            prop_assert_eq!(test(&Sample::of(&a), &Sample::of(&b)), test(&turned(&a), &turned(&b)));
        }
    }

    #[test]
    fn tests_are_symmetric(a in values(), b in values()) {
        let (a, b) = (Sample::of(&a), Sample::of(&b));
        for (k, test) in SYMMETRIC.into_iter().enumerate() {
            let (there, back) = (test(&a, &b), test(&b, &a));
            prop_assert_eq!(there.is_ok(), back.is_ok());
            if let (Ok(there), Ok(back)) = (there, back) {
                let close = (there.statistic - back.statistic).abs() <= 1e-9 * (1.0 + there.statistic.abs());
                prop_assert!(close, "{}: {:?} {:?}", k, there, back);
            }
        }
        let (there, back) = (mann_whitney(&a, &b).unwrap(), mann_whitney(&b, &a).unwrap());
        prop_assert_eq!(there.statistic + back.statistic, (a.rows() * b.rows()) as f64);
        prop_assert_eq!(there.p_value, back.p_value);
    }

    #[test]
    fn equal_samples_are_no_distance_apart(a in values()) {
        let a = Sample::of(&a);
        for test in ZERO_ON_EQUAL {
            if let Ok(test) = test(&a, &a) {
                prop_assert_eq!(test.statistic, 0.0);
                prop_assert!(test.p_value.is_none_or(|p| p == 1.0), "{:?}", test);
            }
        }
        prop_assert_eq!(mann_whitney(&a, &a).unwrap().effect.value, 0.5);
    }

    #[test]
    fn ranks_alone_matter_to_tests_of_ranks(a in values(), b in values()) {
        let mapped = |values: &[f64]| Sample::of(&values.iter().map(|x| (x / 8.0).exp() - 7.0).collect::<Vec<_>>());
        for test in RANKED {
            let (plain, mapped) = (test(&Sample::of(&a), &Sample::of(&b)), test(&mapped(&a), &mapped(&b)));
            match (plain, mapped) {
                (Ok(plain), Ok(mapped)) => {
                    prop_assert_eq!(plain.statistic, mapped.statistic);
                    prop_assert_eq!(plain.p_value, mapped.p_value);
                    prop_assert_eq!(plain.effect, mapped.effect);
                }
                (plain, mapped) => prop_assert_eq!(plain.is_ok(), mapped.is_ok()),
            }
        }
    }
}

#[test]
fn what_has_no_value_is_refused_and_named() {
    let (empty, nan, one) = (Sample::of(&[]), Sample::of(&[f64::NAN; 3]), Sample::of(&[1.0]));
    let (constant, some) = (Sample::of(&[2.0; 9]), Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    for test in RANKED.into_iter().chain(SYMMETRIC).chain([normalized_wasserstein as Test]) {
        assert_eq!(test(&some, &empty), Err(DriftError::Empty { side: "current" }));
        assert!(matches!(test(&nan, &some), Err(DriftError::TooFewValues { side: "reference", .. })));
        // An answer or an error, and no panic.
        for sample in
            [&one, &constant, &Sample::of(&[f64::INFINITY; 6]), &Sample::of(&[f64::MAX, f64::MIN, 0.0, 1.0, 2.0])]
        {
            _ = test(&some, sample);
            _ = test(sample, sample);
        }
    }
    for (test, statistic) in [
        (anderson_darling as Test, "Anderson–Darling statistic"),
        (welch_t, "t statistic"),
        (levene, "Levene statistic"),
        (epps_singleton, "Epps–Singleton statistic"),
        (normalized_wasserstein, "normalised Wasserstein distance"),
    ] {
        match test(&constant, &constant) {
            Err(DriftError::Undefined { statistic: named, .. }) => assert_eq!(named, statistic),
            other => panic!("{statistic}: {other:?}"),
        }
    }
}
