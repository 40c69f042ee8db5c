//! Counts and moments of rows.

use std::time::Duration;

use mlops_core::{Answered, Code, Observer, Slot, SlotField, SlotKind, SlotSchema, Slots, Timestamp};
use mlops_drift::{Bins, DriftError, InputMonitor, Moments, MonitorOptions, ReferenceProfile, RowCounts};
use proptest::prelude::*;

use crate::rows::{random_row, row, schema};

const DAY: Duration = Duration::from_secs(86_400);

/// A float, an integer and an output, with bins of numbers from −100 to 100.
fn profile(bins: usize) -> ReferenceProfile {
    let field = |name: &str, kind| SlotField { name: name.into(), kind, vocabulary: None };
    let fields = vec![field("x", SlotKind::Float), field("t", SlotKind::Time), field("n", SlotKind::Int)];
    let mut builder = ReferenceProfile::builder(&SlotSchema { fields, request: 3 }).outputs(["y"]).bins(bins);
    let mut slots = Slots::new(3);
    for i in -1000..=1000 {
        slots.set(0, Slot::Float(f64::from(i) / 10.0));
        slots.set(2, Slot::Int(i64::from(i) / 10));
        builder.add(&slots, &[f64::from(i) / 10.0]);
    }
    builder.build().unwrap()
}

fn slots(x: Slot, n: Slot) -> Slots {
    let mut slots = Slots::new(3);
    slots.set(0, x);
    slots.set(2, n);
    slots
}

fn count(profile: &ReferenceProfile, rows: &[(Slot, Slot, f64)]) -> RowCounts {
    let mut counts = profile.row_counts();
    rows.iter().for_each(|&(x, n, y)| counts.add(&slots(x, n), &[y]));
    counts
}

/// What must be the same bit for bit.
fn bits(counts: &RowCounts) -> String {
    let of = |moments: &Moments| {
        let ends = [moments.min(), moments.max()].map(|end| end.map(f64::to_bits));
        (moments.count(), moments.outside(), moments.steps(), moments.square_steps(), ends)
    };
    let moments: Vec<_> = counts.moments().iter().map(|moments| moments.as_ref().map(of)).collect();
    format!("{:?} {moments:?}", counts.bins())
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -120.0..120.0_f64,
        4 => (-20_i32..20).prop_map(f64::from),
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![
            0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1e300, 5e-324, 131_072.0, -131_073.0,
        ]),
    ]
}

fn slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        8 => number().prop_map(Slot::Float),
        2 => (-200_i64..200).prop_map(Slot::Int),
        1 => prop::sample::select(vec![
            Slot::Missing,
            Slot::Absent,
            Slot::Int(i64::MAX),
            Slot::Int(i64::MIN),
            Slot::Int((1 << 53) + 1),
            Slot::Category(Code(3)),
            Slot::Time(Timestamp::MIN),
        ]),
    ]
}

fn some_rows() -> impl Strategy<Value = Vec<(Slot, Slot, f64)>> {
    prop::collection::vec((slot(), slot(), number()), 0..120)
}

