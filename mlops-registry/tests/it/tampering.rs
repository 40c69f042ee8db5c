//! What was changed or lost behind the registry's back.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mlops_core::{BundleError, SystemClock};
use mlops_registry::testing::Sample;
use mlops_registry::{BlockingRegistry, LogProblem, RegistryError};
use tempfile::TempDir;

fn open(folder: &Path) -> BlockingRegistry {
    BlockingRegistry::folder(folder, Arc::new(SystemClock)).expect("a temporary folder")
}

/// A registry of three versions.
fn three() -> (TempDir, BlockingRegistry) {
    let folder = TempDir::new().expect("a temporary folder");
    let registry = open(folder.path());
    for slope in [0.2, 0.4, 0.6] {
        registry.register("delay", Sample::new("delay", slope).bundle(), "ada", "").expect("a version");
    }
    (folder, registry)
}

fn entry(folder: &TempDir, sequence: u64) -> PathBuf {
    folder.path().join(format!("log/{sequence:020}.json"))
}

fn model(folder: &TempDir, registry: &BlockingRegistry, version: u64) -> PathBuf {
    let manifest = registry.resolve_version("delay", version).expect("it is there").manifest;
    folder.path().join(format!("blobs/sha256/{}", manifest.parts["model"].digest))
}

fn files(folder: &TempDir) -> usize {
    fs::read_dir(folder.path().join("log")).expect("it is there").count()
}

#[test]
fn a_whole_registry_is_verified() {
    let (folder, registry) = three();
    let verified = registry.verify().expect("it is whole");
    assert_eq!(verified.entries, 3);
    assert_eq!(
        verified.blobs as usize,
        fs::read_dir(folder.path().join("blobs/sha256")).expect("it is there").count()
    );
    assert_eq!(open(folder.path()).verify().expect("it is whole").head, verified.head);
}

#[test]
fn a_lost_entry_is_corrupt_and_nothing_is_written() {
    let (folder, registry) = three();
    fs::remove_file(entry(&folder, 2)).expect("it is there");
    let fresh = open(folder.path());
    let write = fresh.register("delay", Sample::new("delay", 0.8).bundle(), "ada", "");
    let read = fresh.resolve_version("delay", 1).map(|version| version.version);
    for outcome in [write, read, fresh.verify().map(|verified| verified.entries)] {
        let Err(RegistryError::Corrupt { sequence: 2, problem: LogProblem::Missing { later: 3 } }) = outcome else {
            panic!("got {outcome:?}")
        };
    }
    assert_eq!(files(&folder), 2, "nothing was written");
    // A reader that saw the entry finds out when it verifies.
    let found = registry.verify();
    assert!(matches!(found, Err(RegistryError::Corrupt { sequence: 2, .. })), "got {found:?}");
}

#[test]
fn a_lost_end_is_found_by_who_saw_it() {
    let (folder, registry) = three();
    fs::remove_file(entry(&folder, 3)).expect("it is there");
    let found = registry.verify();
    let Err(RegistryError::Corrupt { sequence: 3, problem: LogProblem::Missing { .. } }) = found else {
        panic!("got {found:?}")
    };
}

#[test]
fn a_changed_entry_is_named() {
    let (folder, registry) = three();
    let mut text = fs::read_to_string(entry(&folder, 2)).expect("it is there");
    text = text.replace("\"actor\":\"ada\"", "\"actor\":\"eve\"");
    fs::write(entry(&folder, 2), text).expect("it can be written");
    for found in [registry.verify(), open(folder.path()).verify()] {
        let Err(RegistryError::Corrupt { sequence: 2, problem: LogProblem::Damaged { .. } }) = found else {
            panic!("got {found:?}")
        };
    }
    assert!(open(folder.path()).history("delay").is_err());
}

#[test]
fn an_entry_that_was_replaced_breaks_the_chain() {
    let (folder, registry) = three();
    let (other, _) = three();
    fs::copy(entry(&other, 2), entry(&folder, 2)).expect("it can be written");
    let found = registry.verify();
    assert!(
        matches!(found, Err(RegistryError::Corrupt { sequence: 2, problem: LogProblem::Chain { .. } })),
        "{found:?}"
    );
    // All of another log, which is whole in itself, is not what this reader saw.
    for sequence in [1, 3] {
        fs::copy(entry(&other, sequence), entry(&folder, sequence)).expect("it can be written");
    }
    let found = registry.verify();
    assert!(
        matches!(found, Err(RegistryError::Corrupt { sequence: 3, problem: LogProblem::Replaced { .. } })),
        "{found:?}"
    );
    open(folder.path()).verify().expect("who never saw the old one can't tell");
}

#[test]
fn a_changed_part_is_named() {
    let (folder, registry) = three();
    let path = model(&folder, &registry, 2);
    let mut bytes = fs::read(&path).expect("it is there");
    bytes[0] ^= 1;
    fs::write(&path, bytes).expect("it can be written");
    for found in [registry.bundle("delay", 2).map(drop), registry.verify().map(drop)] {
        let Err(RegistryError::BadBundle { version: 2, source, .. }) = found else { panic!("got {found:?}") };
        let BundleError::Damaged { part, .. } = *source else { panic!("got {source:?}") };
        assert_eq!(part, "model");
    }
    registry.bundle("delay", 1).expect("the others are whole");
    // Nor is a damaged part taken for one that is there already.
    let again = registry.register("delay", Sample::new("delay", 0.4).bundle(), "ada", "");
    assert!(matches!(again, Err(RegistryError::DamagedBlob { .. })), "got {again:?}");
    assert_eq!(files(&folder), 3, "nothing was written");
}

#[test]
fn a_lost_part_is_named() {
    let (folder, registry) = three();
    fs::remove_file(model(&folder, &registry, 2)).expect("it is there");
    for found in [registry.bundle("delay", 2).map(drop), registry.verify().map(drop)] {
        let Err(RegistryError::MissingBlob { version: 2, part, .. }) = found else { panic!("got {found:?}") };
        assert_eq!(part, "model");
    }
}

#[test]
fn what_is_no_entry_is_left_alone() {
    let (folder, registry) = three();
    for name in ["notes.txt", "00000000000000000009.json#1", "9.json"] {
        fs::write(folder.path().join("log").join(name), b"").expect("it can be written");
    }
    assert_eq!(registry.register("delay", Sample::new("delay", 0.8).bundle(), "ada", "").expect("a version"), 4);
    assert_eq!(open(folder.path()).verify().expect("it is whole").entries, 4);
}
