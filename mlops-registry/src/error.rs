//! What a registry refuses, and what it meets.

use mlops_core::{BundleError, Fingerprint, Subject, Timestamp};

/// Why a registry didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A model's name or an alias that isn't one.
    #[error("`{got}` can't be a name: 1 to 64 of a-z, 0-9, `_`, `-`, `.` are allowed, not `.` first")]
    BadName {
        /// The name.
        got: String,
    },
    /// A bundle of a model of another name.
    #[error("the bundle is of the model `{got}`, not of `{wanted}`")]
    ForeignName {
        /// The name in the bundle's manifest.
        got: String,
        /// The name that it was to be registered under.
        wanted: String,
    },
    /// A model that nobody registered.
    #[error("there is no model `{name}`")]
    UnknownModel {
        /// The model's name.
        name: String,
    },
    /// A version that nobody registered.
    #[error("there is no version {version} of `{name}`; the latest is {latest}")]
    UnknownVersion {
        /// The model's name.
        name: String,
        /// What was asked for.
        version: u64,
        /// The latest that there is.
        latest: u64,
    },
    /// An alias that points nowhere yet.
    #[error("there is no alias `{alias}` of `{name}`")]
    UnknownAlias {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
    },
    /// Somebody moved the alias before.
    #[error(
        "`{alias}` of `{name}` was expected at {}, but is at {}{}",
        version(*expected), version(*actual), moved(by.as_deref(), *at)
    )]
    Moved {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
        /// The version that it was expected to point to.
        expected: Option<u64>,
        /// The version that it points to.
        actual: Option<u64>,
        /// Who moved it there.
        by: Option<Box<str>>,
        /// When.
        at: Option<Timestamp>,
    },
    /// An alias that points there already.
    #[error("`{alias}` of `{name}` is at version {version} already")]
    Unchanged {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
        /// The version.
        version: u64,
    },
    /// Evidence about another model.
    #[error("the evidence is about {got}; version {version} of `{name}` holds the model {wanted}")]
    ForeignEvidence {
        /// The model's name.
        name: String,
        /// The version that was to be promoted.
        version: u64,
        /// The digest of the model that the evidence is about.
        got: Fingerprint,
        /// The digest of the version's model.
        wanted: Fingerprint,
    },
    /// Evidence against a model that isn't the one to beat any more.
    #[error("the evidence is against {got}, which isn't version {current}, where `{alias}` of `{name}` is")]
    Stale {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
        /// The digest of the model that the candidate was compared with.
        got: Fingerprint,
        /// The version that the alias points to.
        current: u64,
    },
    /// Evidence that doesn't compare with the model to beat. Only the first version of an alias needs none.
    #[error("the evidence is against {}; `{alias}` of `{name}` is at version {current}, which it must be against", baseline(got.as_ref()))]
    NotCompared {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
        /// What the candidate was compared with; `None` for nothing.
        got: Option<Subject>,
        /// The version that the alias points to.
        current: u64,
    },
    /// An alias with no version before the one that it points to.
    #[error("`{alias}` of `{name}` has no version to go back to")]
    NothingBefore {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
    },
    /// An entry of the log that isn't what was written, or isn't there. Nothing was written.
    #[error("the log is corrupt at entry {sequence}")]
    Corrupt {
        /// The entry's number.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        problem: LogProblem,
    },
    /// An entry that a later version of this library wrote. Nothing was written.
    #[error("entry {sequence} of the log is of format {got}; this library reads up to {wanted}")]
    NewerFormat {
        /// The entry's number.
        sequence: u64,
        /// Its format.
        got: u32,
        /// The latest that can be read.
        wanted: u32,
    },
    /// A part's bytes are gone.
    #[error("part `{part}` of version {version} of `{name}` is gone: there is no blob {digest}")]
    MissingBlob {
        /// The model's name.
        name: String,
        /// The version.
        version: u64,
        /// The part.
        part: String,
        /// The digest of its bytes.
        digest: Fingerprint,
    },
    /// Bytes under a digest that isn't theirs, where a part was to be kept.
    #[error("blob {wanted} is damaged: its digest is {got}")]
    DamagedBlob {
        /// The digest that it is kept under.
        wanted: Fingerprint,
        /// The digest of its bytes.
        got: Fingerprint,
    },
    /// A bundle whose bytes are not those that were registered, or that can't be read.
    #[error("version {version} of `{name}` is bad")]
    BadBundle {
        /// The model's name.
        name: String,
        /// The version.
        version: u64,
        /// What is wrong with it.
        source: Box<BundleError>,
    },
    /// Evidence, or an entry, that has no JSON form.
    #[error("the {what} can't be written as JSON")]
    Unwritable {
        /// What it is.
        what: &'static str,
        /// What was met.
        source: serde_json::Error,
    },
    /// The store failed. Nothing was written to the log.
    #[error("the store failed at `{path}`")]
    Store {
        /// The key that was to be read or written.
        path: String,
        /// What it said.
        source: object_store::Error,
    },
    /// The store didn't tell whether the entry was written. It may still land; a history that holds the
    /// transaction shows that it did.
    #[error("whether transaction {transaction} was written is unknown")]
    Unknown {
        /// The transaction.
        transaction: String,
        /// What the store said last.
        source: object_store::Error,
    },
    /// A folder that can't be made or used.
    #[error("cannot use the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What was met.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gave no random bytes for a transaction's name.
    #[error("the system gave no random bytes")]
    Random {
        /// What it said.
        source: getrandom::Error,
    },
}