proptest! {
    #[test]
    fn parts_merge_into_the_whole_bit_for_bit_in_any_order(
        rows in some_rows(),
        parts in prop::collection::vec(0_usize..5, 120),
        order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
        bins in prop::sample::select(vec![1, 10, 15, 16, 40, 64, 128]),
    ) {
        let profile = profile(bins);
        let whole = count(&profile, &rows);
        let mut of_parts = [(); 5].map(|()| profile.row_counts());
        // Each part has its rows from the last to the first.
        for (&(x, n, y), &part) in rows.iter().zip(&parts).rev() {
            of_parts[part].add(&slots(x, n), &[y]);
        }
        let mut merged = profile.row_counts();
        order.iter().for_each(|&part| merged.merge(&of_parts[part]).unwrap());
        prop_assert_eq!(bits(&merged), bits(&whole));
        // What was merged into goes on as the whole does.
        let (mut merged, mut whole) = (merged, whole);
        for &(x, n, y) in &rows {
            merged.add(&slots(x, n), &[y]);
            whole.add(&slots(x, n), &[y]);
        }
        prop_assert_eq!(bits(&merged), bits(&whole));
    }

    #[test]
    fn every_value_has_the_bin_that_it_has_alone(rows in some_rows(), bins in 1_usize..129) {
        let profile = profile(bins);
        let mut counts = profile.counts();
        rows.iter().for_each(|&(x, n, y)| profile.update(&mut counts, &slots(x, n), &[y]).unwrap());
        prop_assert_eq!(count(&profile, &rows).bins(), counts);
    }

    #[test]
    fn moments_are_those_of_the_numbers_within_a_step_each(numbers in prop::collection::vec(-100.0..100.0_f64, 1..200)) {
        let profile = profile(10);
        let rows: Vec<_> = numbers.iter().map(|&x| (Slot::Float(x), Slot::Missing, f64::NAN)).collect();
        let moments = count(&profile, &rows).moments()[0].unwrap();
        let (n, step) = (numbers.len() as f64, moments.step());
        prop_assert_eq!(step, 2.0_f64.powi(7 - 41));
        prop_assert_eq!((moments.count(), moments.outside()), (numbers.len() as u64, 0));
        let sum: f64 = numbers.iter().sum();
        prop_assert!((moments.sum() - sum).abs() <= n * step);
        let squares: f64 = numbers.iter().map(|x| x * x).sum();
        prop_assert!((moments.sum_of_squares() - squares).abs() <= n * 101.0 * step);
        let mean = moments.mean().unwrap();
        let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        prop_assert!((moments.variance().unwrap() - variance).abs() <= 201.0 * step);
        prop_assert_eq!(moments.min(), numbers.iter().copied().reduce(f64::min));
        prop_assert_eq!(moments.max(), numbers.iter().copied().reduce(f64::max));
    }
}

#[test]
fn integers_have_exact_moments() {
    let profile = profile(10);
    let mut counts = profile.row_counts();
    for n in -50..=1000 {
        counts.add(&slots(Slot::Missing, Slot::Int(n)), &[]);
    }
    let moments = counts.moments()[2].unwrap();
    let (sum, squares) = (-50..=1000_i64).fold((0, 0), |(sum, squares), n| (sum + n, squares + n * n));
    assert_eq!((moments.sum(), moments.sum_of_squares()), (sum as f64, squares as f64));
    let of_steps = |step: f64| (moments.steps() as f64 * step, moments.square_steps() as f64 * step * step);
    assert_eq!(of_steps(moments.step()), (sum as f64, squares as f64));
    // Of 1051 integers in a row.
    assert_eq!(moments.variance(), Some((1051.0 * 1051.0 - 1.0) / 12.0));
    assert_eq!((moments.mean(), moments.min(), moments.max()), (Some(475.0), Some(-50.0), Some(1000.0)));
}

#[test]
fn what_is_too_large_is_counted_apart_and_what_is_no_number_has_no_part() {
    let profile = profile(64);
    let far = 131_072.0; // 1024 times 128, the least power of two over 100.
    let numbers = [f64::NAN, 1.0, far, -far, f64::next_up(far), f64::MAX, f64::INFINITY, f64::NEG_INFINITY];
    let mut rows = numbers.map(|x| (Slot::Float(x), Slot::Missing, x)).to_vec();
    rows.push((Slot::Missing, Slot::Int(i64::MAX), 2.0));
    rows.push((Slot::Category(Code(1)), Slot::Int((1 << 17) + 1), 2.0));
    let counts = count(&profile, &rows);
    let [x, t, n, y] = counts.moments()[..] else { panic!("there are four columns") };
    assert_eq!(t, None);
    let (x, n, y) = (x.unwrap(), n.unwrap(), y.unwrap());
    assert_eq!((x.count(), x.outside(), x.sum()), (3, 4, 1.0));
    assert_eq!((x.min(), x.max()), (Some(f64::NEG_INFINITY), Some(f64::INFINITY)));
    assert_eq!(x.sum_of_squares(), 2.0 * far * far + 1.0);
    assert_eq!((n.count(), n.outside(), n.mean(), n.variance()), (0, 2, None, None));
    assert_eq!((n.min(), n.max()), (Some(131_073.0), Some(i64::MAX as f64)));
    assert_eq!((y.count(), y.outside(), y.sum()), (5, 4, 5.0));
    // Values without a number have their bins: missing, NaN, other kind.
    let bins = counts.bins();
    let x_bins = &bins.counts()[..profile.columns()[0].bins().len()];
    assert_eq!(x_bins[x_bins.len() - 3..], [1, 1, 1]);
    let none = profile.row_counts().moments()[0].unwrap();
    assert_eq!((none.count(), none.sum(), none.mean(), none.min(), none.max()), (0, 0.0, None, None, None));
}

