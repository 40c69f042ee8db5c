//! Bad input is an error that names the thing.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use mlops_core::{Dataset, EncodeError, Encoder, SlotEncoder, Slots, Timestamp};
use mlops_features::{
    Catalog, EventLog, Feature, FeatureError, FeatureServer, FeatureSet, FittedFeatures, Nulls, OnlineState,
    Source, Unknown, View, Window, call, column, gather_history,
};
use serde_json::json;

use crate::rows::{batch, fit, labels, row, set, set_over_time, some_fit, some_rows};

fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[test]
fn definitions_that_do_not_hold_together_do_not_build() {
    let catalog = Catalog::new();
    let builder = || FeatureSet::builder("bad", "at").floats(&["x"]).categories(&["key"]);
    let x = || Feature::number("x", "x", Nulls::Refuse);
    let source = || Source::new("events", "happened").texts(&["key"]).floats(&["value"]);
    let hour = std::time::Duration::from_secs(3600);
    for (set, wanted) in [
        (builder(), "the set `bad` has no feature"),
        (builder().features([x(), x()]), "there are two features named `x`"),
        (builder().floats(&["x"]).features([x()]), "there are two columns named `x`"),
        (
            builder().features([Feature::number("y", "z", Nulls::Refuse)]),
            "`y` uses the column `z`, which the set doesn't have",
        ),
        (
            builder().features([Feature::number("y", call("sqrt", 3, [column("x")]), Nulls::Refuse)]),
            "`y` calls `sqrt` version 3, which is not registered in the catalog",
        ),
        (
            builder().features([Feature::number("y", column("x").plus("key"), Nulls::Refuse)]),
            "`y` calls `plus` with text as argument 1, where it takes a number",
        ),
        (
            builder().features([Feature::number("y", call("plus", 1, [column("x")]), Nulls::Refuse)]),
            "`y` calls `plus` with 1 arguments as argument 2, where it takes 2",
        ),
        (
            builder().features([Feature::one_hot("y", "x", Unknown::AsAll)]),
            "feature `y` can't be transformed by `one_hot`: it takes a category or a text, not a value (float) that may be null",
        ),
        (
            builder().features([Feature::target("y", "key", f64::NAN, Unknown::AsAll)]),
            "feature `y` can't be transformed by `target`: smoothing is NaN; it must be 0 or more, and finite",
        ),
        (
            builder().features([x()]).views([View::latest("v", "events", &["key"])]),
            "`v` uses the source `events`, which the set doesn't have",
        ),
        (
            builder().features([x()]).sources([source()]).views([View::latest("v", "events", &["x"])]),
            "`v` uses the column `x`, which the set doesn't have",
        ),
        (
            builder().features([x()]).sources([source()]).windows([Window::count(
                "w",
                "events",
                &["key"],
                hour - hour,
            )]),
            "length of `w` is 0; it must be more than 0",
        ),
        (
            builder().features([x()]).sources([source()]).windows([Window::mean(
                "w",
                "events",
                &["key"],
                "key",
                hour,
            )]),
            "the window `w` can't aggregate by `mean`: it takes a value that is a number, not a value (text) that may be null",
        ),
    ] {
        assert_eq!(text(&set.build(&catalog).unwrap_err()), wanted);
    }
    let mut deep = column("x");
    for _ in 0..100 {
        deep = deep.plus(1.0);
    }
    let error = builder().features([Feature::number("y", deep, Nulls::Refuse)]).build(&catalog).unwrap_err();
    assert!(error.to_string().starts_with("depth of `y`"), "{error}");
}

