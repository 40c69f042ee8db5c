//! Each prediction is joined once or counted.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mlops_core::{Answered, Observer, Outcome, Slots};
use mlops_serve::{Joined, Live, OutcomeJoin};
use proptest::prelude::*;

use crate::toy::{at, loaded, quarter};

fn show(join: &OutcomeJoin, id: &str, time: i64, output: f64) {
    let (slots, latency) = (Slots::default(), Duration::ZERO);
    let (numbers, outputs) = (&[][..], &[output][..]);
    join.observe(&Answered { id, at: at(time), slots: &slots, numbers, outputs, version: 3, latency });
}

#[test]
fn an_outcome_finds_its_prediction_once() {
    let join = OutcomeJoin::new(100, Duration::from_micros(50));
    show(&join, "a", 10, 0.25);
    let joined = join.outcome("a", 1.0, at(60)).unwrap();
    let wanted =
        Joined { id: "a".into(), at: at(10), version: 3, outputs: vec![0.25], label: 1.0, available: at(60) };
    assert_eq!(joined, wanted);
    assert_eq!(join.outcome("a", 1.0, at(60)), None);
    assert_eq!(join.counts().unmatched, 1);
}

#[test]
fn a_joined_prediction_is_an_outcome() {
    let (at, available) = (at(10), at(60));
    let joined = Joined { id: "a".into(), at, version: 3, outputs: vec![0.25, 0.5], label: 1.0, available };
    let outcome = joined.as_outcome();
    assert_eq!((outcome.id, outcome.version, outcome.outputs), ("a", 3, &[0.25, 0.5][..]));
    assert_eq!((outcome.at, outcome.label, outcome.available), (at, 1.0, available));
}

/// Keeps the ids of what it is told of.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Told {
    fn observe(&self, _: &Answered<'_>) {}

    fn outcome(&self, outcome: &Outcome<'_>) {
        self.0.lock().unwrap().push(outcome.id.into());
    }
}

fn of(version: u64) -> Outcome<'static> {
    Outcome { id: "a", at: at(0), version, outputs: &[0.5], label: 1.0, available: at(1) }
}

#[test]
fn an_outcome_reaches_those_who_watched_the_version_that_answered() {
    let (first, second) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let runner = quarter(vec![Arc::clone(&first) as _, Arc::clone(&first) as _]);
    let told = |version| (runner.outcome(&of(version)), first.take().len(), second.take().len());
    assert_eq!((told(1), told(2)), ((true, 2, 0), (false, 0, 0)));
    let before = runner.swap(Live::new(2, loaded(3.0, 7.0), vec![Arc::clone(&second) as _])).unwrap();
    assert_eq!((told(1), told(2)), ((true, 2, 0), (true, 0, 1)), "after a swap");
    runner.swap(before).unwrap();
    assert_eq!((told(1), told(2)), ((true, 2, 0), (true, 0, 1)), "after a swap back");
    assert_eq!(told(3), (false, 0, 0));
}

#[test]
fn outcomes_are_told_of_the_highest_versions_and_of_what_is_live() {
    let told = Arc::new(Told::default());
    let runner = quarter(vec![Arc::clone(&told) as _]);
    let live = |version| Live::new(version, loaded(0.5, 0.5), vec![Arc::clone(&told) as _]);
    for version in 2..=9 {
        runner.swap(live(version)).unwrap();
    }
    let known = || (1..=9).filter(|&version| runner.outcome(&of(version))).collect::<Vec<_>>();
    assert_eq!(known(), (2..=9).collect::<Vec<_>>());
    runner.swap(live(1)).unwrap();
    assert_eq!(known(), [1, 3, 4, 5, 6, 7, 8, 9], "what is live is never let go");
    assert_eq!(told.take().len(), 16);
}

#[test]
fn what_is_let_go_is_counted_by_its_reason() {
    let join = OutcomeJoin::new(1, Duration::from_micros(50));
    show(&join, "late", 10, 0.25);
    assert_eq!(join.outcome("late", 1.0, at(61)), None);
    show(&join, "swept", 20, 0.25);
    join.expire(at(71));
    show(&join, "early", 80, 0.25);
    show(&join, "twice", 80, 0.25);
    show(&join, "twice", 81, 0.5);
    let counts = join.counts();
    assert_eq!((counts.observed, counts.joined, counts.waiting), (5, 0, 1));
    assert_eq!((counts.expired, counts.full, counts.replaced, counts.unmatched), (2, 1, 1, 1));
    assert_eq!(join.outcome("twice", 0.0, at(90)).unwrap().outputs, [0.5]);
}

proptest! {
    #[test]
    fn each_prediction_is_joined_once_or_counted(
        capacity in 1_usize..40,
        keep in 0_u64..60,
        steps in prop::collection::vec((any::<bool>(), 0..30_u8, 0..100_i64), 0..200),
    ) {
        let join = OutcomeJoin::new(capacity, Duration::from_micros(keep));
        let mut joined = HashSet::new();
        for (number, (observed, id, time)) in steps.iter().enumerate() {
            let id = id.to_string();
            if *observed {
                show(&join, &id, *time, number as f64);
            } else if let Some(found) = join.outcome(&id, 1.0, at(*time)) {
                let (asked, by, made) = &steps[found.outputs[0] as usize];
                prop_assert!(*asked && by.to_string() == id && at(*made) == found.at);
                prop_assert!(*time <= made + keep as i64);
                prop_assert!(joined.insert(found.outputs[0] as usize), "joined twice");
            }
        }
        let counts = join.counts();
        let let_go = counts.expired + counts.full + counts.replaced + counts.contended;
        prop_assert_eq!(counts.observed, steps.iter().filter(|step| step.0).count() as u64);
        prop_assert_eq!(counts.joined, joined.len() as u64);
        prop_assert_eq!(counts.observed, counts.joined + counts.waiting + let_go);
        prop_assert!(counts.waiting <= capacity as u64);
        prop_assert_eq!(counts.contended, 0);
    }
}

#[test]
fn threads_lose_no_prediction_uncounted() {
    let join = OutcomeJoin::new(500, Duration::from_secs(1));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let join = &join;
            scope.spawn(move || {
                for number in 0..5_000 {
                    let id = format!("{thread}-{number}");
                    show(join, &id, number, 0.5);
                    if number % 3 == 0 {
                        join.outcome(&id, 1.0, at(number));
                    }
                }
            });
        }
    });
    let counts = join.counts();
    assert_eq!(counts.observed, 20_000);
    let let_go = counts.expired + counts.full + counts.replaced + counts.contended;
    assert_eq!(counts.observed, counts.joined + counts.waiting + let_go);
}
