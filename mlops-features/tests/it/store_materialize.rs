//! Events into a store: again, in parts, late, and after an error.

use std::sync::atomic::{AtomicUsize, Ordering};

use mlops_core::Timestamp;
use mlops_features::{
    Catalog, FeatureError, Materialize, MaterializeCursor, MemoryStore, OnlineStore, Record, StoreKey, StorePut,
    StoreView,
};
use proptest::prelude::*;

use crate::store_support::{Event, MINUTE, event, events, log_of, set, table};

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * MINUTE)
}

/// Everything that a store has for the entities of the tests.
fn contents(store: &dyn OnlineStore) -> Vec<String> {
    let views = StoreView::of(&set()).unwrap();
    let text = |key: &str| [b"t", &(key.len() as u32).to_le_bytes()[..], key.as_bytes()].concat();
    let mut found = Vec::new();
    for key in ["a", "b", ""] {
        let mut entities = vec![(0, text(key))];
        entities.extend((0..3_i64).map(|n| (1, [&text(key)[..], b"i", &n.to_le_bytes()].concat())));
        for (view, entity) in &entities {
            let key = StoreKey { view: &views[*view], entity };
            store.get(&[key], &mut |_, record| found.push(format!("{view} {entity:?} {record:?}"))).unwrap();
        }
    }
    found
}

/// Fails at one call.
#[derive(Debug)]
struct FailsAt<'a> {
    store: &'a MemoryStore,
    left: AtomicUsize,
}

impl OnlineStore for FailsAt<'_> {
    fn put(&self, records: &[StorePut<'_>]) -> Result<usize, FeatureError> {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            let source = std::io::Error::other("on purpose").into();
            return Err(FeatureError::Store { store: "that fails".into(), call: "put", source });
        }
        self.store.put(records)
    }

    fn get(&self, keys: &[StoreKey<'_>], visit: &mut dyn FnMut(usize, Record<'_>)) -> Result<(), FeatureError> {
        self.store.get(keys, visit)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_parts_again_and_late_is_the_same_as_at_once(first in events(), later in events(), until in -350_i64..450) {
        let (set, catalog) = (set(), Catalog::new());
        let (_folder, mut log) = log_of(&set, &first);
        let parts = MemoryStore::new();
        let run = |log: &mlops_features::EventLog, store: &MemoryStore, from, until| {
            Materialize::new(&set, log, &catalog).unwrap().run(store, from, until, |_| {}).unwrap()
        };
        let one = run(&log, &parts, MaterializeCursor::start(), minute(until));
        // Logged later, whatever their times say.
        log.append(&set.sources()[0], &table(&later)).unwrap();
        let kept: MaterializeCursor = serde_json::from_str(&serde_json::to_string(&one.cursor).unwrap()).unwrap();
        prop_assert_eq!(kept, one.cursor);
        let two = run(&log, &parts, kept, Timestamp::MAX);
        prop_assert_eq!(one.events + two.events, (first.len() + later.len()) as u64);
        prop_assert_eq!(run(&log, &parts, two.cursor, Timestamp::MAX).events, 0);
        let again = run(&log, &parts, MaterializeCursor::start(), Timestamp::MAX);
        prop_assert_eq!((again.changed, again.events), (0, one.events + two.events));

        let whole = MemoryStore::new();
        run(&log, &whole, MaterializeCursor::start(), Timestamp::MAX);
        prop_assert_eq!(contents(&parts), contents(&whole));
    }
}

#[test]
fn a_run_that_failed_goes_on_from_its_last_progress() {
    let (set, catalog) = (set(), Catalog::new());
    let keys = ["a", "b", ""];
    let many: Vec<Event> = (0..5_000).map(|i| event(i % 700, keys[i as usize % 3], i as f64)).collect();
    let (_folder, mut log) = log_of(&set, &many);
    let store = MemoryStore::new();
    let mut cursor = MaterializeCursor::start();
    let (mut events, mut calls) = (0, 0);
    let failing = FailsAt { store: &store, left: AtomicUsize::new(4) };
    let materialize = Materialize::new(&set, &log, &catalog).unwrap();
    let error = materialize
        .run(&failing, cursor, Timestamp::MAX, |done| {
            assert!(done.remaining > 0 && done.records >= done.changed);
            (cursor, events, calls) = (done.cursor, done.events, calls + 1);
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "the store `that fails` failed to put");
    assert_eq!((calls, events), (4, 2_048));
    // What came meanwhile is not passed over, though it is earlier than where the run had come.
    log.append(&set.sources()[0], &table(&[event(0, "a", -1.0)])).unwrap();
    let done = Materialize::new(&set, &log, &catalog).unwrap().run(&store, cursor, Timestamp::MAX, |_| {}).unwrap();
    assert_eq!((done.events, done.remaining), (5_001 - 2_048, 0));
    let whole = MemoryStore::new();
    Materialize::new(&set, &log, &catalog)
        .unwrap()
        .run(&whole, MaterializeCursor::start(), Timestamp::MAX, |_| {})
        .unwrap();
    assert_eq!(contents(&store), contents(&whole));
    assert_eq!(contents(&store).len(), 6);
}

#[test]
fn a_range_is_of_the_times_at_which_events_became_known() {
    let (set, catalog) = (set(), Catalog::new());
    let mut late = event(10, "a", 1.0);
    late.known = 50 * MINUTE;
    let (_folder, log) = log_of(&set, &[event(20, "b", 2.0), late, event(60, "", 3.0)]);
    let store = MemoryStore::new();
    let materialize = Materialize::new(&set, &log, &catalog).unwrap();
    let done = materialize.run(&store, MaterializeCursor::after(minute(20)), minute(50), |_| {}).unwrap();
    assert_eq!((done.events, done.records, done.changed, done.unkeyed), (1, 2, 2, 0));
    assert!(contents(&store).iter().all(|record| record.contains("sequence: 1")), "{:?}", contents(&store));
}
