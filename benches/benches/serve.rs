//! What serving adds to encoding and predicting, what an observed value and an event cost, and how long an answer takes,
//! with the disk at work and with the disk held.

use std::hint::black_box;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mlops_core::{
    Answered, Bundle, Family, Gate, Observer, Pipeline, Rule, Slot, Slots, SourcedBundle, SystemClock, Timestamp,
};
use mlops_drift::{InputMonitor, MonitorOptions, ProfileFormat, ReferenceProfile};
use mlops_examples::{DAY, features, ingest, late};
use mlops_features::{Catalog, EventStream, FeaturesFormat, Feed, OnlineState, Stamp, TableRow, gather_history};
use mlops_serve::{
    LatencyHistogram, Live, Loader, LogOptions, LogisticFormat, LogisticTrainer, OutcomeJoin, PredictionLog, Runner,
};
use ndarray::{ArrayView2, ArrayViewMut2};

const APRIL: Timestamp = Timestamp::from_date(2013, 4, 1);

/// A bundle of January to March, the state as of 1 April, and the flights that are asked for then.
struct Setup {
    bundle: Arc<Bundle>,
    profile: ReferenceProfile,
    events: EventStream,
    asked: Vec<TableRow>,
    _folder: tempfile::TempDir,
}

fn prepare() -> Setup {
    let catalog = Catalog::new();
    let set = features(&catalog).expect("the set");
    let [flights, weather] = ingest().expect("the data");
    let (flights, weather) = (flights.clean, weather.clean);
    let folder = tempfile::tempdir().expect("a folder");
    let mut events = EventStream::open(folder.path(), &set, &catalog).expect("a stream");
    let tables = [("weather", weather.batch()), ("arrivals", flights.batch()), ("departures", flights.batch())];
    Feed::new(&set, &tables).expect("a feed").advance(&mut events, APRIL).expect("events");
    let rows = flights.between("scheduled", Timestamp::MIN, APRIL).expect("times");
    let known = gather_history(&set, &rows, events.log(), &catalog).expect("gathered");
    let data = set.fit_split(&known, &late(), APRIL - 14 * DAY, APRIL, &catalog).expect("a fit");
    let trainer = LogisticTrainer::builder().gradient_tolerance(1e-3).build().expect("a trainer");
    let gate = Gate::new([Rule::at_least("roc_auc", 0.5)]).expect("a gate");
    let pipeline =
        Pipeline::new("flight_delay", [Family::new("logistic", trainer, LogisticFormat)], gate, "log_loss");
    let made = pipeline.expect("a pipeline").run::<TableRow>(&data, None, &SystemClock).expect("a model");
    let winner = made.winner.expect("it passed");
    let profile = ReferenceProfile::of(&data, &winner).build().expect("a profile");
    let bundle = Arc::new(winner.bundle().part("profile", profile.to_part()).build().expect("a bundle"));
    let soon = flights.between("scheduled", APRIL, APRIL + DAY).expect("times");
    let asked = set.requests(&soon.batch().slice(0, 64)).expect("requests");
    Setup { bundle, profile, events, asked, _folder: folder }
}

impl Setup {
    fn loader(&self) -> Loader<TableRow> {
        let state = FeaturesFormat::new(Catalog::new()).with_state(Arc::clone(self.events.state()));
        Loader::new(state).model(LogisticFormat)
    }

    fn live(&self, loader: &Loader<TableRow>) -> Live<TableRow> {
        let bundle = Arc::clone(&self.bundle);
        loader.load(SourcedBundle { version: 1, bundle }).expect("a version")
    }
}

fn runner(criterion: &mut Criterion) {
    let prepared = prepare();
    let mut group = criterion.benchmark_group("one answer");
    let live = prepared.live(&prepared.loader());
    let (gather, encoder, model) = (live.bundle().gather(), live.bundle().encoder(), live.bundle().model());
    let (mut slots, mut numbers, mut outputs) = (Slots::default(), vec![0.0; encoder.names().len()], [0.0]);
    let mut next = prepared.asked.iter().cycle();
    group.bench_function("gather, encode and predict by hand", |bencher| {
        bencher.iter(|| {
            let row = next.next().expect("a cycle doesn't end");
            gather.gather(black_box(row), APRIL, &mut slots).expect("gathered");
            encoder.encode(&slots, &mut numbers).expect("encoded");
            let inputs = ArrayView2::from_shape((1, numbers.len()), &numbers).expect("a row");
            let answers = ArrayViewMut2::from_shape((1, 1), &mut outputs).expect("an answer");
            model.predict_into(inputs, answers).expect("answered");
        });
    });
    let folder = tempfile::tempdir().expect("a folder");
    let log = Arc::new(PredictionLog::new(folder.path(), LogOptions::default()).expect("a log"));
    let join = Arc::new(OutcomeJoin::new(1 << 16, DAY));
    let monitors = || ProfileFormat::new(MonitorOptions::default());
    for (name, loader) in [
        ("runner", prepared.loader()),
        ("runner, monitor", prepared.loader().profile(monitors())),
        ("runner, monitor, log", prepared.loader().profile(monitors()).log(&log)),
        ("runner, monitor, log, join", prepared.loader().profile(monitors()).log(&log).observer(&join)),
    ] {
        let runner = Runner::new(prepared.live(&loader));
        let mut scratch = runner.scratch();
        let mut next = prepared.asked.iter().cycle();
        let mut asked = 0_u64;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let row = next.next().expect("a cycle doesn't end");
                asked += 1;
                if asked.is_multiple_of(1 << 15) {
                    log.flush().expect("written");
                }
                runner.answer("a flight", black_box(row), APRIL, &mut scratch, &mut outputs).expect("answered");
            });
        });
    }
    group.finish();
}

