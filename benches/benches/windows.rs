//! A window over a million keys online: an event that is applied, and a row that is answered.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use criterion::{Criterion, criterion_group, criterion_main};
use mlops_core::{Gather, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, Feature, FeatureServer, FeatureSet, Label, Labels, Mean, Nulls, OnlineState, Source, Stamp, Window,
};
use serde::Serialize;

const HOUR: Duration = Duration::from_secs(3600);
/// Events come a microsecond times this apart, so that each key has four in an hour.
const APART: u64 = 900;
const PER_KEY: u64 = 4;

#[derive(Serialize)]
struct Row {
    at: Timestamp,
    n: i64,
}

/// A million keys, or few where the bench is only tested.
fn keys() -> u64 {
    if std::env::args().any(|argument| argument == "--test") { 1000 } else { 1_000_000 }
}

fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn set() -> FeatureSet {
    FeatureSet::builder("bench", "at")
        .ints(&["n"])
        .sources([Source::new("events", "happened").ints(&["n"]).floats(&["value"])])
        .windows([Window::new("mean", "events", &["n"], "value", Mean {}, HOUR)])
        .features([Feature::number("mean", "mean", Nulls::constant(0.0))])
        .build(&Catalog::new())
        .expect("the set holds together")
}

/// The key of an event: all come in turn, in no order of their numbers.
fn key(event: u64, keys: u64) -> i64 {
    (event.wrapping_mul(7919) % keys) as i64
}

fn apply(state: &OnlineState, slots: &mut Slots, event: u64, keys: u64) {
    slots.clear();
    slots.set_value(0, Value::Int(key(event, keys)));
    slots.set_value(1, Value::Float((event % 1000) as f64 * 0.37));
    let at = time(event, keys);
    state.apply(0, Stamp { event_time: at, available: at, sequence: event }, slots);
}

fn time(event: u64, keys: u64) -> Timestamp {
    Timestamp::from_micros((event * APART * 1_000_000 / keys) as i64)
}

fn windows(criterion: &mut Criterion) {
    let (set, keys, catalog) = (set(), keys(), Catalog::new());
    let state = Arc::new(OnlineState::new(&set, &catalog).expect("the catalog has all"));
    let mut slots = Slots::new(2);
    let before = resident();
    let mut events = 0;
    while events < keys * PER_KEY {
        apply(&state, &mut slots, events, keys);
        events += 1;
    }
    println!("{} resident bytes a key with {PER_KEY} events", resident().saturating_sub(before) / keys);
    println!("of these {} are the mean's", size_of::<<Mean as mlops_features::Aggregate>::State>());

    let columns: [(&str, ArrayRef); 3] = [
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![0]))),
        ("n", Arc::new(Int64Array::from(vec![0]))),
        ("mean", Arc::new(Float64Array::from(vec![0.0]))),
    ];
    let row = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let labels = Labels(vec![Some(Label { value: 0.0, available: Timestamp::MIN })]);
    let fit = set.fit_encode(&row, &labels, Timestamp::MAX, &catalog).expect("a row to fit on");
    let server = FeatureServer::new(Arc::new(fit.features), Arc::clone(&state)).expect("the set's state");

    let mut group = criterion.benchmark_group("windows");
    group.bench_function("apply an event", |bencher| {
        bencher.iter(|| {
            apply(&state, &mut slots, events, keys);
            events += 1;
        });
    });
    let mut answer = Slots::default();
    let mut asked = 0;
    let at = time(events, keys);
    group.bench_function("gather a row", |bencher| {
        bencher.iter(|| {
            asked += 1;
            server.gather(&Row { at, n: key(asked, keys) }, at, &mut answer).expect("it is known");
        });
    });
}

criterion_group!(benches, windows);
criterion_main!(benches);
