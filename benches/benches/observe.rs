//! What it costs to observe a row of 30 numbers: counts of bins and exact moments, against a bare loop by hand that takes
//! moments as floats, over the same numbers.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mlops_core::{Answered, Observer, Slot, SlotField, SlotKind, SlotSchema, Slots, Timestamp};
use mlops_drift::{Bins, InputMonitor, MonitorOptions, ReferenceProfile};

const COLUMNS: usize = 30;
const ROWS: usize = 256;

/// Numbers about 0, most of them near it, as if at random.
fn numbers(rows: usize, mut state: u64) -> Vec<f64> {
    let mut unit = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..rows * COLUMNS).map(|_| (0..4).map(|_| unit() - 0.5).sum()).collect()
}

/// A loop by hand: the edges of a column in an array of `EDGES`, of which the last is never looked at, and between the
/// first and the last of the profile's. Sums in arrays, so that they are taken two at a time.
struct Bare<const EDGES: usize> {
    first: [f64; COLUMNS],
    last: [f64; COLUMNS],
    between: Box<[[f64; EDGES]; COLUMNS]>,
    counts: Box<[[u64; 256]; COLUMNS]>,
    rows: u64,
    sum: [f64; COLUMNS],
    squares: [f64; COLUMNS],
    min: [f64; COLUMNS],
    max: [f64; COLUMNS],
}

impl<const EDGES: usize> Bare<EDGES> {
    fn new(profile: &ReferenceProfile) -> Self {
        let (mut first, mut last) = ([0.0; COLUMNS], [0.0; COLUMNS]);
        let mut between = Box::new([[f64::INFINITY; EDGES]; COLUMNS]);
        for (i, column) in profile.columns().iter().enumerate() {
            let Bins::Numeric(bins) = column.bins() else { panic!("it is numeric") };
            let edges = bins.edges();
            let end = edges.len() - 1;
            (first[i], last[i]) = (edges[0], edges[end]);
            between[i][..end - 1].copy_from_slice(&edges[1..end]);
        }
        Self {
            first,
            last,
            between,
            counts: Box::new([[0; 256]; COLUMNS]),
            rows: 0,
            sum: [0.0; COLUMNS],
            squares: [0.0; COLUMNS],
            min: [f64::INFINITY; COLUMNS],
            max: [f64::NEG_INFINITY; COLUMNS],
        }
    }

    #[expect(clippy::needless_range_loop, reason = "several arrays go side by side")]
    #[inline(never)]
    fn add(&mut self, row: &[f64; COLUMNS]) {
        self.rows += 1;
        for i in 0..COLUMNS {
            self.sum[i] += row[i];
            self.squares[i] += row[i] * row[i];
            self.min[i] = if row[i] < self.min[i] { row[i] } else { self.min[i] };
            self.max[i] = if row[i] > self.max[i] { row[i] } else { self.max[i] };
        }
        for i in 0..COLUMNS {
            let (x, edges) = (row[i], &self.between[i]);
            let (mut bin, mut half) = (0, EDGES / 2);
            while half > 0 {
                bin += if x > edges[(bin + half - 1) & (EDGES - 1)] { half } else { 0 };
                half /= 2;
            }
            bin += usize::from(x > self.first[i]) + usize::from(x > self.last[i]);
            self.counts[i][bin & 255] += 1;
        }
    }
}

