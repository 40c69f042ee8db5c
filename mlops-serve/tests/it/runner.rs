//! Answers are given in the caller's thread, whole, and without allocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mlops_core::{Answered, LoadedBundle, Observer, Value};
use mlops_serve::{Live, Request, RunError, SwapError};

use crate::toy::{ScaledFormat, ShareFormat, at, bundle_of, loaded, quarter};

/// Checks that all it is shown belongs together.
#[derive(Debug, Default)]
struct Witness {
    seen: AtomicU64,
    mixed: AtomicU64,
}

impl Observer for Witness {
    fn observe(&self, answered: &Answered<'_>) {
        let (scale, share) = if answered.version == 1 { (0.5, 0.5) } else { (3.0, 7.0) };
        let whole = match answered.slots.value(0) {
            Value::Float(x) => answered.numbers == [x * scale] && answered.outputs == [x * scale * share],
            _ => false,
        };
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.mixed.fetch_add(u64::from(!whole), Ordering::Relaxed);
    }
}

/// Panics, against its contract.
#[derive(Debug)]
struct Panics;

impl Observer for Panics {
    fn observe(&self, _: &Answered<'_>) {
        panic!("an observer may not");
    }
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(String, f64, f64)>>);

impl Observer for Seen {
    fn observe(&self, answered: &Answered<'_>) {
        self.0.lock().unwrap().push((answered.id.into(), answered.numbers[0], answered.outputs[0]));
    }
}

/// One thread less that answers, however it ends.
struct Leaving<'a>(&'a AtomicU64);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// Four threads ask while versions are swapped as fast as they can be, which is far more often than every millisecond.
#[test]
fn swap_mixes_no_answer_and_loses_none() {
    const THREADS: u64 = 4;
    const REQUESTS: u64 = 50_000;
    let witness = Arc::new(Witness::default());
    let runner = quarter(vec![Arc::clone(&witness) as _]);
    let other = Arc::new(Live::new(2, loaded(3.0, 7.0), vec![Arc::clone(&witness) as _]));
    let by_version = [const { AtomicU64::new(0) }; 3];
    let (answering, total) = (AtomicU64::new(THREADS), AtomicU64::new(0));
    let swaps = std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (runner, by_version, answering, total) = (&runner, &by_version, &answering, &total);
            scope.spawn(move || {
                let _leaving = Leaving(answering);
                let (mut scratch, mut outputs) = (runner.scratch(), [0.0]);
                let both = || by_version[1..].iter().all(|count| count.load(Ordering::Relaxed) > 0);
                let mut asked = 0;
                while asked < REQUESTS || !both() {
                    let row = (thread + THREADS * asked) as f64;
                    asked += 1;
                    let answer = runner.answer("id", &row, at(0), &mut scratch, &mut outputs).unwrap();
                    let wanted = if answer.version == 1 { row * 0.5 * 0.5 } else { row * 3.0 * 7.0 };
                    assert_eq!(outputs[0], wanted, "row {row} by version {}", answer.version);
                    by_version[answer.version as usize].fetch_add(1, Ordering::Relaxed);
                }
                total.fetch_add(asked, Ordering::Relaxed);
            });
        }
        let (mut next, mut swaps) = (other, 0_u64);
        while answering.load(Ordering::Acquire) > 0 {
            let version = next.version();
            next = runner.swap(next).unwrap();
            assert_ne!(next.version(), version);
            swaps += 1;
        }
        swaps
    });
    let ([none, one, two], total) = (by_version.map(AtomicU64::into_inner), total.into_inner());
    assert!(swaps > 0 && total >= THREADS * REQUESTS);
    assert_eq!((none, one + two), (0, total));
    assert_eq!(runner.counts().answered, total);
    assert_eq!(witness.seen.load(Ordering::Relaxed), total);
    assert_eq!(witness.mixed.load(Ordering::Relaxed), 0);
}

#[test]
fn swap_gives_back_the_version_before_and_frees_it_with_its_last_holder() {
    let runner = quarter(Vec::new());
    let before = runner.swap(Live::new(2, loaded(3.0, 7.0), Vec::new())).unwrap();
    assert_eq!((before.version(), runner.version()), (1, 2));
    assert_eq!(runner.predict("id", &1.0, at(0)).unwrap().outputs, [21.0]);
    let held = Arc::downgrade(&before);
    let newer = runner.swap(before).unwrap();
    assert_eq!((newer.version(), runner.version()), (2, 1));
    runner.swap(newer).unwrap();
    assert!(held.upgrade().is_none());
}

#[test]
fn swap_refuses_a_version_with_other_outputs() {
    let runner = quarter(Vec::new());
    let foreign = Arc::new(bundle_of(3.0, 7.0, "minutes"));
    let foreign = LoadedBundle::load(foreign, &ScaledFormat, &[&ShareFormat]).unwrap();
    let error = runner.swap(Live::new(2, foreign, Vec::new())).unwrap_err();
    let (got, wanted) = (vec!["minutes".into()], vec!["probability".into()]);
    assert_eq!(error, SwapError::ForeignOutputs { version: 2, got, wanted });
    assert_eq!(runner.predict("id", &1.0, at(0)).unwrap().version, 1);
}

