//! A small set of features, and rows for it.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::Timestamp;
use mlops_features::{
    Catalog, Feature, FeatureSet, FeatureSetBuilder, Fit, Label, Labels, Nulls, Source, Unknown, View, Window,
    column, concat, cross, geohash, numbers, text, texts, weekday,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) at: Timestamp,
    pub(crate) x: Option<f64>,
    pub(crate) n: Option<i64>,
    pub(crate) key: Option<String>,
}

pub(crate) fn row(at: i64, x: Option<f64>, n: Option<i64>, key: Option<&str>) -> Row {
    Row { at: Timestamp::from_micros(at), x, n, key: key.map(str::to_owned) }
}

/// Every function and encoding, over the columns of the row alone.
pub(crate) fn set() -> FeatureSet {
    FeatureSet::builder("rows", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .features([
            Feature::number("x", "x", Nulls::constant(-1.0)),
            Feature::standardised("x scaled", "x", Nulls::Mean.flagged()),
            Feature::standardised("n scaled", "n", Nulls::Mean),
            Feature::number("sum", column("x").plus("n"), Nulls::Mean),
            Feature::number("ratio", column("x").minus(1.0).times(3.0).over("n"), Nulls::constant(0.5)),
            Feature::number("ln", column("n").ln_1p(), Nulls::Mean),
            Feature::number("sin", column("x").cycle_sin(24.0), Nulls::Mean),
            Feature::number("cos", column("n").cycle_cos(7.0), Nulls::Mean),
            Feature::number("weekday", weekday(2013.0, 2.0, "n"), Nulls::Mean),
            Feature::number("greater", column("x").greater("n"), Nulls::Mean.flagged()),
            Feature::number(
                "choice",
                column("x").is_missing().or(column("n").less(3.0)).if_else(column("x").clip(-1.0, "n"), "n"),
                Nulls::Mean,
            ),
            Feature::number("power", column("x").or_else(2.0).power(0.3).round(), Nulls::Mean),
            Feature::number("hour", column("at").hour_utc(), Nulls::Refuse),
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::target("key mean", "key", 5.0, Unknown::AsAll),
        ])
        .features(numbers_of_texts_and_times())
        .build(&Catalog::new())
        .unwrap()
}

/// Functions of texts, lists, times in zones and places, as numbers.
fn numbers_of_texts_and_times() -> impl Iterator<Item = Feature> {
    let (at, key) = (|| column("at"), || column("key"));
    let repeated = || concat([key(), text(" "), key().upper(), text(" Foo ")]);
    let days = ["1970-01-01", "2013-12-25"];
    let values = [
        key().trim().length(),
        key().hash(),
        key().starts_with(text("a")),
        key().contains_text("key"),
        repeated().matches("^a"),
        repeated().extract("(.+) .", 1).hash(),
        repeated().lower().words().ngrams(1, 2).list_length(),
        repeated().ngrams(1, 3).list_contains("key"),
        cross([key(), column("n")]).hash(),
        key().lookup(texts(["a", "b"]), numbers([1.0, 2.0])),
        key().lookup(texts(["a", "b"]), texts(["x", "yz"])).length(),
        at().minute_in("Asia/Kolkata"),
        at().weekday_in("America/New_York"),
        at().day_of_year_utc(),
        at().is_holiday("Pacific/Apia", days),
        at().days_to_holiday("Europe/Berlin", days),
        geohash([column("x"), column("n")], 12).hash(),
        numbers([1.0, 2.5]).list_mean().plus("x"),
    ];
    values.into_iter().map(|value| Feature::number(&value.to_string(), value, Nulls::Mean))
}

/// Looks up and windows over a stream of events.
pub(crate) fn set_over_time() -> FeatureSet {
    over_time(FeatureSet::builder("over time", "at").floats(&["x"]).ints(&["n"]).categories(&["key"]))
}

/// The same views and windows for rows of any columns with `n` and `key`.
pub(crate) fn over_time(row: FeatureSetBuilder) -> FeatureSet {
    let hour = Duration::from_secs(3600);
    row.sources([Source::new("events", "happened")
        .known_at("known")
        .texts(&["key", "word"])
        .floats(&["value"])
        .ints(&["n"])])
        .views([
            View::latest("last", "events", &["key"]).ttl(2 * hour).fields(&["value", "word"]),
            View::latest("ever", "events", &["key", "n"]).fields(&["value"]),
        ])
        .windows([
            Window::mean("mean", "events", &["key"], "value", hour),
            Window::sum("sum", "events", &["key"], column("value").times(0.1), 3 * hour),
            Window::count("count", "events", &["n"], hour),
        ])
        .features(
            ["last.value", "ever.value", "mean", "sum", "count"]
                .map(|name| Feature::number(name, name, Nulls::constant(f64::NAN))),
        )
        .build(&Catalog::new())
        .unwrap()
}

pub(crate) fn batch(rows: &[Row]) -> RecordBatch {
    let at = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at.as_micros()));
    let columns: [(&str, ArrayRef); 4] = [
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("x", Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.x)))),
        ("n", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.n)))),
        ("key", Arc::new(StringArray::from_iter(rows.iter().map(|row| row.key.as_deref())))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// Labels that are known a second after their row.
pub(crate) fn labels(rows: &[Row], values: impl IntoIterator<Item = f64>) -> Labels {
    let known = |(row, value): (&Row, f64)| Some(Label { value, available: row.at + Duration::from_secs(1) });
    Labels(rows.iter().zip(values).map(known).collect())
}

pub(crate) fn fit(set: &FeatureSet, rows: &[Row], values: impl IntoIterator<Item = f64>) -> Fit {
    set.fit_encode(&batch(rows), &labels(rows, values), Timestamp::MAX, &Catalog::new()).unwrap()
}

/// Rows with everything that `set` was made for, to fit on.
pub(crate) fn some_rows() -> Vec<Row> {
    let keys = ["a", "b", "c"];
    (0..60)
        .map(|i| row(i * 1_000_000, Some(i as f64 * 0.37 - 5.0), Some(i % 11), Some(keys[i as usize % 3])))
        .collect()
}

pub(crate) fn some_fit() -> Fit {
    fit(&set(), &some_rows(), (0..60).map(|i| f64::from(i % 3 == 0)))
}
