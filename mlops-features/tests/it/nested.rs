//! Fields inside of fields: rows, maps, columns of structs and flat names give the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::Field;
use mlops_core::{Encoder, JsonFloat, Slots, Value};
use mlops_features::{Feature, FeatureSet, FittedFeatures, Nulls, Unknown};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

use crate::lists::{catalog, digest, encoded, encoded_batch, fit, json_value};

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Home {
    city: Option<String>,
    rooms: u8,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Customer {
    age: Option<i64>,
    unknown: (i32, Vec<u8>),
    home: Option<Home>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    at: i64,
    customer: Option<Customer>,
    x: Option<f64>,
}

pub(crate) fn row(x: f64, city: &str) -> Row {
    let home = Some(Home { city: Some(city.into()), rooms: 3 });
    Row { at: 1, customer: Some(Customer { age: Some(30), unknown: (1, vec![2]), home }), x: Some(x) }
}

fn set() -> FeatureSet {
    let number = |name| Feature::number(name, name, Nulls::Constant(JsonFloat(-1.0)));
    FeatureSet::builder("nested", "at")
        .ints(&["customer.age"])
        .categories(&["customer.home.city"])
        .floats(&["x"])
        .ints(&["customer.home.rooms"])
        .features([number("customer.age"), number("x"), number("customer.home.rooms")])
        .features([Feature::one_hot("city", "customer.home.city", Unknown::AsAll)])
        .build(&catalog())
        .unwrap()
}

pub(crate) fn some_fit() -> FittedFeatures {
    fit(&set(), &batch(&[row(1.0, "Rome"), row(2.0, "Oslo")]))
}

fn structs<const N: usize>(fields: [(&str, ArrayRef); N], valid: Vec<bool>) -> ArrayRef {
    let (names, arrays): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let field = |(name, array): (&&str, &ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let fields: Vec<_> = names.iter().zip(&arrays).map(field).collect();
    Arc::new(StructArray::new(fields.into(), arrays, Some(NullBuffer::from(valid))))
}

/// The rows as columns of structs. What lies behind a null is some value, which may not be read.
fn batch(rows: &[Row]) -> RecordBatch {
    let customers: Vec<_> = rows.iter().map(|row| row.customer.as_ref()).collect();
    let homes: Vec<_> = customers.iter().map(|customer| customer.and_then(|one| one.home.as_ref())).collect();
    let city = |home: &Option<&Home>| home.map_or(Some("behind".to_owned()), |home| home.city.clone());
    let cities: ArrayRef = Arc::new(StringArray::from_iter(homes.iter().map(city)));
    let rooms = homes.iter().map(|home| home.map_or(77, |home| i64::from(home.rooms)));
    let rooms: ArrayRef = Arc::new(Int64Array::from_iter_values(rooms));
    let valid_homes = customers.iter().map(|customer| customer.is_none_or(|one| one.home.is_some())).collect();
    let home = structs([("city", cities), ("rooms", rooms)], valid_homes);
    let ages = customers.iter().map(|customer| customer.map_or(Some(99), |one| one.age));
    let age: ArrayRef = Arc::new(Int64Array::from_iter(ages));
    let customer = structs([("home", home), ("age", age)], customers.iter().map(Option::is_some).collect());
    let columns: [(&str, ArrayRef); 3] = [
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)))),
        ("x", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.x)))),
        ("customer", customer),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// The row without nesting.
