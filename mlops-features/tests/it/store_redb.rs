//! The file of a store: killed in mid-write, cut and damaged.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use mlops_features::{FeatureError, RedbStore};

use crate::store_damaged::{get, put};

/// The folder of the store, in a process that was started to be killed.
const FOLDER: &str = "MLOPS_TEST_PUT_INTO";
const ENTITIES: u64 = 7;

fn acknowledged(folder: &Path) -> u64 {
    fs::read(folder.join("acknowledged")).ok().and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn entity(number: u64) -> [u8; 8] {
    (number % ENTITIES).to_le_bytes()
}

/// Not a test of its own: what the other process runs.
#[test]
fn puts_in_another_process() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let marks = File::options().create(true).truncate(false).write(true).open(folder.join("acknowledged")).unwrap();
    let store = RedbStore::open(folder.join("store.redb")).unwrap();
    for number in acknowledged(&folder) + 1.. {
        put(&store, &entity(number), number).unwrap();
        marks.write_all_at(&number.to_le_bytes(), 0).unwrap();
    }
}

#[test]
fn a_process_that_is_killed_has_lost_nothing_that_was_put() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..6 {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["store_redb::puts_in_another_process", "--exact"]).env(FOLDER, folder.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        while acknowledged(folder.path()) <= last + 3 {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is put in round {round}");
            sleep(Duration::from_millis(1));
        }
        let random = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
        sleep(Duration::from_micros(u64::from(random / 1000 % 20_000)));
        child.kill().unwrap();
        child.wait().unwrap();

        last = acknowledged(folder.path());
        let store = RedbStore::open(folder.path().join("store.redb")).unwrap();
        for number in last.saturating_sub(ENTITIES - 1).max(1)..=last {
            let found = get(&store, &entity(number)).unwrap().unwrap();
            // One more may have been put and not acknowledged.
            assert!(found == number || found == last + 1, "{found}, not {number}, of {last}");
        }
    }
}

fn some_file(folder: &Path) -> Vec<u8> {
    let path = folder.join("sound.redb");
    let store = RedbStore::open(&path).unwrap();
    for number in 1..=200 {
        put(&store, &u64::to_le_bytes(number), number).unwrap();
    }
    drop(store);
    fs::read(path).unwrap()
}

/// Opens a damaged file and reads all of it: whether it was refused. What is read has to be what was put.
fn refused(folder: &Path, bytes: &[u8]) -> bool {
    let path = folder.join("damaged.redb");
    fs::write(&path, bytes).unwrap();
    let store = match RedbStore::open(&path) {
        Ok(store) => store,
        Err(error) => {
            let FeatureError::Store { store, call: "open", .. } = &error else { panic!("{error}") };
            assert!(store.ends_with("damaged.redb"));
            return true;
        }
    };
    (1..=200).any(|number| match get(&store, &u64::to_le_bytes(number)) {
        Ok(found) => {
            assert!(found.is_none_or(|found| found == number));
            found.is_none()
        }
        Err(_) => true,
    })
}

#[test]
fn a_file_that_is_cut_or_is_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let sound = some_file(folder.path());
    assert!(!refused(folder.path(), &sound));
    for len in [1, 100, 4096, sound.len() / 3, sound.len() / 2] {
        assert!(refused(folder.path(), &sound[..len]), "cut to {len} of {}", sound.len());
    }
    assert!(refused(folder.path(), &b"not a store at all".repeat(1000)));
}

#[test]
fn damage_anywhere_is_an_error_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let sound = some_file(folder.path());
    let mut errors = 0;
    for step in 0..60 {
        let mut bytes = sound.clone();
        let place = step * bytes.len() / 60 + step * 37 % 97;
        for byte in bytes.iter_mut().skip(place).take(64) {
            *byte ^= 0x5a;
        }
        errors += usize::from(refused(folder.path(), &bytes));
    }
    assert!(errors > 0);
}

/// Damages a file under a store that has it open: how many answers are errors.
fn refused_when_open(folder: &Path, bytes: &[u8], damaged: &[u8]) -> usize {
    let path = folder.join("open.redb");
    fs::write(&path, bytes).unwrap();
    let store = RedbStore::open(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(damaged, 0).unwrap();
    let mut errors = 0;
    for number in 1..=200 {
        match get(&store, &u64::to_le_bytes(number)) {
            Ok(found) => assert!(found.is_none_or(|found| found == number)),
            Err(_) => errors += 1,
        }
        errors += usize::from(put(&store, &u64::to_le_bytes(number), number).is_err());
    }
    errors
}

#[test]
fn damage_under_an_open_store_is_an_error_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let sound = some_file(folder.path());
    let mut errors = 0;
    for step in 0..60 {
        let mut bytes = sound.clone();
        let place = step * bytes.len() / 60 + step * 37 % 97;
        for byte in bytes.iter_mut().skip(place).take(4096) {
            *byte ^= 0x5a;
        }
        errors += refused_when_open(folder.path(), &sound, &bytes);
    }
    assert!(errors > 0);
}

#[test]
fn a_second_process_is_told_that_the_file_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let _first = RedbStore::open(&path).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("the store `{}` failed to open", path.display()));
}
