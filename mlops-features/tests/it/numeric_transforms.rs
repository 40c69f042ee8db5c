//! Transforms of numbers give the numbers of scikit-learn, numpy and scipy (`tests/oracle/numeric_transforms.py`).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Float64Array, RecordBatch, TimestampMicrosecondArray};
use mlops_core::{Encoder, JsonFloat, SlotEncoder, Slots};
use mlops_features::{
    Bucketise, Catalog, ClipToQuantiles, DropConstant, DropMissing, Edges, Feature, FeatureError, FeatureSet,
    FitProgress, FittedFeatures, Impute, MaxAbs, MinMax, NaNs, Nulls, Power, Quantile, Robust, Standard, Step,
    TransformError,
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    columns: BTreeMap<String, Column>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Column {
    fit: Vec<JsonFloat>,
    apply: Vec<JsonFloat>,
}

#[derive(Deserialize)]
struct Case {
    transform: String,
    parameters: serde_json::Value,
    column: String,
    #[serde(default)]
    condition: f64,
    #[serde(default)]
    width: usize,
    wanted: Option<Vec<JsonFloat>>,
    lambda: Option<f64>,
}

fn floats(numbers: &[JsonFloat]) -> Vec<f64> {
    numbers.iter().map(|x| x.0).collect()
}

fn rows(x: &[f64]) -> RecordBatch {
    let at = TimestampMicrosecondArray::from(vec![0; x.len()]);
    let x = Float64Array::from(x.to_vec());
    RecordBatch::try_from_iter([("at", Arc::new(at) as _), ("x", Arc::new(x) as _)]).unwrap()
}

fn set(features: impl IntoIterator<Item = Feature>) -> Result<FeatureSet, FeatureError> {
    FeatureSet::builder("numbers", "at").floats(&["x"]).features(features).build(&Catalog::new())
}

fn x() -> Feature {
    Feature::number("x", "x", Nulls::NaN)
}

fn fit(feature: Feature, x: &[f64]) -> Result<FittedFeatures, FeatureError> {
    set([feature])?.fit(|| [Ok::<_, FeatureError>(rows(x))], &Catalog::new())
}

fn encoded(features: &FittedFeatures, x: &[f64]) -> Vec<f64> {
    features.encode_batch(&rows(x)).unwrap().values.into_raw_vec_and_offset().0
}

/// The JSON text before the vocabularies.
fn json_of(features: &FittedFeatures) -> serde_json::Value {
    serde_json::Deserializer::from_slice(&features.to_bytes()).into_iter().next().unwrap().unwrap()
}

/// The number of that name, wherever it was stored.
fn lambda_in(json: &serde_json::Value) -> Option<f64> {
    match json {
        serde_json::Value::Object(map) => {
            map.get("lambda").and_then(serde_json::Value::as_f64).or_else(|| map.values().find_map(lambda_in))
        }
        serde_json::Value::Array(items) => items.iter().find_map(lambda_in),
        _ => None,
    }
}

#[test]
fn numbers_are_those_of_scikit_learn() {
    let oracle: Oracle = serde_json::from_str(include_str!("../data/numeric_transforms.json")).unwrap();
    let mut wrong = Vec::new();
    for case in oracle.cases {
        let Column { fit: seen, apply } = &oracle.columns[&case.column];
        let mut feature = x();
        let what = format!("{} {} of {}", case.transform, case.parameters, case.column);
        feature.transforms.push(Step { name: case.transform, version: 1, parameters: case.parameters });
        let fitted = fit(feature, &floats(seen));
        if let Some(wanted) = case.lambda {
            let got = lambda_in(&json_of(&fitted.unwrap())).unwrap();
            // The likelihood is flat at its top, so λ has half of a float's digits.
            let near = (got - wanted).abs() <= 1e-6 * case.condition * wanted.abs().max(1.0);
            if !near {
                wrong.push(format!("{what}: {got} {wanted}"));
            }
            continue;
        }
        let Some(wanted) = case.wanted else {
            let Err(FeatureError::Transform { feature, .. }) = fitted else { panic!("{what} was fitted") };
            assert_eq!(feature, "x");
            continue;
        };
        let fitted = fitted.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(fitted.names().len(), case.width, "{what}");
        let got = encoded(&fitted, &floats(apply));
        assert_eq!(got.len(), wanted.len(), "{what}");
        for (place, (got, JsonFloat(wanted))) in got.into_iter().zip(wanted).enumerate() {
            // Far from zero, sums and powers lose digits on both sides.
            let tolerance = (1e-14 * case.condition).max(1e-12) * wanted.abs().max(1.0);
            let same = got == wanted || (got.is_nan() && wanted.is_nan()) || (got - wanted).abs() <= tolerance;
            if !same {
                wrong.push(format!("{what}, {place}: {got} {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every transform of numbers, with what each can be told apart by.
fn every_transform() -> Vec<Feature> {
    let with = |name: &str| Feature::number(name, "x", Nulls::NaN);
    vec![
        with("min_max").then(MinMax::between(-1.0, 1.0).clipped()),
        with("max_abs").then(MaxAbs {}),
        with("robust").then(Robust { unit_variance: true, ..Robust::default() }),
        with("uniform").then(Quantile::uniform(7)),
        with("normal").then(Quantile::normal(1000)),
        with("yeo_johnson").then(Power::default()),
        Feature::number("box_cox", mlops_features::column("x").exp(), Nulls::NaN).then(Power::box_cox()),
        with("power").then(Power::default().with_lambda(0.5)),
        with("width").then(Bucketise::uniform(3, NaNs::Bucket).one_hot()),
        with("count").then(Bucketise::quantile(4, NaNs::Bucket)),
        with("median").then(Impute::median().flagged()),
        with("mode").then(Impute::most_frequent()),
        with("mean").then(Impute::mean()),
        with("clip").then(ClipToQuantiles::between(0.1, 0.8)),
        with("constant").then(DropConstant::default()),
        with("missing").then(DropMissing::above(0.25)),
    ]
}

/// Fits in one pass on states that were merged.
fn merged(set: &FeatureSet, parts: &[&[f64]]) -> FittedFeatures {
    let pass = |part: &[f64]| {
        let mut pass = set.start_fit(&Catalog::new()).unwrap();
        pass.update(&rows(part), &[]).unwrap();
        pass
    };
    let all = parts.iter().map(|part| pass(part)).reduce(|mut all, part| {
        all.merge(part).unwrap();
        all
    });
    let FitProgress::Done(features) = all.unwrap().finish().unwrap() else { panic!("one pass is enough") };
    features
}

proptest! {
    #[test]
    fn neither_order_nor_merges_leave_a_trace_and_a_batch_is_its_rows(
        mut numbers in prop::collection::vec(
            prop_oneof![4 => -5.0..5.0, 2 => (-3..3_i8).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(-0.0)],
            0..40,
        ),
        cuts in (0_usize..40, 0_usize..40), turn in 0_usize..40, more in prop::collection::vec(any::<f64>(), 0..9),
    ) {
        numbers.push(0.5);
        let set = set(every_transform()).unwrap();
        let whole = merged(&set, &[&numbers]);
        let mut turned = numbers.clone();
        turned.rotate_left(turn % numbers.len());
        let (first, second) = (cuts.0.min(numbers.len()), cuts.1.min(numbers.len()));
        let (first, second) = (first.min(second), first.max(second));
        let parts = merged(&set, &[&turned[..first], &turned[second..], &turned[first..second]]);
        prop_assert_eq!(parts.to_bytes(), whole.to_bytes());

        let loaded = FittedFeatures::from_bytes(&whole.to_bytes(), &Catalog::new()).unwrap();
        numbers.extend(more);
        let batch = rows(&numbers);
        let encoded = whole.encode_batch(&batch).unwrap().values;
        let mut one = vec![0.0; loaded.names().len()];
        for (slots, wanted) in loaded.slots_of(&batch).unwrap().iter().zip(encoded.rows()) {
            loaded.encode(slots, &mut one).unwrap();
            let bits = |x: &f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
            prop_assert_eq!(one.iter().map(bits).collect::<Vec<_>>(), wanted.iter().map(bits).collect::<Vec<_>>());
        }
    }
}

fn problem(fitted: Result<FittedFeatures, FeatureError>) -> TransformError {
    match fitted {
        Err(FeatureError::Transform { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn infinities_to_fit_on_are_refused() {
    for feature in every_transform() {
        let name = feature.name.clone();
        let fitted = fit(feature, &[1.0, f64::INFINITY]);
        if name == "missing" {
            assert_eq!(fitted.unwrap().names().len(), 1);
        } else {
            assert_eq!(problem(fitted), TransformError::Infinite { got: f64::INFINITY }, "{name}");
        }
    }
}

#[test]
fn what_can_not_be_fitted_is_told() {
    let range = problem(fit(x().then(MinMax::default()), &[1e308, -1e308]));
    assert!(matches!(range, TransformError::OutOfRange { .. }), "{range}");
    let positive = problem(fit(x().then(Power::box_cox()), &[1.0, 0.0]));
    assert_eq!(positive.to_string(), "there is 0 in the rows to fit on, where all have to be above 0");
    let overflow = problem(fit(x().then(Power::default().with_lambda(400.0)), &[1.0, 1e9]));
    assert!(matches!(overflow, TransformError::Parameter { parameter: "lambda", .. }), "{overflow}");
    let nan = problem(fit(x().then(Bucketise::uniform(2, NaNs::Refuse)), &[1.0, f64::NAN]));
    assert_eq!(nan.to_string(), "there is NaN in the rows to fit on, where NaN is refused");
    let nothing = problem(fit(x().then(Impute::median()), &[f64::NAN]));
    assert_eq!(nothing, TransformError::NoValue { wanted: "median" });
}

#[test]
fn parameters_are_checked() {
    let bad = [
        x().then(MinMax::between(1.0, 1.0)),
        x().then(MinMax::between(f64::NAN, 1.0)),
        x().then(MinMax::between(0.0, f64::INFINITY)),
        x().then(Robust::between(0.5, 0.5)),
        x().then(Robust::between(0.5, f64::NAN)),
        x().then(Robust { unit_variance: true, ..Robust::between(0.0, 0.5) }),
        x().then(Quantile::uniform(0)),
        x().then(Quantile::uniform(1_000_001)),
        x().then(Power::default().with_lambda(f64::NAN)),
        x().then(Bucketise::uniform(1, NaNs::Bucket)),
        x().then(Bucketise::quantile(65_537, NaNs::Bucket)),
        x().then(Bucketise::at(&[1.0], NaNs::Bucket)),
        x().then(Bucketise::at(&[1.0, 1.0], NaNs::Bucket)),
        x().then(Bucketise::at(&[0.0, f64::NAN], NaNs::Bucket)),
        x().then(Impute::constant(f64::NAN)),
        x().then(ClipToQuantiles::between(-0.1, 0.5)),
        x().then(ClipToQuantiles::between(0.6, 0.5)),
        x().then(DropConstant::at_most(-1.0)),
        x().then(DropConstant::at_most(f64::NAN)),
        x().then(DropMissing::above(1.1)),
        x().then(DropMissing::above(f64::NAN)),
    ];
    for feature in bad {
        let step = format!("{:?}", feature.transforms[1]);
        let Err(FeatureError::Transform { source: TransformError::Parameter { .. }, .. }) = set([feature]) else {
            panic!("{step} was taken");
        };
    }
    let of_a_value = set([Feature::new("x", "x").then(MinMax::default())]);
    assert!(matches!(of_a_value, Err(FeatureError::Transform { source: TransformError::Input { .. }, .. })));
    assert_eq!(Bucketise::at(&[0.0, 1.0], NaNs::Refuse).edges, Edges::Given(vec![JsonFloat(0.0), JsonFloat(1.0)]));
}

#[test]
fn buckets_are_named_by_their_edges() {
    let edges = Bucketise::at(&[0.0, 0.5, 1e300, f64::INFINITY], NaNs::Bucket).one_hot();
    let fitted = fit(x().then(edges), &[1.0]).unwrap();
    assert_eq!(fitted.names()[..], ["x=[0, 0.5)", "x=[0.5, 1e300)", "x=[1e300, inf)", "x=NaN"].map(String::from));
    let constant = fit(x().then(Bucketise::quantile(3, NaNs::Refuse).one_hot()), &[2.0, 2.0]).unwrap();
    assert_eq!(constant.names()[..], ["x=[-inf, inf)".to_owned()]);
    assert!(constant.encode_batch(&rows(&[f64::NAN])).is_err());
    assert_eq!(encoded(&constant, &[-7.0, f64::INFINITY]), [1.0, 1.0]);
}

#[test]
fn numbers_are_dropped_and_the_rest_goes_on() {
    let dropped = x().then(DropMissing::above(0.4)).then(Impute::mean()).then(DropConstant::default());
    let scaled = Feature::number("y", "x", Nulls::NaN).then(Impute::median()).then(Standard::default());
    let set = set([dropped, scaled]).unwrap();
    let fitted = |x: &[f64]| set.fit(|| [Ok::<_, FeatureError>(rows(x))], &Catalog::new()).unwrap();
    let missing = fitted(&[f64::NAN, 1.0, 3.0, f64::NAN]);
    assert_eq!(missing.names()[..], ["y".to_owned()]);
    assert_eq!(encoded(&missing, &[2.0, f64::NAN]), [0.0, 0.0]);
    assert_eq!(fitted(&[5.0, f64::NAN, 5.0]).names().len(), 1);
    assert_eq!(fitted(&[5.0, f64::NAN, 4.0]).names().len(), 2);
    let mut slots = Slots::default();
    missing.read(&serde_json::json!({"at": 1, "x": 3.0}), &mut slots).unwrap();
    let mut one = [0.0];
    missing.encode(&slots, &mut one).unwrap();
    assert!(one[0] > 1.0);
}

#[test]
fn imputed_numbers_are_flagged() {
    let fitted = fit(x().then(Impute::median().flagged()), &[1.0, 5.0, f64::NAN, 2.0]).unwrap();
    assert_eq!(fitted.names()[..], ["x".to_owned(), "x.nan".to_owned()]);
    assert_eq!(encoded(&fitted, &[f64::NAN, 9.0]), [2.0, 1.0, 9.0, 0.0]);
}
