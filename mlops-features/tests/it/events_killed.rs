//! Processes that end while they push: by a kill, and by a full disk.

#![cfg(unix)]

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use mlops_features::FeatureError;

use crate::streams::{Event, SOURCES, events_in, minute, open, replayed_bytes, state_bytes};

/// The folder of the log, in a process that was started to be killed.
const FOLDER: &str = "MLOPS_TEST_PUSH_INTO";
const ACKNOWLEDGED: &str = "acknowledged";

fn numbered(number: u64) -> (&'static str, Event) {
    let at = number as i64 / 7;
    let event = Event {
        at: Some(minute(at)),
        known: Some(minute(at + number as i64 % 5)),
        key: Some(["a", "b", "c"][number as usize / 3 % 3]),
        word: Some("some word"),
        n: Some(number as i64 % 3),
        value: Some(number as f64 * 0.1),
    };
    (SOURCES[number as usize % 3], event)
}

/// How many pushes have returned.
fn acknowledged(folder: &Path) -> u64 {
    fs::read(folder.join(ACKNOWLEDGED)).ok().and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Pushes numbered events, from where the log ends, until an error.
fn push_on(folder: &Path) -> FeatureError {
    let acknowledged =
        File::options().create(true).truncate(false).write(true).open(folder.join(ACKNOWLEDGED)).unwrap();
    let mut stream = open(&folder.join("log"));
    let mut number: u64 = SOURCES.iter().map(|source| stream.logged(source)).sum();
    loop {
        let (source, event) = numbered(number);
        if let Err(error) = stream.push(source, &event, minute(number as i64 / 7)) {
            assert!(stream.push(source, &event, minute(number as i64 / 7)).is_err());
            assert_eq!(SOURCES.iter().map(|source| stream.logged(source)).sum::<u64>(), number);
            return error;
        }
        number += 1;
        acknowledged.write_all_at(&number.to_le_bytes(), 0).unwrap();
        if number.is_multiple_of(400) {
            stream.seal().unwrap();
        }
        if number.is_multiple_of(700) {
            stream.snapshot().unwrap();
        }
    }
}

/// Not a test of its own: what the other process runs.
#[test]
fn pushes_in_another_process() {
    if let Some(folder) = env::var_os(FOLDER) {
        let error = push_on(&PathBuf::from(folder));
        assert!(matches!(error, FeatureError::Io { .. }), "{error}");
    }
}

fn pushing(mut command: Command, folder: &Path) -> std::process::Child {
    command.args(["events_killed::pushes_in_another_process", "--exact"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The log has what was acknowledged and one event more at most, each once; its state is that of a replay.
fn check(folder: &Path) -> u64 {
    let log = folder.join("log");
    let mut stream = open(&log);
    let logged: u64 = SOURCES.iter().map(|source| stream.logged(source)).sum();
    let acknowledged = acknowledged(folder);
    assert!((acknowledged..=acknowledged + 1).contains(&logged), "{acknowledged} acknowledged, {logged} logged");
    assert_eq!(events_in(&stream) as u64, logged);
    for (place, source) in (0..).zip(SOURCES) {
        assert_eq!(stream.logged(source), (logged + 2 - place) / 3);
    }
    let bytes = state_bytes(&mut stream, &log);
    drop(stream);
    assert!(replayed_bytes(&log) == bytes);
    logged
}

#[test]
fn a_process_that_is_killed_has_lost_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut logged = 0;
    for round in 0..10 {
        let mut child = pushing(Command::new(env::current_exe().unwrap()), folder.path());
        let begin = Instant::now();
        while acknowledged(folder.path()) <= logged {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is pushed in round {round}");
            sleep(Duration::from_millis(1));
        }
        let random = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
        sleep(Duration::from_micros(u64::from(random / 1000 % 30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        logged = check(folder.path());
    }
}

#[test]
fn a_write_that_finds_no_room_is_cut_off_again() {
    let folder = tempfile::tempdir().unwrap();
    // A file may have 20 blocks of 512 bytes; what is beyond is an error and no signal.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
    let mut child = pushing(shell, folder.path());
    assert!(child.wait().unwrap().success());
    let len = fs::metadata(folder.path().join("log/events.tail")).unwrap().len();
    assert!((8_000..20 * 1024).contains(&len), "{len}");
    let stream = open(&folder.path().join("log"));
    assert_eq!(stream.torn(), 0);
    assert_eq!(events_in(&stream) as u64, acknowledged(folder.path()));
    drop(stream);
    check(folder.path());
}