#[test]
fn rows_that_do_not_fit_name_the_field() {
    let features = some_fit().features;
    let mut slots = Slots::default();
    let mut read = |row: &serde_json::Value| features.read(row, &mut slots).unwrap_err().to_string();
    assert_eq!(read(&json!({"at": 1, "x": 1.0, "n": 1})), "field `key` is missing from the row");
    assert_eq!(read(&json!({"at": 1, "x": "1", "n": 1, "key": "a"})), "field `x` is a text, not float");
    assert_eq!(read(&json!({"at": 1, "x": 1, "n": 1.5, "key": "a"})), "field `n` is a float, not int");
    assert_eq!(read(&json!({"at": 1, "x": 1, "n": 1, "key": 7})), "field `key` is an integer, not category");
    assert_eq!(read(&json!({"at": 1, "x": [1], "n": 1, "key": "a"})), "field `x` is a sequence, not float");
    assert_eq!(
        read(&json!({"at": 1, "x": 1, "n": u64::MAX, "key": "a"})),
        "field `n` is an integer beyond 64 signed bits, not int"
    );
    assert_eq!(read(&json!([1, 2])), "a row must be a struct or a map with text keys; got a sequence");
    assert_eq!(read(&json!(3)), "a row must be a struct or a map with text keys; got an integer");

    features.read(&some_rows()[0], &mut slots).unwrap();
    let error = features.encode(&slots, &mut [0.0]).unwrap_err();
    assert_eq!(error, EncodeError::WrongLength { got: 1, wanted: features.names().len() });
}

#[test]
fn batches_that_do_not_fit_name_column_and_row() {
    let rows = some_rows();
    let features = some_fit().features;
    let whole = batch(&rows);
    let error = features.encode_batch(&whole.project(&[0, 1, 2]).unwrap()).unwrap_err();
    assert_eq!(text(&error), "the rows of the batch don't fit: column `key` (category) is missing");

    let mut columns: Vec<(&str, ArrayRef)> = vec![("x", Arc::new(BooleanArray::from(vec![true; rows.len()])))];
    columns.extend(["at", "n", "key"].map(|name| (name, whole.column_by_name(name).unwrap().clone())));
    let error = features.encode_batch(&RecordBatch::try_from_iter(columns).unwrap()).unwrap_err();
    assert_eq!(
        text(&error),
        "the rows of the batch don't fit: column `x` is of type Boolean, which doesn't read as float"
    );

    let refusing = |feature| {
        let builder = FeatureSet::builder("refusing", "at").floats(&["x"]).categories(&["key"]);
        let set = builder.features([feature]).build(&Catalog::new()).unwrap();
        fit(&set, &rows, [1.0; 60]).features
    };
    let bad = [row(1, Some(1.0), None, Some("a")), row(2, None, None, Some("zz")), row(3, None, None, None)];
    for (feature, wanted) in [
        (
            Feature::number("f", "x", Nulls::Refuse),
            "row 1 can't be used: feature `f` got a null, which its null policy refuses",
        ),
        (
            Feature::one_hot("f", "key", Unknown::Refuse),
            "row 1 can't be used: feature `f` got `zz`, which was not seen in fitting and which its policy refuses",
        ),
        (
            Feature::target("f", "key", 1.0, Unknown::Refuse),
            "row 1 can't be used: feature `f` got `zz`, which was not seen in fitting and which its policy refuses",
        ),
    ] {
        assert_eq!(text(&refusing(feature).encode_batch(&batch(&bad)).unwrap_err()), wanted);
    }
    let error =
        refusing(Feature::one_hot("f", "key", Unknown::Refuse)).encode_batch(&batch(&bad[2..])).unwrap_err();
    assert_eq!(text(&error), "row 0 can't be used: feature `f` got a null, which its null policy refuses");
}

#[test]
fn fits_on_nothing_say_so() {
    let (rows, catalog) = (some_rows(), Catalog::new());
    let known = labels(&rows, [1.0; 60]);
    let error = set().fit_encode(&batch(&rows), &known, Timestamp::MIN, &catalog).unwrap_err();
    assert!(matches!(error, FeatureError::NothingToFit { rows: 60, .. }), "{error}");
    let error = set().fit_encode(&batch(&rows[..5]), &known, Timestamp::MAX, &catalog).unwrap_err();
    assert_eq!(error.to_string(), "60 labels were given for 5 rows");
    let empty: Vec<_> = rows.iter().map(|row| crate::rows::Row { x: None, ..row.clone() }).collect();
    let error = set().fit_encode(&batch(&empty), &known, Timestamp::MAX, &catalog).unwrap_err();
    assert_eq!(
        text(&error),
        "feature `x scaled` can't be transformed by `number`: there is no value in the rows to fit on, so there is no mean"
    );
}

