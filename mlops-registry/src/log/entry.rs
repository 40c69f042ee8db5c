//! An entry's bytes: a body in a frame that carries the body's digest. FORMAT.md has the layout.

use mlops_core::{Fingerprint, Timestamp};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::{Action, LogProblem, RegistryError};

const FORMAT: u32 = 1;
const HEAD: &[u8] = b"{\"body\":";
const MIDDLE: &[u8] = b",\"digest\":\"";
const TAIL: &[u8] = b"\"}\n";
const HEX: usize = 64;

/// The folder of the log.
pub(crate) const LOG: &str = "log";

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    format: u32,
    pub(crate) sequence: u64,
    pub(crate) previous: Option<Fingerprint>,
    pub(crate) transaction: String,
    pub(crate) actor: String,
    pub(crate) at: Timestamp,
    pub(crate) actions: Vec<Action>,
}

/// An entry with the digest of its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) entry: Entry,
    pub(crate) digest: Fingerprint,
}

impl Entry {
    pub(crate) fn new(
        sequence: u64,
        previous: Option<Fingerprint>,
        transaction: String,
        actor: String,
        at: Timestamp,
        actions: Vec<Action>,
    ) -> Self {
        Self { format: FORMAT, sequence, previous, transaction, actor, at, actions }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, RegistryError> {
        let body =
            serde_json::to_vec(self).map_err(|source| RegistryError::Unwritable { what: "entry", source })?;
        let digest = Fingerprint::of(&body).to_string();
        Ok([HEAD, &body, MIDDLE, digest.as_bytes(), TAIL].concat())
    }
}

impl Sealed {
    /// Reads the bytes of the slot `sequence`.
    pub(crate) fn from_bytes(sequence: u64, bytes: &[u8]) -> Result<Self, RegistryError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        let corrupt = |problem| RegistryError::Corrupt { sequence, problem };
        let (body, wanted) = unframe(bytes).ok_or_else(|| corrupt(LogProblem::Frame))?;
        let got = Fingerprint::of(body);
        if got != wanted {
            return Err(corrupt(LogProblem::Damaged { got, wanted }));
        }
        let bad = |source| corrupt(LogProblem::Body { source });
        let OnlyFormat { format } = serde_json::from_slice(body).map_err(bad)?;
        if format > FORMAT {
            return Err(RegistryError::NewerFormat { sequence, got: format, wanted: FORMAT });
        }
        let entry: Entry = serde_json::from_slice(body).map_err(bad)?;
        if entry.sequence != sequence {
            return Err(corrupt(LogProblem::Number { got: entry.sequence }));
        }
        Ok(Self { entry, digest: Fingerprint::of(bytes) })
    }
}

/// The body and its digest.
fn unframe(bytes: &[u8]) -> Option<(&[u8], Fingerprint)> {
    let rest = bytes.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let (rest, digest) = rest.split_at_checked(rest.len().checked_sub(HEX)?)?;
    let body = rest.strip_suffix(MIDDLE)?;
    Some((body, std::str::from_utf8(digest).ok()?.parse().ok()?))
}

/// The key of a slot.
pub(crate) fn slot(sequence: u64) -> Path {
    Path::from(format!("{LOG}/{sequence:020}.json"))
}

/// The slot of a key; `None` for a key that is no entry's.
pub(crate) fn sequence(key: &Path) -> Option<u64> {
    let digits = key.filename()?.strip_suffix(".json")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::new(7, Some(Fingerprint::of(b"6")), "t".into(), "\"}\n".into(), Timestamp::from_micros(1), vec![])
    }

    #[test]
    fn an_entry_comes_back() {
        let bytes = entry().to_bytes().expect("an entry has a JSON form");
        let read = Sealed::from_bytes(7, &bytes).expect("its own bytes");
        assert_eq!(read.entry, entry());
        assert_eq!(read.digest, Fingerprint::of(&bytes));
        assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(), "the whole is JSON");
        assert_eq!(sequence(&slot(7)), Some(7));
    }

    #[test]
    fn no_changed_byte_is_read() {
        let bytes = entry().to_bytes().expect("an entry has a JSON form");
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let read = Sealed::from_bytes(7, &changed);
            // A flipped case bit isn't among these; a hexadecimal digit of the digest always differs.
            assert!(matches!(read, Err(RegistryError::Corrupt { sequence: 7, .. })), "byte {index}: {read:?}");
            assert!(Sealed::from_bytes(7, &bytes[..index]).is_err(), "cut at {index}");
        }
        assert!(matches!(
            Sealed::from_bytes(8, &bytes),
            Err(RegistryError::Corrupt { sequence: 8, problem: LogProblem::Number { got: 7 } })
        ));
    }

    #[test]
    fn a_newer_format_is_said_so() {
        let bytes = Entry { format: 2, ..entry() }.to_bytes().expect("an entry has a JSON form");
        let read = Sealed::from_bytes(7, &bytes);
        assert!(matches!(read, Err(RegistryError::NewerFormat { sequence: 7, got: 2, wanted: 1 })), "got {read:?}");
    }
}
