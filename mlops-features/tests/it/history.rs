//! History over columns, from tables and from a log, against a replay through online state and loops over all events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use mlops_core::Dataset;
use mlops_features::{
    Aggregate, Catalog, Count, EventLog, Feature, FeatureError, FeatureSet, First, Max, Mean, Nulls, Overflow,
    Rate, Source, Sum, View, Window, column, gather_files, gather_history, gather_tables,
};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;
/// Short, as long as a short one may be, and longer.
const TEXTS: [&str; 5] = ["a", "", "exactly15bytes!", "sixteen bytes ok", "a text of more than sixteen bytes"];
const INTS: [i64; 3] = [0, 7, i64::MIN];

#[derive(Clone, Debug)]
struct Event {
    happened: Option<i64>,
    known: Option<i64>,
    key: Option<&'static str>,
    n: Option<i64>,
    id: Option<i64>,
    value: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Known {
    After(i64),
    Column,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let some = |share| move |of: BoxedStrategy<i64>| prop::option::weighted(share, of);
    let time = (-90_i64..90, 0_i64..2).prop_map(|(minutes, micros)| minutes * MINUTE + micros).boxed();
    let key = prop::option::weighted(0.95, prop::sample::select(TEXTS.to_vec()));
    let n = some(0.95)(prop::sample::select(INTS.to_vec()).boxed());
    let usual = prop_oneof![-9.0..9.0, (-3..3).prop_map(f64::from), Just(-0.0), Just(0.1)];
    let rare = prop::sample::select(vec![f64::NAN, f64::INFINITY, 1e300, -1e300, 1e-310, 1e30, 3e-30]);
    let value = prop::option::weighted(0.9, prop_oneof![20 => usual, 1 => rare]);
    let event = (some(0.95)(time.clone()), some(0.9)(time), key, n, some(0.9)((0_i64..60).boxed()), value)
        .prop_map(|(happened, known, key, n, id, value)| Event { happened, known, key, n, id, value });
    prop::collection::vec(event, 0..80)
}

fn asked() -> impl Strategy<Value = Vec<(i64, Option<&'static str>, Option<i64>)>> {
    let key = prop::option::weighted(0.95, prop::sample::select([&TEXTS[..], &["never"]].concat()));
    let n = prop::option::weighted(0.95, prop::sample::select(INTS.to_vec()));
    let row = (-100_i64..150, 0_i64..2, key, n).prop_map(|(at, micros, key, n)| (at * MINUTE + micros, key, n));
    prop::collection::vec(row, 0..40)
}

fn times(times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter(times).with_timezone("UTC"))
}

fn table(events: &[Event]) -> Dataset {
    let columns: [(&str, ArrayRef); 6] = [
        ("happened", times(events.iter().map(|event| event.happened))),
        ("known", times(events.iter().map(|event| event.known))),
        ("key", Arc::new(StringArray::from_iter(events.iter().map(|event| event.key)))),
        ("n", Arc::new(Int64Array::from_iter(events.iter().map(|event| event.n)))),
        ("id", Arc::new(Int64Array::from_iter(events.iter().map(|event| event.id)))),
        ("value", Arc::new(Float64Array::from_iter(events.iter().map(|event| event.value)))),
    ];
    let columns = columns.map(|(name, array)| (name, array, true));
    Dataset::from_batches([RecordBatch::try_from_iter_with_nullable(columns).unwrap()]).unwrap()
}

fn rows(asked: &[(i64, Option<&str>, Option<i64>)]) -> Dataset {
    let columns: [(&str, ArrayRef); 3] = [
        ("at", times(asked.iter().map(|row| Some(row.0)))),
        ("key", Arc::new(StringArray::from_iter(asked.iter().map(|row| row.1)))),
        ("n", Arc::new(Int64Array::from_iter(asked.iter().map(|row| row.2)))),
    ];
    let columns = columns.map(|(name, array)| (name, array, true));
    Dataset::from_batches([RecordBatch::try_from_iter_with_nullable(columns).unwrap()]).unwrap()
}

