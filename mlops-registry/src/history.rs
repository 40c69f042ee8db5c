//! What a registry remembers.

use std::fmt;

use std::sync::Arc;

use mlops_core::{Fingerprint, Manifest, Timestamp};
use serde::{Deserialize, Serialize};

/// A version of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Version {
    /// The model's name.
    pub name: String,
    /// The version, from 1.
    pub version: u64,
    /// The digest of the manifest, and through it of every byte.
    pub digest: Fingerprint,
    /// What the bundle holds.
    pub manifest: Arc<Manifest>,
    /// When it was registered.
    pub at: Timestamp,
    /// Who registered it.
    pub actor: String,
    /// Why.
    pub note: String,
}

/// One thing that was done, with when and by whom.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recorded<T = Action> {
    /// The number of the entry that holds it, from 1.
    pub sequence: u64,
    /// When: no earlier than what was done before.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What names the call that did it, as in [`RegistryError::Unknown`](crate::RegistryError::Unknown).
    pub transaction: String,
    /// What was done.
    pub what: T,
}

/// Something that was done to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// A version was registered.
    Register(Registration),
    /// An alias was moved on to a version that passed its gate.
    Promote(AliasMove),
    /// An alias was moved back to the version before.
    RollBack(AliasMove),
}

impl Action {
    /// The name of the model that it was done to.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Register(registration) => &registration.name,
            Self::Promote(to) | Self::RollBack(to) => &to.name,
        }
    }
}

/// A version that was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Registration {
    /// The model's name.
    pub name: String,
    /// The version: one more than the latest before.
    pub version: u64,
    /// The digest of the manifest's text.
    pub digest: Fingerprint,
    /// The manifest's text, byte for byte.
    pub manifest: String,
    /// Why it was registered.
    pub note: String,
}

/// A move of an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AliasMove {
    /// The model's name.
    pub name: String,
    /// The alias.
    pub alias: String,
    /// The version that it pointed to.
    pub from: Option<u64>,
    /// The version that it points to since.
    pub to: u64,
    /// Why it was moved.
    pub reason: String,
    /// What the gate found, for a promotion; a record to read, which no promotion takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<serde_json::Value>,
}

/// Where the alias points since when, by whom and why.
impl fmt::Display for Recorded<AliasMove> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, actor, what: AliasMove { alias, to, reason, .. }, .. } = self;
        write!(f, "{alias} is version {to} since {at}, by {actor}: {reason}")
    }
}
