//! Views and windows, offline and online, against loops over all events.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Float64Type;
use mlops_core::{Dataset, EncodeError, Gather, SlotEncoder, Slots, Timestamp, Value};
use mlops_features::{Catalog, EventLog, FeatureServer, FeatureSet, OnlineState, gather_history};
use proptest::prelude::*;

use crate::rows::{Row, batch, labels, over_time, row, set_over_time};

const MINUTE: i64 = 60_000_000;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) happened: i64,
    pub(crate) known: i64,
    pub(crate) key: Option<&'static str>,
    pub(crate) n: Option<i64>,
    pub(crate) value: Option<f64>,
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let keys = || prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", ""]));
    let values = prop_oneof![-100.0..100.0, Just(1e300), Just(-1e300), Just(0.1), (-50..50).prop_map(f64::from)];
    // Around 1970, so that times before it come too; some known late, some stamped before they happened.
    let one =
        (-300_i64..300, -10_i64..200, keys(), prop::option::of(0_i64..3), prop::option::weighted(0.9, values));
    let event = |(happened, lag, key, n, value): (i64, i64, Option<&'static str>, Option<i64>, Option<f64>)| {
        Event { happened: happened * MINUTE, known: (happened + lag) * MINUTE, key, n, value }
    };
    prop::collection::vec(one.prop_map(event), 0..60)
}

pub(crate) fn asked() -> impl Strategy<Value = Vec<Row>> {
    let keys = prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", "", "never"]));
    let one = (-300_i64..500, prop::option::weighted(0.9, 0_i64..3), keys);
    prop::collection::vec(one.prop_map(|(at, n, key)| row(at * MINUTE, None, n, key)), 1..30)
}

