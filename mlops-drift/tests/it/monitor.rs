//! Monitors of inputs and outputs.

use std::time::Duration;

use mlops_core::{Answered, Observer, ObserverFormat, Part, SignalKind, Slots, Timestamp};
use mlops_drift::{InputMonitor, MonitorOptions, ProfileFormat, ReferenceProfile, Window};

use crate::rows::{random_row, schema};

const HOUR: Duration = Duration::from_secs(3600);

fn part() -> Part {
    let mut builder = ReferenceProfile::builder(&schema()).outputs(["late"]);
    for i in 0..2000 {
        builder.add(&random_row(i, 0.0), &[0.5]);
    }
    builder.build().unwrap().to_part()
}

fn profile() -> ReferenceProfile {
    ReferenceProfile::from_bytes(&part().bytes).unwrap()
}

fn options() -> MonitorOptions {
    MonitorOptions::builder().window(Window::Time(HOUR)).keep(3).min_rows(100).build().unwrap()
}

fn observe(observer: &dyn Observer, at: Timestamp, slots: &Slots, version: u64) {
    let latency = Duration::from_micros(10);
    observer.observe(&Answered { id: "x", at, slots, numbers: &[], outputs: &[0.5], version, latency });
}

fn start() -> Timestamp {
    Timestamp::from_date(2013, 6, 1)
}

#[test]
fn a_format_gives_the_observer_to_the_server_and_the_handle_to_the_application() {
    let format = ProfileFormat::new(options());
    let observer = format.clone().load(&part().bytes, 7).unwrap();
    for i in 0..1000 {
        observe(&*observer, start(), &random_row(i, 4.0), 7);
    }
    drop(observer);
    let monitor = format.monitor(7).unwrap();
    let signals = monitor.signals(start() + HOUR);
    assert_eq!(signals.len(), 1, "{signals:?}");
    let signal = &signals[0];
    assert_eq!((signal.kind, signal.subject.as_str()), (SignalKind::InputDrift, "wind"));
    assert_eq!((signal.version, signal.rows, signal.since, signal.at), (7, 1000, start(), start() + HOUR));
    assert!(format.monitor(8).is_none());
    assert!(format.load(b"{", 8).unwrap_err().problem.contains("EOF"));
}

#[test]
fn a_version_loaded_again_has_a_state_of_its_own() {
    let format = ProfileFormat::new(options());
    let first = format.load(&part().bytes, 1).unwrap();
    observe(&*first, start(), &random_row(1, 0.0), 1);
    let second = format.load(&part().bytes, 1).unwrap();
    observe(&*second, start(), &random_row(1, 0.0), 1);
    assert_eq!(format.monitor(1).unwrap().tally().arrived, 1);
    for version in 2..20 {
        format.load(&part().bytes, version).unwrap();
    }
    let kept: Vec<u64> = format.monitors().iter().map(|monitor| monitor.version()).collect();
    assert_eq!(kept, [12, 13, 14, 15, 16, 17, 18, 19]);
    // After a rollback the version that is live can be asked too.
    let back = format.load(&part().bytes, 3).unwrap();
    observe(&*back, start(), &random_row(1, 0.0), 3);
    assert_eq!(format.monitor(3).unwrap().tally().arrived, 1);
    let kept: Vec<u64> = format.monitors().iter().map(|monitor| monitor.version()).collect();
    assert_eq!(kept, [3, 13, 14, 15, 16, 17, 18, 19]);
}

#[test]
fn the_worst_column_is_the_one_with_the_largest_index() {
    let monitor = InputMonitor::new(profile(), 1, &options());
    for i in 0..1000 {
        observe(&monitor, start(), &random_row(i + 5000, 3.0), 1);
    }
    let drift = monitor.evaluate(start() + HOUR).unwrap();
    let worst = drift.worst().unwrap();
    assert_eq!(worst.column, "wind");
    assert!(drift.columns.iter().all(|column| column.psi.statistic <= worst.psi.statistic));
    let empty = ReferenceProfile::builder(&mlops_core::SlotSchema::default()).rows(&[Slots::new(0)], &[]);
    let monitor = InputMonitor::new(empty.build().unwrap(), 1, &options());
    observe(&monitor, start(), &Slots::new(0), 1);
    assert_eq!(monitor.evaluate(start() + HOUR).unwrap().worst(), None);
}

#[test]
fn rows_without_drift_give_no_signal_and_few_rows_neither() {
    let monitor = InputMonitor::new(profile(), 1, &options());
    for i in 0..1000 {
        observe(&monitor, start(), &random_row(i + 5000, 0.0), 1);
    }
    assert_eq!(monitor.signals(start() + HOUR), []);
    for i in 0..99 {
        observe(&monitor, start() + HOUR, &random_row(i, 9.0), 1);
    }
    assert_eq!(monitor.evaluate(start() + 2 * HOUR).unwrap().rows, 99);
    assert_eq!(monitor.signals(start() + 2 * HOUR), []);
}

