//! Every store against the contract, and what is served from each against history.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mlops_core::{Clock, Dataset, EncodeError, Gather, SlotEncoder, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, EventLog, FeatureError, FeatureServer, FeatureSet, FittedFeatures, Materialize, MaterializeCursor,
    MemoryStore, OnlineState, OnlineStore, Record, Stamp, StoreKey, StorePut, StoreView, gather_history, testing,
};
use proptest::prelude::*;

use crate::rows::{Row, batch, labels, row, set_over_time};
use crate::store_support::{Event, HOUR, MINUTE, event, events, log_of, set, set_with, table};

#[test]
fn memory_keeps_the_contract() {
    testing::conformance(|| Arc::new(MemoryStore::new()));
    testing::conformance(|| Arc::new(MemoryStore::new().bounded(1 << 20).expiring()));
}

#[cfg(feature = "redb")]
#[test]
fn redb_keeps_the_contract() {
    testing::conformance(crate::store_support::redb);
}

#[cfg(feature = "redis")]
#[test]
#[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
fn redis_keeps_the_contract() {
    testing::conformance(crate::store_support::redis);
}

/// The slots of a row, floats by their bits.
fn bits(slots: &Slots, fields: usize) -> Vec<String> {
    let one = |slot| match slots.value(slot) {
        Value::Float(x) => format!("{:x}", x.to_bits()),
        other => format!("{other:?}"),
    };
    (0..fields).map(one).collect()
}

pub(crate) fn fitted(set: &FeatureSet, log: &EventLog, asked: &[Row]) -> (Arc<FittedFeatures>, Dataset) {
    let rows = Dataset::from_batches([batch(asked)]).unwrap();
    let gathered = gather_history(set, &rows, log, &Catalog::new()).unwrap();
    let labels = labels(asked, vec![0.0; asked.len()]);
    let fit = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &Catalog::new()).unwrap();
    (Arc::new(fit.features), gathered)
}

/// Puts events as they become known, asks in between and wants the slots and the numbers of history.
fn served_is_history(store: &Arc<dyn OnlineStore>, events: &[Event], asked: &[Row]) {
    let (set, catalog) = (set(), Catalog::new());
    let (_folder, log) = log_of(&set, events);
    let (features, gathered) = fitted(&set, &log, asked);
    let offline = features.slots_of(gathered.batch()).unwrap();
    let matrix = features.encode_batch(gathered.batch()).unwrap();
    let server = FeatureServer::from_store(Arc::clone(&features), Arc::clone(store), None).unwrap();
    let materialize = Materialize::new(&set, &log, &catalog).unwrap();
    let fields = features.slot_schema().fields.len();
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|&index| asked[index].at);
    let (mut cursor, mut slots, mut numbers) = (MaterializeCursor::start(), Slots::default(), vec![0.0; 3]);
    for index in order {
        let at = asked[index].at;
        cursor = materialize.run(&**store, cursor, at, |_| {}).unwrap().cursor;
        server.gather(&asked[index], at, &mut slots).unwrap();
        assert_eq!(bits(&slots, fields), bits(&offline[index], fields), "row {index} at {at}");
        features.encode(&slots, &mut numbers).unwrap();
        let wanted = matrix.values.row(index).to_vec();
        assert_eq!(
            numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            wanted.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        );
        // The same in one call for many.
        let same_time: Vec<_> = asked.iter().filter(|row| row.at == at).cloned().collect();
        let mut many = Vec::new();
        server.gather_many(&same_time, at, &mut many).unwrap();
        assert_eq!(many.len(), same_time.len());
        let place = asked[..index].iter().filter(|row| row.at == at).count();
        assert_eq!(bits(&many[place], fields), bits(&slots, fields));
    }
}

fn asked() -> impl Strategy<Value = Vec<Row>> {
    let keys = prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", "", "never"]));
    let one = (-300_i64..500, prop::option::weighted(0.9, 0_i64..3), keys);
    prop::collection::vec(one.prop_map(|(at, n, key)| row(at / 20 * 20 * MINUTE, None, n, key)), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_memory_serves_is_history(events in events(), asked in asked()) {
        let store: Arc<dyn OnlineStore> = Arc::new(MemoryStore::new());
        served_is_history(&store, &events, &asked);
    }
}

#[cfg(feature = "redb")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_redb_serves_is_history(events in events(), asked in asked()) {
        served_is_history(&crate::store_support::redb(), &events, &asked);
    }
}

#[cfg(feature = "redis")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    #[ignore = "needs redis: the address of a server in MLOPS_REDIS"]
    fn what_redis_serves_is_history(events in events(), asked in asked()) {
        served_is_history(&crate::store_support::redis(), &events, &asked);
    }
}