#[test]
fn stored_features_that_are_newer_or_torn_say_so() {
    let catalog = Catalog::new();
    let bytes = some_fit().features.to_bytes();
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let (json, vocabularies) = (std::str::from_utf8(&bytes[..end]).unwrap(), &bytes[end..]);
    let load = |from: &str, to: &str| {
        let changed = json.replacen(from, to, 1);
        assert!(changed != json, "{from}");
        FittedFeatures::from_bytes(&[changed.as_bytes(), vocabularies].concat(), &catalog).unwrap_err()
    };
    let error = load("\"format\":1", "\"format\":2");
    assert!(matches!(error, FeatureError::NewerFormat { got: 2, known: 1 }), "{error}");
    assert_eq!(
        load("\"width\":3", "\"width\":2").to_string(),
        "the stored features are bad: what was fitted of `key` doesn't fit its vocabulary"
    );
    assert_eq!(
        load("\"ln_1p\"", "\"ln_2p\"").to_string(),
        "`ln` calls `ln_2p` version 1, which is not registered in the catalog"
    );
    assert_eq!(
        load("\"standard\"", "\"nonstandard\"").to_string(),
        "`x scaled` uses the transform `nonstandard` version 1, which is not registered in the catalog"
    );
    let error = FittedFeatures::from_bytes(&bytes[..bytes.len() - 1], &catalog).unwrap_err();
    assert!(
        error.to_string().starts_with("the stored features are bad: the bytes end before the vocabulary"),
        "{error}"
    );
    let error = FittedFeatures::from_bytes(&[&bytes[..], b"x"].concat(), &catalog).unwrap_err();
    assert_eq!(error.to_string(), "the stored features are bad: 1 bytes behind the last vocabulary");
}

#[test]
fn state_of_other_views_and_damaged_segments_are_refused() {
    let catalog = Catalog::new();
    let features = Arc::new(some_fit().features);
    let state = Arc::new(OnlineState::new(&set_over_time(), &catalog).unwrap());
    let error = FeatureServer::new(features, state).unwrap_err();
    assert!(matches!(error, FeatureError::ForeignState { .. }), "{error}");

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("events")).unwrap();
    let segment = folder.path().join("events/00000000000000000000-00000000000000000009.parquet");
    std::fs::write(&segment, b"PAR1 and no more").unwrap();
    let log = EventLog::open(folder.path()).unwrap();
    let rows = Dataset::from_batches([batch(&some_rows())]).unwrap();
    let error = gather_history(&set_over_time(), &rows, &log, &catalog).unwrap_err();
    assert!(matches!(&error, FeatureError::Segment { path, .. } if *path == segment), "{error}");
    std::fs::rename(&segment, folder.path().join("events/notes.txt")).unwrap();
    let error = EventLog::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

#[test]
fn features_without_their_state_are_not_ready() {
    let rows = Dataset::from_batches([batch(&some_rows())]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (catalog, log) = (Catalog::new(), EventLog::open(folder.path()).unwrap());
    let set = set_over_time();
    let gathered = gather_history(&set, &rows, &log, &catalog).unwrap();
    let fit = set.fit_encode(gathered.batch(), &labels(&some_rows(), [0.0; 60]), Timestamp::MAX, &catalog).unwrap();
    let format = mlops_features::FeaturesFormat::new(catalog);
    let loaded = mlops_core::EncoderFormat::<crate::rows::Row>::load(&format, &fit.features.to_bytes()).unwrap();
    let row = &some_rows()[0];
    let error = loaded.gather.gather(row, row.at, &mut Slots::default()).unwrap_err();
    assert!(matches!(error, EncodeError::NotReady { .. }), "{error}");
}