pub(crate) fn table(events: &[Event]) -> RecordBatch {
    let times = |time: fn(&Event) -> i64| TimestampMicrosecondArray::from_iter_values(events.iter().map(time));
    let columns: [(&str, ArrayRef); 6] = [
        ("happened", Arc::new(times(|event| event.happened))),
        ("known", Arc::new(times(|event| event.known))),
        ("key", Arc::new(StringArray::from_iter(events.iter().map(|event| event.key)))),
        ("word", Arc::new(StringArray::from_iter(events.iter().map(|event| event.key)))),
        ("n", Arc::new(Int64Array::from_iter(events.iter().map(|event| event.n)))),
        ("value", Arc::new(Float64Array::from_iter(events.iter().map(|event| event.value)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// A view's or window's value for a row, by a loop over all events.
fn by_hand(events: &[Event], row: &Row, name: &str) -> Option<f64> {
    let t = row.at.as_micros();
    let known = |event: &&Event| event.happened <= t && event.known.max(event.happened) <= t;
    let within = |event: &&Event, minutes: i64| event.happened > t - minutes * MINUTE;
    let of_key = |event: &&Event| event.key.is_some() && event.key == row.key.as_deref();
    let of_n = |event: &&Event| event.n.is_some() && event.n == row.n;
    let last = |events: Vec<&Event>| {
        // Of two with both times the same, the later in the table has the higher sequence: the sort is stable.
        let mut events = events;
        events.sort_by_key(|event| (event.happened, event.known.max(event.happened)));
        events.last().copied().cloned()
    };
    match name {
        "last.value" => {
            last(events.iter().filter(known).filter(of_key).collect())
                .filter(|event| event.happened >= t - 120 * MINUTE)?
                .value
        }
        "ever.value" => last(events.iter().filter(known).filter(of_key).filter(of_n).collect())?.value,
        "count" => row.n.map(|_| events.iter().filter(known).filter(of_n).filter(|e| within(e, 60)).count() as f64),
        "mean" | "sum" => {
            row.key.as_ref()?;
            let (minutes, factor) = if name == "mean" { (60, None) } else { (180, Some(0.1)) };
            let values: Vec<f64> = events
                .iter()
                .filter(known)
                .filter(of_key)
                .filter(|event| within(event, minutes))
                .filter_map(|event| event.value)
                .map(|value| factor.map_or(value, |factor| value * factor))
                .collect();
            match (name, values.len()) {
                ("mean", 0) => None,
                ("mean", count) => Some(python_fsum(&values) / count as f64),
                _ => Some(python_fsum(&values)),
            }
        }
        _ => unreachable!("{name}"),
    }
}

/// Shewchuk's algorithm: the exact sum, rounded once.
fn python_fsum(values: &[f64]) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for &value in values {
        let (mut x, mut kept) = (value, Vec::new());
        for &partial in &partials {
            let (big, small) = if x.abs() < partial.abs() { (partial, x) } else { (x, partial) };
            let high = big + small;
            let low = small - (high - big);
            if low != 0.0 {
                kept.push(low);
            }
            x = high;
        }
        kept.push(x);
        partials = kept;
    }
    let mut high = partials.pop().unwrap_or(0.0);
    while let Some(next) = partials.pop() {
        let sum = high + next;
        let low = next - (sum - high);
        high = sum;
        if low != 0.0 {
            let further = partials.last().copied().unwrap_or(0.0);
            if (low < 0.0 && further < 0.0) || (low > 0.0 && further > 0.0) {
                let doubled = low * 2.0;
                if doubled == (high + doubled) - high {
                    high += doubled;
                }
            }
            break;
        }
    }
    high
}

proptest! {
    #[test]
    fn online_is_offline_is_a_loop_over_all_events(events in events(), asked in asked(), cut in any::<prop::sample::Index>()) {
        let (set, catalog) = (set_over_time(), Catalog::new());
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        // In two segments, opened again between them.
        let cut = cut.index(events.len() + 1);
        log.append(&set.sources()[0], &table(&events[..cut])).unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        log.append(&set.sources()[0], &table(&events[cut..])).unwrap();

        let rows = Dataset::from_batches([batch(&asked)]).unwrap();
        let gathered = gather_history(&set, &rows, &log, &catalog).unwrap();
        for name in ["last.value", "ever.value", "mean", "sum", "count"] {
            let column = gathered.column(name).unwrap().as_primitive::<Float64Type>();
            for (index, (row, got)) in asked.iter().zip(column).enumerate() {
                let wanted = by_hand(&events, row, name);
                prop_assert!(
                    got.map(f64::to_bits) == wanted.map(f64::to_bits),
                    "{name} of row {index}: {got:?}, by hand {wanted:?}"
                );
            }
        }

        // Online: from state that a replay keeps, in the order of time.
        let fit = set.fit_encode(gathered.batch(), &labels(&asked, vec![0.0; asked.len()]), Timestamp::MAX, &catalog).unwrap();
        let state = Arc::new(OnlineState::new(&set, &catalog).unwrap());
        let server = FeatureServer::new(Arc::new(fit.features.clone()), Arc::clone(&state)).unwrap();
        let offline = fit.features.slots_of(gathered.batch()).unwrap();
        let mut replay = log.replay(&state).unwrap();
        let mut order: Vec<usize> = (0..asked.len()).collect();
        order.sort_by_key(|&index| asked[index].at);
        let mut slots = Slots::default();
        for index in order {
            replay.advance(&state, asked[index].at);
            server.gather(&asked[index], asked[index].at, &mut slots).unwrap();
            for slot in 0..fit.features.slot_schema().fields.len() {
                prop_assert_eq!(slots.value(slot), offline[index].value(slot));
            }
        }
    }
}

#[test]
fn a_clock_that_goes_back_too_far_is_not_answered_wrongly() {
    let (set, catalog) = (set_over_time(), Catalog::new());
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let event = |minute| Event {
        happened: minute * MINUTE,
        known: minute * MINUTE,
        key: Some("a"),
        n: Some(1),
        value: Some(1.0),
    };
    let all: Vec<_> = (0..600).map(event).collect();
    log.append(&set.sources()[0], &table(&all)).unwrap();
    let state = Arc::new(OnlineState::new(&set, &catalog).unwrap());
    let mut replay = log.replay(&state).unwrap();
    assert_eq!(replay.advance(&state, Timestamp::MAX), 600);
    assert_eq!(replay.remaining(), 0);

    let asked = [row(599 * MINUTE, None, Some(1), Some("a"))];
    let rows = Dataset::from_batches([batch(&asked)]).unwrap();
    let gathered = gather_history(&set, &rows, &log, &catalog).unwrap();
    let fit = set.fit_encode(gathered.batch(), &labels(&asked, [0.0]), Timestamp::MAX, &catalog).unwrap();
    let server = FeatureServer::new(Arc::new(fit.features.clone()), state).unwrap();
    let mut slots = Slots::default();
    let mean = fit.features.slot_schema().position("mean").unwrap();
    // Within five minutes of the latest event: as it was known then.
    server.gather(&asked[0], Timestamp::from_micros(596 * MINUTE), &mut slots).unwrap();
    assert_eq!(slots.value(mean), Value::Float(1.0));
    let error = server.gather(&asked[0], Timestamp::from_micros(100 * MINUTE), &mut slots).unwrap_err();
    assert!(matches!(error, EncodeError::NotReady { .. }), "{error}");
}

#[test]
fn one_state_serves_sets_whose_rows_have_other_columns() {
    let catalog = Catalog::new();
    let plain = set_over_time();
    let fewer = over_time(FeatureSet::builder("fewer", "at").ints(&["n"]).categories(&["key"]));
    let more = FeatureSet::builder("more", "at").categories(&["word"]).ints(&["m"]).categories(&["key"]);
    let more = over_time(more.floats(&["y", "x"]).ints(&["n"]));
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let event = |(minute, key, n)| Event {
        happened: minute * MINUTE,
        known: minute * MINUTE,
        key: Some(key),
        n: Some(n),
        value: Some(minute as f64),
    };
    let events = [(1, "a", 1), (2, "b", 2), (3, "a", 2), (4, "b", 1), (5, "b", 2)].map(event);
    log.append(&plain.sources()[0], &table(&events)).unwrap();

    let asked = [("a", 1), ("b", 2), ("a", 2), ("never", 7)];
    let asked = asked.map(|(key, n)| row(10 * MINUTE, Some(0.5), Some(n), Some(key)));
    // Of the columns that not all rows have, the values would be found under a wrong slot.
    let columns = batch(&asked);
    let (swapped, ones) = (["b", "a", "b", "b"], [2, 1, 1, 1]);
    let fields = columns.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let fields = fields.iter().map(String::as_str).zip(columns.columns().iter().cloned());
    let added: [(&str, ArrayRef); 3] = [
        ("word", Arc::new(StringArray::from(swapped.to_vec()))),
        ("m", Arc::new(Int64Array::from(ones.to_vec()))),
        ("y", Arc::new(Float64Array::from(vec![0.0; 4]))),
    ];
    let wide = RecordBatch::try_from_iter(fields.chain(added)).unwrap();
    let rows = Dataset::from_batches([wide]).unwrap();

    for born in [&plain, &fewer, &more] {
        let state = Arc::new(OnlineState::new(born, &catalog).unwrap());
        log.replay(&state).unwrap().advance(&state, Timestamp::MAX);
        for set in [&plain, &fewer, &more] {
            let gathered = gather_history(set, &rows, &log, &catalog).unwrap();
            let labels = labels(&asked, [0.0; 4]);
            let fit = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &catalog).unwrap();
            let offline = fit.features.slots_of(gathered.batch()).unwrap();
            let schema = fit.features.slot_schema().clone();
            let server = FeatureServer::new(Arc::new(fit.features), Arc::clone(&state)).unwrap();
            for (index, row) in asked.iter().enumerate() {
                let request = serde_json::json!({
                    "at": row.at, "x": row.x, "n": row.n, "key": row.key,
                    "word": swapped[index], "m": ones[index], "y": 0.0,
                });
                let mut slots = Slots::default();
                server.gather(&request, row.at, &mut slots).unwrap();
                for (slot, field) in schema.fields.iter().enumerate() {
                    let (got, wanted) = (slots.value(slot), offline[index].value(slot));
                    assert_eq!(got, wanted, "{} of row {index}, {set:?} over {born:?}", field.name);
                }
                let ever = schema.position("ever.value").unwrap();
                let by_hand = by_hand(&events, row, "ever.value").map_or(Value::Missing, Value::Float);
                assert_eq!(slots.value(ever), by_hand);
            }
        }
    }
}

#[test]
fn null_keys_are_missing_and_counted_and_a_null_time_is_an_error() {
    let (set, catalog) = (set_over_time(), Catalog::new());
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let event = |key, n| Event { happened: 0, known: 0, key, n, value: Some(1.0) };
    let logged = log.append(&set.sources()[0], &table(&[event(None, Some(1)), event(Some("a"), None)])).unwrap();
    assert_eq!(logged.events, 2);
    let state = OnlineState::new(&set, &catalog).unwrap();
    log.replay(&state).unwrap().advance(&state, Timestamp::MAX);
    // Without `key`: last, ever, mean and sum; without `n`: ever and count.
    assert_eq!(state.unkeyed(), 6);

    let gather =
        |rows: &RecordBatch| gather_history(&set, &Dataset::from_batches([rows.clone()]).unwrap(), &log, &catalog);
    let gathered = gather(&batch(&[row(0, None, None, None)])).unwrap();
    assert_eq!(gathered.texts("mean").unwrap(), [""]);

    let mut columns = batch(&[row(0, None, None, None), row(0, None, None, None)]).columns().to_vec();
    columns[0] = Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None]));
    let fields = ["at", "x", "n", "key"].into_iter().zip(columns).map(|(name, array)| (name, array, true));
    let error = gather(&RecordBatch::try_from_iter_with_nullable(fields).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 of the rows to gather has a null in column `at`, which has to hold a value"
    );
}

