//! The ways out of a batch: dense, sparse, columns, by several threads: the same bits on all.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use mlops_core::{EncodeError, Encoder, SlotEncoder, Slots, Value, Vocabulary};
use mlops_features::{
    Catalog, Feature, FeatureError, FeatureSet, FitProgress, FitRows, Fitted, FittedFeatures, Hashing, InputKind,
    Learns, NullTexts, Nulls, Ordinal, Refusal, Seen, Standard, Transform, TransformError, Unknown, column,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::rows::{Row, batch, row};

/// So many numbers, all 0 but the one that the value counts to, which is the value.
#[derive(Debug, Serialize, Deserialize)]
struct Wide {
    width: usize,
    known: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FittedWide(usize);

impl Transform for Wide {
    const NAME: &'static str = "wide";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedWide;

    fn check(&self, _: InputKind) -> Result<(), TransformError> {
        Ok(())
    }

    fn learns(&self) -> Learns {
        Learns::Nothing
    }

    fn known_width(&self) -> Option<usize> {
        self.known.then_some(self.width)
    }

    fn start(&self) {}

    fn update(&self, (): &mut (), _: &FitRows<'_>) -> Result<(), TransformError> {
        Ok(())
    }

    fn merge(&self, (): &mut (), (): ()) {}

    fn finish(&self, (): (), _: &Seen) -> Result<FittedWide, TransformError> {
        Ok(FittedWide(self.width))
    }
}

impl Fitted for FittedWide {
    fn width(&self) -> usize {
        self.0
    }

    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out.fill(0.0);
        if let Value::Float(x) = value {
            out[x.abs() as usize % self.0] = x;
        }
        Ok(())
    }

    // Out of order and out of range, which must not be believed.
    fn apply_sparse(&self, _: Value<'_>, _: &Vocabulary, put: &mut dyn FnMut(usize, f64)) -> Result<(), Refusal> {
        put(self.0 + 3, 1.0);
        put(0, 2.0);
        Ok(())
    }
}

fn catalog() -> Catalog {
    Catalog::new().with_transform::<Wide>()
}

fn builder() -> mlops_features::FeatureSetBuilder {
    FeatureSet::builder("outputs", "at").floats(&["x"]).ints(&["n"]).categories(&["key"])
}

/// Every kind of chain: of one transform, of several, of products, and a product that comes before its factors.
fn set() -> FeatureSet {
    builder()
        .features([
            Feature::interaction("key × x", &["key", "x"]),
            Feature::number("x", "x", Nulls::constant(f64::NAN)),
            Feature::standardised("flagged", "x", Nulls::constant(-1.0).flagged()),
            Feature::number("computed", column("x").plus("n"), Nulls::constant(-0.0)),
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::new("place", "key").then(Ordinal::unknown(-1.0)),
            Feature::new("wide", "x").then(Wide { width: 21, known: true }),
            Feature::interaction("all", &["key", "flagged", "wide"]),
            Feature::interaction("scaled", &["x", "key"]).then(Standard { mean: true, deviation: false }),
            Feature::number("widened", "n", Nulls::constant(3.0).flagged()).then(Wide { width: 3, known: true }),
        ])
        .build(&catalog())
        .unwrap()
}

static FITTED: LazyLock<FittedFeatures> = LazyLock::new(|| fit(&set(), &batch(&some_rows(2500))));

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn some_rows(count: i64) -> Vec<Row> {
    let key = |i: i64| (i % 7 != 0).then(|| format!("key {}", i % 23));
    (0..count)
        .map(|i| row(i, (i % 5 != 4).then_some(i as f64 * 0.37 - 90.0), Some(i % 11), key(i).as_deref()))
        .collect()
}

fn fit(set: &FeatureSet, rows: &RecordBatch) -> FittedFeatures {
    set.fit(|| [Ok::<_, FeatureError>(rows.clone())], &catalog()).unwrap()
}

fn bits<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    numbers.into_iter().map(|x| x.to_bits()).collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let floats = prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(0.0), Just(-0.0), -50.0..50.0];
    let keys = prop_oneof![(0..30).prop_map(|i| format!("key {i}")), ".{0,8}"];
    let one = (prop::option::of(floats), prop::option::of(any::<i64>()), prop::option::of(keys));
    prop::collection::vec(one.prop_map(|(x, n, key)| row(0, x, n, key.as_deref())), 0..20)
}

