//! What every online store does, whatever it is kept on.

use std::sync::Arc;
use std::thread;

use mlops_core::{Timestamp, Value};

use super::{OnlineStore, Record, StoreKey, StorePut, StoreView};
use crate::{Catalog, Feature, FeatureError, FeatureSet, Nulls, Source, Stamp, View};

/// Checks a store against the contract of [`OnlineStore`]. `make` opens a new, empty store.
///
/// ```
/// use std::sync::Arc;
/// use mlops_features::{MemoryStore, testing};
///
/// testing::conformance(|| Arc::new(MemoryStore::new()));
/// ```
///
/// # Panics
/// Where the store doesn't do what the contract says.
pub fn conformance(make: impl Fn() -> Arc<dyn OnlineStore>) {
    let checks = [
        what_is_absent_is_not_visited,
        values_come_back_exactly,
        the_last_write_wins_in_any_order,
        keys_and_views_are_apart,
        another_view_is_refused,
        a_call_of_many_is_many,
        many_writers_leave_the_last,
    ];
    for check in checks {
        check(&*make());
    }
}

/// A view of two floats, an integer, a time and a text.
fn view(name: &str, ttl_hours: u64) -> StoreView {
    let source = Source::new("events", "at").texts(&["key", "text"]).floats(&["x", "y"]).ints(&["n"]);
    let source = Source { columns: with_time(source.columns), ..source };
    let fields = ["x", "y", "n", "time", "text"];
    let view = View::latest(name, "events", &["key"]).fields(&fields);
    let set = FeatureSet::builder("conformance", "asked")
        .texts(&["key"])
        .sources([source])
        .views([view.ttl(std::time::Duration::from_secs(3600 * ttl_hours))])
        .features([Feature::number("x", format!("{name}.x").as_str(), Nulls::Refuse)])
        .build(&Catalog::new())
        .expect("the set is sound");
    StoreView::of(&set).expect("the set is sound").remove(0)
}

fn with_time(mut columns: mlops_core::Schema) -> mlops_core::Schema {
    columns.columns.push(mlops_core::Column { name: "time".into(), kind: mlops_core::SlotKind::Time });
    columns
}

fn stamp(event_time: i64, available: i64, sequence: u64) -> Stamp {
    let [event_time, available] = [event_time, available].map(Timestamp::from_micros);
    Stamp { event_time, available, sequence }
}

fn values(x: f64) -> Vec<u8> {
    let time = Value::Time(Timestamp::from_micros(-1));
    Record::values_of([Value::Float(x), Value::Missing, Value::Int(i64::MIN), time, Value::Text("ü")])
}

fn put(store: &dyn OnlineStore, view: &StoreView, entity: &[u8], stamp: Stamp, x: f64) -> bool {
    let record = StorePut { key: StoreKey { view, entity }, stamp, values: &values(x) };
    store.put(&[record]).expect("the record is put") == 1
}

/// What is stored: the stamp and the bits of the first field.
fn get(store: &dyn OnlineStore, keys: &[StoreKey<'_>]) -> Vec<Option<(Stamp, u64)>> {
    let mut found = vec![None; keys.len()];
    let visit = &mut |place: usize, record: Record<'_>| {
        let mut bits = 0;
        let field = |field, value| match (field, value) {
            (0, Value::Float(x)) => bits = x.to_bits(),
            (0, other) => panic!("{other:?}"),
            _ => {}
        };
        keys[place].view.fields(&record, field).expect("the record is the view's");
        assert_eq!(found[place], None, "a key was visited twice");
        found[place] = Some((record.stamp, bits));
    };
    store.get(keys, visit).expect("keys are looked up");
    found
}

fn one(store: &dyn OnlineStore, view: &StoreView, entity: &[u8]) -> Option<(Stamp, f64)> {
    get(store, &[StoreKey { view, entity }])[0].map(|(stamp, bits)| (stamp, f64::from_bits(bits)))
}

fn what_is_absent_is_not_visited(store: &dyn OnlineStore) {
    let view = view("one", 1);
    assert_eq!(one(store, &view, b"nobody"), None);
    assert!(get(store, &[]).is_empty());
    assert_eq!(store.put(&[]).expect("nothing is put"), 0);
}

fn values_come_back_exactly(store: &dyn OnlineStore) {
    let (view, long) = (view("one", 1), "long ".repeat(5_000));
    let nan = f64::from_bits(0x7ff8_dead_beef_0001);
    let time = Value::Time(Timestamp::MIN);
    let all = [
        [Value::Float(nan), Value::Float(-0.0), Value::Int(i64::MAX), time, Value::Text("")],
        [Value::Float(f64::INFINITY), Value::Missing, Value::Int(i64::MIN), Value::Missing, Value::Text(&long)],
        [Value::Missing; 5],
    ];
    let first = stamp(i64::MIN, i64::MIN, 0);
    for (sequence, wanted) in (0..).zip(all) {
        let (entity, stamp) = ([sequence as u8, 0, 255], Stamp { sequence, ..first });
        let key = StoreKey { view: &view, entity: &entity };
        let put = store.put(&[StorePut { key, stamp, values: &Record::values_of(wanted) }]);
        assert_eq!(put.expect("the record is put"), 1);
        let mut got = 0;
        let visit = &mut |_: usize, record: Record<'_>| {
            assert_eq!(record.stamp, stamp);
            let same = |place: usize, value: Value<'_>| {
                match (value, wanted[place]) {
                    (Value::Float(a), Value::Float(b)) => assert_eq!(a.to_bits(), b.to_bits()),
                    (a, b) => assert_eq!(a, b),
                }
                got += 1;
            };
            view.fields(&record, same).expect("the record is the view's");
        };
        store.get(&[key], visit).expect("the key is looked up");
        assert_eq!(got, 5);
    }
}

