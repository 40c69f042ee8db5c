//! Fitted features as ONNX: what is written, and what isn't.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::{SlotEncoder, Timestamp};
use mlops_features::{
    Bucketise, Catalog, Expr, Feature, FeatureError, FeatureSet, FeatureSetBuilder, FittedFeatures, Hashing, Label,
    Labels, NaNs, NullPlace, NullTexts, Nulls, Ordinal, Quantile, Source, TfIdf, Unknown, View, Window, column,
    concat, text,
};
use prost::Message;

/// Of `onnx.proto`, what these tests look at.
#[derive(Clone, PartialEq, Message)]
struct Model {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<Operators>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<Entry>,
}

#[derive(Clone, PartialEq, Message)]
struct Operators {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    node: Vec<Node>,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "11")]
    input: Vec<Named>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Node {
    #[prost(string, repeated, tag = "1")]
    input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    output: Vec<String>,
    #[prost(string, tag = "4")]
    op_type: String,
    #[prost(string, tag = "7")]
    domain: String,
}

#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

/// Columns of every kind, and what a view and a window give.
pub(crate) fn columns(set: &str) -> FeatureSetBuilder {
    let source = Source::new("events", "happened").texts(&["key", "word"]).floats(&["value"]);
    FeatureSet::builder(set, "at")
        .floats(&["x", "y"])
        .ints(&["n"])
        .categories(&["key"])
        .texts(&["word"])
        .text_lists(&["words"])
        .sources([source])
        .views([View::latest("last", "events", &["key"]).fields(&["value", "word"])])
        .windows([Window::count("count", "events", &["key"], std::time::Duration::from_secs(60))])
}

/// A row of [`columns`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) x: Option<f64>,
    pub(crate) y: Option<f64>,
    pub(crate) n: Option<i64>,
    pub(crate) key: Option<&'static str>,
    pub(crate) word: Option<&'static str>,
    pub(crate) last_value: Option<f64>,
    pub(crate) last_word: Option<&'static str>,
    pub(crate) count: Option<i64>,
}

pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let floats = |of: fn(&Row) -> Option<f64>| Arc::new(Float64Array::from_iter(rows.iter().map(of))) as ArrayRef;
    let ints = |of: fn(&Row) -> Option<i64>| Arc::new(Int64Array::from_iter(rows.iter().map(of))) as ArrayRef;
    let texts =
        |of: fn(&Row) -> Option<&'static str>| Arc::new(StringArray::from_iter(rows.iter().map(of))) as ArrayRef;
    let words = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    let words = rows.iter().fold(words, |mut words, _| {
        words.append_value([Some("a")]);
        words
    });
    let mut words = words;
    let at = TimestampMicrosecondArray::from_iter_values(0..rows.len() as i64);
    let columns: [(&str, ArrayRef); 10] = [
        ("at", Arc::new(at)),
        ("x", floats(|row| row.x)),
        ("y", floats(|row| row.y)),
        ("n", ints(|row| row.n)),
        ("key", texts(|row| row.key)),
        ("word", texts(|row| row.word)),
        ("words", Arc::new(words.finish())),
        ("last.value", floats(|row| row.last_value)),
        ("last.word", texts(|row| row.last_word)),
        ("count", ints(|row| row.count)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// Rows that anything can be learnt from.
pub(crate) fn to_fit_on() -> Vec<Row> {
    let row = |i: usize| {
        let z = i as f64;
        Row {
            x: (i % 7 != 3).then_some((z * 0.7).sin() * 30.0),
            y: Some(z * z / 50.0 - 3.0),
            n: (i % 5 != 1).then_some(i as i64 % 11 - 4),
            key: [Some("a"), Some("b"), Some("a"), Some("ä b"), None, Some("rare"), Some("b")][i % 7],
            word: [Some("un"), Some("deux"), None, Some("trois")][i % 4],
            last_value: (!i.is_multiple_of(3)).then_some(z / 3.0),
            last_word: [Some("in"), None, Some("out")][i % 3],
            count: Some(i as i64 % 4),
        }
    };
    (0..60).map(row).collect()
}

pub(crate) fn fit(set: &FeatureSet, rows: &[Row]) -> FittedFeatures {
    let label = |i: usize| Some(Label { value: ((i * i) % 3) as f64, available: Timestamp::MIN });
    let labels = Labels((0..rows.len()).map(label).collect());
    set.fit_encode(&batch(rows), &labels, Timestamp::MAX, &Catalog::new()).unwrap().features
}

fn fitted(features: impl IntoIterator<Item = Feature>) -> FittedFeatures {
    fit(&columns("some").features(features).build(&Catalog::new()).unwrap(), &to_fit_on())
}

fn model(features: &FittedFeatures) -> (Model, Graph) {
    let model = Model::decode(features.to_onnx().unwrap().as_slice()).unwrap();
    let graph = model.graph.clone().unwrap();
    (model, graph)
}

fn operators(graph: &Graph) -> Vec<&str> {
    graph.node.iter().map(|node| node.op_type.as_str()).collect()
}

#[test]
fn a_graph_has_a_node_for_each_operation() {
    let features = fitted([
        Feature::standardised("x", column("x").plus("y"), Nulls::Mean),
        Feature::one_hot("key", "key", Unknown::AsAll),
        Feature::target("mean", "key", 1.0, Unknown::AsAll),
    ]);
    let (model, graph) = model(&features);
    assert_eq!(model.ir_version, 8);
    let domains = model.opset_import.iter().map(|set| (set.domain.as_str(), set.version));
    assert_eq!(domains.collect::<Vec<_>>(), [("", 18), ("ai.onnx.ml", 3)]);
    // Both encodings of the category look its place up once.
    let wanted = [
        "IsNaN",
        "IsNaN",
        "Add",
        "Or",
        "Where",
        "Sub",
        "Div",
        "LabelEncoder",
        "Squeeze",
        "Gather",
        "Equal",
        "Cast",
        "Gather",
        "Concat",
        "Identity",
    ];
    assert_eq!(operators(&graph), wanted);
    for node in &graph.node {
        assert_eq!(node.domain, if node.op_type == "LabelEncoder" { "ai.onnx.ml" } else { "" });
        assert_eq!(node.output.len(), 1);
    }
    assert_eq!(graph.name, "some");
    assert_eq!(graph.input.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["x", "y", "key"]);
    assert_eq!(graph.output.iter().map(|output| output.name.as_str()).collect::<Vec<_>>(), ["numbers"]);
}

#[test]
fn a_graph_tells_names_and_fingerprint() {
    let features = fitted([Feature::one_hot("key", "key", Unknown::AsAll)]);
    let (model, _) = model(&features);
    let entry = |key: &str| model.metadata_props.iter().find(|entry| entry.key == key).unwrap().value.clone();
    assert_eq!(entry("mlops.numbers"), r#"["key=a","key=b","key=rare","key=ä b"]"#);
    assert_eq!(entry("mlops.fingerprint"), features.fingerprint().to_string());
    assert_eq!(entry("mlops.set"), "some");
}

#[test]
fn the_same_features_are_the_same_bytes() {
    let features = [Feature::number("sum", column("x").plus("y").plus("n"), Nulls::NaN)];
    assert_eq!(fitted(features.clone()).to_onnx().unwrap(), fitted(features).to_onnx().unwrap());
}

#[test]
fn what_is_asked_for_twice_is_there_once() {
    let late = || column("x").greater(1.0);
    let features = fitted([
        Feature::number("late", late(), Nulls::NaN),
        Feature::number("both", late().and(column("y").greater(1.0)), Nulls::NaN),
    ]);
    let (_, graph) = model(&features);
    let count = |operator: &str| operators(&graph).iter().filter(|&&node| node == operator).count();
    // Of x and of y.
    assert_eq!(count("Greater"), 2);
    assert_eq!(count("Concat"), 1);
}

#[track_caller]
fn lacks(features: impl IntoIterator<Item = Feature>, feature: &str, what: &str) {
    let error = fitted(features).to_onnx().unwrap_err();
    let message = format!("feature `{feature}` can't be written in ONNX, which lacks {what}");
    assert_eq!(error.to_string(), message);
    assert!(matches!(error, FeatureError::NotInOnnx { feature: got, .. } if got == feature));
}

#[test]
fn what_onnx_lacks_is_named() {
    let number = |value: Expr| [Feature::number("f", value, Nulls::NaN)];
    lacks(number(column("word").length()), "f", "the function `length` version 1");
    lacks(number(column("x").plus(column("at").hour_utc())), "f", "the function `hour_utc` version 1");
    lacks(number(column("x").log10().negative()), "f", "the function `log10` version 1");
    lacks(number(column("at").is_missing()), "f", "an input for the column `at`, a time");
    lacks(number(column("words").is_missing()), "f", "an input for the column `words`, a list of texts");
    lacks(number(1.0.into()), "f", "rows without a column");
    let two_words = concat([column("word"), "word".into()]);
    lacks([Feature::one_hot("f", two_words, Unknown::AsAll)], "f", "the function `concat` version 1");
    lacks(
        [Feature::one_hot("f", column("word").or_else(text("")), Unknown::AsAll)],
        "f",
        "an empty text that is no null",
    );
    let quantile = Feature::number("f", "y", Nulls::NaN).then(Quantile::uniform(10));
    lacks([quantile], "f", "the transform `quantile`");
    let hashing = Feature::new("f", "key").then(Hashing::new(8, NullTexts::Empty));
    lacks([hashing], "f", "the transform `hashing`");
    let words = Feature::new("f", "words").then(TfIdf::new(NullTexts::Empty));
    lacks([words], "f", "an input for the column `words`, a list of texts");
    let none =
        Feature::number("f", column("x").minus("x"), Nulls::NaN).then(mlops_features::DropConstant::default());
    lacks([none], "some", "rows without a number");
    // Of several, the first.
    let [x, y] = [column("x").log10(), column("y").ln_1p()].map(|value| number(value)[0].clone());
    lacks([x, Feature { name: "g".into(), ..y }], "f", "the function `log10` version 1");
}

#[test]
fn an_empty_category_is_not_a_null() {
    let mut rows = to_fit_on();
    rows[3].key = Some("");
    for feature in [
        Feature::one_hot("f", "key", Unknown::AsAll),
        Feature::new("f", "key").then(Ordinal::unknown(-1.0)),
        Feature::new("f", "word").then(Ordinal::unknown(-1.0).given(&["un", ""]).nulls(NullPlace::Last)),
    ] {
        let features = fit(&columns("some").features([feature]).build(&Catalog::new()).unwrap(), &rows);
        let error = features.to_onnx().unwrap_err();
        assert!(
            error.to_string().ends_with("which lacks a null beside the empty text, which is a category"),
            "{error}"
        );
    }
}

#[test]
fn no_column_is_taken_for_the_output() {
    let set = FeatureSet::builder("some", "at").floats(&["numbers"]);
    let set = set.features([Feature::number("f", "numbers", Nulls::NaN).then(Bucketise::uniform(2, NaNs::Bucket))]);
    let set = set.build(&Catalog::new()).unwrap();
    let at = Arc::new(TimestampMicrosecondArray::from(vec![0, 1])) as ArrayRef;
    let numbers = Arc::new(Float64Array::from(vec![0.0, 1.0])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("at", at), ("numbers", numbers)]).unwrap();
    let features = set.fit::<_, FeatureError>(|| [Ok(batch.clone())], &Catalog::new()).unwrap();
    let error = features.to_onnx().unwrap_err();
    assert!(error.to_string().ends_with("lacks a second tensor named `numbers`"), "{error}");
}
