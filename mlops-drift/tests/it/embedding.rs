//! Comparisons of rows against frouros and scipy. The values are from `tests/oracle/embedding.py`.

use mlops_drift::{
    Bandwidth, DriftError, KernelStore, PcaComponents, PcaReference, PermutationOptions, RowsTest,
    centroid_distance, energy_distance_rows, mmd, mmd_blocks, roc_auc,
};
use ndarray::{Array2, ArrayView2, Axis, array, s};
use proptest::prelude::*;
use serde::Deserialize;

use crate::samples::{KINDS, Kind, bits, sample};

#[derive(Deserialize)]
struct Expected {
    sigma: f64,
    mmd: f64,
    mmd_wide: f64,
    p_mmd: f64,
    energy: f64,
    scale: f64,
    p_energy: f64,
    blocks: Option<f64>,
    deviation: Option<f64>,
    auc: f64,
    auc_error: f64,
    pca: Option<(usize, f64, f64)>,
    euclidean: f64,
    cosine: f64,
    p_centroid: f64,
    without_change: f64,
}

fn expected() -> Vec<Expected> {
    let expected: Vec<Expected> = serde_json::from_str(include_str!("../data/embedding.json")).unwrap();
    assert_eq!(expected.len(), 300);
    expected
}

/// The `i`-th pair of matrices, the same as in `tests/oracle/embedding.py`.
pub(crate) fn rows(i: u64) -> (Array2<f64>, Array2<f64>) {
    let w = bits(2_000_000 + i, 5);
    let columns = [1, 2, 3, 5, 8, 20][(w[0] % 6) as usize];
    let (n, m) = (2 + (w[1] % 40) as usize, 2 + (w[2] % 40) as usize);
    let kind = KINDS[(w[3] % 8) as usize];
    let scale = match kind {
        Kind::Huge => 1e100,
        Kind::Tiny => 1e-100,
        _ => 1.0,
    };
    let shift = [0.0, 0.0625, 0.5][(w[4] % 3) as usize] * scale;
    let of = |seed, n| Array2::from_shape_vec((n, columns), sample(seed, n * columns, kind)).unwrap();
    (of(4_000_000 + 2 * i, n), of(4_000_001 + 2 * i, m) + shift)
}

fn options() -> PermutationOptions {
    PermutationOptions::builder().permutations(60).seed(5).build().unwrap()
}

fn none() -> PermutationOptions {
    PermutationOptions::builder().permutations(0).build().unwrap()
}

#[track_caller]
fn near(got: f64, wanted: f64, allowed: f64) {
    assert!((got - wanted).abs() <= allowed, "{got} is not {wanted} to {allowed}");
}

#[test]
fn rows_compare_as_with_frouros_and_scipy() {
    for (i, case) in (0..).zip(expected()) {
        let (reference, current) = rows(i);
        let (x, y) = (reference.view(), current.view());
        let test = mmd(x, y, Bandwidth::Median, &options()).unwrap();
        near(test.bandwidth.unwrap(), case.sigma, 1e-12 * case.sigma);
        // Of terms of a size of 1, three of them.
        near(test.statistic, case.mmd, 4e-13);
        near(test.p_value.unwrap(), case.p_mmd, 1e-12);
        let wide = mmd(x, y, Bandwidth::Fixed(3.0 * case.sigma), &none()).unwrap();
        near(wide.statistic, case.mmd_wide, 4e-13);
        assert_eq!(wide.p_value, None);

        let test = energy_distance_rows(x, y, &options()).unwrap();
        near(test.statistic, case.energy, 4e-12 * case.scale);
        near(test.p_value.unwrap(), case.p_energy, 1e-12);

        let (block, sigma) = (2 + i as usize % 3, Bandwidth::Fixed(case.sigma));
        match (case.blocks, case.deviation, mmd_blocks(x, y, sigma, Some(block), 1)) {
            (Some(mean), Some(deviation), Ok(test)) => {
                near(test.statistic, mean, 4e-13);
                if deviation > 1e-6 {
                    let p_value = 0.5 * libm::erfc(mean / deviation / 2.0_f64.sqrt());
                    near(test.p_value.unwrap(), p_value, 1e-6 * p_value); // of a rounded mean and deviation
                }
            }
            (None, None, Err(DriftError::TooFewRows { .. })) => {}
            (_, _, got) => panic!("case {i}: {got:?}"),
        }
    }
}

#[test]
fn scores_compare_as_with_scikit_learn() {
    for (i, case) in (0..).zip(expected()) {
        let (reference, current) = rows(i);
        let auc = roc_auc(&reference.column(0).to_vec(), &current.column(0).to_vec()).unwrap();
        near(auc.value, case.auc, 1e-14);
        near(auc.standard_error.unwrap(), case.auc_error, 1e-12);
    }
}

