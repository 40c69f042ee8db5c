//! What it costs to encode flights: one by one, and a year of them at once.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mlops_benches::Flight;
use mlops_core::{Dataset, Encoder, Gather, SlotEncoder, Slots, Timestamp};
use mlops_examples::{features, ingest, late};
use mlops_features::{Catalog, EventLog, FeatureServer, FeatureSet, FittedFeatures, OnlineState, gather_history};

const APRIL: Timestamp = Timestamp::from_date(2013, 4, 1);

struct Prepared {
    features: FittedFeatures,
    gathered: Dataset,
    log: EventLog,
    _folder: tempfile::TempDir,
}

/// Fits a set on January to March and gathers the flights until `end`.
fn prepare(set: &FeatureSet, end: Timestamp) -> Prepared {
    let catalog = Catalog::new();
    let [flights, weather] = ingest().expect("flights and weather").map(|checked| checked.clean);
    let folder = tempfile::tempdir().expect("a folder");
    let mut log = EventLog::open(folder.path()).expect("a log");
    for source in set.sources() {
        let rows = if source.name == "weather" { &weather } else { &flights };
        log.append(source, rows.batch()).expect("events");
    }
    let flights = flights.between("scheduled", Timestamp::MIN, end).expect("times");
    let gathered = gather_history(set, &flights, &log, &catalog).expect("gathered");
    let train = gathered.between("scheduled", Timestamp::MIN, APRIL).expect("times");
    let labels = late().of(train.batch(), &catalog).expect("labels");
    let fit = set.fit_encode(train.batch(), &labels, APRIL, &catalog).expect("a fit");
    Prepared { features: fit.features, gathered, log, _folder: folder }
}

fn is_rolling(name: &str) -> bool {
    ["carrier_delay", "carrier_late", "origin_delay", "origin_late", "origin_departures"].contains(&name)
}

fn one_row(criterion: &mut Criterion) {
    let catalog = Catalog::new();
    let all = features(&catalog).expect("the set");
    let mut group = criterion.benchmark_group("one flight");
    for (name, set) in [
        ("all but the rolling features", all.select(|name| !is_rolling(name), &catalog).expect("a part of it")),
        ("all features", all.clone()),
    ] {
        let prepared = prepare(&set, APRIL);
        let state = Arc::new(OnlineState::new(&set, &catalog).expect("state"));
        let at = Timestamp::from_date(2013, 3, 15);
        prepared.log.replay(&state).expect("a replay").advance(&state, at);
        let server = FeatureServer::new(Arc::new(prepared.features.clone()), state).expect("a server");
        let first = prepared.gathered.between("scheduled", at, APRIL).expect("times");
        let rows: Vec<Flight> = serde_arrow::from_record_batch(&first.batch().slice(0, 64)).expect("rows");
        let (mut slots, mut numbers) = (Slots::default(), vec![0.0; prepared.features.names().len()]);
        let mut next = rows.iter().cycle();
        group.bench_function(BenchmarkId::new("read, gather, encode", name), |bencher| {
            bencher.iter(|| {
                let row = next.next().expect("a cycle doesn't end");
                server.gather(black_box(row), at, &mut slots).expect("gathered");
                prepared.features.encode(&slots, &mut numbers).expect("encoded");
            });
        });
        group.bench_function(BenchmarkId::new("read", name), |bencher| {
            bencher.iter(|| prepared.features.read(black_box(&rows[7]), &mut slots).expect("read"));
        });
        group.bench_function(BenchmarkId::new("encode", name), |bencher| {
            server.gather(&rows[7], at, &mut slots).expect("gathered");
            bencher.iter(|| prepared.features.encode(black_box(&slots), &mut numbers).expect("encoded"));
        });
    }
    group.finish();
}

fn a_year(criterion: &mut Criterion) {
    let catalog = Catalog::new();
    let all = features(&catalog).expect("the set");
    let of_row = |name: &str| {
        !is_rolling(name) && !["temp", "humid", "wind_speed", "precip", "pressure", "visib"].contains(&name)
    };
    let mut group = criterion.benchmark_group("a year of flights");
    group.sample_size(10);
    for (name, set) in
        [("row features", all.select(of_row, &catalog).expect("a part of it")), ("all features", all.clone())]
    {
        let prepared = prepare(&set, Timestamp::MAX);
        group.throughput(Throughput::Elements(prepared.gathered.rows() as u64));
        group.bench_function(BenchmarkId::new("encode_batch, one thread", name), |bencher| {
            bencher.iter(|| prepared.features.encode_batch(black_box(prepared.gathered.batch())).expect("encoded"));
        });
    }
    group.finish();
}

criterion_group!(benches, one_row, a_year);
criterion_main!(benches);
