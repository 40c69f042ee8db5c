//! What ONNX Runtime makes of features, held to what they make themselves (`tests/oracle/onnx_run.py`).

use std::collections::BTreeMap;
use std::process::Command;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use mlops_core::SlotEncoder;
use mlops_features::{
    Bucketise, Catalog, CategoryCount, ClipToQuantiles, DropConstant, DropMissing, Expr, Feature, FittedFeatures,
    Frequency, Impute, Infrequent, MaxAbs, MinMax, NaNs, NullPlace, Nulls, OneHot, Ordinal, Robust, Standard,
    Target, Unknown, column, text,
};
use serde::Deserialize;

use crate::onnx::{Row, batch, columns, fit, to_fit_on};

#[derive(Deserialize)]
struct Output {
    /// By row, of each number.
    bits: Vec<Vec<String>>,
    props: BTreeMap<String, String>,
}

/// A column as an input: a null is NaN or an empty text.
fn input(batch: &RecordBatch, name: &str) -> serde_json::Value {
    let column = batch.column_by_name(name).unwrap();
    let float = |x: Option<f64>| format!("{:?}", x.unwrap_or(f64::NAN));
    match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().iter().map(float).collect(),
        DataType::Int64 => column.as_primitive::<Int64Type>().iter().map(|x| float(x.map(|x| x as f64))).collect(),
        DataType::Utf8 => column.as_string::<i32>().iter().map(Option::unwrap_or_default).collect(),
        _ => serde_json::Value::Null,
    }
}

