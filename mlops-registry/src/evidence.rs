//! What a gate's pass must be about.

use mlops_core::{Passed, Subject};
use serde_json::Value;

use crate::{RegistryError, Version};

/// Checks that a pass is about the version that is to be promoted, and against the one that the alias points to.
pub(crate) fn check(
    passed: &Passed,
    alias: &str,
    candidate: &Version,
    current: Option<&Version>,
) -> Result<(), RegistryError> {
    let (got, wanted) = (passed.model(), candidate.manifest.model);
    if got != wanted {
        let (name, version) = (candidate.name.clone(), candidate.version);
        return Err(RegistryError::ForeignEvidence { name, version, got, wanted });
    }
    let Some(current) = current else { return Ok(()) };
    let (name, alias, wanted) = (current.name.clone(), alias.into(), current.manifest.model);
    let current = current.version;
    match passed.baseline() {
        Some(Subject::Model { digest }) if *digest == wanted => Ok(()),
        Some(Subject::Model { digest }) => Err(RegistryError::Stale { name, alias, got: *digest, current }),
        got => Err(RegistryError::NotCompared { name, alias, got: got.cloned(), current }),
    }
}

/// The record of a pass.
pub(crate) fn to_json(passed: &Passed) -> Result<Value, RegistryError> {
    serde_json::to_value(passed).map_err(|source| RegistryError::Unwritable { what: "evidence", source })
}