fn flat(row: &Row) -> BTreeMap<&'static str, serde_json::Value> {
    let customer = row.customer.as_ref();
    let home = customer.and_then(|customer| customer.home.as_ref());
    BTreeMap::from([
        ("at", json!(row.at)),
        ("x", json!(row.x)),
        ("customer.age", json!(customer.and_then(|customer| customer.age))),
        ("customer.home.city", json!(home.and_then(|home| home.city.clone()))),
        ("customer.home.rooms", json!(home.map(|home| home.rooms))),
    ])
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let city = prop::option::of(prop::sample::select(&["Rome", "Oslo", "Bonn"][..]).prop_map(str::to_owned));
    let home = prop::option::of((city, any::<u8>()).prop_map(|(city, rooms)| Home { city, rooms }));
    let customer = (prop::option::of(any::<i64>()), home).prop_map(|(age, home)| Customer {
        age,
        unknown: (1, vec![2, 3]),
        home,
    });
    let one = (any::<i64>(), prop::option::of(customer), prop::option::of(-9.0..9.0));
    prop::collection::vec(one.prop_map(|(at, customer, x)| Row { at, customer, x }), 1..12)
}

proptest! {
    #[test]
    fn a_batch_of_structs_equals_its_rows(rows in rows(), skipped in any::<prop::sample::Index>()) {
        let features = some_fit();
        let whole = batch(&rows);
        let wanted = encoded_batch(&features, &whole);
        let requests = features.set().requests(&whole).unwrap();
        let mut slots = Slots::default();
        for ((row, request), wanted) in rows.iter().zip(&requests).zip(&wanted) {
            prop_assert_eq!(&encoded(&features, row, &mut slots), wanted);
            prop_assert_eq!(&encoded(&features, &serde_json::to_value(row).unwrap(), &mut slots), wanted);
            prop_assert_eq!(&encoded(&features, &flat(row), &mut slots), wanted);
            prop_assert_eq!(&encoded(&features, request, &mut slots), wanted);
        }
        let skipped = skipped.index(rows.len());
        let tail = whole.slice(skipped, rows.len() - skipped);
        prop_assert_eq!(&encoded_batch(&features, &tail), &wanted[skipped..]);
    }

    #[test]
    fn any_json_is_a_row_or_an_error(row in json_value()) {
        let features = some_fit();
        let mut slots = Slots::default();
        if features.read(&row, &mut slots).is_ok() {
            prop_assert_eq!(slots.first_absent(), None);
        }
    }
}

#[test]
fn what_is_no_struct_is_not_looked_into() {
    let features = some_fit();
    let mut slots = Slots::default();
    let home = json!({"city": "Rome", "rooms": 1});
    let row = |customer: serde_json::Value| json!({"at": 1, "x": 1.0, "customer": customer});
    let mut read = |row: serde_json::Value| features.read(&row, &mut slots).map_err(|error| error.to_string());
    let missing = |name: &str| Err(format!("field `{name}` is missing from the row"));
    for customer in [json!(1), json!("x"), json!([1, {"age": 1}]), json!({}), json!({"x": {"age": 1}})] {
        assert_eq!(read(row(customer)), missing("customer.age"));
    }
    assert_eq!(read(row(json!({"age": 1, "home": 1}))), missing("customer.home.city"));
    assert_eq!(read(row(json!({"age": 1, "home": {"rooms": 1}}))), missing("customer.home.city"));
    assert_eq!(read(row(json!({"age": 1, "home": home}))), Ok(()));
    assert_eq!(read(row(json!({"age": 1, "home": null, "age.b": 7}))), Ok(()));
    assert_eq!(read(row(json!(null))), Ok(()));
    // The name of a nested field is no field of the row.
    assert_eq!(read(json!({"at": 1, "x": 1.0, "age": 1, "home": home})), missing("customer.age"));
    let error = read(row(json!({"age": "old", "home": home}))).unwrap_err();
    assert_eq!(error, "field `customer.age` is a text, not int");
    let error = read(row(json!({"age": {"years": 3}, "home": home}))).unwrap_err();
    assert_eq!(error, "field `customer.age` is a map, not int");
}

