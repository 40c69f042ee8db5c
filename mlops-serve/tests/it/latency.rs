//! Quantiles are within the error that is stated, and no latency is lost.

use std::sync::Arc;
use std::time::Duration;

use mlops_serve::LatencyHistogram;
use proptest::prelude::*;

use crate::toy::{at, quarter};

proptest! {
    #[test]
    fn a_quantile_is_within_a_64th_of_the_sorted_latency(
        nanos in prop::collection::vec((any::<u64>(), 0..64_u32).prop_map(|(bits, shift)| bits >> shift), 1..200),
        q in 0.0..=1.0_f64,
    ) {
        let latencies = LatencyHistogram::default();
        nanos.iter().for_each(|&nanos| latencies.record(Duration::from_nanos(nanos)));
        let mut sorted = nanos;
        sorted.sort_unstable();
        prop_assert_eq!(latencies.count(), sorted.len() as u64);
        for q in [q, 0.0, 0.5, 0.99, 1.0] {
            let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
            let (got, wanted) = (latencies.quantile(q).unwrap().as_nanos(), u128::from(sorted[rank - 1]));
            prop_assert!(got.abs_diff(wanted) * 64 <= wanted, "{} for {}", got, wanted);
        }
    }
}

#[test]
fn there_is_no_quantile_of_nothing_nor_outside_zero_to_one() {
    let latencies = LatencyHistogram::default();
    assert_eq!(latencies.quantile(0.5), None);
    latencies.record(Duration::MAX);
    assert!([-0.1, 1.1, f64::NAN].iter().all(|&q| latencies.quantile(q).is_none()));
    assert!(latencies.quantile(0.5).unwrap() > Duration::from_secs(3_600 * 24 * 365 * 570));
}

#[test]
fn threads_lose_no_latency() {
    let latencies = LatencyHistogram::default();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let latencies = &latencies;
            scope.spawn(move || {
                for nanos in 0..10_000 {
                    latencies.record(Duration::from_nanos(nanos % 50 + thread));
                }
            });
        }
    });
    assert_eq!(latencies.count(), 40_000);
    assert_eq!(latencies.quantile(1.0), Some(Duration::from_nanos(52)));
}

#[test]
fn every_answer_is_recorded() {
    let latencies = Arc::new(LatencyHistogram::default());
    let runner = quarter(vec![Arc::clone(&latencies) as _]);
    let longest = (0..10).map(|row| runner.predict("id", &f64::from(row), at(0)).unwrap().latency).max().unwrap();
    assert_eq!(latencies.count(), 10);
    let recorded = latencies.quantile(1.0).unwrap();
    assert!(recorded.as_nanos().abs_diff(longest.as_nanos()) * 64 <= longest.as_nanos(), "{recorded:?}");
}
