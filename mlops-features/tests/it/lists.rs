//! Lists in rows and in columns: the same values, whatever they came in.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeListArray, Float64Array, Int32Array, LargeListArray, ListArray, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type};
use mlops_core::{Column, Encoder, JsonFloat, SlotEncoder, SlotKind, Slots, Timestamp, Value};
use mlops_features::{
    ArgumentError, Catalog, Feature, FeatureError, FeatureSet, FittedFeatures, Label, Labels, Nulls, ScalarFn,
    Scratch, Source, call, column,
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

/// A number that is another for another list.
#[derive(Debug)]
struct Digest;

impl ScalarFn for Digest {
    fn name(&self) -> &str {
        "digest"
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, _: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        Ok(SlotKind::Float)
    }

    fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        let fold = |parts: &mut dyn Iterator<Item = f64>| parts.fold(1.0, |sum, x| sum * 0.75 + x);
        match arguments {
            [Value::Numbers(numbers)] => Value::Float(fold(&mut numbers.iter().copied())),
            [Value::Texts(texts)] => {
                let bytes = |text: &str| text.bytes().fold(0.5, |sum, byte| sum * 1.25 + f64::from(byte));
                Value::Float(fold(&mut texts.iter().map(bytes)))
            }
            [Value::Text(text)] => Value::Float(text.len() as f64),
            _ => Value::Missing,
        }
    }
}

pub(crate) fn catalog() -> Catalog {
    Catalog::new().with(Arc::new(Digest))
}

pub(crate) fn digest(name: &str) -> Feature {
    Feature::number(name, call("digest", 1, [column(name)]), Nulls::Constant(JsonFloat(-1.0)))
}

/// The features of a set of which nothing is fitted.
pub(crate) fn fit(set: &FeatureSet, rows: &RecordBatch) -> FittedFeatures {
    let known = Label { value: 1.0, available: Timestamp::MIN };
    set.fit_encode(rows, &Labels(vec![Some(known); rows.num_rows()]), Timestamp::MAX, &catalog()).unwrap().features
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    at: i64,
    pub(crate) scores: Option<Vec<f64>>,
    pub(crate) tags: Option<Vec<String>>,
    note: Option<String>,
}

pub(crate) fn row(scores: Option<Vec<f64>>, tags: Option<Vec<String>>) -> Row {
    Row { at: 1, scores, tags, note: Some("a note".into()) }
}

fn set() -> FeatureSet {
    FeatureSet::builder("lists", "at")
        .number_lists(&["scores"])
        .text_lists(&["tags"])
        .texts(&["note"])
        .features(["scores", "tags", "note"].map(digest))
        .build(&catalog())
        .unwrap()
}

pub(crate) fn some_fit() -> FittedFeatures {
    fit(&set(), &batch(&[row(Some(vec![1.0]), Some(vec!["a".into()]))]))
}

fn texts_array(lists: impl Iterator<Item = Option<Vec<String>>>) -> ArrayRef {
    let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    lists.for_each(|list| builder.append_option(list.map(|texts| texts.into_iter().map(Some))));
    Arc::new(builder.finish())
}