#[test]
fn windows_come_from_state_and_views_from_the_store() {
    let (set, catalog) = (set_over_time(), Catalog::new());
    let events: Vec<_> = (0..50).map(|i| event(i * 3, ["a", "b"][i as usize % 2], i as f64 * 0.1)).collect();
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let whole = table(&events);
    let word = whole.column_by_name("key").unwrap().clone();
    let columns = whole.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let columns = columns.iter().map(String::as_str).zip(whole.columns().iter().cloned());
    let whole = arrow::array::RecordBatch::try_from_iter(columns.chain([("word", word)])).unwrap();
    log.append(&set.sources()[0], &whole).unwrap();
    let at = 147 * MINUTE;
    let asked = [row(at, None, Some(1), Some("a")), row(at, None, Some(1), Some("b")), row(at, None, None, None)];
    let (features, gathered) = fitted(&set, &log, &asked);
    let store: Arc<dyn OnlineStore> = Arc::new(MemoryStore::new());
    let error = FeatureServer::from_store(Arc::clone(&features), Arc::clone(&store), None).unwrap_err();
    assert!(matches!(error, FeatureError::Parameter { parameter: "state", .. }), "{error}");

    let state = Arc::new(OnlineState::new(&set, &catalog).unwrap());
    log.replay(&state).unwrap().advance(&state, Timestamp::MAX);
    Materialize::new(&set, &log, &catalog)
        .unwrap()
        .run(&*store, MaterializeCursor::start(), Timestamp::MAX, |_| {})
        .unwrap();
    let server = FeatureServer::from_store(Arc::clone(&features), store, Some(state)).unwrap();
    let mut many = Vec::new();
    server.gather_many(&asked, Timestamp::from_micros(at), &mut many).unwrap();
    let fields = features.slot_schema().fields.len();
    for (got, wanted) in many.iter().zip(features.slots_of(gathered.batch()).unwrap()) {
        assert_eq!(bits(got, fields), bits(&wanted, fields));
    }
    let mean = features.slot_schema().position("mean").unwrap();
    assert!(matches!(many[0].value(mean), Value::Float(_)));
}

/// What is served of `last.value` for a key at a minute.
fn last(server: &FeatureServer, features: &FittedFeatures, minute: i64) -> Result<Value<'static>, EncodeError> {
    let mut slots = Slots::default();
    let asking = row(minute * MINUTE, None, Some(1), Some("a"));
    server.gather(&asking, asking.at, &mut slots)?;
    Ok(match slots.value(features.slot_schema().position("last.value").unwrap()) {
        Value::Float(x) => Value::Float(x),
        _ => Value::Missing,
    })
}

#[test]
fn the_time_to_live_has_both_ends_and_the_future_is_not_ready() {
    let set = set();
    let mut late = event(100, "a", 1.5);
    late.known = 110 * MINUTE;
    let (_folder, log) = log_of(&set, &[late]);
    let (features, _) = fitted(&set, &log, &[row(0, None, Some(1), Some("a"))]);
    let store: Arc<dyn OnlineStore> = Arc::new(MemoryStore::new());
    let materialize = Materialize::new(&set, &log, &Catalog::new()).unwrap();
    materialize.run(&*store, MaterializeCursor::start(), Timestamp::MAX, |_| {}).unwrap();
    let server = FeatureServer::from_store(Arc::clone(&features), store, None).unwrap();
    for minute in [99, 100, 109] {
        let error = last(&server, &features, minute).unwrap_err();
        let EncodeError::NotReady { source_name, .. } = &error else { panic!("{error}") };
        assert_eq!(source_name, "last");
    }
    assert_eq!(last(&server, &features, 110).unwrap(), Value::Float(1.5));
    assert_eq!(last(&server, &features, 220).unwrap(), Value::Float(1.5));
    assert_eq!(last(&server, &features, 221).unwrap(), Value::Missing);
}

#[test]
fn a_reader_of_another_view_gets_an_error_and_no_numbers() {
    let (old, new) = (set(), set_with(3 * HOUR));
    let (_folder, log) = log_of(&old, &[event(0, "a", 1.5)]);
    let store: Arc<dyn OnlineStore> = Arc::new(MemoryStore::new());
    let put = |set: &FeatureSet| {
        Materialize::new(set, &log, &Catalog::new()).unwrap().run(
            &*store,
            MaterializeCursor::start(),
            Timestamp::MAX,
            |_| {},
        )
    };
    put(&old).unwrap();
    let (features, _) = fitted(&new, &log, &[row(0, None, Some(1), Some("a"))]);
    let server = FeatureServer::from_store(Arc::clone(&features), Arc::clone(&store), None).unwrap();
    let text = last(&server, &features, 1).unwrap_err().to_string();
    let [got, wanted] = [&old, &new].map(|set| StoreView::of(set).unwrap()[0].fingerprint().to_string());
    assert!(text.contains("`last`") && text.contains(&got) && text.contains(&wanted), "{text}");
    assert!(matches!(put(&new).unwrap_err(), FeatureError::OtherView { .. }));
    // What isn't of the view leaves it alone: another row, another feature.
    let same = crate::store_support::set();
    assert_eq!(put(&same).unwrap().changed, 0);
}

