//! Adaptive windowing against River. The values are from `tests/oracle/streams.py`.

use mlops_drift::{Adwin, AfterDrift, Detector, DetectorState};
use serde::Deserialize;

#[derive(Deserialize)]
struct Stream {
    name: String,
    parameters: Parameters,
    sixteenths: Vec<i32>,
    detections: Vec<usize>,
    states: Vec<(usize, u64, f64)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameters {
    delta: Option<f64>,
    clock: Option<u64>,
    max_buckets: Option<usize>,
    min_window_length: Option<u64>,
    grace_period: Option<u64>,
}

fn streams() -> Vec<Stream> {
    serde_json::from_str(include_str!("../data/adwin.json")).unwrap()
}

#[test]
fn detections_widths_and_means_are_those_of_river() {
    for stream in streams() {
        let Parameters { delta, clock, max_buckets, min_window_length, grace_period } = stream.parameters;
        let mut adwin = Adwin::builder()
            .delta(delta.unwrap_or(0.002))
            .clock(clock.unwrap_or(32))
            .max_buckets(max_buckets.unwrap_or(5))
            .min_window(min_window_length.unwrap_or(5))
            .grace_period(grace_period.unwrap_or(10))
            .build()
            .unwrap();
        let mut detections = Vec::new();
        let mut states = stream.states.iter().peekable();
        for (i, &x) in stream.sixteenths.iter().enumerate() {
            if adwin.update(f64::from(x) / 16.0).is_drift() {
                detections.push(i);
            }
            if let Some(&(_, width, mean)) = states.next_if(|state| state.0 == i) {
                assert_eq!((adwin.width(), adwin.mean()), (width, mean), "{} at {i}", stream.name);
            }
        }
        assert_eq!(detections, stream.detections, "{}", stream.name);
        assert!(states.next().is_none());
    }
}

#[test]
fn evidence_tells_the_means_before_and_after() {
    let mut adwin = Adwin::default();
    let states: Vec<_> = (0..600).map(|i| adwin.update(if i < 300 { 1.0 } else { 3.0 })).collect();
    let Some(DetectorState::Drift { evidence }) = states.iter().find(|state| state.is_drift()) else {
        panic!("a step of many standard deviations wasn't seen");
    };
    assert!(evidence.mean_before < evidence.mean_after);
    assert!(evidence.mean_after - evidence.mean_before > evidence.bound);
}

#[test]
fn the_newer_part_can_be_kept() {
    let mut adwin = Adwin::builder().after_drift(AfterDrift::KeepNewer).build().unwrap();
    let found = (0..2000).filter(|&i| adwin.update(if i < 1000 { 0.0 } else { 1.0 }).is_drift()).count();
    assert!(found >= 1);
    assert!(adwin.width() > 900 && adwin.mean() > 0.99, "{} {}", adwin.width(), adwin.mean());
}

#[test]
fn what_is_not_finite_changes_nothing() {
    let (mut with, mut without) = (Adwin::default(), Adwin::default());
    for i in 0..500_u32 {
        let x = f64::from(i % 7) + if i < 250 { 0.0 } else { 5.0 };
        assert_eq!(
            with.update([f64::NAN, f64::INFINITY, f64::NEG_INFINITY][i as usize % 3]),
            DetectorState::Stable
        );
        assert_eq!(with.update(x), without.update(x));
    }
    assert_eq!((with.ignored(), without.ignored()), (500, 0));
    assert_eq!(with.mean(), without.mean());
}

#[test]
fn parameters_are_checked() {
    assert!(Adwin::builder().delta(f64::NAN).build().is_err());
    assert!(Adwin::builder().delta(1.0).build().is_err());
    assert!(Adwin::builder().clock(0).build().is_err());
    assert!(Adwin::builder().max_buckets(1).build().is_err());
    assert!(Adwin::builder().min_window(0).build().is_err());
}
