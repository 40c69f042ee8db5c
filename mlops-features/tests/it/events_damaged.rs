//! Logs that stopped at any moment, and logs that are damaged.

use std::fs;
use std::path::Path;

use arrow::array::RecordBatch;
use mlops_core::Timestamp;
use mlops_features::{EventLog, FeatureError};
use proptest::prelude::*;

use crate::streams::{
    Event, SOURCES, copy, event, events_in, feed, files, minute, open, records, replayed_bytes, state_bytes, table,
    try_open,
};

const TAIL: &str = "events.tail";

fn tables() -> impl Strategy<Value = [RecordBatch; 3]> {
    prop::array::uniform3(prop::collection::vec(event(), 1..20))
        .prop_map(|events| events.map(|events| table(&events)))
}

/// The state that a feed makes of a log, to its end.
fn bytes_at_the_end(folder: &Path, tables: &[RecordBatch; 3]) -> Vec<u8> {
    let mut stream = open(folder);
    feed(tables).advance(&mut stream, Timestamp::MAX).unwrap();
    state_bytes(&mut stream, folder)
}

/// A folder with a log of some visits, a minute apart, all in its tail.
fn visits(count: i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    for at in 0..count {
        stream.push("visits", &visit(at), minute(at)).unwrap();
    }
    folder
}

fn visit(at: i64) -> Event {
    Event { at: Some(minute(at)), known: None, key: Some("a"), word: None, n: Some(1), value: None }
}