#[test]
fn a_warm_answer_allocates_nothing() {
    let witness = Arc::new(Witness::default());
    let runner = quarter(vec![Arc::clone(&witness) as _]);
    let (mut scratch, mut outputs) = (runner.scratch(), [0.0]);
    let mut pass = || {
        for row in [0.5, -1.0, 1e300] {
            runner.answer("id", &row, at(0), &mut scratch, &mut outputs).unwrap();
        }
    };
    pass();
    let counted = allocation_counter::measure(pass);
    assert_eq!(counted.count_total, 0, "{counted:?}");
    let (mut scratch, mut outputs) = (runner.batch_scratch(), [0.0; 2]);
    let requests = [0.5, 2.0].each_ref().map(|row| Request { id: "id", row, at: at(0) });
    let mut pass = || assert!(runner.answer_many(&requests, &mut scratch, &mut outputs).is_ok());
    pass();
    assert_eq!(allocation_counter::measure(pass).count_total, 0);
    // The counter counts.
    assert!(allocation_counter::measure(|| drop(vec![1_u8; 100])).count_total > 0);
}

#[test]
fn what_fails_is_counted_by_its_reason_and_not_observed() {
    let seen = Arc::new(Seen::default());
    let runner = quarter(vec![Arc::clone(&seen) as _]);
    let mut scratch = runner.scratch();
    let mut ask = |row: f64, outputs: &mut [f64]| runner.answer("id", &row, at(0), &mut scratch, outputs);
    assert!(matches!(ask(f64::NAN, &mut [0.0]), Err(RunError::Encode { version: 1, .. })));
    assert!(matches!(ask(f64::INFINITY, &mut [0.0]), Err(RunError::Model { version: 1, .. })));
    assert!(matches!(ask(1.0, &mut [0.0; 2]), Err(RunError::WrongLength { got: 2, wanted: 1 })));
    assert!(matches!(ask(1.0, &mut []), Err(RunError::WrongLength { got: 0, wanted: 1 })));
    ask(1.0, &mut [0.0]).unwrap();
    let counts = runner.counts();
    assert_eq!((counts.answered, counts.not_encoded, counts.not_predicted, counts.wrong_length), (1, 1, 1, 2));
    assert_eq!(seen.0.lock().unwrap().len(), 1);
}

#[test]
fn answers_come_first_before_an_observer_that_panics() {
    let seen = Arc::new(Seen::default());
    let runner = quarter(vec![Arc::new(Panics), Arc::clone(&seen) as _]);
    assert_eq!(runner.predict("id", &2.0, at(0)).unwrap().outputs, [0.5]);
    assert_eq!(*seen.0.lock().unwrap(), [("id".to_owned(), 1.0, 0.5)]);
    assert_eq!((runner.counts().answered, runner.counts().observer_panics), (1, 1));
}

#[test]
fn a_batch_answers_as_its_rows_alone() {
    let (alone, together) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
    let (one, many) = (quarter(vec![Arc::clone(&alone) as _]), quarter(vec![Arc::clone(&together) as _]));
    let mut scratch = many.batch_scratch();
    let rows = [0.1, f64::NAN, 0.7, 1e-320, f64::NAN, -3.0, 1e300];
    // The same scratch for batches that shrink and grow, with rows that fail in every place.
    for rows in [&rows[..], &rows[1..3], &[], &[f64::NAN], &rows[..]] {
        alone.0.lock().unwrap().clear();
        together.0.lock().unwrap().clear();
        let ids: Vec<String> = (0..rows.len()).map(|id| id.to_string()).collect();
        let requests: Vec<_> = rows.iter().zip(&ids).map(|(row, id)| Request { id, row, at: at(0) }).collect();
        let mut outputs = vec![0.0; rows.len()];
        let answer = many.answer_many(&requests, &mut scratch, &mut outputs).unwrap();
        assert_eq!(answer.version, 1);
        for (place, request) in requests.iter().enumerate() {
            match one.predict(request.id, request.row, request.at) {
                Ok(prediction) => assert_eq!(prediction.outputs[0].to_bits(), outputs[place].to_bits()),
                Err(RunError::Encode { source, .. }) => {
                    assert!(outputs[place].is_nan());
                    let failed = answer.failed.iter().find(|failed| failed.row == place).unwrap();
                    assert_eq!(failed.error, source);
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(answer.failed.len(), rows.iter().filter(|row| row.is_nan()).count());
        assert_eq!(*alone.0.lock().unwrap(), *together.0.lock().unwrap());
    }
    assert_eq!(one.counts(), many.counts());
    let requests = [Request { id: "a", row: &f64::INFINITY, at: at(0) }];
    assert!(matches!(many.answer_many(&requests, &mut scratch, &mut [0.0]), Err(RunError::Model { .. })));
    assert!(matches!(many.answer_many(&requests, &mut scratch, &mut []), Err(RunError::WrongLength { .. })));
    assert_eq!((many.counts().not_predicted, many.counts().wrong_length), (1, 1));
}
