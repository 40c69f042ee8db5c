//! Three streams, what is gathered from them, and the folders of their logs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::Timestamp;
use mlops_features::{
    Catalog, EventStream, Feature, FeatureError, FeatureSet, Feed, Nulls, OnlineState, Source, View, Window, column,
};
use proptest::prelude::*;
use serde::Serialize;

pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const SOURCES: [&str; 3] = ["sales", "visits", "prices"];

/// An event of any of the streams; each reads its own fields.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) at: Option<Timestamp>,
    pub(crate) known: Option<Timestamp>,
    pub(crate) key: Option<&'static str>,
    pub(crate) word: Option<&'static str>,
    pub(crate) n: Option<i64>,
    pub(crate) value: Option<f64>,
}

pub(crate) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * MINUTE)
}

pub(crate) fn set() -> FeatureSet {
    let hour = Duration::from_secs(3600);
    let names = ["price.value", "sale.value", "mean", "sum", "visits", "ns"];
    FeatureSet::builder("streams", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .sources([
            Source::new("sales", "at").known_at("known").texts(&["key", "word"]).floats(&["value"]),
            Source::new("visits", "at").texts(&["key"]).ints(&["n"]),
            Source::new("prices", "at").known_after(hour / 2).texts(&["key"]).floats(&["value"]),
        ])
        .views([
            View::latest("price", "prices", &["key"]).ttl(3 * hour).fields(&["value"]),
            View::latest("sale", "sales", &["key"]).fields(&["value", "word"]),
        ])
        .windows([
            Window::mean("mean", "sales", &["key"], "value", hour),
            Window::sum("sum", "sales", &["key"], column("value").times(0.1), 3 * hour),
            Window::count("visits", "visits", &["key"], hour),
            Window::sum("ns", "visits", &["n"], "n", 2 * hour),
        ])
        .features(names.map(|name| Feature::number(name, name, Nulls::constant(-7.5))))
        .build(&Catalog::new())
        .unwrap()
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let keys = || prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", ""]));
    let values = prop_oneof![-100.0..100.0, Just(1e300), Just(-1e300), Just(0.1), (-50..50).prop_map(f64::from)];
    let times = (prop::option::weighted(0.95, -300_i64..300), prop::option::weighted(0.9, -10_i64..100));
    let rest = (keys(), keys(), prop::option::of(0_i64..3), prop::option::weighted(0.9, values));
    (times, rest).prop_map(|((at, lag), (key, word, n, value))| Event {
        at: at.map(minute),
        known: at.zip(lag).map(|(at, lag)| minute(at + lag)),
        key,
        word,
        n,
        value,
    })
}

pub(crate) fn table(events: &[Event]) -> RecordBatch {
    let times = |time: fn(&Event) -> Option<Timestamp>| {
        let micros = events.iter().map(|event| time(event).map(Timestamp::as_micros));
        Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
    };
    let texts =
        |text: fn(&Event) -> Option<&'static str>| Arc::new(StringArray::from_iter(events.iter().map(text)));
    let columns: [(&str, ArrayRef); 6] = [
        ("at", times(|event| event.at)),
        ("known", times(|event| event.known)),
        ("key", texts(|event| event.key)),
        ("word", texts(|event| event.word)),
        ("n", Arc::new(Int64Array::from_iter(events.iter().map(|event| event.n)))),
        ("value", Arc::new(Float64Array::from_iter(events.iter().map(|event| event.value)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// A feed of one table of events a stream.
pub(crate) fn feed(tables: &[RecordBatch; 3]) -> Feed {
    Feed::new(&set(), &[0, 1, 2].map(|source| (SOURCES[source], &tables[source]))).unwrap()
}

pub(crate) fn try_open(folder: &Path) -> Result<EventStream, FeatureError> {
    EventStream::open(folder, &set(), &Catalog::new())
}

pub(crate) fn open(folder: &Path) -> EventStream {
    try_open(folder).unwrap()
}

/// How many events a log has, by reading them all.
pub(crate) fn events_in(stream: &EventStream) -> usize {
    let state = OnlineState::new(&set(), &Catalog::new()).unwrap();
    stream.log().replay(&state).unwrap().remaining()
}

/// The state of a stream as bytes, which are those of its newest snapshot.
pub(crate) fn state_bytes(stream: &mut EventStream, folder: &Path) -> Vec<u8> {
    stream.snapshot().unwrap();
    let snapshots = files(folder, "snapshot-");
    fs::read(snapshots.last().unwrap()).unwrap()
}

/// The files in a folder whose names begin so, in their order.
pub(crate) fn files(folder: &Path, prefix: &str) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix)).collect();
    found.sort();
    found
}

/// A copy of a log: what would be found had the process ended now.
pub(crate) fn copy(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_into(from, folder.path());
    folder
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&copied).unwrap();
            copy_into(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
    }
}

/// The bytes of the state that all events of a log make, without any snapshot.
pub(crate) fn replayed_bytes(folder: &Path) -> Vec<u8> {
    let copied = copy(folder);
    files(copied.path(), "snapshot-").iter().for_each(|path| fs::remove_file(path).unwrap());
    state_bytes(&mut open(copied.path()), copied.path())
}

/// The bytes at which the records of a tail begin, each with whether it is an event; and the end.
pub(crate) fn records(tail: &[u8]) -> (Vec<(usize, bool)>, usize) {
    let (mut records, mut at) = (Vec::new(), 8);
    while at < tail.len() {
        records.push((at, tail[at + 12] == 2));
        at += 12 + u32::from_le_bytes(tail[at..at + 4].try_into().unwrap()) as usize;
    }
    (records, at)
}
