//! The built-in functions, held to numpy and scikit-learn, and to what they say of missing values.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use mlops_core::{SlotKind, Texts, Timestamp, Value};
use mlops_features::{Argument, ArgumentError, Catalog, ScalarFn, Scratch};
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

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::new);

/// A function as a set has it, with its kind.
pub(crate) fn prepared(
    name: &str,
    arguments: &[Argument<'_>],
) -> Result<(SlotKind, Arc<dyn ScalarFn>), ArgumentError> {
    let function = CATALOG.get(name, 1).unwrap();
    let kinds: Vec<_> = arguments.iter().map(|argument| argument.kind).collect();
    let kind = function.kind(&kinds)?;
    Ok((kind, function.prepare(arguments)?.unwrap_or_else(|| Arc::clone(function))))
}

/// What a function makes of constants, or why it doesn't take them; what is missing is of a kind that it takes.
pub(crate) fn called<'a>(name: &str, values: &[Value<'a>]) -> Result<Value<'a>, ArgumentError> {
    let attempts = KINDS.map(|missing| {
        let argument = |value: &Value<'a>| match *value {
            Value::Missing => Argument { kind: missing, constant: None },
            value => Argument { kind: kind_of(value), constant: Some(value) },
        };
        prepared(name, &values.iter().map(argument).collect::<Vec<_>>())
    });
    let worked = attempts.iter().position(Result::is_ok).unwrap_or(0);
    let (_, function) = attempts.into_iter().nth(worked).unwrap()?;
    Ok(function.call(values, Box::leak(Box::default())))
}

pub(crate) fn call<'a>(name: &str, values: &[Value<'a>]) -> Value<'a> {
    called(name, values).unwrap()
}

/// A list of texts.
pub(crate) fn list<T: AsRef<str>>(texts: &[T]) -> Value<'static> {
    let mut buffer = String::new();
    texts.iter().for_each(|text| Texts::push(&mut buffer, text.as_ref()));
    Value::Texts(Texts::of(buffer.leak()))
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
    // The answer is a float because the other might have been one.
    let kinds = [SlotKind::Int, SlotKind::Float].map(|kind| Argument { kind, constant: None });
    let ((kind, or_else), scratch) = (prepared("or_else", &kinds).unwrap(), Scratch::default());
    let answer = or_else.call(&[Value::Int(0), Value::Missing], &scratch);
    assert_eq!((kind, answer), (SlotKind::Float, Value::Float(0.0)));
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

const KINDS: [SlotKind; 6] =
    [SlotKind::Int, SlotKind::Float, SlotKind::Time, SlotKind::Text, SlotKind::Numbers, SlotKind::Texts];

fn kind_of(value: Value<'_>) -> SlotKind {
    match value {
        Value::Missing | Value::Float(_) => SlotKind::Float,
        Value::Int(_) => SlotKind::Int,
        Value::Time(_) => SlotKind::Time,
        Value::Category(_) => SlotKind::Category,
        Value::Text(_) | Value::Unseen(_) => SlotKind::Text,
        Value::Numbers(_) => SlotKind::Numbers,
        Value::Texts(_) => SlotKind::Texts,
    }
}

/// The kinds of up to four arguments.
fn all_kinds() -> Vec<Vec<SlotKind>> {
    let mut all = vec![vec![]];
    for start in [0, 1, 7, 43] {
        let longer: Vec<Vec<_>> =
            all[start..].iter().flat_map(|kinds| KINDS.map(|kind| [&kinds[..], &[kind]].concat())).collect();
        all.extend(longer);
    }
    all
}

