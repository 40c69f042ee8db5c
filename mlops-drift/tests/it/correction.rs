//! Corrections for many tests against scipy and statsmodels. The values are from `tests/oracle/correction.py`.

use mlops_drift::{Correction, DriftError, correct};
use proptest::prelude::*;

use crate::samples::{bits, uniforms};

const ALL: [Correction; 4] =
    [Correction::Bonferroni, Correction::Holm, Correction::BenjaminiHochberg, Correction::BenjaminiYekutieli];

fn generated(i: u64) -> Vec<f64> {
    let w = bits(700_000 + i, 2);
    let n = 1 + (w[0] % 60) as usize;
    let shaped = |(j, p): (usize, f64)| match w[1] % 4 {
        1 => p * p * p * p * p * p,
        2 => (p * 20.0).floor() / 20.0,
        3 => p * (j as f64 + 1.0) / (n as f64 * 8.0),
        _ => p,
    };
    uniforms(710_000 + i, n).into_iter().enumerate().map(shaped).collect()
}

#[test]
fn adjusted_p_values_are_those_of_scipy_and_statsmodels() {
    let wanted: Vec<[f64; 8]> = serde_json::from_str(include_str!("../data/correction.json")).unwrap();
    assert!(wanted.len() >= 300);
    for (i, wanted) in (0..).zip(wanted) {
        let p_values = generated(i);
        let weights = uniforms(720_000 + i, p_values.len());
        for (correction, wanted) in ALL.into_iter().zip(wanted.chunks_exact(2)) {
            let got = correct(&p_values, 0.05, correction).unwrap();
            let sum: f64 = got.adjusted.iter().zip(&weights).map(|(p, w)| p * (w + 1.0)).sum();
            assert!((sum - wanted[0]).abs() <= 1e-12 * wanted[0], "list {i}, {correction}: {sum}, {}", wanted[0]);
            let rejected = got.rejected.iter().filter(|&&rejected| rejected).count();
            assert_eq!(rejected as f64, wanted[1], "list {i}, {correction}");
        }
    }
}

#[test]
fn what_is_no_p_value_is_named_by_its_index() {
    for bad in [f64::NAN, -1e-300, 1.000_000_1, f64::INFINITY, f64::NEG_INFINITY] {
        for correction in ALL {
            let error = correct(&[0.5, 0.0, bad, f64::NAN], 0.05, correction).unwrap_err();
            assert!(matches!(error, DriftError::NotAPValue { index: 2, .. }), "{error}");
            assert!(error.to_string().starts_with("the p-value at index 2 is "), "{error}");
        }
    }
    assert_eq!(correct(&[], 0.05, Correction::Holm), Err(DriftError::NoPValues));
    for level in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(correct(&[0.5], level, Correction::Holm), Err(DriftError::OutOfRange { .. })));
    }
}

#[test]
fn extremes_stay_within_0_and_1() {
    for correction in ALL {
        let got = correct(&[0.0, -0.0, 1.0, 5e-324], 0.05, correction).unwrap();
        assert!(got.adjusted.iter().all(|p| (0.0..=1.0).contains(p)), "{got:?}");
        assert_eq!(got.rejected, [true, true, false, true]);
        assert_eq!(correct(&[0.3], 0.05, correction).unwrap().adjusted, [0.3]);
    }
}

fn p_values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![0.0..=1.0_f64, (0_u32..=20).prop_map(|i| f64::from(i) / 20.0)], 1..50)
}

proptest! {
    #[test]
    fn corrections_keep_the_order_and_only_raise(p in p_values(), turn in 0_usize..50, level in 0.001..0.999_f64) {
        let of = |correction, p: &[f64]| correct(p, level, correction).unwrap();
        for correction in ALL {
            let got = of(correction, &p);
            for i in 0..p.len() {
                prop_assert!(got.adjusted[i] >= p[i] * (1.0 - 1e-14) && got.adjusted[i] <= 1.0);
                prop_assert_eq!(got.rejected[i], got.adjusted[i] <= level);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || got.adjusted[i] <= got.adjusted[j]);
                }
            }
            let mut turned = p.clone();
            turned.rotate_left(turn % p.len());
            let mut wanted = got.adjusted.clone();
            wanted.rotate_left(turn % p.len());
            prop_assert_eq!(of(correction, &turned).adjusted, wanted);
        }
        let [bonferroni, holm, hochberg, yekutieli] = ALL.map(|correction| of(correction, &p).adjusted);
        for i in 0..p.len() {
            prop_assert!(holm[i] <= bonferroni[i]);
            prop_assert!(hochberg[i] <= holm[i] * (1.0 + 1e-14));
            prop_assert!(hochberg[i] <= yekutieli[i]);
        }
    }
}