#[test]
fn missing_values_are_a_signal_of_quality() {
    let monitor = InputMonitor::new(profile(), 1, &options());
    for i in 0..1000 {
        let slots = if i % 10 == 0 { Slots::new(4) } else { random_row(i, 0.0) };
        observe(&monitor, start(), &slots, 1);
    }
    let quality: Vec<_> = monitor
        .signals(start() + HOUR)
        .into_iter()
        .filter(|signal| signal.kind == SignalKind::DataQuality)
        .map(|signal| (signal.subject, signal.effect))
        .collect();
    let wanted = ["wind", "carrier", "distance"].map(|column| (column.to_owned(), 0.1));
    assert_eq!(quality, wanted);
}

#[test]
fn windows_are_told_apart_and_late_rows_are_counted() {
    let monitor = InputMonitor::new(profile(), 1, &options());
    for hour in [0_u32, 1, 2, 4] {
        for i in 0..u64::from(hour) + 1 {
            observe(&monitor, start() + hour * HOUR, &random_row(i, 0.0), 1);
        }
    }
    // Three windows are kept: those of the hours 2 to 4.
    observe(&monitor, start() + HOUR, &random_row(0, 0.0), 1);
    observe(&monitor, start() + 2 * HOUR, &random_row(0, 0.0), 1);
    observe(&monitor, start(), &random_row(0, 0.0), 99);
    let rows = |hour: u32| monitor.evaluate(start() + (hour + 1) * HOUR).map(|drift| drift.rows);
    assert_eq!((0..6).map(rows).collect::<Vec<_>>(), [None, None, Some(4), None, Some(5), None]);
    let tally = monitor.tally();
    assert_eq!((tally.arrived, tally.late, tally.dropped, tally.other_version), (13, 1, 0, 1));
}

#[test]
fn windows_of_rows_hold_so_many_rows() {
    let options = MonitorOptions::builder().window(Window::Rows(100)).stripes(1).build().unwrap();
    let monitor = InputMonitor::new(profile(), 1, &options);
    for i in 0..250_u32 {
        observe(&monitor, start() + i * HOUR, &random_row(u64::from(i), 0.0), 1);
    }
    let drift = monitor.evaluate(Timestamp::MIN).unwrap();
    assert_eq!((drift.rows, drift.since, drift.until), (100, start() + 100 * HOUR, start() + 199 * HOUR));
}

#[test]
fn nothing_is_lost_between_threads() {
    let options = MonitorOptions::builder().stripes(4).build().unwrap();
    let monitor = InputMonitor::new(profile(), 1, &options);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let monitor = &monitor;
                scope.spawn(move || {
                    (0..5000).for_each(|i| observe(monitor, start(), &random_row(i + thread, 0.0), 1));
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                _ = monitor.signals(start() + 24 * HOUR);
            }
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        reader.join().unwrap();
    });
    let tally = monitor.tally();
    let drift = monitor.evaluate(start() + 24 * HOUR).unwrap();
    assert_eq!((tally.arrived, drift.rows + tally.dropped), (40_000, 40_000));
    assert!(drift.columns.iter().all(|column| column.psi.current_rows == drift.rows));
}

#[test]
fn options_are_checked() {
    let refused = |builder: mlops_drift::MonitorOptionsBuilder| builder.build().unwrap_err().to_string();
    assert_eq!(refused(MonitorOptions::builder().psi(f64::NAN)), "`psi` is NaN; over 0 is allowed");
    assert!(refused(MonitorOptions::builder().window(Window::Rows(0))).contains("`window`"));
    assert!(refused(MonitorOptions::builder().window(Window::Time(Duration::ZERO))).contains("`window`"));
    assert!(refused(MonitorOptions::builder().keep(1)).contains("`keep`"));
    assert!(refused(MonitorOptions::builder().stripes(0)).contains("`stripes`"));
    assert!(refused(MonitorOptions::builder().jensen_shannon(0.9)).contains("`jensen_shannon`"));
    assert!(refused(MonitorOptions::builder().every(Duration::ZERO)).contains("`window`"));
    for nats in [0.0, f64::NAN, f64::INFINITY] {
        assert!(refused(MonitorOptions::builder().log_loss(nats)).contains("`log_loss`"));
    }
    for distance in [0.0, 1.1, f64::NAN] {
        assert!(refused(MonitorOptions::builder().calibration(distance)).contains("`calibration`"));
    }
    let options = MonitorOptions::builder().every(HOUR).log_loss(0.1).calibration(1.0).build().unwrap();
    assert_eq!((options.thresholds().log_loss, options.thresholds().calibration), (0.1, 1.0));
    assert_eq!(
        options,
        MonitorOptions::builder().window(Window::Time(HOUR)).log_loss(0.1).calibration(1.0).build().unwrap()
    );
}