/// What is wrong with an entry of the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogProblem {
    /// The entry is gone: a later one is there.
    #[error("it is gone, but entry {later} is there")]
    Missing {
        /// A later entry.
        later: u64,
    },
    /// The text hasn't the frame of an entry.
    #[error("it hasn't the frame of an entry")]
    Frame,
    /// The text was changed.
    #[error("its digest is {got}, it says {wanted}")]
    Damaged {
        /// The digest of its body.
        got: Fingerprint,
        /// The digest that it carries.
        wanted: Fingerprint,
    },
    /// The body isn't one.
    #[error("its body can't be read")]
    Body {
        /// What was met.
        source: serde_json::Error,
    },
    /// The entry carries another number.
    #[error("it says that it is entry {got}")]
    Number {
        /// The number that it carries.
        got: u64,
    },
    /// The entry was written after another one than the one before it.
    #[error("it was written after an entry of digest {}, but the one before it is {}", digest(got.as_ref()), digest(wanted.as_ref()))]
    Chain {
        /// The digest that it carries.
        got: Option<Fingerprint>,
        /// The digest of the entry before it.
        wanted: Option<Fingerprint>,
    },
    /// The entry is earlier than the one before it.
    #[error("its time is {got}, that of the entry before it {before}")]
    Time {
        /// Its time.
        got: Timestamp,
        /// The time of the entry before it.
        before: Timestamp,
    },
    /// The entry was replaced: this reader saw another one before.
    #[error("it was {wanted} when it was read before, and is {got} now")]
    Replaced {
        /// Its digest now.
        got: Fingerprint,
        /// Its digest when it was read before.
        wanted: Fingerprint,
    },
    /// The entry does what the ones before it don't allow.
    #[error("its action {action} doesn't follow from the entries before it")]
    Action {
        /// The action's number in the entry, from 0.
        action: usize,
    },
    /// The manifest of a version isn't the one of its digest.
    #[error("the manifest of version {version} of `{name}` is {got}, not {wanted}")]
    ForeignManifest {
        /// The model's name.
        name: String,
        /// The version.
        version: u64,
        /// The digest of its text.
        got: Fingerprint,
        /// The digest that the entry carries.
        wanted: Fingerprint,
    },
}

fn version(version: Option<u64>) -> String {
    version.map_or_else(|| "no version".into(), |version| format!("version {version}"))
}

fn moved(by: Option<&str>, at: Option<Timestamp>) -> String {
    match (by, at) {
        (Some(by), Some(at)) => format!(", moved by {by} at {at}"),
        _ => String::new(),
    }
}

fn baseline(got: Option<&Subject>) -> String {
    got.map_or_else(|| "nothing".into(), ToString::to_string)
}

fn digest(digest: Option<&Fingerprint>) -> String {
    digest.map_or_else(|| "none".into(), ToString::to_string)
}
