//! Answers come first; what was answered is in a whole file or counted.

use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use mlops_core::{Dataset, Slots};
use mlops_drift::{InputMonitor, MonitorOptions, ReferenceProfile, Window};
use mlops_serve::{Live, LogCounts, LogError, LogOptions, PredictionLog, Runner};

use crate::toy::{at, loaded};

fn dropped(counts: &LogCounts) -> u64 {
    counts.full + counts.contended + counts.foreign + counts.failed
}

/// A runner of version 1 with a log.
fn logged(log: &PredictionLog) -> Runner<f64> {
    let bundle = loaded(0.5, 0.5);
    let observer = log.observer(1, &bundle);
    Runner::new(Live::new(1, bundle, vec![observer]))
}

fn batches(folder: &Path) -> Vec<RecordBatch> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Dataset::read_parquet(file).unwrap().batch().clone()).collect()
}

#[test]
fn answers_come_first_while_the_log_is_blocked() {
    const THREADS: u64 = 4;
    const REQUESTS: u64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path(), LogOptions { rows: 1_000, ..LogOptions::default() }).unwrap();
    let runner = logged(&log);
    let stop = log.stop_handle();
    std::thread::scope(|scope| {
        let (open, gate) = mpsc::channel::<()>();
        let log = &log;
        let writer = scope.spawn(move || {
            gate.recv().unwrap();
            log.run(|error| panic!("{error}"));
        });
        let askers = [0, 1, 2, 3].map(|thread| {
            let runner = &runner;
            scope.spawn(move || {
                let (mut scratch, mut outputs) = (runner.scratch(), [0.0]);
                for request in 0..REQUESTS / THREADS {
                    let id = format!("{thread}-{request}");
                    let answered = runner.answer(&id, &1.0, at(0), &mut scratch, &mut outputs);
                    assert!(answered.is_ok() && outputs == [0.25]);
                }
            })
        });
        for asker in askers {
            asker.join().unwrap();
        }
        // All are answered, and the writer hasn't begun.
        let counts = log.counts();
        assert_eq!((runner.counts().answered, counts.observed, counts.written), (REQUESTS, REQUESTS, 0));
        assert!(counts.waiting <= 1_000 && counts.full > 0);
        assert_eq!(counts.waiting + dropped(&counts), REQUESTS);
        stop.stop();
        open.send(()).unwrap();
        writer.join().unwrap();
    });
    let counts = log.counts();
    assert_eq!(counts.waiting, 0);
    assert_eq!(counts.written + dropped(&counts), REQUESTS);
    let rows: usize = batches(folder.path()).iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows as u64, counts.written);
}

/// A writer that is stuck in the middle of a flush, and an evaluation that doesn't return: nobody's answer waits.
#[test]
fn answers_come_first_while_the_disk_blocks_and_an_evaluation_does_not_return() {
    const THREADS: u64 = 4;
    const REQUESTS: u64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let (stuck, is_stuck) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(Some(gate));
    let disk = move || {
        // Only the first file waits.
        if let Some(gate) = gate.lock().unwrap().take() {
            stuck.send(()).unwrap();
            gate.recv().unwrap();
        }
    };
    let options = LogOptions { rows: 1_000, ..LogOptions::default() };
    let log = PredictionLog::new(folder.path(), options).unwrap().with_disk(disk);
    let bundle = loaded(0.5, 0.5);
    let mut profile = ReferenceProfile::builder(bundle.encoder().slot_schema()).outputs(["probability"]);
    profile.add(&Slots::new(5), &[0.25]);
    let window = MonitorOptions::builder().window(Window::Rows(1_000)).stripes(2).build().unwrap();
    let monitor = Arc::new(InputMonitor::new(profile.build().unwrap(), 1, &window));
    let observers = vec![log.observer(1, &bundle), Arc::clone(&monitor) as _];
    let runner = Runner::new(Live::new(1, bundle, observers));
    let stop = log.stop_handle();
    std::thread::scope(|scope| {
        runner.predict("the first", &1.0, at(0)).unwrap();
        let log = &log;
        let writer = scope.spawn(move || log.run(|error| panic!("{error}")));
        is_stuck.recv().unwrap();
        let evaluation = monitor.hold();
        let askers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let runner = &runner;
                scope.spawn(move || {
                    let (mut scratch, mut outputs) = (runner.scratch(), [0.0]);
                    for request in 0..REQUESTS / THREADS {
                        let id = format!("{thread}-{request}");
                        runner.answer(&id, &1.0, at(0), &mut scratch, &mut outputs).unwrap();
                        assert_eq!(outputs, [0.25]);
                    }
                })
            })
            .collect();
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        // All were answered, while the flush holds the first row and the evaluation all counts.
        assert_eq!(runner.counts().answered, REQUESTS + 1);
        let counts = log.counts();
        assert_eq!((counts.observed, counts.written), (REQUESTS + 1, 0));
        assert_eq!(counts.waiting + dropped(&counts), REQUESTS);
        assert!(counts.waiting <= 1_000 && counts.full > 0, "{counts:?}");
        let tally = monitor.tally();
        assert_eq!((tally.arrived, tally.dropped), (REQUESTS + 1, REQUESTS));
        drop(evaluation);
        open.send(()).unwrap();
        stop.stop();
        writer.join().unwrap();
    });
    let counts = log.counts();
    assert_eq!((counts.waiting, counts.written + dropped(&counts)), (0, REQUESTS + 1));
    let rows: usize = batches(folder.path()).iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows as u64, counts.written);
    runner.predict("the last", &1.0, at(0)).unwrap();
    assert_eq!(monitor.tally().dropped, REQUESTS);
}

