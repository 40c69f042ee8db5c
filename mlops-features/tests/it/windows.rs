//! Every aggregate over windows of every shape, offline and online, against loops over all events.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::{Dataset, Gather, Slots, Timestamp, Value};
use mlops_features::{
    Aggregate, ApproximateDistinct, ApproximateQuantile, Catalog, Count, Distinct, EventLog, EventStream, Feature,
    FeatureServer, FeatureSet, Feed, First, Last, Late, LeadingEdge, Max, Mean, Min, Nulls, OnlineState, Overflow,
    Rate, Sum, TimeSinceLast, Variance, Window, gather_history,
};
use proptest::prelude::*;

const MINUTE: i64 = 60_000_000;
const WITHIN: Duration = Duration::from_secs(1800);

#[derive(Clone, Debug)]
struct Event {
    happened: i64,
    known: i64,
    key: &'static str,
    n: i64,
    value: Option<f64>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    // On the minute and between, before 1970 and after, and around the end of summer time in Berlin in 2013.
    let around = prop::sample::select(vec![0, 1_382_835_600_000_000_i64]);
    let value = prop::option::weighted(0.9, prop_oneof![-9.0..9.0, (-3..3).prop_map(f64::from), Just(1e200)]);
    let one = (-200_i64..200, -5_i64..90, prop::sample::select(vec!["a", "b"]), 0_i64..2, value, 0_i64..3);
    let of = move |around: i64| {
        let event = move |(at, lag, key, n, value, micros): (i64, i64, _, _, _, i64)| {
            let happened = around + at * MINUTE + micros - 1;
            Event { happened, known: (happened + lag * MINUTE).max(happened), key, n, value }
        };
        prop::collection::vec(one.clone().prop_map(event), 0..50)
    };
    around.prop_flat_map(of)
}

/// What a window is made of, with what is to come out of the values in it, in order, as of a time.
type Wanted = fn(&[&Event], f64, i64) -> Option<f64>;

fn window<A: Aggregate>(name: &str, aggregate: A) -> Window {
    Window::new(name, "events", &["key", "n"], "value", aggregate, Duration::from_secs(3600))
}

fn values(events: &[&Event]) -> Vec<f64> {
    events.iter().filter_map(|event| event.value).collect()
}

/// The sum of multiples of 2^-60 or of a few large numbers, by whole numbers.
fn exact(values: &[f64], power: u32) -> num_bigint::BigInt {
    values.iter().map(|x| scaled(*x).pow(power)).sum()
}

fn scaled(x: f64) -> num_bigint::BigInt {
    let (bits, sign) = (x.to_bits(), if x < 0.0 { -1 } else { 1 });
    let (biased, fraction) = ((bits >> 52 & 0x7ff) as i64, (bits & ((1 << 52) - 1)) as i64);
    let mantissa = if biased == 0 { fraction } else { fraction | 1 << 52 };
    num_bigint::BigInt::from(sign * mantissa) << (biased.max(1) - 1) as usize
}

fn cases() -> Vec<(Window, Wanted)> {
    vec![
        (window("count", Count {}), |events, _, _| Some(values(events).len() as f64)),
        (window("min", Min {}), |events, _, _| values(events).into_iter().min_by(f64::total_cmp)),
        (window("max", Max {}), |events, _, _| values(events).into_iter().max_by(f64::total_cmp)),
        (window("first", First {}), |events, _, _| values(events).first().copied()),
        (window("last", Last {}), |events, _, _| values(events).last().copied()),
        (window("since", TimeSinceLast {}), |events, _, at| {
            let last = events.iter().rfind(|event| event.value.is_some())?;
            Some(Duration::from_micros((at - last.happened) as u64).as_secs_f64())
        }),
        (window("distinct", Distinct {}), |events, _, _| {
            let mut bits: Vec<u64> = values(events).iter().map(|x| (x + 0.0).to_bits()).collect();
            bits.sort_unstable();
            bits.dedup();
            Some(bits.len() as f64)
        }),
        (window("sum", Sum {}), |events, sum, _| Some(if values(events).is_empty() { 0.0 } else { sum })),
        (window("rate", Rate {}), |events, sum, _| {
            Some(if values(events).is_empty() { 0.0 } else { sum / 3600.0 })
        }),
        (window("mean", Mean {}), |events, sum, _| {
            let count = values(events).len();
            (count > 0).then(|| sum / count as f64)
        }),
    ]
}