#[test]
fn a_time_to_live_of_zero_is_refused() {
    let view = mlops_features::View::latest("last", "events", &["key"]).ttl(Duration::ZERO).fields(&["value"]);
    let error = FeatureSet::builder("views", "at")
        .texts(&["key"])
        .sources([mlops_features::Source::new("events", "happened").texts(&["key"]).floats(&["value"])])
        .views([view])
        .features([mlops_features::Feature::number("value", "last.value", mlops_features::Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap_err();
    assert_eq!(error.to_string(), "ttl of `last` is 0; it must be more than 0");
}

fn put_at(store: &dyn OnlineStore, view: &StoreView, entity: &[u8], minute: i64) -> usize {
    let at = Timestamp::from_micros(minute * MINUTE);
    let values = Record::values_of([Value::Float(1.0), Value::Missing, Value::Missing]);
    let stamp = Stamp { event_time: at, available: at, sequence: 0 };
    store.put(&[StorePut { key: StoreKey { view, entity }, stamp, values: &values }]).unwrap()
}

fn has(store: &dyn OnlineStore, view: &StoreView, entity: &[u8]) -> bool {
    let mut found = false;
    store.get(&[StoreKey { view, entity }], &mut |_, _| found = true).unwrap();
    found
}

#[test]
fn a_bounded_store_lets_the_earliest_go_and_counts() {
    let (store, view) = (MemoryStore::new().bounded(640), StoreView::of(&set()).unwrap().remove(0));
    for i in 0..5_000_u32 {
        assert_eq!(put_at(&store, &view, &i.to_le_bytes(), i64::from(i)), 1);
        assert!(has(&store, &view, &i.to_le_bytes()));
    }
    assert!(store.len() <= 640 && store.len() > 500, "{}", store.len());
    assert_eq!(store.len() as u64 + store.evicted(), 5_000);
    assert!((0..1_000_u32).all(|i| !has(&store, &view, &i.to_le_bytes())));
}

/// A clock that stands.
#[derive(Debug)]
struct Minute(AtomicI64);

impl Clock for Minute {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

proptest! {
    #[test]
    fn a_full_store_has_the_last_event_of_an_entity_or_none_that_is_fresh(
        puts in prop::collection::vec((0_u32..100, -90_i64..1, prop_oneof![4 => Just(0_i64), 1 => Just(1)]), 1..400),
        expiring in any::<bool>(),
    ) {
        let clock = Arc::new(Minute(AtomicI64::new(0)));
        let store = MemoryStore::new().bounded(64);
        let store = if expiring { store.expiring_by(Arc::<Minute>::clone(&clock)) } else { store };
        let view = StoreView::of(&set()).unwrap().remove(0);
        let (mut last, mut minute) = (std::collections::HashMap::new(), 0);
        for &(entity, ago, later) in &puts {
            minute += later;
            clock.0.store(minute * MINUTE, Ordering::Relaxed);
            put_at(&store, &view, &entity.to_le_bytes(), minute + ago);
            let latest = last.entry(entity).or_insert(i64::MIN);
            *latest = (minute + ago).max(*latest);
        }
        let entities: Vec<_> = last.keys().map(|entity| entity.to_le_bytes()).collect();
        let keys: Vec<_> = entities.iter().map(|entity| StoreKey { view: &view, entity }).collect();
        let oldest = clock.now() - view.ttl().unwrap();
        let mut found = 0;
        store.get(&keys, &mut |place, record| {
            found += 1;
            let wanted = Timestamp::from_micros(last[&u32::from_le_bytes(entities[place])] * MINUTE);
            assert!(record.stamp.event_time == wanted || record.stamp.event_time < oldest);
        }).unwrap();
        prop_assert!(found > 0 && found == store.len());
    }
}

#[test]
fn an_expiring_store_keeps_what_a_read_could_need() {
    let clock = Arc::new(Minute(AtomicI64::new(0)));
    let store = MemoryStore::new().expiring_by(Arc::<Minute>::clone(&clock));
    let views = StoreView::of(&set()).unwrap();
    // Enough for each shard to meet a later put.
    let fill = |from: u32| {
        (from..from + 2_000).for_each(|i| {
            put_at(&store, &views[0], &i.to_le_bytes(), 125);
        });
    };
    put_at(&store, &views[0], b"last", 0);
    put_at(&store, &views[1], b"ever", 0);
    clock.0.store(125 * MINUTE, Ordering::Relaxed);
    fill(0);
    assert!(has(&store, &views[0], b"last"));
    clock.0.store(125 * MINUTE + 1, Ordering::Relaxed);
    fill(2_000);
    assert!(!has(&store, &views[0], b"last") && has(&store, &views[1], b"ever"));
    assert_eq!(store.expired(), 1);
}