#[test]
fn centroids_compare_as_with_scipy() {
    for (i, case) in (0..).zip(expected()) {
        let (reference, current) = rows(i);
        let distance = centroid_distance(reference.view(), current.view(), &options()).unwrap();
        let scale = reference.iter().chain(&current).fold(0.0_f64, |most, x| most.max(x.abs()));
        near(distance.euclidean, case.euclidean, 1e-14 * scale);
        near(distance.euclidean_without_change.unwrap(), case.without_change, 1e-14 * scale);
        near(distance.cosine.unwrap(), case.cosine, 1e-12);
        near(distance.euclidean_p_value.unwrap(), case.p_centroid, 1e-12);
    }
}

#[test]
fn reconstruction_errors_are_those_of_scikit_learn() {
    for (i, case) in (0..).zip(expected()) {
        let (reference, current) = rows(i);
        let fitted = PcaReference::fit(reference.view(), PcaComponents::Share(0.65));
        match (fitted, case.pca) {
            (Ok(pca), Some((count, of_reference, of_current))) => {
                let drift = pca.reconstruction_error(current.view()).unwrap();
                assert_eq!(pca.components().nrows(), count, "case {i}");
                near(drift.reference_mean, of_reference, 1e-11 * (1.0 + of_reference));
                near(drift.current_mean, of_current, 1e-11 * (1.0 + of_current));
            }
            (Err(DriftError::Undefined { .. }), None) => {}
            (got, wanted) => panic!("case {i}: {got:?} {wanted:?}"),
        }
    }
}

#[test]
fn many_components_are_orthogonal_and_lose_nothing_together() {
    let rows = many(90, 60, 9, 0.0);
    let pca = PcaReference::fit(rows.view(), PcaComponents::Count(60)).unwrap();
    let product = pca.components().dot(&pca.components().t());
    assert!((product - Array2::<f64>::eye(60)).iter().all(|x| x.abs() < 1e-13));
    near(pca.variance_shares().iter().sum(), 1.0, 1e-13);
    assert!(pca.variance_shares().is_sorted_by(|a, b| a >= b));
    assert!(pca.reconstruction_error(rows.view()).unwrap().current_mean < 1e-12);
    assert!(PcaReference::fit(rows.view(), PcaComponents::Count(61)).is_err());
    assert!(PcaReference::fit(rows.view(), PcaComponents::Share(f64::NAN)).is_err());
    assert!(pca.reconstruction_error(rows.slice(s![.., ..59])).is_err());
}

/// Many rows, as of an embedding that lies off the origin.
fn many(n: usize, columns: usize, seed: u64, shift: f64) -> Array2<f64> {
    Array2::from_shape_vec((n, columns), sample(seed, n * columns, Kind::Bell)).unwrap() + shift
}

#[test]
fn answers_are_the_same_with_any_number_of_threads_and_close_with_either_store() {
    let (x, y) = (many(400, 33, 1, 3.0), many(391, 33, 2, 3.02));
    for store in [KernelStore::F64, KernelStore::F32] {
        let with = |threads| {
            let options = PermutationOptions::builder().threads(threads).store(store).build().unwrap();
            let energy = energy_distance_rows(x.view(), y.view(), &options).unwrap();
            let centroids = centroid_distance(x.view(), y.view(), &options).unwrap();
            (mmd(x.view(), y.view(), Bandwidth::Median, &options).unwrap(), energy, centroids)
        };
        let one = with(1);
        assert!([2, 3, 64].into_iter().all(|threads| with(threads) == one));
        let exact = mmd(x.view(), y.view(), Bandwidth::Median, &PermutationOptions::default()).unwrap();
        near(one.0.statistic, exact.statistic, 1e-8);
        near(one.0.p_value.unwrap(), exact.p_value.unwrap(), 1e-12);
    }
    let blocks = |threads| mmd_blocks(x.view(), y.view(), Bandwidth::Median, None, threads).unwrap();
    assert!([2, 3, 64].into_iter().all(|threads| blocks(threads) == blocks(1)));
    assert_eq!((blocks(1).reference_rows, blocks(1).current_rows), (380, 380));
}

#[test]
fn many_permutations_agree_with_few_of_the_same_seed() {
    // Past the number of deals that are multiplied at once.
    let (x, y) = (many(30, 3, 1, 0.0), many(20, 3, 2, 0.2));
    let at_least = |permutations| {
        let options = PermutationOptions::builder().permutations(permutations).build().unwrap();
        let p_value = mmd(x.view(), y.view(), Bandwidth::Median, &options).unwrap().p_value.unwrap();
        p_value * (1 + permutations) as f64 - 1.0
    };
    let counts: Vec<f64> = [300, 511, 512, 513, 1100].into_iter().map(at_least).collect();
    assert!(counts.is_sorted() && counts[3] - counts[1] < 2.1, "{counts:?}");
}

#[test]
fn p_values_are_even_without_a_change() {
    let mut below = [0; 3];
    for i in 0..400 {
        let (x, y) = (many(15, 4, 3 * i + 7000, 0.0), many(12, 4, 3 * i + 7001, 0.0));
        let options = PermutationOptions::builder().permutations(99).seed(i).build().unwrap();
        let p_value = mmd(x.view(), y.view(), Bandwidth::Median, &options).unwrap().p_value.unwrap();
        below.iter_mut().zip([0.05, 0.25, 0.5]).for_each(|(count, level)| *count += u32::from(p_value <= level));
    }
    // 400 draws: 20, 100 and 200 on average, within four standard deviations.
    assert!(
        (3..38).contains(&below[0]) && (65..135).contains(&below[1]) && (160..240).contains(&below[2]),
        "{below:?}"
    );
}