fn the_last_write_wins_in_any_order(store: &dyn OnlineStore) {
    let view = view("one", 1);
    // In their order: by event time, then available time, then sequence.
    let stamps = [
        stamp(-9, 30, 8),
        stamp(-1, 0, 9),
        stamp(0, 0, 7),
        stamp(0, 255, 1),
        stamp(0, 256, 1),
        stamp(0, 256, 300),
        stamp(1 << 40, 1 << 40, 0),
    ];
    for turn in 0..stamps.len() {
        for backwards in [false, true] {
            let mut order: Vec<usize> = (0..stamps.len()).collect();
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            let entity = format!("{turn} {backwards}").into_bytes();
            let mut last = None;
            for place in order {
                let changed = put(store, &view, &entity, stamps[place], place as f64);
                assert_eq!(changed, last < Some(place), "{place} after {last:?}");
                last = last.max(Some(place));
                let wanted = last.map(|last| (stamps[last], last as f64));
                assert_eq!(one(store, &view, &entity), wanted);
                assert!(!put(store, &view, &entity, stamps[place], -1.0), "a second time");
                assert_eq!(one(store, &view, &entity), wanted);
            }
        }
    }
}

fn keys_and_views_are_apart(store: &dyn OnlineStore) {
    let views = ["a", "ab", "b"].map(|name| view(name, 1));
    let entities: [&[u8]; 6] = [b"", b"b", b"bb", b"\0", b"a", &[b'x'; 300]];
    let keys: Vec<_> =
        views.iter().flat_map(|view| entities.iter().map(move |&entity| StoreKey { view, entity })).collect();
    for (place, key) in keys.iter().enumerate() {
        assert!(put(store, key.view, key.entity, stamp(0, 0, place as u64), place as f64));
    }
    let twice: Vec<_> = keys.iter().chain(&keys).copied().collect();
    let wanted = |place: usize| Some((stamp(0, 0, place as u64), (place as f64).to_bits()));
    let wanted: Vec<_> = (0..keys.len()).chain(0..keys.len()).map(wanted).collect();
    assert_eq!(get(store, &twice), wanted);
}

fn another_view_is_refused(store: &dyn OnlineStore) {
    let (old, new) = (view("one", 1), view("one", 2));
    assert_ne!(old.fingerprint(), new.fingerprint());
    assert!(put(store, &old, b"x", stamp(5, 5, 5), 1.0));
    let is_other = |error: &FeatureError| {
        let FeatureError::OtherView { view, got, wanted } = error else { panic!("{error}") };
        assert_eq!((&**view, *got, *wanted), ("one", old.fingerprint(), new.fingerprint()));
    };
    for time in [4, 5, 6] {
        let key = StoreKey { view: &new, entity: b"x" };
        let put = StorePut { key, stamp: stamp(time, time, 5), values: &values(2.0) };
        is_other(&store.put(&[put]).expect_err("the record is of another view"));
        let visit = &mut |_: usize, record: Record<'_>| {
            let error = new.fields(&record, |_, _| panic!("a field was read"));
            is_other(&error.expect_err("the record is of another view"));
        };
        store.get(&[key], visit).expect("keys are looked up");
    }
    assert_eq!(one(store, &old, b"x"), Some((stamp(5, 5, 5), 1.0)));
}

fn a_call_of_many_is_many(store: &dyn OnlineStore) {
    let views = ["one", "two"].map(|name| view(name, 1));
    let bytes: Vec<_> = (0..6).map(|x| values(f64::from(x))).collect();
    let entities: Vec<_> = (0..1000_u32).map(u32::to_le_bytes).collect();
    let mut puts = Vec::new();
    for (i, entity) in entities.iter().enumerate() {
        for view in &views {
            // Each key three times, the last in the middle.
            for (values, time) in [(i % 2, 1), (2 + i % 2, 3), (4 + i % 2, 2)] {
                let key = StoreKey { view, entity };
                puts.push(StorePut { key, stamp: stamp(time, time, i as u64), values: &bytes[values] });
            }
        }
    }
    assert_eq!(store.put(&puts).expect("the records are put"), 4000);
    assert_eq!(store.put(&puts).expect("the records are put"), 0);
    let keys: Vec<_> = puts.iter().step_by(3).map(|put| put.key).collect();
    for (place, got) in get(store, &keys).into_iter().enumerate() {
        let i = place / 2;
        assert_eq!(got, Some((stamp(3, 3, i as u64), ((2 + i % 2) as f64).to_bits())));
    }
}

fn many_writers_leave_the_last(store: &dyn OnlineStore) {
    let view = view("one", 1);
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            let view = &view;
            scope.spawn(move || {
                for step in 0..50_u64 {
                    // Each writer in an order of its own.
                    let number = (step * 7 + writer * 13) % 50 * 4 + writer;
                    put(store, view, b"x", stamp(number as i64, number as i64, 0), number as f64);
                    let (stamp, x) = one(store, view, b"x").expect("it was put");
                    assert_eq!(stamp.event_time.as_micros() as f64, x, "a record is torn");
                    assert!(x >= number as f64, "an older one replaced a newer");
                }
            });
        }
    });
    assert_eq!(one(store, &view, b"x"), Some((stamp(199, 199, 0), 199.0)));
}