fn compare<const EDGES: usize>(criterion: &mut Criterion, bins: usize) {
    let field = |i| SlotField { name: format!("x{i}"), kind: SlotKind::Float, vocabulary: None };
    let schema = SlotSchema { fields: (0..COLUMNS).map(field).collect(), request: COLUMNS };
    let slots = |row: &[f64]| {
        let mut slots = Slots::new(COLUMNS);
        row.iter().enumerate().for_each(|(i, &x)| slots.set(i, Slot::Float(x)));
        slots
    };
    let mut builder = ReferenceProfile::builder(&schema).bins(bins);
    numbers(20_000, 1).chunks(COLUMNS).for_each(|row| builder.add(&slots(row), &[]));
    let profile = builder.build().expect("a profile");
    let numbers = numbers(ROWS, 2);
    let (rows, _) = numbers.as_chunks::<COLUMNS>();
    let slots: Vec<Slots> = rows.iter().map(|row| slots(row)).collect();

    let mut bare = Bare::<EDGES>::new(&profile);
    let mut ours = profile.row_counts();
    let monitor = InputMonitor::new(profile.clone(), 1, &MonitorOptions::default());
    let at = Timestamp::from_date(2013, 4, 1);
    let observe = |slots: &Slots| {
        let (version, latency) = (1, Duration::ZERO);
        monitor.observe(&Answered { id: "", at, slots, numbers: &[], outputs: &[], version, latency });
    };
    rows.iter().for_each(|row| bare.add(row));
    slots.iter().for_each(|row| ours.add(row, &[]));
    slots.iter().for_each(&observe);
    let window = monitor.evaluate(at + Duration::from_secs(86_400)).expect("a window");
    assert_eq!(window.moments, ours.moments(), "the monitor has the same moments");
    let counted = ours.bins();
    let mut counts = counted.counts();
    for (i, column) in profile.columns().iter().enumerate() {
        let (own, rest) = counts.split_at(column.bins().len());
        counts = rest;
        assert_eq!(own, &bare.counts[i][..own.len()], "the counts are the same");
        let moments = window.moments[i].expect("it is numeric");
        assert_eq!((moments.count(), moments.outside()), (bare.rows, 0));
        assert_eq!((moments.min(), moments.max()), (Some(bare.min[i]), Some(bare.max[i])));
        assert!((moments.sum() - bare.sum[i]).abs() < 1e-9);
        assert!((moments.sum_of_squares() - bare.squares[i]).abs() < 1e-9 * bare.squares[i]);
    }

    let mut group = criterion.benchmark_group(format!("a row of 30 numbers, {bins} bins each"));
    group.throughput(Throughput::Elements((ROWS * COLUMNS) as u64));
    group.bench_function("a bare loop over floats", |bencher| {
        bencher.iter(|| black_box(rows).iter().for_each(|row| bare.add(row)));
    });
    group.bench_function("RowCounts over slots", |bencher| {
        bencher.iter(|| black_box(&slots).iter().for_each(|row| ours.add(row, &[])));
    });
    group.bench_function("InputMonitor over slots", |bencher| {
        bencher.iter(|| black_box(&slots).iter().for_each(&observe));
    });
    group.finish();
    let mut best = [Duration::MAX; 3];
    for _ in 0..if std::env::args().any(|argument| argument == "--test") { 2 } else { 2_000 } {
        let start = Instant::now();
        black_box(rows).iter().for_each(|row| bare.add(row));
        let after_bare = Instant::now();
        black_box(&slots).iter().for_each(|row| ours.add(row, &[]));
        let after_ours = Instant::now();
        black_box(&slots).iter().for_each(&observe);
        let times = [after_bare - start, after_ours - after_bare, after_ours.elapsed()];
        best.iter_mut().zip(times).for_each(|(best, time)| *best = time.min(*best));
    }
    let nanos = best.map(|time| time.as_nanos() as f64 / (ROWS * COLUMNS) as f64);
    let [bare, ours, monitor] = nanos;
    println!(
        "{bins} bins, in turns, the best of each, ns a value: bare {bare:.2}, RowCounts {ours:.2}, monitor {monitor:.2};"
    );
    println!("  times the bare loop: RowCounts {:.2}, monitor {:.2}", ours / bare, monitor / bare);
}

fn observe(criterion: &mut Criterion) {
    compare::<16>(criterion, 10);
    compare::<64>(criterion, 64);
}

criterion_group!(benches, observe);
criterion_main!(benches);