fn windows() -> Vec<Window> {
    fn window<A: Aggregate>(
        name: &str,
        key: &[&str],
        value: impl Into<mlops_features::Expr>,
        aggregate: A,
    ) -> Window {
        Window::new(name, "events", key, value, aggregate, Duration::from_secs(1800))
    }
    let windows = vec![
        window("sum", &["key"], "value", Sum {}),
        window("mean", &["key"], "value", Mean {}),
        window("rate", &["key"], "value", Rate {}).strict(),
        window("count", &["key"], "value", Count {}),
        window("events", &["key"], 1.0, Count {}).strict(),
        window("texts", &["n"], "key", Count {}),
        window("ints", &["key", "n"], "n", Sum {}),
        window("scaled", &["key", "n"], column("value").times(0.1), Mean {}),
        window("ones", &["n"], 1.0, Rate {}),
        window("max", &["n"], "value", Max {}),
        window("first", &["n"], "key", First {}).strict(),
    ];
    // One with a limit that nothing reaches is made by a replay.
    let replayed = windows.iter().cloned().map(|mut window| {
        window.name.push_str("_replayed");
        window.limit(1_000_000, Overflow::Refuse)
    });
    windows.iter().cloned().chain(replayed).collect()
}

fn views() -> Vec<View> {
    let of = |name, key: &[&str]| View::latest(name, "events", key).fields(&["value", "key", "happened"]);
    vec![
        of("ever", &["key"]),
        of("lately", &["key", "n"]).ttl(Duration::from_secs(1200)),
        of("before", &["n"]).strict(),
    ]
}

fn set(known: Known, unique: bool) -> FeatureSet {
    let source = Source::new("events", "happened").texts(&["key"]).ints(&["n", "id"]).floats(&["value"]);
    let mut source = match known {
        Known::After(lag) => source.known_after(Duration::from_micros(lag as u64)),
        Known::Column => source.known_at("known"),
    };
    let happened = mlops_core::Column { name: "happened".into(), kind: mlops_core::SlotKind::Time };
    source.columns.columns.push(happened);
    let source = if unique { source.unique("id", Duration::from_secs(3600)) } else { source };
    FeatureSet::builder("history", "at")
        .categories(&["key"])
        .ints(&["n"])
        .sources([source])
        .views(views())
        .windows(windows())
        .features([Feature::number("sum", "sum", Nulls::constant(0.0))])
        .build(&Catalog::new())
        .unwrap()
}

/// The event that a view finds, by a loop over all.
fn by_hand<'a>(
    view: &View,
    events: &'a [Event],
    known: Known,
    row: &(i64, Option<&str>, Option<i64>),
) -> Option<&'a Event> {
    let edge = row.0 - i64::from(view.strict);
    let available = |event: &Event| {
        let happened = event.happened?;
        Some(match known {
            Known::After(lag) => happened + lag,
            Known::Column => event.known.unwrap_or(happened).max(happened),
        })
    };
    let same = |event: &&Event| {
        view.key.iter().all(|part| match part.as_str() {
            "key" => event.key.is_some() && event.key == row.1,
            _ => event.n.is_some() && event.n == row.2,
        })
    };
    let candidates = events.iter().filter(same).filter(|event| available(event).is_some_and(|at| at <= edge));
    let oldest = view.ttl.map_or(i64::MIN, |ttl| row.0 - ttl.as_micros() as i64);
    candidates.max_by_key(|event| (event.happened, available(event))).filter(|event| event.happened >= Some(oldest))
}

