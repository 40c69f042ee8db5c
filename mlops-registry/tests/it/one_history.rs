//! Many writers with a handle each, as processes have, on one folder.

use std::sync::{Arc, Barrier};

use mlops_core::SystemClock;
use mlops_registry::testing::Sample;
use mlops_registry::{BlockingRegistry, Promotion, RegistryError};
use tempfile::TempDir;

const WRITERS: u64 = 8;

fn sample(version: u64) -> Sample {
    Sample::new("delay", 1.0 / version as f64)
}

fn at_once<T: Send>(folder: &TempDir, write: impl Fn(u64, BlockingRegistry) -> T + Sync) -> Vec<T> {
    let (start, write) = (&Barrier::new(WRITERS as usize), &write);
    std::thread::scope(|scope| {
        let started = |writer| {
            scope.spawn(move || {
                let registry = open(folder);
                start.wait();
                write(writer, registry)
            })
        };
        let threads: Vec<_> = (0..WRITERS).map(started).collect();
        threads.into_iter().map(|thread| thread.join().expect("it doesn't panic")).collect()
    })
}

fn open(folder: &TempDir) -> BlockingRegistry {
    BlockingRegistry::folder(folder.path(), Arc::new(SystemClock)).expect("a temporary folder")
}

#[test]
fn one_history_of_eight_that_register() {
    let folder = TempDir::new().expect("a temporary folder");
    let each = 3;
    let versions = at_once(&folder, |writer, registry| {
        let register = |_| registry.register("delay", sample(writer + 1).bundle(), "ada", "").expect("a version");
        (0..each).map(register).collect::<Vec<_>>()
    });
    for one in &versions {
        assert!(one.is_sorted(), "a writer's own versions rise: {one:?}");
    }
    let mut versions = versions.concat();
    versions.sort_unstable();
    assert_eq!(versions, (1..=each * WRITERS).collect::<Vec<_>>());
    let verified = open(&folder).verify().expect("it is whole");
    assert_eq!(verified.entries, each * WRITERS);
}

#[test]
fn one_history_of_eight_that_promote() {
    let folder = TempDir::new().expect("a temporary folder");
    let registry = open(&folder);
    for version in 1..=WRITERS + 1 {
        registry.register("delay", sample(version).bundle(), "ada", "").expect("a version");
    }
    let promote = |registry: &BlockingRegistry, version, expected: Option<u64>, actor: &str| {
        let evidence = sample(version).passed(expected.map(sample).as_ref());
        let (name, alias, reason) = ("delay", "champion", "");
        registry.promote(&Promotion { name, alias, version, expected, evidence: &evidence, actor, reason })
    };
    promote(&registry, 1, None, "nobody").expect("nobody else writes");
    let outcomes =
        at_once(&folder, |writer, registry| promote(&registry, writer + 2, Some(1), &format!("writer {writer}")));

    let winners: Vec<u64> = (0..).zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(at, _)| at).collect();
    let [winner] = winners[..] else { panic!("one wins: {outcomes:?}") };
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let RegistryError::Moved { expected, actual, by, at, .. } = lost else { panic!("got {lost:?}") };
        assert_eq!((*expected, *actual), (Some(1), Some(winner + 2)));
        assert_eq!(by.as_deref(), Some(&*format!("writer {winner}")));
        assert!(at.is_some());
    }
    assert_eq!(registry.resolve("delay", "champion").expect("it points there").version, winner + 2);
    assert_eq!(registry.verify().expect("it is whole").entries, WRITERS + 3);
}
