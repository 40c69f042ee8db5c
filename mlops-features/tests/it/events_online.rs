//! Events as they come: what is answered online is what history says.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{Dataset, EncodeError, Gather, SlotEncoder, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, EventLog, EventStream, FeatureError, FeatureServer, FeatureSet, FittedFeatures, Source, gather_history,
};
use proptest::prelude::*;

use crate::rows::{Row, batch, labels, row};
use crate::streams::{Event, SOURCES, event, events_in, feed, files, minute, open, set, state_bytes, table};

#[derive(Clone, Debug)]
enum Step {
    Push(usize, Event),
    Ask(i64, Option<i64>, Option<&'static str>),
    Seal,
    Snapshot,
    Reopen,
}

/// What is done, and how many minutes later the next.
fn steps() -> impl Strategy<Value = Vec<(Step, i64)>> {
    let keys = prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", "", "never"]));
    let step = prop_oneof![
        12 => (0_usize..3, event()).prop_map(|(source, event)| Step::Push(source, event)),
        6 => (0_i64..5, prop::option::of(0_i64..3), keys).prop_map(|(ago, n, key)| Step::Ask(ago, n, key)),
        1 => Just(Step::Seal),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Reopen),
    ];
    let minutes = prop_oneof![2 => Just(0_i64), 2 => 1_i64..10, 1 => 10_i64..100];
    prop::collection::vec((step, minutes), 1..120)
}

/// Any fit of the set, to read and gather rows with.
fn fitted(set: &FeatureSet) -> FittedFeatures {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::open(folder.path()).unwrap();
    let rows = [row(0, Some(1.0), Some(1), Some("a")), row(0, Some(1.0), Some(1), Some(""))];
    let data = Dataset::from_batches([batch(&rows)]).unwrap();
    let gathered = gather_history(set, &data, &log, &Catalog::new()).unwrap();
    set.fit_encode(gathered.batch(), &labels(&rows, [0.0; 2]), Timestamp::MAX, &Catalog::new()).unwrap().features
}