#[test]
fn a_set_that_gathers_nothing_leaves_its_rows_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let log = EventLog::open(folder.path()).unwrap();
    let rows = Dataset::from_batches([batch(&crate::rows::some_rows())]).unwrap();
    let gathered = gather_history(&crate::rows::set(), &rows, &log, &Catalog::new()).unwrap();
    assert_eq!(gathered.version(), rows.version());
}

#[test]
fn a_time_zone_moves_no_instant() {
    let set = set_over_time();
    let zoned = |zone: Option<&str>| {
        let at = TimestampMicrosecondArray::from(vec![0, 60 * MINUTE]).with_timezone_opt(zone);
        let whole = batch(&[row(0, None, None, None), row(60 * MINUTE, None, None, None)]);
        let mut columns = whole.columns().to_vec();
        columns[0] = Arc::new(at.clone());
        let fields = ["at", "x", "n", "key"].into_iter().zip(columns).map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(fields).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = EventLog::open(folder.path()).unwrap();
        let rows = Dataset::from_batches([batch]).unwrap();
        let gathered = gather_history(&set, &rows, &log, &Catalog::new()).unwrap();
        let label = |micros| Some(mlops_features::Label { value: 0.0, available: Timestamp::from_micros(micros) });
        let labels = mlops_features::Labels(vec![label(0), label(0)]);
        let fit = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &Catalog::new()).unwrap();
        match fit.features.slots_of(gathered.batch()).unwrap()[1].value(0) {
            Value::Time(at) => at,
            other => panic!("{other:?}"),
        }
    };
    let wanted = Timestamp::from_micros(0) + Duration::from_secs(3600);
    for zone in [None, Some("UTC"), Some("+05:30")] {
        assert_eq!(zoned(zone), wanted, "{zone:?}");
    }
}
