//! Many writers at once.

use std::sync::Barrier;

use pollster::block_on;

use super::Sample;
use super::conformance::{Fixture, promote, register};
use crate::RegistryError;

const NAME: &str = "delay";
const WRITERS: u64 = 8;

fn sample(writer: u64) -> Sample {
    Sample::new(NAME, 1.0 / (writer + 2) as f64)
}

pub(super) fn eight_register(fixture: &Fixture) {
    let mut versions = at_once(|writer| {
        let registry = &fixture.registries[usize::from(writer % 2 == 1)];
        [register(&**registry, &sample(writer)), register(&**registry, &sample(writer))]
    })
    .into_iter()
    .flatten()
    .collect::<Result<Vec<_>, _>>()
    .expect("each is a version");
    versions.sort_unstable();
    assert_eq!(versions, (1..=2 * WRITERS).collect::<Vec<_>>());
}

pub(super) fn eight_promote(fixture: &Fixture) {
    let champion = Sample::new(NAME, 1.0);
    register(fixture.one(), &champion).expect("a version");
    promote(fixture.one(), (1, &champion), None, "nobody").expect("nobody else writes");
    for writer in 0..WRITERS {
        register(fixture.one(), &sample(writer)).expect("a version");
    }
    let outcomes = at_once(|writer| {
        let registry = &fixture.registries[usize::from(writer % 2 == 1)];
        promote(&**registry, (writer + 2, &sample(writer)), Some((1, &champion)), &format!("writer {writer}"))
    });
    let winners: Vec<_> = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).collect();
    let [(winner, _)] = winners[..] else { panic!("one wins: {outcomes:?}") };
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let RegistryError::Moved { actual, by, .. } = lost else { panic!("got {lost:?}") };
        assert_eq!((*actual, by.as_deref()), (Some(winner + 2), Some(&*format!("writer {winner}"))));
    }
    let moves = block_on(fixture.other().alias_history(NAME, "champion")).expect("the model is known");
    assert_eq!(moves.iter().map(|moved| moved.what.to).collect::<Vec<_>>(), [1, winner + 2]);
}

/// What each writer gets when all start at once.
fn at_once<T: Send>(write: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (start, write) = (Barrier::new(WRITERS as usize), &write);
    std::thread::scope(|scope| {
        let started = |writer| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                write(writer)
            })
        };
        let threads: Vec<_> = (0..WRITERS).map(started).collect();
        threads.into_iter().map(|thread| thread.join().expect("it doesn't panic")).collect()
    })
}
