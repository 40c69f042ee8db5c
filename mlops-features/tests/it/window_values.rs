//! Windows over texts and integers, and of two windows a ratio, against loops over all events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use mlops_core::{Dataset, Timestamp, Value};
use mlops_features::{
    Aggregate, ApproximateDistinct, Catalog, Count, Distinct, EventLog, Feature, FeatureSet, First, Last, Max,
    Nulls, Scratch, Source, Sum, TopK, Window, Within, column, gather_history,
};
use proptest::prelude::*;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: i64 = 60_000_000;

#[derive(Clone, Debug)]
struct Event {
    minute: i64,
    lag: i64,
    word: Option<&'static str>,
    number: Option<i64>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let word = prop::option::weighted(0.9, prop::sample::select(vec!["", "a", "b", "ä", "zz", "a\u{0}"]));
    let number = prop::option::weighted(0.9, prop_oneof![-3..3_i64, Just(i64::MAX), Just(i64::MIN), Just(1 << 53)]);
    let event = (-99..99_i64, 0..70_i64, word, number);
    let event = event.prop_map(|(minute, lag, word, number)| Event { minute, lag, word, number });
    prop::collection::vec(event, 0..60)
}

fn windows(hop: Duration) -> Vec<Window> {
    fn of<A: Aggregate>(value: &str, aggregate: A) -> Window {
        Window::new(&format!("{}_{value}", A::NAME), "events", &["key"], value, aggregate, HOUR)
    }
    let mut windows = vec![
        of("word", First {}),
        of("word", Last {}),
        of("word", Distinct {}),
        of("word", TopK::new(2)),
        of("word", Count {}),
        of("number", First {}),
        of("number", Last {}),
        of("number", Distinct {}),
        of("number", Sum {}),
        of("number", Max {}),
    ];
    if !hop.is_zero() {
        windows.push(of("word", ApproximateDistinct::new(10)));
        windows.push(of("number", ApproximateDistinct::new(10)));
    }
    windows.into_iter().map(|window| window.hop(hop)).collect()
}

/// What a window is of the values in it, in their total order, as it is printed.
fn wanted(window: &str, inside: &[&Event]) -> String {
    let words: Vec<&str> = inside.iter().filter_map(|event| event.word).collect();
    let numbers: Vec<i64> = inside.iter().filter_map(|event| event.number).collect();
    let text = |word: Option<&&str>| word.copied().unwrap_or("∅").to_owned();
    let int = |number: Option<&i64>| number.map_or("∅".into(), i64::to_string);
    let float = |x: f64| format!("{x:?}");
    match window {
        "first_word" => text(words.first()),
        "last_word" => text(words.last()),
        "distinct_word" => float(words.iter().collect::<BTreeSet<_>>().len() as f64),
        "count_word" => float(words.len() as f64),
        "top_k_word" => {
            let mut counts = BTreeMap::<&str, i64>::new();
            words.iter().for_each(|word| *counts.entry(word).or_default() -= 1);
            let mut order: Vec<_> = counts.into_iter().map(|(word, count)| (count, word)).collect();
            order.sort_unstable();
            order.truncate(2);
            format!("[{}]", order.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(", "))
        }
        "first_number" => int(numbers.first()),
        "last_number" => int(numbers.last()),
        "distinct_number" => float(numbers.iter().collect::<BTreeSet<_>>().len() as f64),
        // An integer counts as the float that it is nearest to.
        "sum_number" => float(numbers.iter().map(|&x| x as f64 as i128).sum::<i128>() as f64),
        "max_number" => numbers.iter().max().map_or("∅".into(), |&x| float(x as f64)),
        "approximate_distinct_word" => registers(words.into_iter().map(Value::Text)),
        "approximate_distinct_number" => registers(numbers.into_iter().map(Value::Int)),
        other => panic!("{other}"),
    }
}

/// The estimate of a sketch that got each value once, in their order.
fn registers<'a>(values: impl Iterator<Item = Value<'a>>) -> String {
    let mut different: Vec<Value<'_>> = Vec::new();
    values.for_each(|value| {
        if !different.contains(&value) {
            different.push(value);
        }
    });
    different.sort_by_key(|value| format!("{value:?}"));
    let (sketch, mut state) = (ApproximateDistinct::new(10), Vec::new());
    different.iter().for_each(|&value| sketch.add(&mut state, value));
    let within = Within::new(Timestamp::MIN, HOUR);
    let Value::Float(estimate) = sketch.value(&state, &within, &Scratch::default()) else { panic!("no float") };
    assert!((estimate - different.len() as f64).abs() < 0.3, "{estimate} of {}", different.len());
    format!("{estimate:?}")
}