fn texts(dataset: &Dataset, name: &str) -> Vec<Option<String>> {
    dataset.column(name).unwrap().as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn bits(dataset: &Dataset, name: &str) -> Vec<Option<u64>> {
    dataset.column(name).unwrap().as_primitive::<Float64Type>().iter().map(|x| x.map(f64::to_bits)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]
    #[test]
    fn columns_are_a_replay_and_a_loop(
        mut events in events(), mut asked in asked(), sorted in any::<bool>(), unique in any::<bool>(),
        known in prop_oneof![Just(Known::After(0)), Just(Known::After(7 * MINUTE)), Just(Known::After(45 * MINUTE)), Just(Known::Column)],
    ) {
        if sorted {
            events.sort_by_key(|event| event.happened);
            asked.sort_by_key(|row| row.0);
        }
        let (set, catalog, rows) = (set(known, unique), Catalog::new(), rows(&asked));
        let tables = BTreeMap::from([("events".to_owned(), table(&events))]);
        let gathered = gather_tables(&set, &rows, &tables, &catalog).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        log.append(&set.sources()[0], tables["events"].batch()).unwrap();
        let logged = gather_history(&set, &rows, &log, &catalog).unwrap();
        for window in windows().iter().filter(|window| window.limit.is_none()) {
            let replayed = format!("{}_replayed", window.name);
            if window.name == "first" {
                prop_assert_eq!(texts(&gathered, "first"), texts(&gathered, &replayed));
                prop_assert_eq!(texts(&gathered, "first"), texts(&logged, "first"));
            } else {
                prop_assert_eq!(bits(&gathered, &window.name), bits(&gathered, &replayed), "{}", window.name);
                prop_assert_eq!(bits(&gathered, &window.name), bits(&logged, &window.name), "{}", window.name);
            }
        }
        for view in views() {
            let [value, key, happened] = ["value", "key", "happened"].map(|field| format!("{}.{field}", view.name));
            prop_assert_eq!(bits(&gathered, &value), bits(&logged, &value));
            prop_assert_eq!(texts(&gathered, &key), texts(&logged, &key));
            if !unique {
                let found: Vec<_> = asked.iter().map(|row| by_hand(&view, &events, known, row)).collect();
                let values: Vec<_> = found.iter().map(|event| event.and_then(|event| event.value.map(f64::to_bits))).collect();
                prop_assert_eq!(bits(&gathered, &value), values, "{}", value);
                let keys: Vec<_> = found.iter().map(|event| event.and_then(|event| event.key.map(str::to_owned))).collect();
                prop_assert_eq!(texts(&gathered, &key), keys, "{}", key);
                let at: Vec<_> = found.iter().map(|event| event.and_then(|event| event.happened)).collect();
                let got = gathered.column(&happened).unwrap().as_primitive::<TimestampMicrosecondType>();
                prop_assert_eq!(got.iter().collect::<Vec<_>>(), at, "{}", happened);
            }
        }
    }
}

proptest! {
    #[test]
    fn files_are_tables(
        events in events(), asked in asked(), cut in any::<prop::sample::Index>(),
        known in prop_oneof![Just(Known::After(0)), Just(Known::After(7 * MINUTE)), Just(Known::Column)],
    ) {
        let (set, catalog, rows) = (views_alone(known), Catalog::new(), rows(&asked));
        let tables = BTreeMap::from([("events".to_owned(), table(&events))]);
        let wanted = gather_tables(&set, &rows, &tables, &catalog).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cut = cut.index(events.len() + 1);
        let paths = ["first.parquet", "second.parquet"].map(|name| folder.path().join(name));
        table(&events[..cut]).write_parquet(&paths[0]).unwrap();
        table(&events[cut..]).write_parquet(&paths[1]).unwrap();
        let files = BTreeMap::from([("events".to_owned(), paths.to_vec())]);
        let gathered = gather_files(&set, &rows, &files, &catalog).unwrap();
        prop_assert_eq!(gathered.batch(), wanted.batch());
    }
}

fn views_alone(known: Known) -> FeatureSet {
    FeatureSet::builder("views", "at")
        .categories(&["key"])
        .ints(&["n"])
        .sources(set(known, false).sources().to_vec())
        .views(views())
        .features([Feature::number("value", "ever.value", Nulls::constant(0.0))])
        .build(&Catalog::new())
        .unwrap()
}

#[test]
fn what_files_can_not_give_is_named() {
    let (catalog, rows, none) = (Catalog::new(), rows(&[]), BTreeMap::new());
    let message = |set: &FeatureSet, files: &BTreeMap<String, Vec<std::path::PathBuf>>| {
        gather_files(set, &rows, files, &catalog).unwrap_err().to_string()
    };
    let windows = message(&set(Known::Column, false), &none);
    assert_eq!(windows, "windows of `history` is `sum`; it must be none where events are in files");
    let set = views_alone(Known::Column);
    assert_eq!(message(&set, &none), "there is no table for the source `events`");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.parquet");
    let files = BTreeMap::from([("events".to_owned(), vec![path.clone()])]);
    assert!(message(&set, &files).contains("events.parquet"));
    std::fs::write(&path, "no file of events").unwrap();
    assert!(message(&set, &files).contains("events.parquet"));
}

/// More rows than one thread gets at once.
#[test]
fn the_order_of_many_rows_and_events_leaves_no_trace() {
    const EVENTS: usize = 150_000;
    let event = |index: usize| Event {
        happened: Some((index as i64 * 7919 % 86_400) * 1_000_000 + index as i64),
        known: None,
        key: Some(TEXTS[index * 31 % TEXTS.len()]),
        n: Some(index as i64 % 100),
        id: None,
        value: (!index.is_multiple_of(11)).then(|| (index as f64 / 3.0).sin()),
    };
    let events: Vec<_> = (0..EVENTS).map(event).collect();
    let set = FeatureSet::builder("many", "at")
        .categories(&["key"])
        .ints(&["n"])
        .sources(set(Known::After(MINUTE), false).sources().to_vec())
        .views(views())
        .windows(windows().into_iter().filter(|window| window.limit.is_none()))
        .features([Feature::number("sum", "sum", Nulls::constant(0.0))])
        .build(&Catalog::new())
        .unwrap();
    let asked: Vec<_> = events.iter().map(|event| (event.happened.unwrap() + MINUTE, event.key, event.n)).collect();
    let (rows, table) = (rows(&asked), table(&events));
    let order = |by_time: bool| {
        let mut order: Vec<_> = (0..EVENTS as u32).collect();
        if by_time {
            order.sort_by_key(|&index| events[index as usize].happened);
        }
        UInt32Array::from(order)
    };
    let gather = |order: &UInt32Array| {
        let sorted = |dataset: &Dataset| {
            Dataset::from_batches([take_record_batch(dataset.batch(), order).unwrap()]).unwrap()
        };
        let tables = BTreeMap::from([("events".to_owned(), sorted(&table))]);
        gather_tables(&set, &sorted(&rows), &tables, &Catalog::new()).unwrap()
    };
    let (as_it_came, by_time) = (gather(&order(false)), gather(&order(true)));
    let as_it_came = take_record_batch(as_it_came.batch(), &order(true)).unwrap();
    assert_eq!(&as_it_came, by_time.batch());
    assert!(by_time.column("sum").unwrap().null_count() == 0);
}

#[test]
fn keys_meet_whatever_type_they_are_stored_as() {
    let event = |key, n, value| Event {
        happened: Some(0),
        known: None,
        key: Some(key),
        n: Some(n),
        id: None,
        value: Some(value),
    };
    let events = table(&[event("a", 7, 1.0), event("sixteen bytes ok", -1, 2.0), event("", 0, 3.0)]);
    let wanted = [("a", 7), ("sixteen bytes ok", -1), ("", 0), ("b", 7)];
    let rows = rows(&wanted.map(|(key, n)| (MINUTE, Some(key), Some(n))));
    let stored = |dataset: &Dataset, text: &DataType, int: &DataType| {
        let batch = dataset.batch();
        let column = |name: &str| {
            let array = batch.column_by_name(name).unwrap();
            let array = match name {
                "key" => cast(array, text).unwrap(),
                "n" => cast(array, int).unwrap(),
                _ => Arc::clone(array),
            };
            (name.to_owned(), array, true)
        };
        let columns: Vec<_> = batch.schema().fields().iter().map(|field| column(field.name())).collect();
        Dataset::from_batches([RecordBatch::try_from_iter_with_nullable(columns).unwrap()]).unwrap()
    };
    let set = views_alone(Known::After(0));
    let gather = |rows: &Dataset, events: Dataset| {
        let tables = BTreeMap::from([("events".to_owned(), events)]);
        bits(&gather_tables(&set, rows, &tables, &Catalog::new()).unwrap(), "lately.value")
    };
    let found = [Some(1.0), Some(2.0), Some(3.0), None].map(|x: Option<f64>| x.map(f64::to_bits));
    for int in [DataType::Int64, DataType::Int32, DataType::Int16] {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        for text in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary] {
            let (other_rows, other_events) = (stored(&rows, &text, &int), stored(&events, &text, &int));
            assert_eq!(gather(&other_rows, events.clone()), found, "rows with {text}, {int}");
            assert_eq!(gather(&rows, other_events), found, "events with {text}, {int}");
        }
    }
}