/// The numbers that ONNX Runtime makes of a batch.
fn run(features: &FittedFeatures, batch: &RecordBatch) -> Vec<Vec<f64>> {
    let python = std::env::var("MLOPS_PYTHON").expect("MLOPS_PYTHON names a Python with onnx and onnxruntime");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.onnx"), features.to_onnx().unwrap()).unwrap();
    let names = batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let inputs: BTreeMap<_, _> = names.iter().map(|name| (name, input(batch, name))).collect();
    std::fs::write(folder.path().join("inputs.json"), serde_json::to_vec(&inputs).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/onnx_run.py");
    assert!(Command::new(python).arg(script).arg(folder.path()).status().unwrap().success());
    let output = std::fs::read(folder.path().join("numbers.json")).unwrap();
    let Output { bits, props } = serde_json::from_slice(&output).unwrap();
    assert_eq!(props["mlops.fingerprint"], features.fingerprint().to_string());
    assert_eq!(serde_json::from_str::<Vec<String>>(&props["mlops.numbers"]).unwrap(), features.names()[..]);
    let float = |bits: &String| f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
    bits.iter().map(|row| row.iter().map(float).collect()).collect()
}

/// Holds the numbers to those of the kernel, where NaN is all of a row that is refused; gives how many were refused.
/// Numbers may differ by `relative`.
fn held(features: &FittedFeatures, rows: &[Row], relative: f64) -> usize {
    let batch = batch(rows);
    let (ours, mut refused) = (features.slots_of(&batch).unwrap(), 0);
    let theirs = run(features, &batch);
    assert_eq!(theirs.len(), rows.len());
    let mut numbers = vec![0.0; features.names().len()];
    for ((slots, theirs), row) in ours.iter().zip(&theirs).zip(rows) {
        if features.encode(slots, &mut numbers).is_err() {
            numbers.fill(f64::NAN);
            refused += 1;
        }
        assert_eq!(theirs.len(), numbers.len());
        for ((&ours, &theirs), name) in numbers.iter().zip(theirs).zip(features.names().iter()) {
            let same = ours == theirs || ours.is_nan() && theirs.is_nan();
            assert!(
                same || (ours - theirs).abs() <= relative * ours.abs(),
                "{name}: {ours:e} and {theirs:e} of {row:?}"
            );
        }
    }
    refused
}

fn fitted(features: impl IntoIterator<Item = Feature>) -> FittedFeatures {
    fit(&columns("some").features(features).build(&Catalog::new()).unwrap(), &to_fit_on())
}

/// Rows that a fit has seen and others: nulls, unseen categories, infinities, and numbers of all sizes.
fn to_encode() -> Vec<Row> {
    let floats = [
        None,
        Some(0.0),
        Some(-0.0),
        Some(1.0),
        Some(-1.0),
        Some(0.5),
        Some(1.5),
        Some(-2.5),
        Some(2.0),
        Some(1e-300),
        Some(-1e300),
        Some(1e17),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
        Some(30.0),
        Some(700.5),
        Some(3.0),
    ];
    let ints = [None, Some(0), Some(1), Some(-4), Some(7), Some((1 << 53) + 1), Some(i64::MIN)];
    let keys = [None, Some("a"), Some("b"), Some("ä b"), Some("rare"), Some("never"), Some("A")];
    let words = [Some("un"), Some("deux"), None, Some("quatre"), Some("un ")];
    let mut rows = to_fit_on();
    for (i, &x) in floats.iter().enumerate() {
        for (j, &y) in floats.iter().enumerate() {
            let at = i * floats.len() + j;
            rows.push(Row {
                x,
                y,
                n: ints[at % ints.len()],
                key: keys[at % keys.len()],
                word: words[at % words.len()],
                last_value: x,
                last_word: words[j % words.len()],
                count: ints[j % ints.len()],
            });
        }
    }
    rows
}

/// A feature for each, where a null is flagged so that it isn't taken for NaN.
fn each(values: impl IntoIterator<Item = Expr>) -> FittedFeatures {
    let values = values.into_iter().enumerate();
    fitted(
        values.map(|(i, value)| Feature::number(&format!("{i} {value}"), value, Nulls::constant(-7.25).flagged())),
    )
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_runs_functions_to_the_same_bits() {
    let (x, y, n) = (|| column("x"), || column("y"), || column("n"));
    let nan = || x().minus(x()).over(0.0);
    let features = each([
        x().plus("y"),
        x().minus("n"),
        x().times(3.0),
        x().over("y"),
        n().over(3.0),
        x().negative(),
        x().absolute(),
        x().square_root(),
        x().round(),
        x().floor(),
        x().ceiling(),
        x().least("y"),
        x().greatest("y"),
        nan().least("y"),
        y().greatest(nan()),
        x().clip(-1.0, 2.0),
        x().clip("y", 1.0),
        nan().clip(0.0, 1.0),
        x().greater("y"),
        x().at_least("y"),
        x().less("y"),
        x().at_most("y"),
        x().equal("y"),
        n().equal("count"),
        nan().is_nan(),
        x().is_nan(),
        nan().is_missing(),
        x().is_missing(),
        x().and("y"),
        nan().and("y"),
        x().or("y"),
        x().or(nan()),
        x().negated(),
        nan().negated(),
        x().or_else("y"),
        nan().or_else(1.0),
        x().and("n").or_else(5.0),
        x().or_else(2.0).is_missing(),
        x().greater(1.0).if_else("y", "n"),
        nan().if_else(1.0, 2.0),
        x().if_else(y().over("n"), 4.0),
        column("key").is_missing(),
        column("last.value").times("count"),
        Expr::from(1.5).plus(2.0),
        Expr::from(0.0).negated(),
    ]);
    assert_eq!(held(&features, &to_encode(), 0.0), 0);
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_runs_transcendental_functions_to_their_last_digits() {
    let (x, y) = (|| column("x"), || column("y"));
    let features = each([
        x().exp(),
        x().ln(),
        x().power("y"),
        x().power(2.0),
        x().cycle_sin(24.0),
        x().cycle_cos(7.0),
        y().over(24.0).cycle_cos(1.0),
    ]);
    assert_eq!(held(&features, &to_encode(), 1e-12), 0);
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_runs_transforms_of_numbers_to_the_same_bits() {
    let x = |name: &str| Feature::number(name, "x", Nulls::NaN);
    let y = |name: &str| Feature::number(name, "y", Nulls::Mean.flagged());
    let unit = Robust { unit_variance: true, ..Robust::default() };
    let features = fitted([
        x("number"),
        Feature::number("int", "n", Nulls::Median),
        Feature::number("most", "n", Nulls::MostFrequent.flagged()),
        Feature::number("view", "last.value", Nulls::constant(-1.0)),
        Feature::number("window", "count", Nulls::constant(0.0)),
        Feature::number("constant", 2.5, Nulls::NaN.flagged()),
        x("standard").then(Standard::default()),
        y("shifted").then(Standard { mean: true, deviation: false }),
        x("min max").then(MinMax::between(-1.0, 3.0)),
        y("clipped").then(MinMax::default().clipped()),
        x("max abs").then(MaxAbs {}),
        x("robust").then(Robust::between(0.1, 0.8)),
        y("unit").then(unit),
        x("clip").then(ClipToQuantiles::between(0.05, 0.9)),
        x("imputed").then(Impute::mean()),
        x("flagged").then(Impute::median().flagged()).then(Standard::default()),
        x("twice").then(Impute::constant(1.0).flagged()).then(Impute::mean().flagged()).then(MinMax::default()),
        x("dropped").then(Impute::mean().flagged()).then(DropConstant::at_most(0.5)).then(MaxAbs {}),
        y("flag alone").then(DropConstant::at_most(1e9)),
        x("missing").then(DropMissing::above(0.01)),
        y("not missing").then(DropMissing::above(0.01)).then(MaxAbs {}),
        x("buckets").then(Bucketise::uniform(4, NaNs::Bucket)),
        x("quantiles").then(Bucketise::quantile(5, NaNs::Bucket).one_hot()),
        x("given").then(Bucketise::at(&[f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY], NaNs::Bucket).one_hot()),
        x("one bucket").then(Bucketise::at(&[0.0, 1.0], NaNs::Bucket)),
        x("of two")
            .then(Impute::mean().flagged())
            .then(Bucketise::at(&[-9.0, 0.0, 0.5, 9.0], NaNs::Bucket).one_hot()),
        y("buckets of y").then(Bucketise::uniform(3, NaNs::Bucket).one_hot()).then(Standard::default()),
    ]);
    assert_eq!(held(&features, &to_encode(), 0.0), 0);
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_runs_encodings_of_categories_to_the_same_bits() {
    let key = |name: &str| Feature::new(name, "key");
    let infrequent = Infrequent { min_count: Some(9), ..Infrequent::default() };
    let features = fitted([
        key("hot").then(OneHot::new(Unknown::AsAll)),
        key("null").then(OneHot::new(Unknown::AsAll).null_category()),
        key("rare").then(OneHot::new(Unknown::Infrequent).min_count(9).null_category()),
        key("first").then(OneHot::new(Unknown::Infrequent).min_count(9).drop_first()),
        key("scaled").then(OneHot::new(Unknown::AsAll)).then(Standard::default()),
        key("kept").then(OneHot::new(Unknown::AsAll)).then(DropConstant::at_most(0.15)),
        key("ordinal").then(Ordinal::unknown(-1.0)),
        key("last").then(Ordinal::unknown(f64::NAN).nulls(NullPlace::Last)),
        key("place").then(Ordinal::unknown(-2.0).nulls(NullPlace::number(-1.0)).infrequent(infrequent)),
        key("order").then(Ordinal::unknown(0.5).given(&["b", "A", "a", "elsewhere"])),
        key("frequency").then(Frequency::new(Unknown::AsAll)),
        key("count of").then(CategoryCount::new(Unknown::AsAll).null_category()),
        key("target").then(Target::new(2.0, Unknown::AsAll)),
        key("auto").then(Target::auto(Unknown::AsAll).null_category()),
        key("classes").then(Target::auto(Unknown::AsAll).each_class()).then(MinMax::default()),
        Feature::one_hot("word", "word", Unknown::AsAll),
        Feature::one_hot("view", "last.word", Unknown::AsAll),
        Feature::one_hot("either", column("word").or_else("key"), Unknown::AsAll),
        Feature::one_hot("if", column("x").greater("y").if_else("word", text("else")), Unknown::AsAll),
        Feature::one_hot("always", text("always"), Unknown::AsAll),
        Feature::interaction("pair", &["hot", "word"]),
        Feature::interaction("of three", &["number", "null", "flagged"]).then(Standard::default()),
        Feature::interaction("alone", &["number"]).then(Impute::mean().flagged()),
        Feature::number("number", "x", Nulls::NaN),
        Feature::number("flagged", "y", Nulls::Mean.flagged()),
    ]);
    assert_eq!(held(&features, &to_encode(), 0.0), 0);
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_makes_nan_of_rows_that_are_refused() {
    let rows = to_encode();
    let of = |refuses: fn(&Row) -> bool| rows.iter().filter(|row| refuses(row)).count();
    let seen = |row: &Row| row.key.is_some_and(|key| ["a", "b", "rare"].contains(&key));
    let unknown = rows.iter().filter(|row| !seen(row)).count();
    // Fitted on rows that all of these take, so without `ä b`, beside which `x` is null.
    let taken: Vec<Row> = to_fit_on().into_iter().filter(|row| row.x.is_some() && seen(row)).collect();
    let fitted = |feature: Feature| {
        let other = Feature::number("other", "n", Nulls::constant(0.0).flagged());
        fit(&columns("some").features([other, feature]).build(&Catalog::new()).unwrap(), &taken)
    };
    let x = || Feature::number("f", "x", Nulls::NaN);
    for (feature, refused) in [
        (Feature::number("f", "x", Nulls::Refuse).then(Impute::mean()), of(|row| row.x.is_none())),
        (x().then(Bucketise::uniform(3, NaNs::Refuse).one_hot()), of(|row| row.x.is_none())),
        (Feature::one_hot("f", "key", Unknown::Refuse), unknown),
        (Feature::one_hot("f", "key", OneHot::new(Unknown::Refuse).drop_first()), unknown),
        (
            Feature::new("f", "key").then(Ordinal::refusing().nulls(NullPlace::number(-1.0))),
            of(|row| matches!(row.key, Some("never" | "A" | "ä b"))),
        ),
        (Feature::new("f", "key").then(Frequency::new(Unknown::Refuse)), unknown),
        (Feature::new("f", "key").then(Target::new(1.0, Unknown::Refuse)), unknown),
    ] {
        assert!(0 < refused && refused < rows.len());
        assert_eq!(held(&fitted(feature), &rows, 0.0), refused);
    }
}

#[test]
#[ignore = "needs onnxruntime: MLOPS_PYTHON names a Python with tests/oracle/requirements-onnx.txt"]
fn onnx_runs_no_rows_and_one() {
    let features = fitted([
        Feature::one_hot("key", "key", Unknown::AsAll),
        Feature::target("target", "key", 1.0, Unknown::AsAll),
        Feature::number("x", "x", Nulls::NaN).then(Bucketise::uniform(3, NaNs::Bucket)),
        Feature::number("constant", 2.5, Nulls::NaN),
    ]);
    assert_eq!(held(&features, &[], 0.0), 0);
    assert_eq!(held(&features, &to_fit_on()[..1], 0.0), 0);
}
