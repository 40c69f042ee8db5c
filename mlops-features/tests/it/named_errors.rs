//! What is wrong with a definition, a file, a table or a row is named.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use mlops_core::{Encoder, SlotEncoder, SlotKind, Slots, Value};
use mlops_features::{
    ArgumentError, Catalog, Feature, FeatureSet, FittedFeatures, Nulls, ScalarFn, Scratch, Source, Unknown, Window,
    call, column, numbers, texts,
};
use serde_json::json;

use crate::mutated_input::whole_message;
use crate::random_definitions::{bits, fit_whole};
use crate::rows::{batch, set_over_time, some_rows};

/// A function that an application has of its own.
#[derive(Debug)]
struct Half;

impl ScalarFn for Half {
    fn name(&self) -> &str {
        "half"
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, _: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        Ok(SlotKind::Float)
    }

    fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        match arguments {
            [Value::Float(x)] => Value::Float(x / 2.0),
            _ => Value::Missing,
        }
    }
}

fn catalog() -> Catalog {
    Catalog::new().with(Arc::new(Half))
}

/// The set `named`, as text: a feature of each input, a product, a window.
fn definition() -> String {
    let events = Source::new("events", "happened").texts(&["key"]).floats(&["value"]);
    let set = FeatureSet::builder("named", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .sources([events])
        .windows([Window::sum("spent", "events", &["key"], "value", Duration::from_secs(60))])
        .features([
            Feature::number("halved", call("half", 1, [column("x")]), Nulls::NaN),
            Feature::number("scaled", column("x").plus("n"), Nulls::Mean).then(mlops_features::Standard::default()),
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::interaction("both", &["key", "scaled"]),
            Feature::interaction("all", &["both", "halved"]),
        ]);
    serde_json::to_string(&set.build(&catalog()).unwrap()).unwrap()
}

fn fit(set: &FeatureSet) -> FittedFeatures {
    set.fit_batch(&batch(&some_rows()), NonZeroUsize::MIN, &catalog()).unwrap()
}

fn message(text: &str, catalog: &Catalog) -> String {
    match serde_json::from_str::<FeatureSet>(text) {
        Ok(set) => whole_message(&set.start_fit(catalog).map(drop).unwrap_err()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn bad_definition_files_name_what_is_bad() {
    let definition = definition();
    for (from, to, wanted) in [
        (r#""name":"scaled""#, r#""name":"halved""#, "there are two features named `halved`"),
        (r#"{"name":"n","#, r#"{"name":"x","#, "there are two columns named `x`"),
        (r#"["key","scaled"]"#, r#"["key","all"]"#, "the features `both`, `all` are made of each other"),
        (r#"["key","scaled"]"#, r#"["key","both"]"#, "the features `both`, `all` are made of each other"),
        (r#"["key","scaled"]"#, r#"["key","none"]"#, "`both` uses the feature `none`, which the set doesn't have"),
        (
            r#""function":"plus""#,
            r#""function":"add""#,
            "`scaled` calls `add` version 1, which is not registered in the catalog",
        ),
        (
            r#""function":"plus","version":1"#,
            r#""function":"plus","version":2"#,
            "`scaled` calls `plus` version 2, which is not registered in the catalog",
        ),
        (
            r#""name":"standard""#,
            r#""name":"standing""#,
            "`scaled` uses the transform `standing` version 1, which is not registered in the catalog",
        ),
        (
            r#""name":"sum""#,
            r#""name":"product""#,
            "`spent` uses the aggregate `product` version 1, which is not registered in the catalog",
        ),
        (
            r#""nulls":"mean""#,
            r#""nulls":"middle""#,
            "feature `scaled` can't be transformed by `number`: what was stored is bad: unknown variant `middle`, expected \
             one of `refuse`, `na_n`, `mean`, `median`, `most_frequent`, `constant`",
        ),
        (
            r#"{"name":"x","kind":"float"}"#,
            r#"{"name":"x","kind":"text"}"#,
            "`scaled` calls `plus` with text as argument 0, where it takes a number",
        ),
        (
            r#"{"name":"x","kind":"float"}"#,
            r#"{"name":"y","kind":"float"}"#,
            "`halved` uses the column `x`, which the set doesn't have",
        ),
        (
            r#"{"name":"x","kind":"float"}"#,
            r#"{"name":"x","kind":"complex"}"#,
            "unknown variant `complex`, expected one of `float`, `int`, `time`, `category`, `text`, `numbers`, `texts`",
        ),
        (
            r#""source":"events""#,
            r#""source":"orders""#,
            "`spent` uses the source `orders`, which the set doesn't have",
        ),
        (r#""key":["key"]"#, r#""key":["x"]"#, "`spent` uses the column `x`, which the set doesn't have"),
        (r#""secs":60"#, r#""secs":0"#, "length of `spent` is 0; it must be more than 0"),
        (
            r#""time":"at""#,
            r#""time":"x""#,
            "time of `named` is `x`; it must be the first of the columns, which holds times",
        ),
        (r#""name":"named","#, "", "missing field `name`"),
    ] {
        let bad = definition.replacen(from, to, 1);
        assert_ne!(bad, definition, "{from}");
        let got = message(&bad, &catalog());
        let got = got.split(" at line ").next().unwrap();
        assert_eq!(got, wanted);
    }
    // The catalog that was forgotten.
    let wanted = "`halved` calls `half` version 1, which is not registered in the catalog";
    assert_eq!(message(&definition, &Catalog::new()), wanted);
    let deep = |depth: usize| {
        let call = "{\"call\":{\"function\":\"negative\",\"version\":1,\"arguments\":[".repeat(depth);
        let value = format!("{call}{{\"column\":\"x\"}}{}", "]}}".repeat(depth));
        message(&definition.replacen("{\"column\":\"x\"}", &value, 1), &catalog())
    };
    assert!(deep(41).starts_with("recursion limit exceeded"), "{}", deep(41));
    assert!(deep(100_000).starts_with("recursion limit exceeded"), "{}", deep(100_000));
}

#[test]
fn what_is_as_deep_as_may_be_comes_back() {
    for leaf in [column("x"), numbers([1.0, 2.0]).list_sum(), texts(["a"]).list_length()] {
        let levels = if leaf == column("x") { 40 } else { 39 };
        let deep = |calls: usize| (0..calls).fold(leaf.clone(), |value, _| value.negative());
        let set = |value| {
            FeatureSet::builder("deep", "at").floats(&["x"]).features([Feature::number("f", value, Nulls::NaN)])
        };
        assert!(set(deep(levels + 1)).build(&catalog()).is_err());
        let features = fit(&set(deep(levels)).build(&catalog()).unwrap());
        let back = FittedFeatures::from_bytes(&features.to_bytes(), &catalog()).unwrap();
        assert_eq!(back.fingerprint(), features.fingerprint());
    }
}

#[test]
fn a_definition_that_is_newer_says_so() {
    let set: FeatureSet = serde_json::from_str(&definition()).unwrap();
    let set = set.select(|name| !["spent"].contains(&name), &catalog()).unwrap();
    let bytes = fit(&set).to_bytes();
    let newer = [b"{\"format\":7", &bytes[b"{\"format\":1".len()..]].concat();
    let error = FittedFeatures::from_bytes(&newer, &catalog()).unwrap_err();
    assert_eq!(error.to_string(), "the features are of format 7; this library reads up to 1");
    // Whatever else it has that this library doesn't know.
    let newer = b"{\"format\": 2, \"definition\": {\"of\": [\"another\", \"form\"]}}\n";
    let error = FittedFeatures::from_bytes(newer, &catalog()).unwrap_err();
    assert_eq!(error.to_string(), "the features are of format 2; this library reads up to 1");
    let error = FittedFeatures::from_bytes(&bytes, &Catalog::new()).unwrap_err();
    assert_eq!(error.to_string(), "`halved` calls `half` version 1, which is not registered in the catalog");
}

#[test]
fn tables_and_rows_name_the_column_and_pass_over_others() {
    let set: FeatureSet = serde_json::from_str(&definition()).unwrap();
    let features = fit(&set.select(|_| true, &catalog()).unwrap());
    let rows = batch(&some_rows());
    let wanted = features.encode_batch(&rows).unwrap().values;
    let with = |name: &str, array: Option<ArrayRef>| {
        let schema = rows.schema();
        let columns =
            schema.fields().iter().zip(rows.columns()).map(|(field, array)| (field.name().as_str(), array));
        let kept = columns.filter(|(other, _)| *other != name).map(|(name, array)| (name, array.clone(), true));
        RecordBatch::try_from_iter_with_nullable(kept.chain(array.map(|array| (name, array, true)))).unwrap()
    };
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true; rows.num_rows()]));
    let more = with("a column more", Some(flags.clone()));
    assert_eq!(bits(&features.encode_batch(&more).unwrap().values), bits(&wanted));
    for (table, wanted) in [
        (with("key", None), "the rows of the batch don't fit: column `key` (category) is missing"),
        (
            with("x", Some(flags)),
            "the rows of the batch don't fit: column `x` is of type Boolean, which doesn't read as float",
        ),
    ] {
        assert_eq!(whole_message(&features.encode_batch(&table).unwrap_err()), wanted);
    }
    let mut slots = Slots::default();
    let mut read = |row: serde_json::Value| features.read(&row, &mut slots).map_err(|error| error.to_string());
    assert_eq!(read(json!({"at": 1, "x": 1.0, "n": 1, "key": "a", "more": {"of": [1]}})), Ok(()));
    assert_eq!(read(json!({"at": 1, "x": 1.0, "key": "a"})), Err("field `n` is missing from the row".into()));
    let row = json!({"at": "now", "x": 1.0, "n": 1, "key": "a"});
    assert_eq!(read(row), Err("field `at` is a text, not time".into()));
}

#[test]
fn each_fingerprint_changes_with_its_own_part_alone() {
    let catalog = Catalog::new();
    let set = set_over_time();
    let text = serde_json::to_string(&set).unwrap();
    // What is changed, and whether what is gathered is another then.
    for (from, to, views) in [
        (r#""secs":3600"#, r#""secs":3601"#, true),
        (r#""known""#, r#""known later""#, true),
        (r#""ttl":{"#, r#""ttl":null,"other":{"#, true),
        (r#""name":"mean","version":1"#, r#""name":"sum","version":1"#, true),
        (r#""event_time":"happened""#, r#""event_time":"begun""#, true),
        (r#"{"constant":"NaN"}"#, r#"{"constant":0.0}"#, false),
        (r#""flagged":false"#, r#""flagged":true"#, false),
        (r#"{"name":"count","input""#, r#"{"name":"counted","input""#, false),
        (r#""name":"over time""#, r#""name":"over more time""#, false),
        (r#"{"name":"x","kind":"float"}"#, r#"{"name":"x","kind":"int"}"#, false),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        let other: FeatureSet = serde_json::from_str(&other).unwrap();
        other.select(|_| true, &catalog).unwrap();
        assert_ne!(other.fingerprint(), set.fingerprint(), "{from}");
        assert_eq!(other.view_fingerprint() != set.view_fingerprint(), views, "{from}");
    }
    let row_set = crate::rows::set();
    let rows = some_rows();
    let labels = [1.0; 60];
    let fit = |set: &FeatureSet, count: usize| fit_whole(set, &batch(&rows[..count]), &labels[..count]).unwrap();
    let (one, same, other) = (fit(&row_set, 60), fit(&row_set, 60), fit(&row_set, 59));
    assert_eq!(one.fingerprint(), same.fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.set().fingerprint(), other.set().fingerprint());
    assert_eq!(one.set().view_fingerprint(), other.set().view_fingerprint());
    // Another definition that learns the same numbers is still another.
    let fewer = fit(&row_set.select(|name| name != "x", &catalog).unwrap(), 60);
    assert_ne!(fewer.fingerprint(), one.fingerprint());
    assert_eq!(fewer.set().view_fingerprint(), one.set().view_fingerprint());
}