/// The correctly rounded sum: of two candidates beside the rounded one none is nearer.
fn rounded(values: &[f64]) -> f64 {
    let total = exact(values, 1);
    let distance = |x: f64| num_bigint::BigInt::from((scaled(x) - &total).magnitude().clone());
    let naive: f64 = values.iter().sum();
    let mut best = if distance(naive) <= distance(0.0) { naive } else { 0.0 };
    loop {
        let next = [best.next_up(), best.next_down()].into_iter().min_by_key(|&x| distance(x)).unwrap();
        let even = next.to_bits() & 1 == 0;
        match distance(next).cmp(&distance(best)) {
            std::cmp::Ordering::Less => best = next,
            std::cmp::Ordering::Equal if even => return next,
            _ => return best,
        }
    }
}

/// That of a population, to within two roundings.
fn variance(values: &[f64]) -> Option<f64> {
    let count = num_bigint::BigInt::from(values.len());
    let sum = exact(values, 1);
    let numerator = exact(values, 2) * &count - &sum * &sum;
    // In units of 2^-2148: of what is left of 60 more bits, as many as a float has room for.
    let quotient: num_bigint::BigInt = (numerator << 60) / (!values.is_empty()).then(|| &count * &count)?;
    let extra = quotient.bits().saturating_sub(1000);
    let float: f64 = (quotient >> extra).to_string().parse().unwrap();
    let exponent = extra as i32 - 2148 - 60;
    Some((0..exponent.unsigned_abs()).fold(float, |x, _| if exponent < 0 { x / 2.0 } else { x * 2.0 }))
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    hop: u64,
    strict: bool,
    edge: LeadingEdge,
    late: Late,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let hops = prop::sample::select(vec![0_u64, 600, 3600]);
    let edges = prop::sample::select(vec![LeadingEdge::Asked, LeadingEdge::LatestEvent]);
    let late = prop::sample::select(vec![Late::Take, Late::Drop(WITHIN)]);
    (hops, any::<bool>(), edges, late).prop_map(|(hop, strict, edge, late)| Shape { hop, strict, edge, late })
}

fn set(shape: Shape) -> FeatureSet {
    let windows = cases().into_iter().map(|(window, _)| window);
    let hopping = (shape.hop > 0).then(|| window("about", ApproximateDistinct::new(8)));
    let windows = windows.chain([window("median", ApproximateQuantile::new(0.5, 0.01))]).chain(hopping);
    let windows = windows.chain([window("variance", Variance::population())]);
    let windows: Vec<_> = windows
        .map(|window| {
            let window = window.hop(Duration::from_secs(shape.hop)).leading_edge(shape.edge).late(shape.late);
            if shape.strict { window.strict() } else { window }
        })
        .collect();
    let features: Vec<_> =
        windows.iter().map(|w| Feature::number(&w.name, w.name.as_str(), Nulls::constant(f64::NAN))).collect();
    let source = mlops_features::Source::new("events", "happened").known_at("known");
    FeatureSet::builder("windows", "at")
        .categories(&["key"])
        .ints(&["n"])
        .sources([source.texts(&["key"]).ints(&["n"]).floats(&["value"])])
        .windows(windows)
        .features(features)
        .build(&Catalog::new())
        .unwrap()
}