#[test]
fn a_reference_of_zeros_and_one_of_extremes_have_steps_too() {
    let of = |x: f64, y: f64| {
        let mut builder = ReferenceProfile::builder(&schema());
        builder.add(&row(Slot::Float(x), None, 0), &[]);
        let mut counts = builder.build().unwrap().row_counts();
        counts.add(&row(Slot::Float(y), None, 0), &[]);
        counts.moments()[0].unwrap()
    };
    assert_eq!((of(0.0, 1.5).sum(), of(0.0, 1.5).step()), (1.5, 2.0_f64.powi(-40)));
    assert_eq!((of(f64::NAN, 1.5).sum(), of(f64::INFINITY, 1.5).sum()), (1.5, 1.5));
    assert_eq!((of(f64::MAX, f64::MAX).count(), of(f64::MAX, f64::MAX).outside()), (1, 0));
    assert!((of(f64::MAX, f64::MAX / 4.0).sum() / (f64::MAX / 4.0) - 1.0).abs() < 1e-9);
    assert_eq!(of(f64::MIN_POSITIVE, f64::MIN_POSITIVE).outside(), 0);
    assert_eq!(of(f64::MIN_POSITIVE, 1.0).outside(), 1);
}

#[test]
fn a_sum_of_squares_past_its_range_stays_there_in_any_order() {
    let profile = profile(1);
    let mut counts = profile.row_counts();
    (0..1 << 4).for_each(|_| counts.add(&slots(Slot::Float(131_072.0), Slot::Missing), &[]));
    // Doubled 23 times they are 2²⁷ of 2¹⁰² each.
    for _ in 0..23 {
        let same = counts.clone();
        counts.merge(&same).unwrap();
    }
    let moments = counts.moments()[0].unwrap();
    assert_eq!((moments.square_steps(), moments.sum_of_squares()), (u128::MAX, f64::INFINITY));
    assert_eq!((moments.variance(), moments.mean(), moments.count()), (None, Some(131_072.0), 1 << 27));
    let mut one = count(&profile, &[(Slot::Float(1.0), Slot::Missing, 0.0)]);
    one.merge(&counts).unwrap();
    counts.add(&slots(Slot::Float(1.0), Slot::Missing), &[0.0]);
    assert_eq!(bits(&one), bits(&counts));
}

#[test]
fn counts_of_other_bins_are_refused() {
    let mut counts = profile(10).row_counts();
    counts.add(&slots(Slot::Float(1.0), Slot::Int(1)), &[1.0]);
    let before = bits(&counts);
    assert!(matches!(counts.merge(&profile(11).row_counts()), Err(DriftError::OtherProfile { .. })));
    assert_eq!((bits(&counts), counts.rows()), (before, 1));
}

