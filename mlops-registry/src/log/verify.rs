//! Checking everything from the first entry on.

use std::collections::{BTreeMap, BTreeSet};

use mlops_core::{Bundle, Fingerprint, Manifest};
use std::sync::Arc;

use super::LogRegistry;
use super::commit::blob;
use super::state::State;
use crate::{Action, LogProblem, Registration, RegistryError, Version};

/// What was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many entries the log has.
    pub entries: u64,
    /// How many blobs they name.
    pub blobs: u64,
    /// The digest of the last entry, which stands for all of them: kept elsewhere, it shows later whether the
    /// history is still the same.
    pub head: Option<Fingerprint>,
}

impl LogRegistry {
    /// Reads the whole log from its first entry and every blob that it names, and checks the chain of digests,
    /// that each entry follows from those before, and each blob's bytes.
    ///
    /// An entry that someone appended by hand, digests and all, is an entry; only a head that was kept elsewhere
    /// shows it.
    ///
    /// # Errors
    /// The first thing that is wrong: [`RegistryError::Corrupt`] names the entry, [`RegistryError::MissingBlob`]
    /// and [`RegistryError::BadBundle`] the version and the part.
    #[tracing::instrument(skip_all)]
    pub async fn verify(&self) -> Result<Verified, RegistryError> {
        let (seen, wanted) = {
            let state = self.state();
            (state.sequence, state.head)
        };
        let mut state = State::default();
        let mut blobs = BTreeSet::new();
        loop {
            let sequence = state.sequence + 1;
            let corrupt = |problem| RegistryError::Corrupt { sequence, problem };
            let mut found = self.read(sequence).await?;
            if found.is_none() {
                let Some(later) = self.listed(sequence).await?.or((seen >= sequence).then_some(seen)) else {
                    break;
                };
                found = self.read(sequence).await?;
                if found.is_none() {
                    return Err(corrupt(LogProblem::Missing { later }));
                }
            }
            let Some(sealed) = found else { break };
            if let (true, Some(wanted)) = (sequence == seen && wanted != Some(sealed.digest), wanted) {
                return Err(corrupt(LogProblem::Replaced { got: sealed.digest, wanted }));
            }
            let actions = sealed.entry.actions.clone();
            state.apply(sealed)?;
            for action in &actions {
                if let Action::Register(Registration { name, version, .. }) = action {
                    self.verify_blobs(&state.version(name, *version)?, &mut blobs).await?;
                }
            }
        }
        Ok(Verified { entries: state.sequence, blobs: blobs.len() as u64, head: state.head })
    }

    async fn verify_blobs(
        &self,
        version: &Version,
        verified: &mut BTreeSet<Fingerprint>,
    ) -> Result<(), RegistryError> {
        let mut manifest = Manifest::clone(&version.manifest);
        manifest.parts.retain(|_, part| !verified.contains(&part.digest));
        let digests: Vec<_> = manifest.parts.values().map(|part| part.digest).collect();
        self.load(version, manifest).await?;
        verified.extend(digests);
        Ok(())
    }

    /// Reads the parts that a manifest of a version names.
    pub(super) async fn load(&self, of: &Version, manifest: Manifest) -> Result<Bundle, RegistryError> {
        let mut parts: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for (part, entry) in &manifest.parts {
            let digest = entry.digest;
            let bytes = self.get(&blob(digest)).await?.ok_or_else(|| RegistryError::MissingBlob {
                name: of.name.clone(),
                version: of.version,
                part: part.clone(),
                digest,
            })?;
            parts.insert(part.clone(), Arc::from(&bytes[..]));
        }
        Bundle::from_parts(manifest, parts).map_err(|source| RegistryError::BadBundle {
            name: of.name.clone(),
            version: of.version,
            source: source.into(),
        })
    }
}