fn observed(criterion: &mut Criterion) {
    let prepared = prepare();
    let live = prepared.live(&prepared.loader());
    let monitor = InputMonitor::new(prepared.profile.clone(), 1, &MonitorOptions::default());
    let mut slots = Slots::default();
    live.bundle().gather().gather(&prepared.asked[7], APRIL, &mut slots).expect("gathered");
    let (at, version, latency) = (APRIL, 1, Duration::ZERO);
    let answered = Answered { id: "", at, slots: &slots, numbers: &[], outputs: &[0.2], version, latency };
    let mut group = criterion.benchmark_group("monitor");
    group.throughput(Throughput::Elements(prepared.profile.columns().len() as u64));
    group.bench_function(BenchmarkId::new("observe", "a row, by value"), |bencher| {
        bencher.iter(|| monitor.observe(black_box(&answered)));
    });
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let catalog = Catalog::new();
    let set = features(&catalog).expect("the set");
    let state = OnlineState::new(&set, &catalog).expect("state");
    let arrivals = state.source("arrivals").expect("a source");
    let mut slots = Slots::new(3);
    let (mut time, mut sequence) = (APRIL, 0);
    criterion.bench_function("an arrival, which four windows take", |bencher| {
        bencher.iter(|| {
            // An arrival of one of 16 carriers every 90 seconds, as on the flights.
            (time, sequence) = (time + Duration::from_secs(90), sequence + 1);
            slots.clear();
            slots.set_text(0, ["AA", "UA", "DL", "B6"][sequence as usize % 4]);
            slots.set_text(1, ["EWR", "JFK", "LGA"][sequence as usize % 3]);
            slots.set(2, Slot::Float((sequence % 60) as f64 - 20.0));
            state.apply(arrivals, Stamp { event_time: time, available: time, sequence }, black_box(&slots));
        });
    });
}

/// The whole path, timed answer by answer: `disk` says whether the log is written meanwhile, or its disk is held.
fn whole_path(prepared: &Setup, answers: usize, held: bool) -> LatencyHistogram {
    let folder = tempfile::tempdir().expect("a folder");
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(held.then_some(gate));
    let disk = move || {
        if let Some(gate) = gate.lock().expect("no panic").take() {
            gate.recv().ok();
        }
    };
    let options = LogOptions { every: Duration::from_millis(100), ..LogOptions::default() };
    let log = Arc::new(PredictionLog::new(folder.path(), options).expect("a log").with_disk(disk));
    let join = Arc::new(OutcomeJoin::new(1 << 14, DAY));
    let loader = prepared.loader().profile(ProfileFormat::default()).log(&log).observer(&join);
    let runner = Runner::new(prepared.live(&loader));
    let (latencies, stop) = (LatencyHistogram::default(), log.stop_handle());
    std::thread::scope(|scope| {
        scope.spawn(|| log.run(|error| panic!("{error}")));
        let (mut scratch, mut outputs) = (runner.scratch(), [0.0]);
        for (asked, row) in prepared.asked.iter().cycle().take(answers).enumerate() {
            let id = asked.to_string();
            let start = Instant::now();
            runner.answer(&id, row, APRIL, &mut scratch, &mut outputs).expect("answered");
            latencies.record(start.elapsed());
        }
        stop.stop();
        drop(open);
    });
    let counts = log.counts();
    assert_eq!(counts.observed, counts.written + counts.full + counts.contended);
    println!("  the log wrote {} and had no room for {}", counts.written, counts.full + counts.contended);
    latencies
}

fn latencies(criterion: &mut Criterion) {
    let prepared = prepare();
    let answers = if std::env::args().any(|argument| argument == "--test") { 1_000 } else { 200_000 };
    for (name, held) in [("undisturbed", false), ("while the disk is held", true)] {
        println!("an answer of the whole path, {name}: {:?}", whole_path(&prepared, answers, held));
    }
    // Criterion measures nothing here: latencies are distributions, not means.
    let _ = criterion;
}

criterion_group!(benches, runner, observed, events, latencies);
criterion_main!(benches);
