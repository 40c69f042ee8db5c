//! Functions of lists, look-ups and cells, held to numpy and pygeohash.

use mlops_core::Value;
use serde::Deserialize;

use crate::functions::{call, called, list};

#[derive(Deserialize)]
struct Fixture {
    /// The list, and its sum, mean, least and greatest.
    lists: Vec<(Vec<String>, [Option<String>; 4])>,
    /// Latitude, longitude and the hashes of 1 to 12 characters.
    cells: Vec<(String, String, Vec<String>)>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../data/functions_lists.json")).unwrap()
}

#[test]
fn lists_have_what_numpy_says_bit_for_bit() {
    for (items, wanted) in &fixture().lists {
        let numbers: Vec<f64> = items.iter().map(|item| item.parse().unwrap()).collect();
        let numbers = Value::Numbers(numbers.leak());
        for (name, wanted) in ["list_sum", "list_mean", "list_min", "list_max"].into_iter().zip(wanted) {
            let wanted = wanted.as_ref().map_or(Value::Missing, |text| Value::Float(text.parse().unwrap()));
            let got = call(name, &[numbers]);
            // NaN doesn't equal itself.
            assert_eq!(format!("{got:?}"), format!("{wanted:?}"), "{name} of {} items", items.len());
        }
        assert_eq!(call("list_length", &[numbers]), Value::Int(items.len() as i64));
    }
}

#[test]
fn lists_hold_items_or_not() {
    let numbers = Value::Numbers(&[1.0, f64::NAN, -0.0]);
    let holds = |item| call("list_contains", &[numbers, item]);
    assert_eq!([Value::Int(1), Value::Float(0.0)].map(holds), [Value::Int(1); 2]);
    assert_eq!([Value::Float(f64::NAN), Value::Int(2)].map(holds), [Value::Int(0); 2]);
    let texts = list(&["UA", ""]);
    assert_eq!(call("list_contains", &[texts, Value::Unseen("UA")]), Value::Int(1));
    assert_eq!(call("list_contains", &[texts, Value::Text("")]), Value::Int(1));
    assert_eq!(call("list_contains", &[texts, Value::Text("A")]), Value::Int(0));
    assert_eq!(call("list_contains", &[texts, Value::Missing]), Value::Missing);
    assert_eq!(call("list_length", &[texts]), Value::Int(2));
    assert_eq!(call("list_length", &[Value::Missing]), Value::Missing);
}

#[test]
fn keys_are_looked_up() {
    let keys = list(&["UA", "AA", ""]);
    let (numbers, texts) = (Value::Numbers(&[1.5, f64::INFINITY, -1.0]), list(&["Star", "", "none"]));
    let number = |key| call("lookup", &[key, keys, numbers]);
    assert_eq!(number(Value::Text("UA")), Value::Float(1.5));
    assert_eq!(number(Value::Unseen("")), Value::Float(-1.0));
    assert_eq!([Value::Text("ua"), Value::Missing].map(number), [Value::Missing; 2]);
    assert_eq!(call("lookup", &[Value::Text("AA"), keys, texts]), Value::Text(""));
    assert_eq!(call("lookup", &[Value::Text("DL"), keys, texts]), Value::Missing);
}

#[test]
fn cells_are_those_of_pygeohash() {
    let hash = |latitude, longitude, length| {
        call("geohash", &[Value::Float(latitude), Value::Float(longitude), Value::Float(length)])
    };
    for (latitude, longitude, cells) in &fixture().cells {
        for (cell, length) in cells.iter().zip(1_i32..) {
            let got = hash(latitude.parse().unwrap(), longitude.parse().unwrap(), length.into());
            assert_eq!(got, Value::Text(cell), "{latitude} {longitude}");
        }
    }
    for [latitude, longitude] in [[90.1, 0.0], [0.0, -180.1], [f64::NAN, 0.0], [0.0, f64::INFINITY]] {
        assert_eq!(hash(latitude, longitude, 5.0), Value::Missing);
    }
}

#[test]
fn lists_that_are_no_good_are_errors_that_say_so() {
    let (key, keys, numbers) = (Value::Text("a"), list(&["a", "b"]), Value::Numbers(&[1.0, 2.0]));
    for (name, arguments, wanted) in [
        ("list_sum", vec![keys], (0, "list of texts", "a list of floats")),
        ("list_length", vec![key], (0, "text", "a list")),
        ("list_contains", vec![keys, Value::Int(1)], (1, "int", "a text")),
        ("list_contains", vec![numbers, key], (1, "text", "a number")),
        ("lookup", vec![key, keys, Value::Numbers(&[1.0])], (2, "1 values", "2, one a key")),
        ("lookup", vec![key, list(&["a", "a"]), numbers], (1, "\"a\" twice", "each key once")),
        ("lookup", vec![key, numbers, numbers], (1, "list of floats", "a list of texts")),
        ("geohash", vec![Value::Int(0); 3], (2, "0", "a constant whole number from 1 to 12")),
    ] {
        let error = called(name, &arguments).unwrap_err();
        assert_eq!((error.argument, error.got.as_str(), error.wanted.as_str()), wanted, "{name}");
    }
}
