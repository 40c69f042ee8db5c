//! Registries of every format so far are read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlops_core::{Fingerprint, ManualClock, Timestamp};
use mlops_registry::testing::Sample;
use mlops_registry::{Action, BlockingRegistry, Promotion, RegistryError};
use tempfile::TempDir;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format-1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it can be read");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a file");
        }
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(Timestamp::from_date(2013, 1, 1).as_micros() + minute * 60_000_000)
}

/// Made by `make_format_1` below.
#[test]
fn format_1_is_read_and_written_on() {
    let folder = TempDir::new().expect("a temporary folder");
    copy(&data(), folder.path());
    let registry =
        BlockingRegistry::folder(folder.path(), Arc::new(ManualClock::at(at(9)))).expect("a temporary folder");
    let verified = registry.verify().expect("it is whole");
    let head = fs::read_to_string(data().join("head.sha256")).expect("it is there");
    assert_eq!((verified.entries, verified.head), (5, head.trim().parse::<Fingerprint>().ok()));
    assert_eq!(registry.resolve("delay", "champion").expect("it points there").version, 1);
    let champions =
        [0, 2, 3, 4].map(|minute| registry.champion_at("delay", "champion", at(minute)).expect("it is known"));
    assert_eq!(champions, [None, Some(1), Some(2), Some(1)]);
    let history = registry.history("delay").expect("it is known");
    assert!(matches!(history[3].what, Action::Promote(_)), "got {history:?}");
    assert!(matches!(history[4].what, Action::RollBack(_)), "got {history:?}");
    registry.bundle("delay", 2).expect("it is whole");
    let sample = Sample::new("delay", 0.75);
    assert_eq!(registry.register("delay", sample.bundle(), "ada", "").expect("a version"), 3);
    registry.verify().expect("it is whole");
}

#[test]
fn a_newer_format_is_said_so_and_not_written_on() {
    let folder = TempDir::new().expect("a temporary folder");
    copy(&data(), folder.path());
    let body = r#"{"format":2,"sequence":6,"what":["ever"]}"#;
    let entry = format!("{{\"body\":{body},\"digest\":\"{}\"}}\n", Fingerprint::of(body.as_bytes()));
    fs::write(folder.path().join("log/00000000000000000006.json"), entry).expect("it can be written");
    let registry =
        BlockingRegistry::folder(folder.path(), Arc::new(ManualClock::at(at(9)))).expect("a temporary folder");
    let write = registry.register("delay", Sample::new("delay", 0.5).bundle(), "ada", "").map(drop);
    for refused in [write, registry.verify().map(drop), registry.resolve("delay", "champion").map(drop)] {
        assert!(
            matches!(refused, Err(RegistryError::NewerFormat { sequence: 6, got: 2, wanted: 1 })),
            "{refused:?}"
        );
    }
    assert!(!folder.path().join("log/00000000000000000007.json").exists());
}

/// Writes the fixture anew; kept to show how it was made. A published fixture is never made again.
#[test]
#[ignore = "writes tests/data"]
fn make_format_1() {
    let clock = Arc::new(ManualClock::at(at(0)));
    let registry = BlockingRegistry::folder(data(), Arc::<ManualClock>::clone(&clock)).expect("it can be made");
    let (first, second) = (Sample::new("delay", 0.25), Sample::new("delay", 0.5));
    registry.register("delay", first.bundle(), "ada", "first").expect("a version");
    clock.set(at(1));
    registry.register("delay", second.bundle(), "ada", "second").expect("a version");
    let promote = |version, expected, evidence| {
        let (name, alias, actor, reason) = ("delay", "champion", "ada", "for the fixture");
        let promotion = Promotion { name, alias, version, expected, evidence: &evidence, actor, reason };
        registry.promote(&promotion).expect("nobody else writes");
    };
    clock.set(at(2));
    promote(1, None, first.passed(None));
    clock.set(at(3));
    promote(2, Some(1), second.passed(Some(&first)));
    clock.set(at(4));
    registry.roll_back("delay", "champion", "bob", "too slow").expect("version 1 was before");
    let head = registry.verify().expect("it is whole").head.expect("it has entries");
    fs::write(data().join("head.sha256"), format!("{head}\n")).expect("it can be written");
}