#[test]
fn any_number_of_threads_gives_the_monitor_the_moments_of_the_whole() {
    let mut builder = ReferenceProfile::builder(&schema()).outputs(["late"]).bins(64);
    (0..2000).for_each(|i| builder.add(&random_row(i, 0.0), &[0.5]));
    let profile = builder.build().unwrap();
    let mut whole = profile.row_counts();
    (0..4200).for_each(|i| whole.add(&random_row(i, 1.0), &[0.1]));
    for threads in [1, 2, 3, 7] {
        let options = MonitorOptions::builder().stripes(8).build().unwrap();
        let monitor = InputMonitor::new(profile.clone(), 1, &options);
        let at = Timestamp::from_date(2013, 6, 1);
        let ours = std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads)
                .map(|thread| {
                    let (monitor, mut counts) = (&monitor, profile.row_counts());
                    scope.spawn(move || {
                        for i in (thread..4200).step_by(threads as usize) {
                            let (slots, latency) = (random_row(i, 1.0), Duration::ZERO);
                            counts.add(&slots, &[0.1]);
                            let (numbers, outputs) = (&[][..], &[0.1][..]);
                            let slots = &slots;
                            monitor.observe(&Answered { id: "", at, slots, numbers, outputs, version: 1, latency });
                        }
                        counts
                    })
                })
                .collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let mut merged = profile.row_counts();
        ours.iter().rev().for_each(|counts| merged.merge(counts).unwrap());
        assert_eq!(bits(&merged), bits(&whole), "{threads} threads");
        let drift = monitor.evaluate(at + DAY).unwrap();
        assert_eq!((drift.rows, monitor.tally().arrived), (4200, 4200));
        assert_eq!(drift.moments, whole.moments(), "{threads} threads");
        assert_eq!(drift.columns, profile.compare(&whole.bins()).unwrap());
        // What was read goes on.
        assert_eq!(monitor.evaluate(at + DAY).unwrap(), drift);
    }
}

#[test]
fn a_row_is_counted_without_allocation() {
    let profile = profile(64);
    let monitor = InputMonitor::new(profile.clone(), 1, &MonitorOptions::builder().keep(2).build().unwrap());
    let mut counts = profile.row_counts();
    let values = [Slot::Float(1.5), Slot::Int(7), Slot::Missing, Slot::Float(f64::NAN), Slot::Float(1e300)];
    let rows = values.map(|value| slots(value, Slot::Int(1)));
    // The first row of a thread gives it its number.
    let mut pass = |days: u32| {
        for day in 0..days {
            for slots in rows.iter().cycle().take(100) {
                counts.add(slots, &[0.5]);
                let (at, latency) = (Timestamp::from_date(2013, 6, 1) + day * DAY, Duration::ZERO);
                monitor.observe(&Answered {
                    id: "",
                    at,
                    slots,
                    numbers: &[],
                    outputs: &[0.5],
                    version: 1,
                    latency,
                });
            }
        }
    };
    pass(1);
    let counted = allocation_counter::measure(|| pass(5));
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // The counter counts.
    assert!(allocation_counter::measure(|| drop(vec![1_u8; 100])).count_total > 0);
}

#[test]
fn a_profile_of_the_first_format_opens_and_is_written_as_it_was() {
    // Written by the library before columns could have more than 16 edges: 1000 rows of `random_row(i, -4.5)` in 15
    // ranges with the output (i % 100) / 100, and two strange ones.
    let bytes = include_bytes!("../data/profile-1.json");
    let profile = ReferenceProfile::from_bytes(bytes).unwrap();
    assert_eq!((profile.rows(), profile.log_loss()), (1002, Some(0.25)));
    assert_eq!(&*profile.to_part().bytes, bytes);
    let mut counts = profile.row_counts();
    for i in 0..1000 {
        counts.add(&random_row(i, -4.5), &[(i % 100) as f64 / 100.0]);
    }
    counts.add(&row(Slot::Float(f64::NAN), Some(9), 1), &[]);
    counts.add(&row(Slot::Missing, None, -3), &[f64::NAN]);
    assert_eq!(counts.bins(), *profile.reference());
}

#[test]
fn more_than_16_edges_are_of_the_second_format() {
    for (bins, format) in [(10, 1), (15, 1), (16, 2), (64, 2), (128, 2)] {
        let profile = profile(bins);
        let bytes = profile.to_part().bytes;
        assert!(bytes.starts_with(format!(r#"{{"format":{format},"#).as_bytes()), "{bins} bins");
        let Bins::Numeric(of_x) = profile.columns()[0].bins() else { panic!("it is numeric") };
        assert_eq!(of_x.edges().len(), bins + 1);
        assert_eq!(ReferenceProfile::from_bytes(&bytes).unwrap(), profile);
    }
}
