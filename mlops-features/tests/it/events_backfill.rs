//! State of new windows, filled up from the log beside a stream that goes on.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{Dataset, EncodeError, EncoderFormat, Gather, Slots};
use mlops_features::{
    Catalog, Feature, FeatureError, FeatureServer, FeatureSet, FeaturesFormat, FittedFeatures, Nulls, OnlineState,
    Source, View, Window, gather_history,
};
use proptest::prelude::*;

use crate::rows::{Row, batch, row};
use crate::streams::{Event, SOURCES, event, minute, open, set};

/// Other windows and views over the same sources.
fn new_set() -> FeatureSet {
    let hour = Duration::from_secs(3600);
    let names = ["day", "visits", "last.value"];
    FeatureSet::builder("new", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .sources(set().sources().iter().take(2).cloned())
        .views([View::latest("last", "sales", &["key"]).fields(&["value"])])
        .windows([
            Window::mean("day", "sales", &["key"], "value", 24 * hour),
            Window::count("visits", "visits", &["n"], 2 * hour),
        ])
        .features(names.map(|name| Feature::number(name, name, Nulls::constant(-7.5))))
        .build(&Catalog::new())
        .unwrap()
}

fn fitted(set: &FeatureSet) -> FittedFeatures {
    let folder = tempfile::tempdir().unwrap();
    let data = Dataset::from_batches([batch(&[row(0, Some(1.0), Some(1), Some("a"))])]).unwrap();
    let log = mlops_features::EventLog::open(folder.path()).unwrap();
    let gathered = gather_history(set, &data, &log, &Catalog::new()).unwrap();
    set.fit(|| [Ok::<_, FeatureError>(gathered.batch().clone())], &Catalog::new()).unwrap()
}

fn bits(slots: &Slots) -> String {
    format!("{:?}", (0..slots.len()).map(|slot| slots.value(slot)).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_state_that_was_filled_up_is_that_of_history(
        pushes in prop::collection::vec((0_usize..3, event(), 0_i64..20, 0..8_u8), 1..80),
    ) {
        let (set, catalog) = (new_set(), Catalog::new());
        let features = Arc::new(fitted(&set));
        let folder = tempfile::tempdir().unwrap();
        let mut stream = open(folder.path());
        let (mut backfill, mut attached, mut now) = (None, false, 0);
        for (source, mut event, minutes, what) in pushes {
            now += minutes;
            // Nothing happens in the future.
            event.at = event.at.map(|at| minute(now) - Duration::from_micros(at.as_micros().unsigned_abs()));
            stream.push(SOURCES[source], &event, minute(now)).unwrap();
            match (what, &mut backfill) {
                (0, None) if !attached => backfill = Some(stream.backfill(&set, &catalog).unwrap()),
                (1, Some(backfill)) => {
                    backfill.run().unwrap();
                }
                (2, Some(_)) => {
                    stream.attach(backfill.take().unwrap()).unwrap();
                    attached = true;
                }
                (3, _) => stream.seal().unwrap(),
                _ => {}
            }
        }
        if !attached {
            let backfill = match backfill {
                Some(backfill) => backfill,
                None => stream.backfill(&set, &catalog).unwrap(),
            };
            let server = FeatureServer::new(Arc::clone(&features), Arc::clone(backfill.state())).unwrap();
            let error = server.gather(&row(0, None, None, None), minute(now), &mut Slots::default()).unwrap_err();
            let not_ready = matches!(error, EncodeError::NotReady { .. });
            prop_assert!(not_ready, "{}", error);
            stream.attach(backfill).unwrap();
        }
        let state = stream.states().find(set.view_fingerprint()).unwrap();
        let server = FeatureServer::new(Arc::clone(&features), state).unwrap();
        let keys = [Some("a"), Some("b"), Some(""), None];
        let rows: Vec<Row> = keys.iter().flat_map(|&key| (0..3).map(move |n| (key, n)))
            .map(|(key, n)| row(minute(now).as_micros(), None, Some(n), key)).collect();
        let data = Dataset::from_batches([batch(&rows)]).unwrap();
        let gathered = gather_history(&set, &data, stream.log(), &catalog).unwrap();
        let mut slots = Slots::default();
        for (row, wanted) in rows.iter().zip(features.slots_of(gathered.batch()).unwrap()) {
            server.gather(row, row.at, &mut slots).unwrap();
            prop_assert_eq!(bits(&slots), bits(&wanted));
        }
    }
}

#[test]
fn a_log_is_read_while_others_push_and_seal() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    let mut at = 0;
    let mut push = |stream: &mut mlops_features::EventStream, events: i64| {
        for _ in 0..events {
            at += 1;
            let event = Event {
                at: Some(minute(at)),
                known: None,
                key: Some("a"),
                word: None,
                n: Some(1),
                value: Some(0.5),
            };
            stream.push(SOURCES[(at % 2) as usize], &event, minute(at)).unwrap();
        }
    };
    push(&mut stream, 500);
    // The same views as those of the stream, so that their states can be held side by side.
    let mut backfill = stream.backfill(&set(), &Catalog::new()).unwrap();
    let reader = std::thread::spawn(move || {
        for _ in 0..20 {
            backfill.run().unwrap();
        }
        backfill
    });
    for _ in 0..20 {
        push(&mut stream, 50);
        stream.seal().unwrap();
    }
    let state = stream.attach(reader.join().unwrap()).unwrap();
    push(&mut stream, 50);
    let (features, at) = (Arc::new(fitted(&set())), minute(1550));
    let answer = |state: &Arc<OnlineState>| {
        let mut slots = Slots::default();
        let server = FeatureServer::new(Arc::clone(&features), Arc::clone(state)).unwrap();
        server.gather(&row(at.as_micros(), None, Some(1), Some("a")), at, &mut slots).unwrap();
        bits(&slots)
    };
    let answered = answer(&state);
    assert_eq!(answered, answer(stream.state()));
    assert!(answered.contains("Float(30.0)"), "{answered}");
}

#[test]
fn a_bundle_goes_live_when_its_state_is_ready() {
    let (set, catalog) = (new_set(), Catalog::new());
    let bytes = fitted(&set).to_bytes();
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    let format = FeaturesFormat::new(catalog.clone()).with_states(stream.states());
    let load = || EncoderFormat::<Row>::load(&format, &bytes).map(drop).map_err(|error| error.to_string());
    let error = load().unwrap_err();
    assert!(error.contains("views"), "{error}");

    let backfill = stream.backfill(&set, &catalog).unwrap();
    stream.attach(backfill).unwrap();
    assert_eq!(load(), Ok(()));
    stream.detach(set.view_fingerprint());
    assert_eq!(load(), Err(error));
    // The stream's own stays.
    stream.detach(stream.state().fingerprint());
    assert!(stream.states().find(crate::streams::set().view_fingerprint()).is_some());
}

#[test]
fn a_source_that_is_logged_otherwise_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let stream = open(folder.path());
    let hour = Duration::from_secs(3600);
    let other = FeatureSet::builder("other", "at")
        .categories(&["key"])
        .sources([Source::new("visits", "at").texts(&["key", "page"])])
        .windows([Window::count("pages", "visits", &["key"], hour)])
        .features([Feature::number("pages", "pages", Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap();
    let error = stream.backfill(&other, &Catalog::new()).unwrap_err();
    assert!(error.to_string().contains("visits"), "{error}");
}
