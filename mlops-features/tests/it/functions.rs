//! The built-in functions, held to numpy and scikit-learn, and to what they say of missing values.

use std::collections::BTreeMap;

use mlops_core::{SlotKind, Timestamp, Value};
use mlops_features::{Catalog, Scratch};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    arguments: Vec<Vec<String>>,
    answers: Vec<String>,
}

fn number(value: Value<'_>) -> f64 {
    match value {
        Value::Float(x) => x,
        Value::Int(x) => x as f64,
        other => panic!("{other:?}"),
    }
}

fn call<'a>(name: &str, arguments: &[Value<'a>]) -> Value<'a> {
    Catalog::new().get(name, 1).unwrap().call(arguments, Box::leak(Box::default()))
}

/// Equal, both NaN, or within a few units in the last place for what no platform rounds alike.
fn is_near(got: f64, wanted: f64) -> bool {
    got == wanted || (got.is_nan() && wanted.is_nan()) || (got - wanted).abs() <= 1e-14 * wanted.abs()
}

#[test]
fn numbers_are_those_of_numpy_and_scikit_learn() {
    let text = include_str!("../data/functions.json");
    let cases: BTreeMap<String, Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 25);
    let catalog = Catalog::new();
    for (name, case) in &cases {
        let function = catalog.get(name, 1).unwrap();
        for (row, wanted) in case.answers.iter().enumerate() {
            let arguments: Vec<f64> = case.arguments.iter().map(|column| column[row].parse().unwrap()).collect();
            let values: Vec<_> = arguments.iter().map(|x| Value::Float(*x)).collect();
            let (got, wanted) = (number(function.call(&values, &Scratch::default())), wanted.parse().unwrap());
            // The sines of scikit-learn's distances are those of another library; near 0 what counts is the metre.
            let near =
                is_near(got, wanted) || (name == "haversine" && (got - wanted).abs() < 1e-9 * wanted.max(1e-3));
            assert!(near, "{name}{arguments:?} is {got}, numpy says {wanted}");
        }
    }
}

#[test]
fn places_that_are_none_have_no_distance() {
    let distance = |places: [f64; 4]| number(call("haversine", &places.map(Value::Float)));
    assert!(distance([f64::NAN, 0.0, 0.0, 0.0]).is_nan() && distance([0.0, f64::INFINITY, 0.0, 0.0]).is_nan());
    // Half the circumference, antipodes by every rounding.
    for (latitude, longitude) in [(0.0, 0.0), (90.0, 0.0), (12.3, 45.6), (-33.3, 151.2)] {
        let half = std::f64::consts::PI * 6371.0088;
        assert!((distance([latitude, longitude, -latitude, longitude + 180.0]) - half).abs() < 1e-3);
    }
    // Newark to Los Angeles, by the flights' airports: 2454 miles.
    let miles = distance([40.6925, -74.168667, 33.942536, -118.408075]) / 1.609344;
    assert!((miles - 2454.0).abs() < 10.0, "{miles}");
}

#[test]
fn logic_has_three_values() {
    let (yes, no, unknown) = (Value::Int(1), Value::Int(0), Value::Missing);
    let table = [
        // x, y, and, or
        (yes, yes, yes, yes),
        (yes, no, no, yes),
        (no, no, no, no),
        (yes, unknown, unknown, yes),
        (no, unknown, no, unknown),
        (unknown, unknown, unknown, unknown),
    ];
    for (x, y, and, or) in table {
        assert_eq!([call("and", &[x, y]), call("and", &[y, x])], [and, and]);
        assert_eq!([call("or", &[x, y]), call("or", &[y, x])], [or, or]);
    }
    assert_eq!([yes, no, unknown].map(|x| call("not", &[x])), [no, yes, unknown]);
    // NaN is neither true nor false, and any other number but 0 is true.
    let [nan, half, minus_zero] = [f64::NAN, -0.5, -0.0].map(Value::Float);
    assert_eq!([nan, half, minus_zero].map(|x| call("not", &[x])), [unknown, no, yes]);
}