fn bits(slots: &Slots, fields: usize) -> Vec<String> {
    // `Debug` of floats tells all bits but those of NaNs, of which there are none.
    (0..fields).map(|slot| format!("{:?}", slots.value(slot))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn online_is_offline_whatever_came_between(steps in steps()) {
        let (set, catalog) = (set(), Catalog::new());
        let features = Arc::new(fitted(&set));
        let fields = features.slot_schema().fields.len();
        let folder = tempfile::tempdir().unwrap();
        let mut stream = open(folder.path());
        let (mut now, mut pushed) = (0_i64, 0);
        let (mut asked, mut online): (Vec<Row>, Vec<Vec<String>>) = (Vec::new(), Vec::new());
        for (step, minutes) in steps {
            match step {
                Step::Push(source, mut event) => {
                    // Nothing happens in the future; it may be known then.
                    event.at = event.at.map(|at| minute(now) - Duration::from_micros(at.as_micros().unsigned_abs()));
                    let stamp = stream.push(SOURCES[source], &event, minute(now)).unwrap();
                    prop_assert_eq!(stamp.map(|stamp| stamp.sequence), event.at.map(|_| pushed));
                    pushed += u64::from(stamp.is_some());
                    if let Some(stamp) = stamp {
                        prop_assert!(stamp.available >= minute(now) && stamp.available >= stamp.event_time);
                    }
                }
                Step::Ask(ago, n, key) => {
                    let server = FeatureServer::new(Arc::clone(&features), Arc::clone(stream.state())).unwrap();
                    let asking = row((now - ago) * 60_000_000, None, n, key);
                    let mut slots = Slots::default();
                    server.gather(&asking, asking.at, &mut slots).unwrap();
                    asked.push(asking);
                    online.push(bits(&slots, fields));
                    // What comes from here on wasn't known then.
                    now += 1;
                }
                Step::Seal => stream.seal().unwrap(),
                Step::Snapshot => stream.snapshot().unwrap(),
                Step::Reopen => {
                    drop(stream);
                    stream = open(folder.path());
                    prop_assert_eq!(stream.torn(), 0);
                }
            }
            now += minutes;
        }
        let logged: u64 = SOURCES.iter().map(|source| stream.logged(source)).sum();
        prop_assert_eq!(logged, pushed);
        prop_assert_eq!(events_in(&stream) as u64, pushed);
        if asked.is_empty() {
            return Ok(());
        }
        let rows = Dataset::from_batches([batch(&asked)]).unwrap();
        let gathered = gather_history(&set, &rows, stream.log(), &catalog).unwrap();
        for (slots, online) in features.slots_of(gathered.batch()).unwrap().iter().zip(&online) {
            prop_assert_eq!(&bits(slots, fields), online);
        }
    }

    #[test]
    fn a_feed_is_the_log_of_its_tables(events in prop::array::uniform3(prop::collection::vec(event(), 0..30)), steps in prop::collection::vec(-320_i64..420, 0..5)) {
        let tables = events.clone().map(|events| table(&events));
        let fed = tempfile::tempdir().unwrap();
        let mut stream = open(fed.path());
        let mut feed = feed(&tables);
        let events: usize = events.iter().flatten().filter(|event| event.at.is_some()).count();
        prop_assert_eq!(feed.remaining(), events);
        let mut steps = steps;
        steps.sort_unstable();
        for step in steps {
            feed.advance(&mut stream, minute(step)).unwrap();
            prop_assert_eq!(events_in(&stream) + feed.remaining(), events);
        }
        feed.advance(&mut stream, Timestamp::MAX).unwrap();
        prop_assert_eq!(feed.advance(&mut stream, Timestamp::MAX).unwrap(), 0);

        // As history in bulk: the same answers at any time.
        let appended = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(appended.path()).unwrap();
        for (source, table) in set().sources().iter().zip(&tables) {
            log.append(source, table).unwrap();
        }
        let asked: Vec<_> = (-30..42).flat_map(|t| ["a", "b"].map(|key| row(t * 600_000_000, None, Some(t % 3), Some(key)))).collect();
        let rows = Dataset::from_batches([batch(&asked)]).unwrap();
        let of_feed = gather_history(&set(), &rows, stream.log(), &Catalog::new()).unwrap();
        let of_log = gather_history(&set(), &rows, &log, &Catalog::new()).unwrap();
        prop_assert_eq!(of_feed.version(), of_log.version());

        // A stream opens what was appended, and a feed of the same tables finds nothing to add.
        let mut opened = open(appended.path());
        let mut again = crate::streams::feed(&tables);
        prop_assert_eq!(again.advance(&mut opened, Timestamp::MAX).unwrap(), 0);
        prop_assert_eq!(again.remaining(), 0);
    }
}

fn visit(at: i64) -> Event {
    Event { at: Some(minute(at)), known: None, key: Some("a"), word: None, n: Some(1), value: None }
}

#[test]
fn an_event_is_known_when_it_came_or_later_where_its_source_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    let mut available = |source: &str, event: &Event, now: i64| {
        stream.push(source, event, minute(now)).unwrap().map(|stamp| stamp.available)
    };
    assert_eq!(available("visits", &visit(5), 7), Some(minute(7)));
    assert_eq!(available("visits", &visit(9), 7), Some(minute(9)));
    assert_eq!(available("prices", &visit(5), 7), Some(minute(35)));
    assert_eq!(available("sales", &Event { known: Some(minute(50)), ..visit(5) }, 7), Some(minute(50)));
    assert_eq!(available("sales", &Event { known: Some(minute(3)), ..visit(5) }, 7), Some(minute(7)));
    assert_eq!(available("sales", &Event { at: None, ..visit(5) }, 7), None);
    assert_eq!(stream.logged("sales"), 2);
    assert_eq!(stream.logged("nothing"), 0);
}

#[test]
fn an_event_that_is_pushed_before_it_may_be_known_hides_nothing() {
    let set = set();
    let features = Arc::new(fitted(&set));
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    let server = FeatureServer::new(Arc::clone(&features), Arc::clone(stream.state())).unwrap();
    let price = features.slot_schema().position("price.value").unwrap();
    let mut slots = Slots::default();
    for now in 0..600 {
        // Known half an hour later.
        let event = Event { value: Some(now as f64), ..visit(now) };
        stream.push("prices", &event, minute(now)).unwrap();
        server.gather(&row(now * 60_000_000, None, None, Some("a")), minute(now), &mut slots).unwrap();
        let wanted = if now < 30 { Value::Missing } else { Value::Float((now - 30) as f64) };
        assert_eq!(slots.value(price), wanted, "at minute {now}");
    }
}

#[test]
fn a_full_tail_is_sealed_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    for i in 0..65_536 + 10 {
        stream.push("visits", &visit(i / 100), minute(i / 100)).unwrap();
    }
    assert_eq!(files(&folder.path().join("visits"), "").len(), 1);
    assert_eq!(stream.logged("visits"), 65_546);
    assert_eq!(events_in(&stream), 65_546);
    let bytes = state_bytes(&mut stream, folder.path());
    drop(stream);
    assert_eq!(crate::streams::replayed_bytes(folder.path()), bytes);
}

