//! Events at random, a set of views over them, and every kind of store.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
#[cfg(any(feature = "redb", feature = "redis"))]
use mlops_features::OnlineStore;
use mlops_features::{Catalog, EventLog, Feature, FeatureSet, Nulls, Source, View};
use proptest::prelude::*;

pub(crate) const MINUTE: i64 = 60_000_000;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) happened: i64,
    pub(crate) known: i64,
    pub(crate) key: Option<&'static str>,
    pub(crate) n: Option<i32>,
    pub(crate) value: Option<f64>,
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let keys = || prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", ""]));
    let values = prop_oneof![-100.0..100.0, Just(f64::NAN), Just(-0.0), Just(f64::INFINITY)];
    let one = (-300_i64..300, -10_i64..90, keys(), prop::option::of(0_i32..3), prop::option::weighted(0.8, values));
    let event = |(happened, lag, key, n, value): (i64, i64, Option<&'static str>, Option<i32>, Option<f64>)| {
        Event { happened: happened * MINUTE, known: (happened + lag) * MINUTE, key, n, value }
    };
    prop::collection::vec(one.prop_map(event), 0..60)
}

pub(crate) fn event(minute: i64, key: &'static str, value: f64) -> Event {
    Event { happened: minute * MINUTE, known: minute * MINUTE, key: Some(key), n: Some(1), value: Some(value) }
}

/// A table whose integers are of 32 bits, where the rows that ask have 64.
pub(crate) fn table(events: &[Event]) -> RecordBatch {
    let times = |time: fn(&Event) -> i64| TimestampMicrosecondArray::from_iter_values(events.iter().map(time));
    let columns: [(&str, ArrayRef); 6] = [
        ("happened", Arc::new(times(|event| event.happened))),
        ("known", Arc::new(times(|event| event.known))),
        ("key", Arc::new(StringArray::from_iter(events.iter().map(|event| event.key)))),
        ("n", Arc::new(Int32Array::from_iter(events.iter().map(|event| event.n)))),
        (
            "big",
            Arc::new(Int64Array::from_iter(events.iter().map(|event| event.n.map(|n| i64::MAX - i64::from(n))))),
        ),
        ("value", Arc::new(Float64Array::from_iter(events.iter().map(|event| event.value)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Views by one key and by two, with a time-to-live and without; of floats, integers and texts.
pub(crate) fn set_with(ttl: Duration) -> FeatureSet {
    let source = Source::new("events", "happened").known_at("known");
    FeatureSet::builder("views", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .sources([source.texts(&["key"]).floats(&["value"]).ints(&["n", "big"])])
        .views([
            View::latest("last", "events", &["key"]).ttl(ttl).fields(&["value", "key", "big"]),
            View::latest("ever", "events", &["key", "n"]).fields(&["value"]),
        ])
        .features(
            ["last.value", "ever.value", "last.big"].map(|name| Feature::number(name, name, Nulls::constant(-7.5))),
        )
        .build(&Catalog::new())
        .unwrap()
}

pub(crate) fn set() -> FeatureSet {
    set_with(2 * HOUR)
}

pub(crate) fn log_of(set: &FeatureSet, events: &[Event]) -> (tempfile::TempDir, EventLog) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    log.append(&set.sources()[0], &table(events)).unwrap();
    (folder, log)
}

/// A new, empty store on the server that is given in the environment.
#[cfg(feature = "redis")]
pub(crate) fn redis() -> Arc<dyn OnlineStore> {
    let url = std::env::var("MLOPS_REDIS").expect("MLOPS_REDIS is the address of a server");
    Arc::new(mlops_features::RedisStore::at(format!("redis://{url}")).prefix(&new_prefix()).open().unwrap())
}

#[cfg(feature = "redis")]
pub(crate) fn new_prefix() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("test:{}:{now}:{}:", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A new, empty store in a file, and the folder that it is in.
#[cfg(feature = "redb")]
#[derive(Debug)]
pub(crate) struct InFile {
    store: mlops_features::RedbStore,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "redb")]
impl OnlineStore for InFile {
    fn put(&self, records: &[mlops_features::StorePut<'_>]) -> Result<usize, mlops_features::FeatureError> {
        self.store.put(records)
    }

    fn get(
        &self,
        keys: &[mlops_features::StoreKey<'_>],
        visit: &mut dyn FnMut(usize, mlops_features::Record<'_>),
    ) -> Result<(), mlops_features::FeatureError> {
        self.store.get(keys, visit)
    }
}

#[cfg(feature = "redb")]
pub(crate) fn redb() -> Arc<dyn OnlineStore> {
    let folder = tempfile::tempdir().unwrap();
    let store = mlops_features::RedbStore::open(folder.path().join("store.redb")).unwrap();
    Arc::new(InFile { store, _folder: folder })
}
