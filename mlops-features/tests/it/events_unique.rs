//! Events that come again are one.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use arrow::array::{Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::Timestamp;
use mlops_features::{
    Catalog, EventLog, EventStream, Feature, FeatureError, FeatureSet, Feed, Nulls, OnlineState, Source, Window,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

use crate::streams::minute;

const WITHIN: i64 = 60;

fn set(id: &str, within: Duration) -> Result<FeatureSet, FeatureError> {
    let hour = Duration::from_secs(3600);
    FeatureSet::builder("unique", "at")
        .categories(&["key"])
        .sources([Source::new("sales", "at")
            .texts(&["key", "id"])
            .ints(&["number"])
            .floats(&["value"])
            .unique(id, within)])
        .windows([Window::count("sales", "sales", &["key"], hour)])
        .features([Feature::number("sales", "sales", Nulls::Refuse)])
        .build(&Catalog::new())
}

fn texts() -> FeatureSet {
    set("id", Duration::from_secs(60 * WITHIN as u64)).unwrap()
}

fn open(folder: &Path) -> EventStream {
    EventStream::open(folder, &texts(), &Catalog::new()).unwrap()
}

/// Which of some events, in minutes and ids, are not the same again, by a look at all before.
fn new_ones(events: &[(i64, Option<u8>)]) -> Vec<bool> {
    let (mut latest, mut times) = (i64::MIN, HashMap::new());
    let new = |&(at, id): &(i64, Option<u8>)| {
        let Some(id) = id else {
            latest = latest.max(at);
            return true;
        };
        if times.get(&id).is_some_and(|&before: &i64| before >= latest - WITHIN) {
            return false;
        }
        latest = latest.max(at);
        times.insert(id, at);
        true
    };
    events.iter().map(new).collect()
}

fn table(events: &[(i64, Option<u8>)]) -> RecordBatch {
    let ids = events.iter().map(|(_, id)| id.map(|id| format!("id {id}")));
    RecordBatch::try_from_iter_with_nullable([
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter(
                events.iter().map(|(at, _)| Some(minute(*at).as_micros())),
            )) as _,
            true,
        ),
        ("key", Arc::new(StringArray::from_iter(events.iter().map(|_| Some("a")))) as _, true),
        ("id", Arc::new(StringArray::from_iter(ids)) as _, true),
        ("number", Arc::new(Int64Array::from_iter(events.iter().map(|_| Some(1)))) as _, true),
        ("value", Arc::new(arrow::array::Float64Array::from_iter(events.iter().map(|_| Some(1.0)))) as _, true),
    ])
    .unwrap()
}

fn events_in(log: &EventLog) -> usize {
    log.replay(&OnlineState::new(&texts(), &Catalog::new()).unwrap()).unwrap().remaining()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_comes_again_is_not_logged_whatever_came_between(
        events in prop::collection::vec((0_i64..300, prop::option::weighted(0.9, 0_u8..12), 0_u8..10), 1..80),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut stream = open(folder.path());
        let plain: Vec<_> = events.iter().map(|&(at, id, _)| (at, id)).collect();
        let mut duplicates = 0;
        for ((at, id, what), new) in events.into_iter().zip(new_ones(&plain)) {
            let id = id.map(|id| format!("id {id}"));
            let event = json!({"at": minute(at), "key": "a", "id": id, "number": 1, "value": 1.0});
            let stamp = stream.push("sales", &event, minute(at)).unwrap();
            prop_assert_eq!(stamp.is_some(), new);
            duplicates += u64::from(!new);
            prop_assert_eq!(stream.duplicates("sales"), duplicates);
            match what {
                0 => stream.seal().unwrap(),
                1 => stream.snapshot().unwrap(),
                2 => {
                    drop(stream);
                    stream = open(folder.path());
                    duplicates = 0;
                }
                _ => {}
            }
        }
        prop_assert_eq!(events_in(stream.log()) as u64, stream.logged("sales"));
    }

    #[test]
    fn tables_that_overlap_are_logged_once(
        mut events in prop::collection::vec((0_i64..300, prop::option::weighted(0.9, 0_u8..12)), 1..60),
        cut in 0_usize..60,
    ) {
        events.sort_by_key(|&(at, _)| at);
        let new = new_ones(&events).into_iter().filter(|new| *new).count();
        let (folder, fed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut log = EventLog::open(folder.path()).unwrap();
        let (set, cut) = (texts(), cut.min(events.len()));
        let first = log.append(&set.sources()[0], &table(&events[..cut])).unwrap();
        let second = log.append(&set.sources()[0], &table(&events[cut..])).unwrap();
        prop_assert_eq!(first.events + second.events, new);
        prop_assert_eq!(first.duplicates + second.duplicates, events.len() - new);
        prop_assert_eq!(events_in(&log), new);

        let all = table(&events);
        let mut stream = open(fed.path());
        let mut feed = Feed::new(&set, &[("sales", &all)]).unwrap();
        prop_assert_eq!(feed.duplicates(), events.len() - new);
        feed.advance(&mut stream, minute(100)).unwrap();
        // A new feed goes on where the log ends.
        Feed::new(&set, &[("sales", &all)]).unwrap().advance(&mut stream, Timestamp::MAX).unwrap();
        prop_assert_eq!((stream.logged("sales"), stream.duplicates("sales")), (new as u64, 0));
    }
}

#[test]
fn ids_are_texts_or_integers_of_the_source() {
    let minute = Duration::from_secs(60);
    assert!(set("number", minute).is_ok());
    let text = |id: &str, within| set(id, within).unwrap_err().to_string();
    assert!(text("value", minute).contains("sales: value"));
    assert!(text("none", minute).contains("`none`"));
    assert!(text("id", Duration::ZERO).contains("more than 0"));
}
