//! Functions of texts, held to Python and scikit-learn.

use mlops_core::{SlotKind, Value};
use mlops_features::Argument;
use serde::Deserialize;

use crate::functions::{call, called, list, prepared};

type Groups = Vec<Option<String>>;

#[derive(Deserialize)]
struct Fixture {
    simple: Vec<(String, String, String, String, i64)>,
    words: Vec<(String, Vec<String>)>,
    ngrams: Vec<(String, f64, f64, String, Vec<String>)>,
    murmur: Vec<(String, u32, i64)>,
    /// The pattern, the text, and the groups of the first match.
    patterns: Vec<(String, String, Option<Groups>)>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../data/functions_text.json")).unwrap()
}

fn texts(value: Value<'_>) -> Vec<&str> {
    match value {
        Value::Texts(texts) => texts.iter().collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cases_spaces_and_lengths_are_those_of_python() {
    for (text, lower, upper, trimmed, length) in &fixture().simple {
        let text = Value::Text(text);
        assert_eq!(call("lower", &[text]), Value::Text(lower), "{text:?}");
        assert_eq!(call("upper", &[text]), Value::Text(upper), "{text:?}");
        assert_eq!(call("trim", &[text]), Value::Text(trimmed), "{text:?}");
        assert_eq!(call("length", &[text]), Value::Int(*length), "{text:?}");
    }
    // Python has a ς at the end.
    assert_eq!(call("lower", &[Value::Text("ΟΔΟΣ")]), Value::Text("οδοσ"));
}

#[test]
fn hashes_are_those_of_scikit_learn() {
    for (text, _, hash) in fixture().murmur.iter().filter(|(_, seed, _)| *seed == 0) {
        assert_eq!(call("hash", &[Value::Unseen(text)]), Value::Int(*hash), "{text:?}");
    }
}

#[test]
fn words_and_runs_are_those_of_scikit_learn() {
    let fixture = fixture();
    for (text, words) in &fixture.words {
        assert_eq!(texts(call("words", &[Value::Text(text)])), *words, "{text:?}");
    }
    for (analyzer, least, most, text, wanted) in &fixture.ngrams {
        // scikit-learn lowers first.
        let lower = call("lower", &[Value::Text(text)]);
        let of = if analyzer == "char" { lower } else { call("words", &[lower]) };
        let got = call("ngrams", &[of, Value::Float(*least), Value::Float(*most)]);
        assert_eq!(texts(got), *wanted, "{analyzer} {least} {most} {text:?}");
    }
    assert_eq!(
        texts(call("ngrams", &[list(&["a", "", "b c"]), Value::Int(2), Value::Int(3)])),
        ["a ", " b c", "a  b c"]
    );
}

#[test]
fn patterns_find_what_those_of_python_do() {
    for (pattern, text, groups) in &fixture().patterns {
        let [text, pattern] = [text, pattern].map(|text| Value::Text(text));
        assert_eq!(call("matches", &[text, pattern]), Value::Int(groups.is_some().into()), "{text:?} {pattern:?}");
        for (i, group) in groups.iter().flatten().enumerate() {
            let wanted = group.as_deref().map_or(Value::Missing, Value::Text);
            let got = call("extract", &[text, pattern, Value::Float(i as f64)]);
            assert_eq!(got, wanted, "{text:?} {pattern:?} {i}");
        }
    }
    assert_eq!(call("extract", &[Value::Text("no"), Value::Text("(y)"), Value::Int(1)]), Value::Missing);
}

#[test]
fn texts_are_compared_and_put_together() {
    let [none, text, number] = [Value::Missing, Value::Text("UA1545"), Value::Int(-7)];
    assert_eq!(call("starts_with", &[text, Value::Unseen("UA")]), Value::Int(1));
    assert_eq!(call("starts_with", &[text, Value::Text("ua")]), Value::Int(0));
    assert_eq!(call("contains_text", &[text, Value::Text("15")]), Value::Int(1));
    assert_eq!(call("contains_text", &[text, none]), none);
    assert_eq!(call("concat", &[text, Value::Text("-"), Value::Unseen("x")]), Value::Text("UA1545-x"));
    assert_eq!(call("concat", &[text, none]), none);
    assert_eq!(call("cross", &[text, number, Value::Text("")]), Value::Text("UA1545×-7×"));
    assert_eq!(call("cross", &[Value::Text(r"a×\"), Value::Text("é×")]), Value::Text(r"a\×\\×é\×"));
    assert_eq!(call("cross", &[number, none]), none);
}

#[test]
fn crosses_are_unlike_for_unlike_values() {
    let parts = ["", "×", "\\", "\\×", "×\\", "a", "a×", "\\a"];
    let mut crosses = std::collections::BTreeMap::new();
    for a in parts {
        for b in parts {
            let Value::Text(cross) = call("cross", &[Value::Text(a), Value::Text(b)]) else { panic!("a text") };
            assert_eq!(crosses.insert(cross.to_owned(), (a, b)), None, "{cross}");
        }
    }
}

#[test]
fn texts_that_are_no_good_are_errors_that_say_so() {
    let (text, long) = (Value::Text("x"), r"\w{1000}".repeat(3));
    let number = Value::Float;
    for (name, arguments, wanted) in [
        ("lower", vec![number(1.0)], (0, "float", "a text")),
        ("concat", vec![text], (8, "1 arguments", "2 to 8")),
        ("cross", vec![text, number(1.0)], (1, "float", "a text or an integer")),
        ("matches", vec![text, Value::Text("(")], (1, "\"(\"", "a regular expression")),
        ("extract", vec![text, text, number(1.0)], (2, "1", "a constant whole number from 0 to 0")),
        ("extract", vec![text, text, number(0.5)], (2, "0.5", "a constant whole number from 0 to 0")),
        ("ngrams", vec![text, number(0.0), number(3.0)], (1, "0", "a constant whole number from 1 to 16")),
        ("ngrams", vec![text, number(3.0), number(2.0)], (2, "2", "3 or more, as argument 1 is")),
        ("ngrams", vec![number(1.0); 3], (0, "float", "a text or a list of texts")),
        ("matches", vec![text, Value::Text(&long)], (1, &format!("{long:?}"), "a smaller regular expression")),
    ] {
        let error = called(name, &arguments).unwrap_err();
        assert_eq!((error.argument, error.got.as_str(), error.wanted.as_str()), wanted, "{name}");
    }
    let varies = prepared("matches", &[Argument { kind: SlotKind::Text, constant: None }; 2]).unwrap_err();
    assert_eq!(varies.got, "what may differ from row to row");
}