fn corrupt(error: &FeatureError, words: &[&str]) {
    assert!(matches!(error, FeatureError::Corrupt { .. }), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{error} should tell {word}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_log_that_stopped_at_any_byte_goes_on_as_if_it_had_not(
        tables in tables(),
        stop in -320_i64..420,
        seal in prop::option::of(-320_i64..420),
        snapshot in prop::option::of(-320_i64..420),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = tempfile::tempdir().unwrap();
        let wanted = bytes_at_the_end(whole.path(), &tables);

        let folder = tempfile::tempdir().unwrap();
        let mut stream = open(folder.path());
        let mut feed = feed(&tables);
        let mut steps = vec![(Some(stop), 0), (seal, 1), (snapshot, 2)];
        steps.sort_unstable();
        for (at, what) in steps {
            let Some(at) = at else { continue };
            feed.advance(&mut stream, minute(at)).unwrap();
            match what {
                1 => stream.seal().unwrap(),
                2 => stream.snapshot().unwrap(),
                _ => {}
            }
        }
        let stopped = copy(folder.path());
        let tail = stopped.path().join(TAIL);
        let bytes = fs::read(&tail).unwrap();
        let cut = cut.index(bytes.len() + 1);
        fs::write(&tail, &bytes[..cut]).unwrap();

        let (whole_records, end) = records(&bytes);
        prop_assert_eq!(end, bytes.len());
        let ends = whole_records.iter().skip(1).map(|record| record.0).chain([end]);
        let kept: Vec<_> = whole_records.iter().zip(ends).filter(|(_, end)| *end <= cut).collect();
        let sealed = events_in(&stream) - whole_records.iter().filter(|record| record.1).count();
        let again = open(stopped.path());
        prop_assert_eq!(events_in(&again), sealed + kept.iter().filter(|(record, _)| record.1).count());
        let sound = kept.last().map_or(if cut < 8 { 0 } else { 8 }, |(_, end)| *end);
        prop_assert_eq!(again.torn(), (cut - sound) as u64);
        drop(again);
        prop_assert_eq!(open(stopped.path()).torn(), 0);
        prop_assert!(bytes_at_the_end(stopped.path(), &tables) == wanted);
        prop_assert!(replayed_bytes(stopped.path()) == wanted);
    }

    #[test]
    fn a_seal_that_stopped_between_segments_loses_nothing_and_doubles_nothing(
        tables in tables(),
        done in prop::collection::vec(any::<bool>(), 3),
        stop in -100_i64..420,
        more in 0_i64..200,
    ) {
        let whole = tempfile::tempdir().unwrap();
        let wanted = bytes_at_the_end(whole.path(), &tables);

        let folder = tempfile::tempdir().unwrap();
        let mut stream = open(folder.path());
        let mut feed = feed(&tables);
        feed.advance(&mut stream, minute(stop)).unwrap();
        let logged = SOURCES.map(|source| stream.logged(source));
        let tail = fs::read(folder.path().join(TAIL)).unwrap();
        stream.seal().unwrap();
        prop_assert_eq!(events_in(&stream) as u64, logged.iter().sum::<u64>());
        drop(stream);

        // The tail is as it was before, and some segments are there already.
        fs::write(folder.path().join(TAIL), tail).unwrap();
        for (source, done) in SOURCES.iter().zip(done) {
            if !done && folder.path().join(source).exists() {
                files(&folder.path().join(source), "").iter().for_each(|path| fs::remove_file(path).unwrap());
            }
        }
        let mut stream = open(folder.path());
        prop_assert_eq!(SOURCES.map(|source| stream.logged(source)), logged);
        prop_assert_eq!(events_in(&stream) as u64, logged.iter().sum::<u64>());
        // It goes on with the tail that is sealed in part, and is sealed again.
        feed.advance(&mut stream, minute(stop + more)).unwrap();
        stream.seal().unwrap();
        drop(stream);
        prop_assert!(bytes_at_the_end(folder.path(), &tables) == wanted);
        prop_assert!(replayed_bytes(folder.path()) == wanted);
    }

    #[test]
    fn garbage_in_place_of_a_tail_is_an_error_or_an_end(garbage in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = if header { b"MLEV\x01\0\0\0".to_vec() } else { Vec::new() };
        bytes.extend(garbage);
        fs::write(folder.path().join(TAIL), &bytes).unwrap();
        let read = EventLog::open(folder.path()).map(drop);
        match try_open(folder.path()) {
            Ok(stream) => {
                prop_assert!(read.is_ok());
                prop_assert_eq!(events_in(&stream), 0);
            }
            Err(FeatureError::Corrupt { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn records_of_garbage_with_a_checksum_are_no_records(payloads in prop::collection::vec(payload(), 1..6)) {
        let folder = visits(2);
        let tail = folder.path().join(TAIL);
        let mut bytes = fs::read(&tail).unwrap();
        for payload in &payloads {
            let length = (payload.len() as u32).to_le_bytes();
            bytes.extend(length);
            bytes.extend(crc32fast::hash(&length).to_le_bytes());
            bytes.extend(crc32fast::hash(payload).to_le_bytes());
            bytes.extend(payload);
        }
        fs::write(&tail, &bytes).unwrap();
        match try_open(folder.path()) {
            Ok(stream) => prop_assert!(events_in(&stream) >= 2),
            Err(FeatureError::Corrupt { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

/// Bytes that look like a record's, more or less.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let rest = prop::collection::vec(prop_oneof![Just(0_u8), 0_u8..5, any::<u8>()], 0..60);
    (0_u8..4, prop::option::of(0_u32..3), rest).prop_map(|(kind, number, rest)| {
        let number = number.map_or(Vec::new(), |number| number.to_le_bytes().to_vec());
        [vec![kind], number, rest].concat()
    })
}

#[test]
fn a_bad_record_before_sound_ones_is_named_and_a_last_one_is_an_end() {
    let folder = visits(6);
    let tail = folder.path().join(TAIL);
    let bytes = fs::read(&tail).unwrap();
    let (records, end) = records(&bytes);
    assert_eq!(records.len(), 7);
    let last = records[6].0;
    for at in 0..end {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&tail, &damaged).unwrap();
        let (read, opened) = (EventLog::open(folder.path()).map(drop), try_open(folder.path()));
        let record = records.iter().rev().map(|record| record.0).find(|&begin| begin <= at);
        match record {
            Some(begin) if begin == last => {
                assert!(read.is_ok());
                let stream = opened.unwrap();
                assert_eq!((events_in(&stream), stream.torn()), (5, (end - last) as u64));
            }
            Some(begin) => {
                corrupt(&read.unwrap_err(), &[TAIL, &format!("at byte {begin}")]);
                corrupt(&opened.unwrap_err(), &[TAIL, &format!("at byte {begin}")]);
            }
            None if at == 4 || at > 4 && damaged[4..8] > [1, 0, 0, 0][..] => {
                let error = opened.unwrap_err();
                let is_version = matches!(error, FeatureError::NewerFormat { .. } | FeatureError::Corrupt { .. });
                assert!(is_version, "{error}");
            }
            None => corrupt(&opened.unwrap_err(), &[TAIL]),
        }
    }
}

#[test]
fn a_snapshot_comes_back_whole_and_a_damaged_one_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = open(folder.path());
    for at in 0..30 {
        let event =
            Event { value: Some(0.1 * at as f64), word: Some("w"), known: Some(minute(at + 3)), ..visit(at) };
        stream.push(SOURCES[at as usize % 3], &event, minute(at)).unwrap();
    }
    stream.push("visits", &Event { key: None, ..visit(30) }, minute(30)).unwrap();
    let wanted = state_bytes(&mut stream, folder.path());
    assert!(wanted == state_bytes(&mut stream, folder.path()));
    assert_eq!(stream.state().unkeyed(), 1);
    drop(stream);
    assert_eq!(files(folder.path(), "snapshot-").len(), 1, "those before it are gone");
    let path = files(folder.path(), "snapshot-").remove(0);
    assert_eq!(fs::read(&path).unwrap(), wanted);

    // With the snapshot alone: a log whose first events can't be read any more opens.
    let mut stream = open(folder.path());
    stream.seal().unwrap();
    drop(stream);
    let lost = copy(folder.path());
    let segment = files(&lost.path().join("visits"), "").remove(0);
    let rows = fs::read(&segment).unwrap();
    let middle = rows.len() / 4;
    fs::write(&segment, [&rows[..middle], &[0xff; 40][..], &rows[middle + 40..]].concat()).unwrap();
    let mut stream = open(lost.path());
    assert!(state_bytes(&mut stream, lost.path()) == wanted);
    drop(stream);
    files(lost.path(), "snapshot-").iter().for_each(|path| fs::remove_file(path).unwrap());
    assert!(try_open(lost.path()).is_err(), "it has to read what is damaged");

    // Damaged, it is as if it weren't there.
    let mut stream = open(folder.path());
    assert!(state_bytes(&mut stream, folder.path()) == wanted);
    drop(stream);
    for at in (0..wanted.len()).step_by(3) {
        let mut damaged = wanted.clone();
        damaged[at] ^= 1 << (at / 3 % 8);
        fs::write(&path, damaged).unwrap();
        assert!(state_bytes(&mut open(folder.path()), folder.path()) == wanted, "flipped at {at}");
        fs::write(&path, &wanted[..at]).unwrap();
        assert!(state_bytes(&mut open(folder.path()), folder.path()) == wanted, "cut at {at}");
    }
}

#[test]
fn a_snapshot_of_what_the_log_does_not_have_is_never_taken() {
    let folder = visits(5);
    let mut stream = open(folder.path());
    let wanted = state_bytes(&mut stream, folder.path());
    drop(stream);
    // The log of another day, in which other events have these numbers.
    fs::remove_file(folder.path().join(TAIL)).unwrap();
    let mut stream = open(folder.path());
    for at in 0..5 {
        stream.push("visits", &visit(at + 100), minute(at + 100)).unwrap();
    }
    drop(stream);
    let mut stream = open(folder.path());
    let got = state_bytes(&mut stream, folder.path());
    assert!(got != wanted);
    assert!(got == replayed_bytes(folder.path()));
}

/// The log that lies in `tests/data/log-1`: a segment, a snapshot, and a tail that ends in half a record.
fn written(folder: &Path) {
    let mut stream = open(folder);
    for at in 0..9 {
        let event =
            Event { value: Some(0.1 * at as f64), word: Some("w"), known: Some(minute(at + 3)), ..visit(at) };
        stream.push(SOURCES[at as usize % 3], &event, minute(at)).unwrap();
        if at == 2 {
            stream.seal().unwrap();
        }
        if at == 5 {
            stream.snapshot().unwrap();
        }
    }
    drop(stream);
    let tail = folder.join(TAIL);
    let bytes = fs::read(&tail).unwrap();
    fs::write(&tail, &bytes[..bytes.len() - 5]).unwrap();
}

#[test]
#[ignore = "writes tests/data/log-2, once for the format"]
fn write_the_log_of_this_format() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/log-2"));
    written(folder);
    fs::remove_file(folder.join(".lock")).unwrap();
}

#[test]
fn a_log_with_a_snapshot_of_format_1_opens_without_it() {
    let kept = copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/log-1")));
    let mut stream = open(kept.path());
    assert_eq!(SOURCES.map(|source| stream.logged(source)), [3, 3, 2]);
    let bytes = state_bytes(&mut stream, kept.path());
    drop(stream);
    assert!(bytes == replayed_bytes(kept.path()));
}

#[test]
fn a_log_of_this_format_opens_and_is_still_written_so() {
    let kept = copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/log-2")));
    let again = tempfile::tempdir().unwrap();
    written(again.path());
    let snapshot = files(kept.path(), "snapshot-").remove(0);
    for path in [kept.path().join(TAIL), snapshot] {
        let other = again.path().join(path.file_name().unwrap());
        assert_eq!(fs::read(&path).unwrap(), fs::read(other).unwrap(), "{}", path.display());
    }
    let mut stream = open(kept.path());
    assert_eq!(SOURCES.map(|source| stream.logged(source)), [3, 3, 2]);
    assert!(stream.torn() > 0);
    let bytes = state_bytes(&mut stream, kept.path());
    assert!(bytes == state_bytes(&mut open(again.path()), again.path()));
    drop(stream);
    assert!(bytes == replayed_bytes(kept.path()));
}

proptest! {
    #[test]
    fn a_snapshot_of_garbage_with_a_checksum_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0_u8), Just(255), any::<u8>()]), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let folder = visits(4);
        let mut stream = open(folder.path());
        let event = Event { value: Some(1.0), word: Some("w"), ..visit(4) };
        stream.push("sales", &event, minute(5)).unwrap();
        let mut bytes = state_bytes(&mut stream, folder.path());
        drop(stream);
        let path = files(folder.path(), "snapshot-").remove(0);
        bytes.truncate(bytes.len() - 4);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        fs::write(path, bytes).unwrap();
        open(folder.path()).push("sales", &event, minute(6)).unwrap();
    }

    #[test]
    fn a_snapshot_of_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), magic in any::<bool>()) {
        let folder = visits(1);
        let bytes = if magic { [b"MLOS\x02\0\0\0".to_vec(), bytes].concat() } else { bytes };
        fs::write(folder.path().join(format!("snapshot-{:020}", 1)), bytes).unwrap();
        prop_assert_eq!(events_in(&open(folder.path())), 1);
    }
}