#[test]
fn a_set_that_a_file_made_wrong_is_refused() {
    let whole = serde_json::to_value(views_alone(Known::After(0))).unwrap();
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut set = whole.clone();
        *set.pointer_mut(pointer).unwrap() = value;
        serde_json::from_value::<FeatureSet>(set).unwrap()
    };
    let sets = [
        changed("/time", "n".into()),
        changed("/views/0/fields/0", "nothing".into()),
        changed("/views/0/key/0", "nothing".into()),
        changed("/views/0/key/0", "at".into()),
        changed("/views/0/source", "nothing".into()),
    ];
    let (catalog, rows) = (Catalog::new(), rows(&[(0, Some("a"), Some(1))]));
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::open(folder.path().join("log")).unwrap();
    let path = folder.path().join("events.parquet");
    table(&[]).write_parquet(&path).unwrap();
    let tables = BTreeMap::from([("events".to_owned(), table(&[]))]);
    let files = BTreeMap::from([("events".to_owned(), vec![path])]);
    for set in sets {
        assert!(gather_history(&set, &rows, &log, &catalog).is_err());
        assert!(gather_tables(&set, &rows, &tables, &catalog).is_err());
        assert!(gather_files(&set, &rows, &files, &catalog).is_err());
    }
}

#[test]
fn a_source_without_a_table_is_named() {
    let error =
        gather_tables(&set(Known::Column, false), &rows(&[]), &BTreeMap::new(), &Catalog::new()).unwrap_err();
    assert!(matches!(&error, FeatureError::NoTable { name } if name == "events"), "{error}");
}