#[test]
fn enums_are_not_looked_into() {
    #[derive(Serialize)]
    enum Any {
        Unit,
        One(Vec<i64>),
        Two(i64, i64),
        Named { age: i64 },
    }
    #[derive(Serialize)]
    struct Row {
        at: i64,
        x: f64,
        customer: Any,
    }
    let features = some_fit();
    let mut slots = Slots::default();
    for customer in [Any::Unit, Any::One(vec![1]), Any::Two(1, 2), Any::Named { age: 1 }] {
        let error = features.read(&Row { at: 1, x: 1.0, customer }, &mut slots).unwrap_err();
        assert_eq!(error.to_string(), "field `customer.age` is missing from the row");
    }
}

#[test]
fn a_null_around_leaves_what_came_under_its_whole_name() {
    let features = some_fit();
    let mut slots = Slots::default();
    let row = json!({"at": 1, "customer": null, "customer.age": 5, "x": 1.0});
    features.read(&row, &mut slots).unwrap();
    assert_eq!(slots.value(1), Value::Int(5));
    // Before the null, as the names are sorted.
    let row = [("customer.age", json!(5)), ("customer", json!(null)), ("at", json!(1)), ("x", json!(null))];
    #[derive(Serialize)]
    struct InOrder(#[serde(serialize_with = "as_map")] [(&'static str, serde_json::Value); 4]);
    fn as_map<S: serde::Serializer>(
        fields: &[(&'static str, serde_json::Value); 4],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(fields.iter().map(|(name, value)| (name, value)))
    }
    features.read(&InOrder(row), &mut slots).unwrap();
    assert_eq!((slots.value(1), slots.value(2)), (Value::Int(5), Value::Missing));
}

#[test]
fn a_column_may_have_the_name_of_what_is_around_another() {
    let set = FeatureSet::builder("both", "at")
        .text_lists(&["customer"])
        .ints(&["customer.age"])
        .floats(&["customer.a..b", "."])
        .features([digest("customer")])
        .build(&catalog())
        .unwrap();
    let rows = |age| {
        let customer: ArrayRef = {
            let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
            builder.append_value([Some("x")]);
            Arc::new(builder.finish())
        };
        RecordBatch::try_from_iter([
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![1])) as ArrayRef),
            ("customer", customer),
            ("customer.age", Arc::new(Int64Array::from(vec![age]))),
            ("customer.a..b", Arc::new(Float64Array::from(vec![0.5]))),
            (".", Arc::new(Float64Array::from(vec![0.25]))),
        ])
        .unwrap()
    };
    let features = fit(&set, &rows(4));
    let mut slots = Slots::default();
    features
        .read(
            &json!({"at": 1, "customer": ["x"], "customer.age": 4, "customer.a..b": 0.5, "": {"": 0.25}}),
            &mut slots,
        )
        .unwrap();
    let batch = features.slots_of(&rows(4)).unwrap();
    for slot in 0..slots.len() {
        assert_eq!(slots.value(slot), batch[0].value(slot));
    }
    let error = features
        .read(&json!({"at": 1, "customer": {"age": 4, "a": {"": {"b": 1}}}, ".": 1}), &mut slots)
        .unwrap_err();
    assert_eq!(error.to_string(), "field `customer` is missing from the row");
    assert_eq!((slots.value(2), slots.value(3)), (Value::Int(4), Value::Float(1.0)));
}

#[test]
fn names_of_many_parts_are_found_as_they_are() {
    let name = vec!["a"; 5000].join(".");
    let set = FeatureSet::builder("deep", "at")
        .floats(&[&name])
        .features([Feature::number("deep", name.as_str(), Nulls::Refuse)])
        .build(&catalog())
        .unwrap();
    let rows = RecordBatch::try_from_iter([
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1])) as ArrayRef),
        (name.as_str(), Arc::new(Float64Array::from(vec![2.0]))),
    ]);
    let features = fit(&set, &rows.unwrap());
    let row = BTreeMap::from([("at", json!(1)), (name.as_str(), json!(2.0))]);
    assert_eq!(encoded(&features, &row, &mut Slots::default()), [2.0_f64.to_bits()]);
}