fn table(events: &[Event]) -> RecordBatch {
    let times = |time: fn(&Event) -> i64| TimestampMicrosecondArray::from_iter_values(events.iter().map(time));
    let columns: [(&str, ArrayRef); 5] = [
        ("happened", Arc::new(times(|event| event.happened))),
        ("known", Arc::new(times(|event| event.known))),
        ("key", Arc::new(StringArray::from_iter_values(events.iter().map(|event| event.key)))),
        ("n", Arc::new(Int64Array::from_iter_values(events.iter().map(|event| event.n)))),
        ("value", Arc::new(Float64Array::from_iter(events.iter().map(|event| event.value)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn asked(rows: &[(i64, &str, i64)]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 3] = [
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.0)))),
        ("key", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)))),
        ("n", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The events in the window of a row, in their total order, and when it was asked.
fn inside<'a>(events: &'a [Event], shape: Shape, row: (i64, &str, i64)) -> (Vec<&'a Event>, i64) {
    let at = row.0 - i64::from(shape.strict);
    let known: Vec<&Event> = events.iter().filter(|event| event.known <= at).collect();
    let end = match shape.edge {
        LeadingEdge::Asked => at,
        _ => known.iter().map(|event| event.happened).max().unwrap_or(at),
    };
    let hop = (shape.hop * 1_000_000) as i64;
    let end = if hop == 0 { end } else { end.div_euclid(hop) * hop };
    // In the order in which they could be known, as the log replays them.
    let mut order: Vec<&Event> =
        known.into_iter().filter(|event| (event.key, event.n) == (row.1, row.2) && event.value.is_some()).collect();
    order.sort_by_key(|event| event.known);
    let (mut latest, mut taken) = (i64::MIN, Vec::new());
    for event in order {
        if matches!(shape.late, Late::Drop(_)) && event.happened < latest.saturating_sub(30 * MINUTE) {
            continue;
        }
        latest = latest.max(event.happened);
        if event.happened <= end && event.happened > end - 60 * MINUTE {
            taken.push(event);
        }
    }
    taken.sort_by_key(|event| (event.happened, event.known));
    (taken, at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn offline_and_online_are_a_loop_over_all_events(
        events in events(), shape in shapes(), asks in prop::collection::vec((-200_i64..300, 0_usize..2, 0_i64..2, 0_i64..3), 1..12),
    ) {
        let (set, catalog) = (set(shape), Catalog::new());
        let origin = if events.iter().any(|event| event.happened > 1_000_000 * MINUTE) { 1_382_835_600_000_000 } else { 0 };
        let rows: Vec<_> =
            asks.iter().map(|&(at, key, n, micros)| (origin + at * MINUTE + micros - 1, ["a", "b"][key], n)).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut log = EventLog::open(folder.path()).unwrap();
        log.append(&set.sources()[0], &table(&events)).unwrap();
        let dataset = Dataset::from_batches([asked(&rows)]).unwrap();
        let gathered = gather_history(&set, &dataset, &log, &catalog).unwrap();
        for (index, &row) in rows.iter().enumerate() {
            let (inside, at) = inside(&events, shape, row);
            let sum = rounded(&values(&inside));
            let close = |name: &str, wanted: Option<f64>, share: f64| {
                let column = gathered.column(name).unwrap();
                let got = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(column);
                match (got.iter().nth(index).unwrap(), wanted) {
                    (Some(got), Some(wanted)) => got == wanted || (got - wanted).abs() <= share * wanted.abs(),
                    (got, wanted) => got.is_none() && wanted.is_none(),
                }
            };
            let mut sorted = values(&inside);
            prop_assert!(close("variance", variance(&sorted), 1e-15), "variance of row {}", index);
            sorted.sort_by(f64::total_cmp);
            let middle = sorted.len().checked_sub(1).map(|last| sorted[last / 2]);
            prop_assert!(close("median", middle, 0.01 + 1e-12), "median of row {}", index);
            for (window, wanted) in cases() {
                let column = gathered.column(&window.name).unwrap();
                let got = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(column);
                let got = got.iter().nth(index).unwrap();
                let wanted = wanted(&inside, sum, at);
                // A sum of nothing but -0 is 0, as is one that cancels.
                prop_assert_eq!(got.map(|x| (x + 0.0).to_bits()), wanted.map(|x| (x + 0.0).to_bits()),
                    "{} of row {}: {:?}, by hand {:?}", window.name, index, got, wanted);
            }
        }
    }
}

/// Applies events in an order and asks as of times near the end.
fn answers(set: &FeatureSet, events: &[Event], order: &[usize], at: i64) -> Vec<String> {
    let state = Arc::new(OnlineState::new(set, &Catalog::new()).unwrap());
    for &index in order {
        let event = &events[index];
        let mut slots = Slots::new(3);
        slots.set_value(0, Value::Text(event.key));
        slots.set_value(1, Value::Int(event.n));
        slots.set_value(2, event.value.map_or(Value::Missing, Value::Float));
        let [event_time, available] = [event.happened, event.known].map(Timestamp::from_micros);
        state.apply(0, mlops_features::Stamp { event_time, available, sequence: index as u64 }, &slots);
    }
    ask(set, state, at)
}

/// What state answers as of times near the end.
fn ask(set: &FeatureSet, state: Arc<OnlineState>, at: i64) -> Vec<String> {
    let catalog = Catalog::new();
    let rows = asked(&[(0, "a", 0), (1, "b", 1)]);
    let labels = [0, 1].map(|_| Some(mlops_features::Label { value: 0.0, available: Timestamp::MIN }));
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let filler = Event { happened: 0, known: 0, key: "a", n: 0, value: Some(1.0) };
    log.append(&set.sources()[0], &table(&[filler])).unwrap();
    let gathered = gather_history(set, &Dataset::from_batches([rows]).unwrap(), &log, &catalog).unwrap();
    let labels = mlops_features::Labels(labels.to_vec());
    let fit = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &catalog).unwrap();
    let server = FeatureServer::new(Arc::new(fit.features), state).unwrap();
    let mut slots = Slots::default();
    let mut answers = Vec::new();
    for (key, n, back) in [("a", 0, 0), ("a", 1, 0), ("b", 0, 3), ("b", 1, 4)] {
        let at = Timestamp::from_micros(at - back * MINUTE);
        let request = serde_json::json!({ "at": at, "key": key, "n": n });
        match server.gather(&request, at, &mut slots) {
            Ok(()) => answers.extend((3..slots.len()).map(|slot| match slots.value(slot) {
                Value::Float(x) => format!("{:x}", x.to_bits()),
                other => format!("{other:?}"),
            })),
            Err(error) => answers.push(error.to_string()),
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn no_order_of_arrival_leaves_a_trace(
        events in events(), shape in shapes(), order in Just((0..50_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let shape = Shape { late: Late::Take, ..shape };
        let order: Vec<_> = order.into_iter().filter(|&index| index < events.len()).collect();
        let straight: Vec<_> = (0..events.len()).collect();
        let at = events.iter().map(|event| event.known).max().unwrap_or(0);
        let set = set(shape);
        prop_assert_eq!(answers(&set, &events, &straight, at), answers(&set, &events, &order, at));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_snapshot_and_what_came_after_it_are_the_whole(
        events in events(), shape in shapes(), cut in any::<prop::sample::Index>(),
    ) {
        let (set, catalog, events) = (set(shape), Catalog::new(), table(&events));
        let feed = || Feed::new(&set, &[("events", &events)]).unwrap();
        let known = arrow::array::AsArray::as_primitive::<arrow::datatypes::TimestampMicrosecondType>(
            events.column_by_name("known").unwrap(),
        );
        let until = if known.is_empty() { 0 } else { known.value(cut.index(known.len())) };
        let at = known.values().iter().copied().max().unwrap_or(0);
        let open = |folder: &tempfile::TempDir| EventStream::open(folder.path(), &set, &catalog).unwrap();

        let [stopped, whole] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut stream = open(&stopped);
        feed().advance(&mut stream, Timestamp::from_micros(until)).unwrap();
        stream.snapshot().unwrap();
        drop(stream);
        let mut stream = open(&stopped);
        feed().advance(&mut stream, Timestamp::MAX).unwrap();
        let mut other = open(&whole);
        feed().advance(&mut other, Timestamp::MAX).unwrap();
        for window in ["sum", "last"] {
            prop_assert_eq!(stream.state().late(window), other.state().late(window));
        }
        let [got, wanted] = [&stream, &other].map(|stream| ask(&set, Arc::clone(stream.state()), at));
        prop_assert_eq!(got, wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_snapshot_with_changed_bytes_is_passed_over_or_answers(
        events in events(), shape in shapes(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0_u8), Just(255), any::<u8>()]), 1..12),
    ) {
        let (set, catalog, folder) = (set(shape), Catalog::new(), tempfile::tempdir().unwrap());
        let open = || EventStream::open(folder.path(), &set, &catalog).unwrap();
        let at = events.iter().map(|event| event.known).max().unwrap_or(0);
        let mut stream = open();
        Feed::new(&set, &[("events", &table(&events))]).unwrap().advance(&mut stream, Timestamp::MAX).unwrap();
        stream.snapshot().unwrap();
        drop(stream);
        let path = crate::streams::files(folder.path(), "snapshot-").remove(0);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 4);
        // Behind the header, whose fingerprint must be that of the set.
        for (place, byte) in changes {
            let place = 48 + place.index(bytes.len() - 48);
            bytes[place] = byte;
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        std::fs::write(path, bytes).unwrap();
        let answers = ask(&set, Arc::clone(open().state()), at);
        prop_assert!(!answers.is_empty());
    }
}

#[test]
fn an_hour_of_a_stream_that_is_half_an_hour_late_is_2_now_and_4_by_its_latest_event() {
    let source = mlops_features::Source::new("events", "happened").known_after(Duration::from_secs(1800));
    let hour = Duration::from_secs(3600);
    let of = |name: &str| Window::sum(name, "events", &["key"], 1.0, hour);
    let set = FeatureSet::builder("late", "at")
        .categories(&["key"])
        .sources([source.texts(&["key"])])
        .windows([of("asked"), of("latest").leading_edge(LeadingEdge::LatestEvent)])
        .features([
            Feature::number("asked", "asked", Nulls::Mean),
            Feature::number("latest", "latest", Nulls::Mean),
        ])
        .build(&Catalog::new())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let times = (1..=8).map(|quarter| quarter * 15 * MINUTE);
    let happened: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times));
    let key: ArrayRef = Arc::new(StringArray::from(vec!["a"; 8]));
    let events = RecordBatch::try_from_iter([("happened", happened), ("key", key)]).unwrap();
    log.append(&set.sources()[0], &events).unwrap();
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![120 * MINUTE]));
    let key: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let rows = Dataset::from_batches([RecordBatch::try_from_iter([("at", at), ("key", key)]).unwrap()]).unwrap();
    let gathered = gather_history(&set, &rows, &log, &Catalog::new()).unwrap();
    assert_eq!([gathered.texts("asked").unwrap(), gathered.texts("latest").unwrap()], [["2.0"], ["4.0"]]);
}

