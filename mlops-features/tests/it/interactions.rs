//! Products of features' numbers are those of scikit-learn 1.9.1's PolynomialFeatures
//! (`tests/oracle/category_transforms.py`).

use mlops_core::{Encoder, SlotEncoder, Slots};
use mlops_features::{
    Catalog, Feature, FeatureError, FeatureSet, FittedFeatures, Nulls, OneHot, Standard, Unknown, column,
};
use serde::Deserialize;

use crate::category_transforms::{fixture, near};
use crate::rows::{Row, batch, row};

#[derive(Deserialize)]
struct Case {
    x: Vec<f64>,
    n: Vec<i64>,
    texts: Vec<String>,
    factors: Vec<String>,
    numbers: Vec<Vec<f64>>,
    scaled: Vec<Vec<f64>>,
}

fn set(features: impl IntoIterator<Item = Feature>) -> Result<FeatureSet, FeatureError> {
    let factors = [
        Feature::number("x", "x", Nulls::Refuse),
        Feature::number("n", "n", Nulls::Refuse),
        Feature::one_hot("key", "key", Unknown::AsAll),
    ];
    FeatureSet::builder("products", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .features(features.into_iter().chain(factors))
        .build(&Catalog::new())
}

fn fit(set: &FeatureSet, rows: &[Row]) -> FittedFeatures {
    set.fit::<_, FeatureError>(|| [Ok(batch(rows))], &Catalog::new()).unwrap()
}

/// Numbers of a batch, and the same bits of its rows.
fn encoded(features: &FittedFeatures, rows: &[Row]) -> ndarray::Array2<f64> {
    let whole = features.encode_batch(&batch(rows)).unwrap().values;
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    for (row, wanted) in rows.iter().zip(whole.rows()) {
        features.read(row, &mut slots).unwrap();
        features.encode(&slots, &mut numbers).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&numbers), bits(&wanted.to_vec()));
    }
    whole
}

#[test]
fn products_are_those_of_polynomial_features_and_may_be_scaled() {
    for case in fixture().products {
        let case: Case = serde_json::from_value(case).unwrap();
        let values = case.x.iter().zip(&case.n).zip(&case.texts);
        let rows: Vec<Row> = values.map(|((&x, &n), key)| row(0, Some(x), Some(n), Some(key))).collect();
        let factors: Vec<&str> = case.factors.iter().map(String::as_str).collect();
        let product = Feature::interaction("product", &factors);
        let scaled = Feature::interaction("scaled", &factors).then(Standard::default());
        let features = fit(&set([product, scaled]).unwrap(), &rows);
        let width = case.numbers[0].len();
        for (row, got) in encoded(&features, &rows).rows().into_iter().enumerate() {
            let wanted = case.numbers[row].iter().chain(&case.scaled[row]);
            for (place, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
                // What is scaled is as near as its mean is to its numbers.
                let is_near = near(got, wanted) || place >= width && (got - wanted).abs() <= 1e-12;
                assert!(is_near, "{factors:?} row {row} number {place}: {got} {wanted}");
            }
        }
    }
}

#[test]
fn numbers_are_named_by_their_factors() {
    let rows = [row(0, Some(1.0), Some(2), Some("a")), row(0, Some(1.0), Some(2), Some("b"))];
    let features = fit(&set([Feature::interaction("p", &["key", "x", "key"])]).unwrap(), &rows);
    let names = ["p:key=a×x×key=a", "p:key=a×x×key=b", "p:key=b×x×key=a", "p:key=b×x×key=b"];
    assert_eq!(features.names()[..4], names);
}

#[test]
fn a_feature_times_itself_is_its_square_and_an_interaction_may_be_a_factor() {
    let square = Feature::interaction("square", &["x", "x"]);
    let of_square = Feature::interaction("cube", &["square", "x"]);
    let rows = [row(0, Some(-3.0), Some(2), Some("a")), row(0, Some(0.5), Some(2), None)];
    let got = encoded(&fit(&set([of_square, square]).unwrap(), &rows), &rows);
    assert_eq!(got.column(0).to_vec(), [-27.0, 0.125]);
    assert_eq!(got.column(1).to_vec(), [9.0, 0.25]);
}