/// Every function with all kinds of up to four arguments that it takes.
static TAKEN: LazyLock<Vec<(String, Vec<SlotKind>)>> = LazyLock::new(|| {
    let (all, mut taken) = (all_kinds(), Vec::new());
    for (name, version) in CATALOG.functions() {
        let function = CATALOG.get(name, version).unwrap();
        let takes: Vec<_> = all.iter().filter(|kinds| function.kind(kinds).is_ok()).collect();
        assert!(!takes.is_empty(), "{name} takes nothing");
        // As often as any other, however much it takes.
        taken.extend((0..100).map(|i| (name.to_owned(), takes[i * takes.len() / 100].clone())));
    }
    taken
});

fn any_text() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 8] =
        ["Europe/Berlin", "Pacific/Apia", "2013-12-25", "0001-01-01", "(a)|b*", "[", "×\\", ""];
    prop_oneof![prop::sample::select(&KNOWN[..]).prop_map(str::to_owned), ".{0,6}"]
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), (0..14).prop_map(f64::from), -200.0..200.0]
}

fn any_value(kind: SlotKind) -> BoxedStrategy<Value<'static>> {
    match kind {
        SlotKind::Float => any_float().prop_map(Value::Float).boxed(),
        SlotKind::Int => prop_oneof![any::<i64>(), 0..14_i64].prop_map(Value::Int).boxed(),
        SlotKind::Time => any::<i64>().prop_map(|micros| Value::Time(Timestamp::from_micros(micros))).boxed(),
        SlotKind::Text => (any_text(), any::<bool>())
            .prop_map(|(text, seen)| if seen { Value::Text(text.leak()) } else { Value::Unseen(text.leak()) })
            .boxed(),
        SlotKind::Numbers => {
            prop::collection::vec(any_float(), 0..4).prop_map(|list| Value::Numbers(list.leak())).boxed()
        }
        _ => prop::collection::vec(any_text(), 0..4).prop_map(|texts| list(&texts)).boxed(),
    }
}

/// An argument, and its value in three rows.
fn any_argument(kind: SlotKind) -> impl Strategy<Value = (Argument<'static>, [Value<'static>; 3])> {
    let value = || prop_oneof![4 => any_value(kind), 1 => Just(Value::Missing)];
    prop_oneof![
        any_value(kind).prop_map(move |value| (Argument { kind, constant: Some(value) }, [value; 3])),
        [value(), value(), value()].prop_map(move |values| (Argument { kind, constant: None }, values)),
    ]
}

fn any_call() -> impl Strategy<Value = (String, Vec<(Argument<'static>, [Value<'static>; 3])>)> {
    prop::sample::select(&TAKEN[..])
        .prop_flat_map(|(name, kinds)| (Just(name), kinds.into_iter().map(any_argument).collect::<Vec<_>>()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// What a function takes it answers with the kind that it said, or with missing; it never panics, and a batch goes
    /// through the same kernel.
    #[test]
    fn an_answer_is_of_the_kind_that_was_said((name, arguments) in any_call()) {
        let known: Vec<_> = arguments.iter().map(|(argument, _)| *argument).collect();
        if let Ok((kind, function)) = prepared(&name, &known) {
            let scratch = Scratch::default();
            let mut answers = [Value::Missing; 3];
            for (row, answer) in answers.iter_mut().enumerate() {
                let values: Vec<_> = arguments.iter().map(|(_, values)| values[row]).collect();
                *answer = function.call(&values, &scratch);
                let right = matches!(answer, Value::Missing) || kind_of(*answer) == kind;
                prop_assert!(right, "{name} {values:?}: {answer:?}");
            }
            let columns: Vec<&[Value<'_>]> = arguments.iter().map(|(_, values)| &values[..]).collect();
            let mut out = [Value::Missing; 3];
            function.call_rows(&columns, &scratch, &mut out);
            prop_assert_eq!(format!("{out:?}"), format!("{answers:?}"));
        }
    }
}

#[test]
fn the_catalog_says_what_it_has() {
    let documented = include_str!("../../src/define/catalog.rs");
    for (name, version) in CATALOG.functions() {
        assert_eq!(version, 1);
        assert!(documented.contains(&format!("`{name}`")), "{name}");
    }
}