#[test]
fn a_file_holds_what_was_asked_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path().join("log"), LogOptions::default()).unwrap();
    let runner = logged(&log);
    let rows = [0.8, -1.0, 1e300];
    for (place, row) in rows.iter().enumerate() {
        runner.predict(&format!("request {place}"), row, at(place as i64)).unwrap();
    }
    log.flush().unwrap();
    log.flush().unwrap();
    let bundle = loaded(3.0, 7.0);
    let observer = log.observer(2, &bundle);
    runner.swap(Live::new(2, bundle, vec![observer])).unwrap();
    runner.predict("another", &1.0, at(7)).unwrap();
    log.flush().unwrap();
    let [first, second] = <[_; 2]>::try_from(batches(&folder.path().join("log"))).unwrap();
    let names: Vec<_> = first.schema().fields().iter().map(|field| field.name().clone()).collect();
    let slots = ["slot.x", "slot.whole", "slot.sign", "slot.note", "slot.when"];
    assert_eq!(names[..4], ["id", "at", "version", "latency_ns"]);
    assert_eq!(names[4..9], slots);
    assert_eq!(names[9..], ["number.scaled", "output.probability"]);
    assert_eq!((first.num_rows(), second.num_rows()), (3, 1));
    for row in 0..3 {
        let place = first.column(1).as_primitive::<TimestampMicrosecondType>().value(row) as usize;
        let x = rows[place];
        let floats = [4, 9, 10].map(|column| first.column(column).as_primitive::<Float64Type>().value(row));
        assert_eq!(first.column(0).as_string::<i32>().value(row), format!("request {place}"));
        assert_eq!(first.column(2).as_primitive::<UInt64Type>().value(row), 1);
        assert!(first.column(3).as_primitive::<Int64Type>().value(row) >= 0);
        assert_eq!(floats, [x, x * 0.5, x * 0.25]);
        let whole = first.column(5).as_primitive::<Int64Type>().value(row);
        let text = |column: usize| {
            let texts = first.column(column).as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row))
        };
        let when = first.column(8).as_primitive::<TimestampMicrosecondType>().value(row);
        let wanted = [(0, Some("plus"), None), (-1, Some("minus"), None), (i64::MAX, Some("plus"), Some("large"))];
        assert_eq!((whole, text(6), text(7)), wanted[place]);
        assert_eq!(when, place as i64);
    }
    assert_eq!(second.column(2).as_primitive::<UInt64Type>().value(0), 2);
    assert_eq!(second.column(10).as_primitive::<Float64Type>().value(0), 21.0);
    let counts = log.counts();
    assert_eq!((counts.observed, counts.written, counts.waiting, dropped(&counts)), (4, 4, 0, 0));
}

#[test]
fn a_run_writes_when_room_runs_short_and_what_is_left_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let every = Duration::from_secs(3_600);
    let log = PredictionLog::new(folder.path(), LogOptions { rows: 64, every, ..LogOptions::default() }).unwrap();
    let (runner, stop) = (logged(&log), log.stop_handle());
    std::thread::scope(|scope| {
        scope.spawn(|| log.run(|error| panic!("{error}")));
        let mut asked = 0;
        // Ends because a share that is half full wakes the writer, an hour before its time.
        while log.counts().written == 0 {
            runner.predict(&asked.to_string(), &1.0, at(0)).unwrap();
            asked += 1;
        }
        runner.predict("the last", &1.0, at(0)).unwrap();
        stop.stop();
    });
    let counts = log.counts();
    assert_eq!((counts.waiting, counts.written + dropped(&counts)), (0, counts.observed));
}

#[test]
fn what_a_killed_process_left_unfinished_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (left, whole) = (folder.path().join(".v1-1-1-000000.parquet.staged"), folder.path().join("whole.parquet"));
    for file in [&left, &whole] {
        std::fs::write(file, b"bytes").unwrap();
    }
    let log = PredictionLog::new(folder.path(), LogOptions::default()).unwrap();
    assert_eq!((left.exists(), whole.exists(), log.folder()), (false, true, folder.path()));
}

#[test]
fn a_file_is_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = PredictionLog::new(&path, LogOptions::default()).unwrap();
    let runner = logged(&log);
    runner.predict("lost", &1.0, at(0)).unwrap();
    std::fs::remove_dir(&path).unwrap();
    assert!(matches!(log.flush(), Err(LogError::Io { .. })));
    assert_eq!((log.counts().failed, log.counts().written), (1, 0));
    std::fs::create_dir(&path).unwrap();
    runner.predict("kept", &1.0, at(0)).unwrap();
    log.flush().unwrap();
    assert_eq!((log.counts().failed, log.counts().written), (1, 1));
    let names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() == 1 && names[0].to_str().unwrap().starts_with("v1-"), "{names:?}");
    assert_eq!(batches(&path)[0].column(0).as_string::<i32>().value(0), "kept");
    let file = folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(PredictionLog::new(&file, LogOptions::default()), Err(LogError::Io { .. })));
}

#[test]
fn an_answer_of_another_version_is_foreign_and_long_ids_find_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let log = PredictionLog::new(folder.path(), LogOptions { bytes: 80, ..LogOptions::default() }).unwrap();
    let bundle = loaded(0.5, 0.5);
    let observer = log.observer(2, &bundle);
    let runner = Runner::new(Live::new(1, bundle, vec![observer, log.observer(1, &loaded(0.5, 0.5))]));
    runner.predict("ten bytes.", &1.0, at(0)).unwrap();
    runner.predict("eleven byte", &1.0, at(0)).unwrap();
    let counts = log.counts();
    assert_eq!((counts.observed, counts.foreign, counts.full, counts.waiting), (4, 2, 1, 1));
}