fn set(windows: Vec<Window>) -> FeatureSet {
    FeatureSet::builder("values", "at")
        .categories(&["key"])
        .sources([Source::new("events", "happened").known_at("known").texts(&["key", "word"]).ints(&["number"])])
        .windows(windows)
        .features([Feature::number("one", 1.0, Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap()
}

fn times(minutes: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(minutes.map(|minute| minute * MINUTE)))
}

fn same_key(rows: usize) -> ArrayRef {
    Arc::new(StringArray::from(vec!["k"; rows]))
}

/// The windows of a set as of some minutes, after its events.
fn gathered(set: &FeatureSet, events: &[Event], asked: &[i64]) -> Dataset {
    let columns: [(&str, ArrayRef); 5] = [
        ("happened", times(events.iter().map(|event| event.minute))),
        ("known", times(events.iter().map(|event| event.minute + event.lag))),
        ("key", same_key(events.len())),
        ("word", Arc::new(StringArray::from_iter(events.iter().map(|event| event.word)))),
        ("number", Arc::new(Int64Array::from_iter(events.iter().map(|event| event.number)))),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    let table = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap();
    log.append(&set.sources()[0], &table).unwrap();
    let rows = [("at", times(asked.iter().copied())), ("key", same_key(asked.len()))];
    let rows = Dataset::from_batches([RecordBatch::try_from_iter(rows).unwrap()]).unwrap();
    gather_history(set, &rows, &log, &Catalog::new()).unwrap()
}

/// The events of the hour before a minute that were known then, in their total order.
fn inside(events: &[Event], minute: i64, hop: Duration) -> Vec<&Event> {
    let hop = (hop.as_secs() / 60) as i64;
    let end = if hop == 0 { minute } else { minute.div_euclid(hop) * hop };
    let is_in =
        |event: &&Event| event.minute > end - 60 && event.minute <= end && event.minute + event.lag <= minute;
    let mut inside: Vec<_> = events.iter().filter(is_in).collect();
    inside.sort_by_key(|event| (event.minute, event.lag));
    inside
}

proptest! {
    #[test]
    fn windows_over_texts_and_integers_are_a_loop(
        events in events(), asked in prop::collection::vec(-120..180_i64, 1..8), hop in prop::sample::select(vec![0_u64, 15, 60]),
    ) {
        let hop = Duration::from_secs(hop * 60);
        let names: Vec<_> = windows(hop).into_iter().map(|window| window.name).collect();
        let got = gathered(&set(windows(hop)), &events, &asked);
        for name in names {
            let options = FormatOptions::default().with_null("∅");
            let printed = ArrayFormatter::try_new(got.column(&name).unwrap(), &options).unwrap();
            for (row, &minute) in asked.iter().enumerate() {
                let wanted = wanted(&name, &inside(&events, minute, hop));
                prop_assert_eq!(printed.value(row).to_string(), wanted, "{} as of minute {}", name, minute);
            }
        }
    }

    #[test]
    fn a_ratio_is_the_quotient_of_two_windows(
        events in events(), asked in prop::collection::vec(-120..180_i64, 1..8),
    ) {
        let names = ["sum_number", "count_word"];
        let of = |name: &str| windows(Duration::ZERO).into_iter().find(|window| window.name == name).unwrap();
        let builder = FeatureSet::builder("ratio", "at").categories(&["key"]);
        let source = Source::new("events", "happened").known_at("known").texts(&["key", "word"]).ints(&["number"]);
        let ratio = column(names[0]).over(names[1]);
        let set = builder
            .sources([source])
            .windows(names.map(of))
            .features([Feature::number("each", ratio, Nulls::constant(-1.0))])
            .build(&Catalog::new())
            .unwrap();
        let rows = gathered(&set, &events, &asked);
        let label = mlops_features::Label { value: 0.0, available: Timestamp::MIN };
        let labels = mlops_features::Labels(vec![Some(label); asked.len()]);
        let fit = set.fit_encode(rows.batch(), &labels, Timestamp::MAX, &Catalog::new()).unwrap();
        for (row, &minute) in asked.iter().enumerate() {
            let inside = inside(&events, minute, Duration::ZERO);
            let [sum, count]: [f64; 2] = names.map(|name| wanted(name, &inside).parse().unwrap());
            let (got, wanted) = (fit.matrix.values()[[row, 0]], sum / count);
            prop_assert!(got == wanted || got.is_nan() && wanted.is_nan(), "{}, not {} over {}", got, sum, count);
        }
    }
}