#[test]
fn a_log_has_one_writer_and_any_number_of_readers() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    stream.push("visits", &visit(0), minute(0)).unwrap();
    let error = crate::streams::try_open(folder.path()).unwrap_err();
    assert!(matches!(error, FeatureError::InUse { .. }), "{error}");
    let mut log = EventLog::open(folder.path()).unwrap();
    let error = log.append(&set().sources()[1], &table(&[visit(1)])).unwrap_err();
    assert!(matches!(error, FeatureError::InUse { .. }), "{error}");

    // Whoever comes after goes on behind what was written meanwhile.
    stream.push("visits", &visit(2), minute(2)).unwrap();
    drop(stream);
    log.append(&set().sources()[1], &table(&[visit(3)])).unwrap();
    let mut stream = open(folder.path());
    assert_eq!(stream.push("visits", &visit(4), minute(4)).unwrap().unwrap().sequence, 3);
    assert_eq!(events_in(&stream), 4);
    stream.seal().unwrap();
    drop(stream);
    assert_eq!(events_in(&open(folder.path())), 4);
}

#[test]
fn rows_and_tables_that_do_not_fit_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    let mut text =
        |source: &str, row: &serde_json::Value| stream.push(source, row, minute(0)).unwrap_err().to_string();
    assert_eq!(
        text("visit", &serde_json::json!({})),
        "`an event` uses the source `visit`, which the set doesn't have"
    );
    assert_eq!(text("visits", &serde_json::json!({"at": 0, "key": "a"})), "an event of `visits` can't be read");
    let long = "x".repeat(Slots::SIDE_LIMIT + 1);
    assert_eq!(
        text("visits", &serde_json::json!({"at": 0, "key": long, "n": 1})),
        "an event of `visits` has more than 65536 bytes of text"
    );
    let error = stream.push("visits", &serde_json::json!({"key": "a", "n": 1}), minute(0)).unwrap_err();
    let FeatureError::Event { source, .. } = error else { panic!("{error}") };
    assert_eq!(source, EncodeError::MissingField { field: "at".into() });
    assert_eq!((stream.logged("visits"), events_in(&stream)), (0, 0));

    let whole = table(&[visit(0)]);
    let build = |tables: &[&str]| {
        let tables: Vec<_> = tables.iter().map(|&name| (name, &whole)).collect();
        mlops_features::Feed::new(&set(), &tables).map(|feed| feed.remaining()).map_err(|error| error.to_string())
    };
    assert_eq!(build(&["prices", "visits", "sales"]), Ok(3));
    assert_eq!(build(&["prices", "visits"]), Err("there is no table for the source `sales`".into()));
    assert_eq!(build(&["prices", "prices"]), Err("there are two tables named `prices`".into()));
    assert_eq!(build(&["x"]), Err("`a feed` uses the source `x`, which the set doesn't have".into()));

    // A feed knows the log that it filled from another one.
    let mut feed = feed(&[whole.clone(), whole.clone(), whole]);
    assert_eq!(feed.advance(&mut stream, minute(0)).unwrap(), 2);
    let other = tempfile::tempdir().unwrap();
    let error = feed.advance(&mut open(other.path()), Timestamp::MAX).unwrap_err();
    assert_eq!(error.to_string(), "the log has 0 events of `sales`, but 1 were passed on: it is another log");
}

#[test]
fn a_source_with_other_columns_goes_on_in_the_same_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    stream.push("visits", &visit(0), minute(0)).unwrap();
    drop(stream);
    let narrow = FeatureSet::builder("narrow", "at")
        .categories(&["key"])
        .sources([Source::new("visits", "at").texts(&["key"])])
        .windows([mlops_features::Window::count("visits", "visits", &["key"], Duration::from_secs(3600))])
        .features([mlops_features::Feature::number("visits", "visits", mlops_features::Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap();
    let mut stream = EventStream::open(folder.path(), &narrow, &Catalog::new()).unwrap();
    stream.push("visits", &serde_json::json!({"at": 60_000_000, "key": "a"}), minute(1)).unwrap();
    assert_eq!(stream.logged("visits"), 2);
    drop(stream);
    // An event that lacks a column is refused where the column is needed.
    let error = crate::streams::try_open(folder.path()).unwrap_err();
    assert!(matches!(error, FeatureError::Schema { .. }), "{error}");
}