#[test]
fn cycles_are_named() {
    let around = [
        Feature::interaction("one", &["two", "x"]),
        Feature::interaction("two", &["three"]),
        Feature::interaction("three", &["one"]),
    ];
    let error = set(around).unwrap_err();
    let FeatureError::Cycle { features } = &error else { panic!("{error}") };
    assert_eq!(features, &["one", "two", "three"]);
    assert!(["one", "two", "three"].iter().all(|name| error.to_string().contains(name)), "{error}");
    let itself = set([Feature::interaction("itself", &["itself"])]).unwrap_err();
    assert!(matches!(itself, FeatureError::Cycle { .. }), "{itself}");
    let nobody = set([Feature::interaction("p", &["x", "nobody"])]).unwrap_err();
    assert!(nobody.to_string().contains("nobody") && nobody.to_string().contains('p'), "{nobody}");
}

#[test]
fn a_factor_without_numbers_makes_none() {
    let empty = Feature::one_hot("empty", "key", OneHot::new(Unknown::AsAll));
    let rows = [row(0, Some(2.0), Some(3), None)];
    let products = [
        Feature::interaction("none", &["x", "empty"]),
        Feature::interaction("scaled", &["empty", "n"]).then(Standard::default()),
        empty,
    ];
    let features = fit(&set(products).unwrap(), &rows);
    assert_eq!(features.names().to_vec(), ["x", "n"]);
    assert_eq!(encoded(&features, &rows).row(0).to_vec(), [2.0, 3.0]);
    let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &Catalog::new()).unwrap();
    assert_eq!(encoded(&reloaded, &rows).row(0).to_vec(), [2.0, 3.0]);
}

#[test]
fn a_feature_without_numbers_keeps_its_policy() {
    let empty = Feature::one_hot("empty", "key", OneHot::new(Unknown::Refuse).drop_first());
    let rows = [row(0, Some(2.0), Some(3), Some("only"))];
    let features = fit(&set([empty]).unwrap(), &rows);
    assert!(!features.names().iter().any(|name| name.starts_with("empty")));
    let unseen = [row(0, Some(2.0), Some(3), Some("another"))];
    let mut slots = Slots::default();
    features.read(&unseen[0], &mut slots).unwrap();
    features.encode(&slots, &mut vec![0.0; features.names().len()]).unwrap_err();
    features.encode_batch(&batch(&unseen)).unwrap_err();
}

#[test]
fn every_nan_is_the_same_one() {
    let set = FeatureSet::builder("nans", "at")
        .floats(&["x"])
        .features([
            Feature::number("x", "x", Nulls::Refuse),
            Feature::interaction("xy", &["x", "y"]),
            Feature::interaction("yx", &["y", "x"]),
            Feature::number("none", column("x").minus("x"), Nulls::Refuse),
            Feature::number("y", column("x").negative(), Nulls::Refuse),
        ])
        .build(&Catalog::new())
        .unwrap();
    let features = fit(&set, &[row(0, Some(1.0), Some(0), None)]);
    let (nan, infinite) = (f64::NAN.to_bits(), f64::INFINITY);
    let rows = [f64::NAN, -f64::NAN, infinite].map(|x| row(0, Some(x), Some(0), None));
    let numbers = encoded(&features, &rows).map(|x| x.to_bits());
    assert_eq!(numbers.rows().into_iter().take(2).flatten().filter(|&&bits| bits != nan).count(), 0);
    assert_eq!(numbers.row(2).to_vec(), [infinite, -infinite, -infinite, f64::NAN, -infinite].map(f64::to_bits));
    let sparse = features.encode_batch_sparse(&batch(&rows)).unwrap().values.to_dense();
    assert_eq!(sparse.map(|x| x.to_bits()), numbers);
}