#[test]
fn rows_that_cannot_be_compared_are_refused() {
    let good = array![[1.0, 2.0], [3.0, 4.0]];
    let of = |x: ArrayView2<f64>, y: ArrayView2<f64>| mmd(x, y, Bandwidth::Median, &none()).unwrap_err();
    let empty = Array2::<f64>::zeros((0, 2));
    assert_eq!(of(empty.view(), good.view()), DriftError::Empty { side: "reference" });
    let one = good.slice(s![..1, ..]);
    assert_eq!(of(good.view(), one), DriftError::TooFewRows { side: "current", rows: 1, least: 2 });
    let narrow = good.slice(s![.., ..1]);
    assert_eq!(of(good.view(), narrow), DriftError::OtherWidths { reference: 2, current: 1 });
    assert_eq!(of(good.view(), good.slice(s![.., ..0])), DriftError::NoColumns { side: "current" });
    let mut bad = good.clone();
    bad[[1, 0]] = f64::NAN;
    let problem = DriftError::NotFinite { side: "current", row: 1, column: 0 };
    assert_eq!(of(good.view(), bad.view()), problem);
    assert_eq!(energy_distance_rows(good.view(), bad.view(), &none()).unwrap_err(), problem);
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(mmd(good.view(), good.view(), Bandwidth::Fixed(sigma), &none()).is_err());
    }
    assert!(mmd_blocks(good.view(), good.view(), Bandwidth::Median, None, 0).is_err());
    assert!(mmd_blocks(good.view(), good.view(), Bandwidth::Median, Some(1), 1).is_err());
    assert!(mmd_blocks(good.view(), good.view(), Bandwidth::Median, Some(usize::MAX), 1).is_err());
    assert!(mmd_blocks(good.view(), good.view(), Bandwidth::Median, Some(2), 1).is_err());
}

#[test]
fn extreme_numbers_have_answers() {
    let finite = |test: RowsTest| assert!(test.statistic.is_finite() && test.p_value.unwrap() <= 1.0, "{test:?}");
    for scale in [f64::MAX / 2.0, 1e-300, f64::MIN_POSITIVE / 64.0, 0.0] {
        let x = array![[0.5], [-1.0], [0.75]] * scale;
        let y = array![[1.0], [0.25]] * scale;
        finite(mmd(x.view(), y.view(), Bandwidth::Median, &options()).unwrap());
        for sigma in [f64::MAX, 1.0, f64::MIN_POSITIVE] {
            finite(mmd(x.view(), y.view(), Bandwidth::Fixed(sigma), &options()).unwrap());
        }
        finite(energy_distance_rows(x.view(), y.view(), &options()).unwrap());
    }
}

#[test]
fn one_row_on_a_side_has_an_energy_distance() {
    let test = energy_distance_rows(array![[1.0]].view(), array![[3.0]].view(), &options()).unwrap();
    assert_eq!((test.statistic, test.p_value), (4.0, Some(1.0)));
}

fn matrices() -> impl Strategy<Value = (Array2<f64>, Array2<f64>)> {
    let value = || prop_oneof![(-3_i32..3).prop_map(f64::from), -3.0..3.0_f64];
    (1_usize..5, 2_usize..20, 2_usize..20).prop_flat_map(move |(columns, n, m)| {
        let of = |rows: usize| {
            prop::collection::vec(value(), rows * columns)
                .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
        };
        (of(n), of(m))
    })
}

proptest! {
    #[test]
    fn sides_order_and_place_do_not_matter((x, y) in matrices(), turn in 0_usize..20, shift in -100.0..100.0_f64) {
        let order: Vec<usize> = (0..x.nrows()).map(|i| (i + turn) % x.nrows()).rev().collect();
        let turned = x.select(Axis(0), &order);
        let mmd_of = |x: &Array2<f64>, y: &Array2<f64>| {
            mmd(x.view(), y.view(), Bandwidth::Median, &none()).unwrap().statistic
        };
        let energy_of = |x: &Array2<f64>, y: &Array2<f64>| {
            energy_distance_rows(x.view(), y.view(), &none()).unwrap().statistic
        };
        for of in [&mmd_of as &dyn Fn(&Array2<f64>, &Array2<f64>) -> f64, &energy_of] {
            let value = of(&x, &y);
            prop_assert!((value - of(&y, &x)).abs() < 1e-11);
            prop_assert!((value - of(&turned, &y)).abs() < 1e-11);
            prop_assert!((value - of(&(&x + shift), &(&y + shift))).abs() < 1e-9);
        }
        let same = energy_distance_rows(x.view(), turned.view(), &options()).unwrap();
        prop_assert!(same.statistic < 1e-11 && same.p_value == Some(1.0));
        prop_assert!(mmd(x.view(), turned.view(), Bandwidth::Median, &none()).unwrap().statistic < 1e-12);
    }
}