#[test]
fn what_is_beyond_a_limit_is_counted_and_not_answered_or_left_out() {
    let hour = Duration::from_secs(3600);
    for (overflow, wanted) in [(Overflow::DropOldest, Ok(Value::Float(3.0))), (Overflow::Refuse, Err(()))] {
        let window = Window::count("n", "events", &["key"], hour).limit(3, overflow);
        let set = FeatureSet::builder("limited", "at")
            .categories(&["key"])
            .sources([mlops_features::Source::new("events", "happened").texts(&["key"])])
            .windows([window])
            .features([Feature::number("n", "n", Nulls::Mean)])
            .build(&Catalog::new())
            .unwrap();
        let state = Arc::new(OnlineState::new(&set, &Catalog::new()).unwrap());
        let mut slots = Slots::new(1);
        for minute in [1, 4, 3, 2, 5] {
            slots.clear();
            slots.set_value(0, Value::Text("a"));
            let at = Timestamp::from_micros(minute * MINUTE);
            let stamp = mlops_features::Stamp { event_time: at, available: at, sequence: minute as u64 };
            state.apply(0, stamp, &slots);
        }
        assert_eq!((state.overflowed("n"), state.late("n"), state.late("m")), (Some(2), Some(0), None));
        let rows: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]));
        let columns: [(&str, ArrayRef); 3] = [
            ("at", rows),
            ("key", Arc::new(StringArray::from(vec!["a"]))),
            ("n", Arc::new(Float64Array::from(vec![1.0]))),
        ];
        let labels =
            mlops_features::Labels(vec![Some(mlops_features::Label { value: 0.0, available: Timestamp::MIN })]);
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let fit = set.fit_encode(&rows, &labels, Timestamp::MAX, &Catalog::new()).unwrap();
        let server = FeatureServer::new(Arc::new(fit.features), state).unwrap();
        let mut answer = Slots::default();
        let mut ask = |minute: i64| {
            let at = Timestamp::from_micros(minute * MINUTE);
            let request = serde_json::json!({ "at": at, "key": "a" });
            server.gather(&request, at, &mut answer).map(|()| format!("{:?}", answer.value(2)))
        };
        match wanted {
            Ok(value) => assert_eq!(ask(5).unwrap(), format!("{value:?}")),
            Err(()) => {
                let error = ask(5).unwrap_err().to_string();
                assert!(error.contains("`n`") && error.contains("more than 3 events"), "{error}");
                // Once the window is past what went, it answers again.
                assert_eq!(ask(63).unwrap(), format!("{:?}", Value::Float(2.0)));
            }
        }
    }
}

#[test]
fn bad_windows_name_themselves_and_the_parameter() {
    let hour = Duration::from_secs(3600);
    let plain = || Window::count("w", "events", &["key"], hour);
    let about = Window::new("w", "events", &["key"], 1.0, ApproximateDistinct::new(8), hour);
    let cases = [
        (plain().hop(Duration::from_secs(7)), "hop of `w` is 7s; it must be 0, or a part of the length"),
        (plain().limit(0, Overflow::Refuse), "limit of `w` is 0; it must be 1 event or more"),
        (
            plain().tumbling().limit(9, Overflow::Refuse),
            "limit of `w` is given; it must be none where there is a hop",
        ),
        (
            about,
            "hop of `w` is 0 with `approximate_distinct`; it must be above 0, since values can't be taken out of its \
             aggregate",
        ),
    ];
    for (window, wanted) in cases {
        let built = FeatureSet::builder("bad", "at")
            .categories(&["key"])
            .sources([mlops_features::Source::new("events", "happened").texts(&["key"])])
            .windows([window])
            .features([Feature::number("w", "w", Nulls::Mean)])
            .build(&Catalog::new());
        assert_eq!(built.unwrap_err().to_string(), wanted);
    }
}