#[test]
fn conditions_and_nulls_take_values_of_one_kind() {
    let (text, time) = (Value::Text("a"), Value::Time(Timestamp::from_date(2013, 1, 1)));
    assert_eq!(call("if_else", &[Value::Int(1), text, Value::Text("b")]), text);
    assert_eq!(call("if_else", &[Value::Float(0.0), Value::Missing, time]), time);
    assert_eq!(call("if_else", &[Value::Missing, text, text]), Value::Missing);
    assert_eq!(call("or_else", &[Value::Missing, Value::Int(3)]), Value::Int(3));
    assert!(matches!(call("or_else", &[Value::Float(f64::NAN), Value::Float(1.0)]), Value::Float(x) if x.is_nan()));
    assert_eq!(call("is_missing", &[Value::Missing]), Value::Int(1));
    assert_eq!(call("is_missing", &[Value::Float(f64::NAN)]), Value::Int(0));

    let catalog = Catalog::new();
    let kind = |name: &str, kinds: &[SlotKind]| catalog.get(name, 1).unwrap().kind(kinds);
    use SlotKind::{Category, Float, Int, Text, Time};
    assert_eq!(kind("if_else", &[Int, Int, Int]), Ok(Int));
    assert_eq!(kind("if_else", &[Int, Int, Float]), Ok(Float));
    assert_eq!(call("if_else", &[Value::Int(1), Value::Int(2), Value::Float(0.5)]), Value::Float(2.0));
    let wrong = kind("if_else", &[Int, Time, Text]).unwrap_err();
    assert_eq!((wrong.argument, wrong.got.as_str(), wrong.wanted.as_str()), (2, "text", "time as argument 1 is"));
    assert_eq!(kind("if_else", &[Time, Int, Int]).unwrap_err().argument, 0);
    assert_eq!(kind("or_else", &[Category, Category]).unwrap_err().wanted, "a number, a time or a text");
    assert_eq!(kind("not", &[Int, Int]).unwrap_err().wanted, "1");
    assert_eq!(kind("seconds_since", &[Time, Int]).unwrap_err().wanted, "a time");
}

#[test]
fn instants_have_parts_in_utc_before_1970_too() {
    let at = |micros| Value::Time(Timestamp::from_micros(micros));
    let hour = 3_600_000_000;
    // Wednesday 1969-12-31T23:00:00Z, an hour before Thursday 1970-01-01.
    let parts = |time| ["hour_utc", "weekday_utc", "month_utc"].map(|name| call(name, &[time]));
    assert_eq!(parts(at(-hour)), [23, 2, 12].map(Value::Int));
    assert_eq!(parts(at(0)), [0, 3, 1].map(Value::Int));
    assert_eq!(call("seconds_since", &[at(0), at(-hour)]), Value::Float(3600.0));
    assert_eq!(call("seconds_since", &[at(-1), at(0)]), Value::Float(-1e-6));
    let all = call("seconds_since", &[at(i64::MAX), at(i64::MIN)]);
    assert!((number(all) / (u64::MAX as f64 / 1e6) - 1.0).abs() < 1e-15);
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Missing),
        any::<f64>().prop_map(Value::Float),
        any::<i64>().prop_map(Value::Int),
        any::<i64>().prop_map(|micros| Value::Time(Timestamp::from_micros(micros))),
        Just(Value::Text("text")),
        Just(Value::Unseen("")),
    ]
}

fn kind_of(value: Value<'_>) -> SlotKind {
    match value {
        Value::Int(_) => SlotKind::Int,
        Value::Time(_) => SlotKind::Time,
        Value::Text(_) | Value::Unseen(_) => SlotKind::Text,
        _ => SlotKind::Float,
    }
}

const NAMES: [&str; 38] = [
    "plus",
    "minus",
    "times",
    "over",
    "negative",
    "absolute",
    "power",
    "square_root",
    "exp",
    "ln",
    "ln_1p",
    "log10",
    "round",
    "floor",
    "ceiling",
    "least",
    "greatest",
    "clip",
    "cycle_sin",
    "cycle_cos",
    "greater",
    "at_least",
    "less",
    "at_most",
    "equal",
    "is_nan",
    "and",
    "or",
    "not",
    "is_missing",
    "or_else",
    "if_else",
    "weekday",
    "weekday_utc",
    "hour_utc",
    "month_utc",
    "seconds_since",
    "haversine",
];

proptest! {
    /// What a function takes it answers with the kind that it said, or with missing; it never panics.
    #[test]
    fn an_answer_is_of_the_kind_that_was_said(
        name in prop::sample::select(&NAMES[..]),
        arguments in prop::collection::vec(any_value(), 1..5),
    ) {
        let catalog = Catalog::new();
        let (function, scratch) = (catalog.get(name, 1).unwrap(), Scratch::default());
        let kinds: Vec<_> = arguments.iter().map(|value| kind_of(*value)).collect();
        if let Ok(kind) = function.kind(&kinds) {
            let answer = function.call(&arguments, &scratch);
            prop_assert!(matches!(answer, Value::Missing) || kind_of(answer) == kind, "{name} {arguments:?}: {answer:?}");
            // A batch goes through the same kernel.
            let columns: Vec<Vec<_>> = arguments.iter().map(|value| vec![*value; 3]).collect();
            let columns: Vec<&[Value<'_>]> = columns.iter().map(AsRef::as_ref).collect();
            let mut out = [Value::Missing; 3];
            function.call_rows(&columns, &scratch, &mut out);
            prop_assert_eq!(format!("{out:?}"), format!("{:?}", [answer; 3]));
        }
    }
}