fn batch(rows: &[Row]) -> RecordBatch {
    let scores = rows.iter().map(|row| row.scores.as_ref().map(|list| list.iter().copied().map(Some)));
    let columns: [(&str, ArrayRef); 4] = [
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)))),
        ("scores", Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(scores))),
        ("tags", texts_array(rows.iter().map(|row| row.tags.clone()))),
        ("note", Arc::new(StringArray::from_iter(rows.iter().map(|row| row.note.as_deref())))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// The same rows with another layout of lists.
fn as_layout(rows: &RecordBatch, list: fn(Arc<Field>) -> DataType, text: DataType) -> RecordBatch {
    let cast_to = |name: &str, item: DataType| {
        let wanted = list(Arc::new(Field::new_list_field(item, true)));
        cast(rows.column_by_name(name).unwrap(), &wanted).unwrap()
    };
    let columns = [
        ("at", rows.column_by_name("at").unwrap().clone()),
        ("note", rows.column_by_name("note").unwrap().clone()),
        ("scores", cast_to("scores", DataType::Float64)),
        ("tags", cast_to("tags", text)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let floats = prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0), -5.0..5.0];
    let scores = prop::option::of(prop::collection::vec(floats, 0..6));
    let tags = prop::option::of(prop::collection::vec(prop_oneof![".{0,6}", Just(String::new())], 0..6));
    let one = (any::<i64>(), scores, tags, prop::option::of(".{0,6}"));
    prop::collection::vec(one.prop_map(|(at, scores, tags, note)| Row { at, scores, tags, note }), 1..12)
}

/// The numbers of a row, as bits.
pub(crate) fn encoded<R: Serialize>(features: &FittedFeatures, row: &R, slots: &mut Slots) -> Vec<u64> {
    let mut numbers = vec![0.0; features.names().len()];
    features.read(row, slots).unwrap();
    features.encode(slots, &mut numbers).unwrap();
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// Each row's numbers of a batch, as bits.
pub(crate) fn encoded_batch(features: &FittedFeatures, batch: &RecordBatch) -> Vec<Vec<u64>> {
    let whole = features.encode_batch(batch).unwrap().values;
    whole.rows().into_iter().map(|row| row.iter().map(|x| x.to_bits()).collect()).collect()
}

proptest! {
    #[test]
    fn a_batch_of_lists_equals_its_rows(rows in rows(), skipped in any::<prop::sample::Index>()) {
        let features = some_fit();
        let whole = batch(&rows);
        let wanted = encoded_batch(&features, &whole);
        let requests = features.set().requests(&whole).unwrap();
        let kept = features.slots_of(&whole).unwrap();
        let mut slots = Slots::default();
        for (place, row) in rows.iter().enumerate() {
            prop_assert_eq!(&encoded(&features, &requests[place], &mut slots), &wanted[place]);
            prop_assert_eq!(&encoded(&features, row, &mut slots), &wanted[place]);
            for slot in 0..slots.len() {
                // Shown, since NaN isn't equal to itself.
                prop_assert_eq!(format!("{:?}", kept[place].value(slot)), format!("{:?}", slots.value(slot)));
            }
        }
        let large = as_layout(&whole, DataType::LargeList, DataType::Utf8View);
        prop_assert_eq!(&encoded_batch(&features, &large), &wanted);
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        prop_assert_eq!(&encoded_batch(&features, &as_layout(&whole, DataType::List, dictionary)), &wanted);
        let skipped = skipped.index(rows.len());
        let tail = whole.slice(skipped, rows.len() - skipped);
        prop_assert_eq!(&encoded_batch(&features, &tail), &wanted[skipped..]);
    }

    #[test]
    fn any_json_is_a_row_or_an_error(row in json_value(), whole in any::<bool>()) {
        let features = some_fit();
        let mut row = row;
        if whole && let Some(fields) = row.as_object_mut() {
            for name in ["at", "scores", "tags", "note"] {
                fields.entry(name).or_insert(serde_json::Value::Null);
            }
        }
        let (mut slots, mut numbers) = (Slots::default(), [0.0; 3]);
        if features.read(&row, &mut slots).is_ok() {
            prop_assert_eq!(slots.len(), 4);
            prop_assert!(features.encode(&slots, &mut numbers).is_ok());
        }
    }
}

/// Any JSON, often with the names that the sets of these tests have.
pub(crate) fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,5}".prop_map(Into::into),
        prop::collection::vec(any::<f64>(), 0..4).prop_map(Into::into),
        prop::collection::vec(".{0,3}", 0..4).prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let names = ["at", "scores", "tags", "note", "customer", "age", "home", "city", "customer.age", ""];
        let key = prop_oneof![4 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            4 => prop::collection::hash_map(key, inner, 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

#[test]
fn lists_of_a_thousand_items_are_whole() {
    let features = some_fit();
    let one = row(
        Some((0..1000).map(|i| f64::from(i) * 0.1).collect()),
        Some((0..1000).map(|i| format!("item {i}")).collect()),
    );
    let mut slots = Slots::default();
    assert_eq!(
        encoded(&features, &one, &mut slots),
        encoded_batch(&features, &batch(std::slice::from_ref(&one)))[0]
    );
    assert_eq!(slots.value(1), Value::Numbers(one.scores.as_deref().unwrap()));
    let Value::Texts(texts) = slots.value(2) else { panic!("{:?}", slots.value(2)) };
    assert!(texts.iter().eq(one.tags.as_deref().unwrap()));
    assert_eq!(slots.cut(), 0);
}

#[test]
fn lists_of_fixed_sizes_and_of_other_numbers_are_read() {
    let features = some_fit();
    let with = |scores: ArrayRef, tags: ArrayRef| {
        let rows = scores.len();
        let columns: [(&str, ArrayRef); 4] = [
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![1; rows]))),
            ("scores", scores),
            ("tags", tags),
            ("note", Arc::new(StringArray::from(vec![Some("a note"); rows]))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
    };
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    let values = Float64Array::from(vec![Some(1.0), Some(2.0), None, None, Some(5.0), Some(6.0)]);
    // The items of a list that is null are of no account.
    let nulls = Some(vec![true, false, true].into());
    let fixed: ArrayRef = Arc::new(FixedSizeListArray::new(item, 2, Arc::new(values), nulls));
    let tags = texts_array([Some(vec!["x".to_owned()]), None, Some(vec![])].into_iter());
    let wanted = [
        row(Some(vec![1.0, 2.0]), Some(vec!["x".into()])),
        row(None, None),
        row(Some(vec![5.0, 6.0]), Some(vec![])),
    ];
    let mut slots = Slots::default();
    let wanted: Vec<_> = wanted.iter().map(|row| encoded(&features, row, &mut slots)).collect();
    assert_eq!(encoded_batch(&features, &with(fixed.clone(), tags.clone())), wanted);
    assert_eq!(encoded_batch(&features, &with(fixed.slice(1, 2), tags.slice(1, 2))), wanted[1..]);

    let ints = [Some(vec![Some(1), Some(2)]), None, Some(vec![Some(5), Some(6)])];
    let ints: ArrayRef = Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(ints));
    assert_eq!(encoded_batch(&features, &with(ints, tags)), wanted);
    let row = json!({"at": 1, "scores": [1, 2.0], "tags": ["x"], "note": "a note"});
    assert_eq!(encoded(&features, &row, &mut slots), wanted[0]);
    let row = std::collections::BTreeMap::from([
        ("at", json!(1)),
        ("scores", json!([])),
        ("tags", json!([])),
        ("note", json!(null)),
    ]);
    features.read(&row, &mut slots).unwrap();
    assert_eq!(slots.value(1), Value::Numbers(&[]));
    assert!(matches!(slots.value(2), Value::Texts(texts) if texts.is_empty()));
}

#[test]
fn tuples_and_their_structs_are_lists_too() {
    #[derive(Serialize)]
    struct Point(f64, i32, Option<f32>);
    #[derive(Serialize)]
    enum Colour {
        Red,
    }
    #[derive(Serialize)]
    struct Row {
        at: i64,
        scores: Point,
        tags: (&'static str, char, Colour, String),
        note: Option<char>,
    }
    let row =
        Row { at: 1, scores: Point(0.5, 2, Some(1.5)), tags: ("a", 'ä', Colour::Red, "b".into()), note: None };
    let mut slots = Slots::default();
    some_fit().read(&row, &mut slots).unwrap();
    assert_eq!(slots.value(1), Value::Numbers(&[0.5, 2.0, 1.5]));
    let Value::Texts(texts) = slots.value(2) else { panic!("{:?}", slots.value(2)) };
    assert_eq!(texts.iter().collect::<Vec<_>>(), ["a", "ä", "Red", "b"]);
}

#[test]
fn items_of_another_kind_name_the_field() {
    let features = some_fit();
    let mut slots = Slots::default();
    let mut read = |name: &str, value: serde_json::Value| {
        let mut row = json!({"at": 1, "scores": [1.0], "tags": ["x"], "note": null});
        row[name] = value;
        features.read(&row, &mut slots).unwrap_err().to_string()
    };
    for (name, value, wanted) in [
        ("scores", json!([1, null]), "field `scores` is a list with a null, not list of floats"),
        ("scores", json!([1, "a"]), "field `scores` is a list with a text, not list of floats"),
        ("scores", json!([true]), "field `scores` is a list with a boolean, not list of floats"),
        ("scores", json!([[1]]), "field `scores` is a list with a sequence, not list of floats"),
        ("scores", json!([{}]), "field `scores` is a list with a map, not list of floats"),
        (
            "scores",
            json!([u64::MAX]),
            "field `scores` is a list with an integer beyond 64 signed bits, not list of floats",
        ),
        ("scores", json!(1), "field `scores` is an integer, not list of floats"),
        ("scores", json!({}), "field `scores` is a map, not list of floats"),
        ("tags", json!(["a", null]), "field `tags` is a list with a null, not list of texts"),
        ("tags", json!(["a", 1.5]), "field `tags` is a list with a float, not list of texts"),
        ("tags", json!(["a", 1]), "field `tags` is a list with an integer, not list of texts"),
        ("tags", json!("a"), "field `tags` is a text, not list of texts"),
        ("note", json!(["a"]), "field `note` is a sequence, not text"),
    ] {
        assert_eq!(read(name, value), wanted);
    }
}

#[test]
fn a_null_item_in_a_column_names_column_and_row() {
    let features = some_fit();
    let good = batch(&[row(Some(vec![1.0]), None), row(None, None)]);
    let replaced = |name: &str, array: ArrayRef| {
        let schema = good.schema();
        let columns = schema.fields().iter().zip(good.columns()).map(|(field, column)| {
            let array = if field.name() == name { array.clone() } else { column.clone() };
            (field.name().clone(), array, true)
        });
        features.encode_batch(&RecordBatch::try_from_iter_with_nullable(columns).unwrap()).unwrap_err()
    };
    let scores = [Some(vec![Some(1.0)]), Some(vec![Some(1.0), None])];
    let error = replaced("scores", Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(scores)));
    assert_eq!(error.to_string(), "row 1 of the batch has a null in the list of column `scores`");
    let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    builder.append_value([Some("a"), None]);
    builder.append_null();
    let error = replaced("tags", Arc::new(builder.finish()));
    assert_eq!(error.to_string(), "row 0 of the batch has a null in the list of column `tags`");
    let error = replaced("tags", Arc::new(Int32Array::from(vec![1, 2])));
    assert!(matches!(error, FeatureError::Schema { .. }), "{error}");
}

#[test]
fn events_hold_no_lists() {
    let mut source = Source::new("events", "happened");
    source.columns.columns.push(Column { name: "tags".into(), kind: SlotKind::Texts });
    let set = FeatureSet::builder("bad", "at").number_lists(&["scores"]).features([digest("scores")]);
    let error = set.sources([source]).build(&catalog()).unwrap_err();
    let wanted = "column `tags` of the source `events` is a list of texts; events hold no lists";
    assert_eq!(error.to_string(), wanted);
}