proptest! {
    #[test]
    fn what_is_stored_and_the_zeros_between_are_the_dense_numbers_bit_for_bit(rows in rows()) {
        let features = &*FITTED;
        let dense = features.encode_batch(&batch(&rows)).unwrap();
        let sparse = features.encode_batch_sparse(&batch(&rows)).unwrap();
        prop_assert_eq!((sparse.values.rows(), sparse.values.cols()), dense.values.dim());
        prop_assert_eq!(&sparse.names, &dense.names);
        prop_assert_eq!(sparse.features, dense.features);
        prop_assert!(sparse.values.data().iter().all(|x| x.to_bits() != 0), "no 0 is stored");
        prop_assert_eq!(bits(&sparse.values.to_dense()), bits(&dense.values));

        let (mut slots, mut numbers) = (Slots::default(), vec![7.0; features.names().len()]);
        let (mut indices, mut values) = (vec![1], vec![1.0]);
        for (row, wanted) in rows.iter().zip(dense.values.rows()) {
            features.read(row, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
            prop_assert_eq!(bits(&numbers), bits(wanted));
            features.encode_sparse(&slots, &mut indices, &mut values).unwrap();
            prop_assert!(indices.is_sorted_by(|a, b| a < b));
            let mut row = vec![0.0; numbers.len()];
            indices.iter().zip(&values).for_each(|(&place, &x)| row[place] = x);
            prop_assert_eq!(bits(&row), bits(wanted));
        }
    }

    #[test]
    fn columns_threads_and_batches_give_the_same_bits(
        start in 0_usize..1500, len in 0_usize..2500, count in 1_usize..6,
    ) {
        let whole = batch(&some_rows(2500));
        let features = &*FITTED;
        let start = start.min(whole.num_rows());
        let part = whole.slice(start, len.min(whole.num_rows() - start));
        let one = features.encode_batch(&part).unwrap().values;
        prop_assert_eq!(bits(&features.encode_batch_parallel(&part, threads(count)).unwrap().values), bits(&one));

        let columns = features.encode_batch_to_arrow(&part).unwrap();
        prop_assert_eq!(columns.num_rows(), part.num_rows());
        for ((wanted, name), (field, got)) in
            one.columns().into_iter().zip(&**features.names()).zip(columns.schema().fields().iter().zip(columns.columns()))
        {
            prop_assert!(field.name() == name && !field.is_nullable());
            prop_assert_eq!(bits(got.as_primitive::<Float64Type>().values()), bits(wanted));
        }

        let cut = part.num_rows() / 3;
        let parts = [part.slice(0, cut), part.slice(cut, part.num_rows() - cut)].map(Ok::<_, FeatureError>);
        let parts: Vec<_> = features.encode_batches(parts).map(|part| part.unwrap().values).collect();
        prop_assert_eq!(parts.iter().flat_map(bits).collect::<Vec<_>>(), bits(&one));
    }
}

#[test]
fn a_fit_by_threads_is_that_of_one() {
    let rows = batch(&some_rows(5000));
    let wanted = fit(&set(), &rows).to_bytes();
    for count in [1, 2, 3, 5, 1000] {
        let features = set().fit_batch(&rows, threads(count), &catalog()).unwrap();
        assert_eq!(features.to_bytes(), wanted, "{count} threads");
    }
    let none = set().fit_batch(&rows.slice(0, 0), threads(2), &catalog());
    assert!(matches!(none, Err(FeatureError::NoRows { .. })), "{none:?}");
    let labels =
        builder().features([Feature::target("key", "key", 1.0, Unknown::AsAll)]).build(&catalog()).unwrap();
    let error = labels.fit_batch(&rows, threads(2), &catalog());
    assert!(matches!(error, Err(FeatureError::NoLabels { .. })), "{error:?}");
}

#[test]
fn a_forked_pass_has_seen_nothing_and_is_of_the_same_level() {
    let (set, rows) = (
        builder().features([Feature::standardised("x", "x", Nulls::Median)]).build(&catalog()).unwrap(),
        batch(&some_rows(100)),
    );
    let mut pass = set.start_fit(&catalog()).unwrap();
    pass.update(&rows, &[]).unwrap();
    let nothing = pass.fork().finish();
    assert!(matches!(nothing, Err(FeatureError::NoRows { .. })), "{nothing:?}");
    let FitProgress::Again(mut second) = pass.finish().unwrap() else { panic!("the median comes first") };
    let mut other = second.fork();
    other.update(&rows.slice(40, 60), &[]).unwrap();
    second.update(&rows.slice(0, 40), &[]).unwrap();
    second.merge(other).unwrap();
    let FitProgress::Done(features) = second.finish().unwrap() else { panic!("two passes do") };
    assert_eq!(features.to_bytes(), fit(&set, &rows).to_bytes());
}

#[test]
fn the_first_bad_row_is_named_whatever_threads_and_features_meet_first() {
    let refusing = builder()
        .features([
            Feature::number("n", "n", Nulls::Refuse),
            Feature::number("x", column("x").plus(1.0), Nulls::Refuse),
            Feature::number("x itself", "x", Nulls::Refuse),
        ])
        .build(&catalog())
        .unwrap();
    let good = |i: i64| row(i, Some(1.0), Some(2), None);
    let features = fit(&refusing, &batch(&(0..10).map(good).collect::<Vec<_>>()));
    let mut rows: Vec<Row> = (0..5000).map(good).collect();
    for (bad, x, n) in [(4900, None, Some(1)), (1300, Some(1.0), None), (1250, None, Some(1)), (3000, None, None)] {
        rows[bad] = row(0, x, n, None);
    }
    let rows = batch(&rows);
    let named = |error: FeatureError| match error {
        FeatureError::Row { row, source: EncodeError::Null { feature } } => (row, feature),
        other => panic!("{other}"),
    };
    for count in 1..6 {
        let error = features.encode_batch_parallel(&rows, threads(count)).unwrap_err();
        assert_eq!(named(error), (1250, "x".into()), "{count} threads");
    }
    assert_eq!(named(features.encode_batch_sparse(&rows).unwrap_err()), (1250, "x".into()));
    assert_eq!(named(features.encode_batch_to_arrow(&rows).unwrap_err()), (1250, "x".into()));
}

#[test]
fn a_factor_of_0_makes_0_whatever_the_other_is() {
    let set = builder()
        .features([
            Feature::number("x", "x", Nulls::NaN),
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::interaction("product", &["key", "x"]),
        ])
        .build(&catalog())
        .unwrap();
    let rows = batch(&[row(0, None, None, Some("a")), row(0, Some(-2.0), None, Some("b"))]);
    let dense = fit(&set, &rows).encode_batch(&rows).unwrap().values;
    assert!(dense[[0, 3]].is_nan());
    assert_eq!((dense[[0, 4]].to_bits(), dense[[1, 3]].to_bits(), dense[[1, 4]]), (0, 0, -2.0));
}

fn wide(width: usize, known: bool) -> Feature {
    Feature::new("wide", "x").then(Wide { width, known })
}

#[test]
fn a_set_that_is_too_wide_says_so_before_it_is_fitted_where_that_is_known() {
    let build = |features: Vec<Feature>| builder().features(features).build(&catalog());
    assert!(build(vec![wide(65_536, true)]).is_ok());
    let two = |known| vec![wide(65_536, known), Feature::number("n", "n", Nulls::Refuse)];
    let error = build(two(true)).unwrap_err();
    assert!(matches!(&error, FeatureError::TooWide { set, width: 65_537, allowed: 65_536 } if set == "outputs"));
    assert!(error.to_string().contains("`sparse()`") && error.to_string().contains("`encode_batch_sparse`"));
    let hashed =
        Feature::new("key", "key").then(Hashing { numbers: 1 << 20, signed: true, nulls: NullTexts::Refuse });
    assert!(matches!(build(vec![hashed]), Err(FeatureError::TooWide { width: 0x10_0000, .. })));
    let square = || vec![wide(300, true), Feature::interaction("square", &["wide", "wide"])];
    assert!(matches!(build(square()), Err(FeatureError::TooWide { width: 90_300, .. })));

    // A set that says it is sparse is let through, and is one also after it was stored.
    let sparse = builder().features(two(true)).sparse().build(&catalog()).unwrap();
    let rows = batch(&some_rows(20));
    let features = FittedFeatures::from_bytes(&fit(&sparse, &rows).to_bytes(), &catalog()).unwrap();
    assert_eq!(features.set(), &sparse);
    assert_eq!(features.encode_batch_sparse(&rows).unwrap().values.cols(), 65_537);

    // What isn't known beforehand is met by the matrix; rows have the room that they are given.
    let features = fit(&build(two(false)).unwrap(), &rows);
    for error in [
        features.encode_batch(&rows).map(drop),
        features.encode_batch_parallel(&rows, threads(2)).map(drop),
        features.encode_batch_to_arrow(&rows).map(drop),
        features
            .encode_batches([Ok(rows.clone())])
            .try_for_each(|matrix: Result<_, FeatureError>| matrix.map(drop)),
    ] {
        assert!(matches!(error, Err(FeatureError::TooWide { width: 65_537, .. })), "{error:?}");
    }
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; 65_537]);
    features.read(&some_rows(3)[2], &mut slots).unwrap();
    features.encode(&slots, &mut numbers).unwrap();
    assert_eq!(bits(&numbers), bits(features.encode_batch_sparse(&rows).unwrap().values.to_dense().row(2)));
}

#[test]
fn widths_that_overflow_are_an_error() {
    let fourth = |known| {
        let square = Feature::interaction("square", &["wide", "wide"]);
        vec![wide(1 << 20, known), square, Feature::interaction("fourth", &["square", "square"])]
    };
    let known = builder().features(fourth(true)).sparse().build(&catalog()).unwrap_err();
    assert!(matches!(known, FeatureError::Parameter { parameter: "width", .. }), "{known}");
    let unknown = builder().features(fourth(false)).sparse().build(&catalog()).unwrap();
    let rows = batch(&some_rows(5));
    let error = unknown.fit_batch(&rows, threads(1), &catalog()).unwrap_err();
    assert!(matches!(error, FeatureError::Parameter { parameter: "width", .. }), "{error}");
    // What was stored may claim anything.
    let mut bytes = fit(&builder().features([wide(5, false)]).build(&catalog()).unwrap(), &rows).to_bytes();
    let place = bytes.windows(7).position(|bytes| bytes == b"[[[5]]]").unwrap();
    bytes.splice(place + 3..place + 4, u64::MAX.to_string().into_bytes());
    let error = FittedFeatures::from_bytes(&bytes, &catalog()).unwrap_err();
    assert!(matches!(error, FeatureError::Parameter { parameter: "width", .. }), "{error}");
}

#[test]
fn a_warm_row_is_encoded_sparsely_without_allocation() {
    let rows = some_rows(100);
    let features = fit(&set(), &batch(&rows));
    let (mut slots, mut indices, mut values) = (Slots::default(), Vec::new(), Vec::new());
    let mut pass = || {
        for row in &rows {
            features.read(row, &mut slots).unwrap();
            features.encode_sparse(&slots, &mut indices, &mut values).unwrap();
        }
    };
    pass();
    pass();
    let counted = allocation_counter::measure(pass);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
