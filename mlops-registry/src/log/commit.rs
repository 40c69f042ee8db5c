//! Writing an entry.

use mlops_core::Fingerprint;
use object_store::{Error, ObjectStore, PutMode};

use super::LogRegistry;
use super::entry::{Entry, Sealed, slot};
use super::state::State;
use super::tail::End;
use super::wait::{FIRST, wait};
use crate::{Action, RegistryError};

/// How often one slot is tried while the store doesn't tell.
const ATTEMPTS: u32 = 6;

impl LogRegistry {
    /// Plans an action on what the log amounts to, and writes it as the next entry; plans again on what has
    /// become of it where another writer was first.
    ///
    /// An entry lands at most once: before a slot is tried again or left behind, the log is read up to its end,
    /// and the transaction is looked for. A slot that another took can't be landed in any more.
    pub(super) async fn commit<T, P>(&self, actor: &str, plan: P) -> Result<T, RegistryError>
    where
        T: Send,
        P: Fn(&State) -> Result<(Action, T), RegistryError> + Send + Sync,
    {
        let transaction = transaction()?;
        let mut tried: Option<Tried<T>> = None;
        loop {
            let caught = self.catch_up(End::Certain).await;
            let landed = self.state().holds(&transaction);
            if let Some(Tried { planned, .. }) = tried.take_if(|_| landed) {
                return Ok(planned);
            }
            if let Err(error) = caught {
                return Err(match error {
                    RegistryError::Store { source, .. } if tried.is_some() => {
                        RegistryError::Unknown { transaction, source }
                    }
                    error => error,
                });
            }
            let (sequence, bytes, planned) = self.plan(&transaction, actor, &plan)?;
            let before = tried.take().filter(|tried| tried.sequence == sequence);
            let times = match before {
                Some(Tried { times: ATTEMPTS, source, .. }) => {
                    return Err(RegistryError::Unknown { transaction, source });
                }
                Some(Tried { times, .. }) => {
                    wait(FIRST * (1 << times)).await;
                    times + 1
                }
                None => 1,
            };
            let payload = bytes.clone().into();
            match self.shared.store.put_opts(&slot(sequence), payload, PutMode::Create.into()).await {
                Ok(_) => {
                    self.absorb(Sealed::from_bytes(sequence, &bytes)?)?;
                    return Ok(planned);
                }
                Err(source) if times == 1 && refused(&source) => {
                    return Err(RegistryError::Store { path: slot(sequence).to_string(), source });
                }
                Err(source) => tried = Some(Tried { sequence, times, planned, source }),
            }
        }
    }

    fn plan<T>(
        &self,
        transaction: &str,
        actor: &str,
        plan: impl Fn(&State) -> Result<(Action, T), RegistryError>,
    ) -> Result<(u64, Vec<u8>, T), RegistryError> {
        let now = self.shared.clock.now();
        let state = self.state();
        let (action, planned) = plan(&state)?;
        let (sequence, at) = (state.sequence + 1, now.max(state.at));
        let entry = Entry::new(sequence, state.head, transaction.into(), actor.into(), at, vec![action]);
        Ok((sequence, entry.to_bytes()?, planned))
    }

    /// Keeps bytes under their digest. Bytes that are there already are read and verified.
    pub(super) async fn keep(&self, digest: Fingerprint, bytes: bytes::Bytes) -> Result<(), RegistryError> {
        let key = blob(digest);
        let Err(source) = self.shared.store.put_opts(&key, bytes.into(), PutMode::Create.into()).await else {
            return Ok(());
        };
        match self.get(&key).await {
            Ok(Some(found)) => match Fingerprint::of(&found) {
                got if got == digest => Ok(()),
                got => Err(RegistryError::DamagedBlob { wanted: digest, got }),
            },
            _ => Err(RegistryError::Store { path: key.to_string(), source }),
        }
    }
}

/// An entry that may have landed.
struct Tried<T> {
    sequence: u64,
    times: u32,
    planned: T,
    /// Why nobody knows.
    source: Error,
}

/// Whether an error says for sure that nothing was written, and that trying again is of no use.
fn refused(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidPath { .. }
            | Error::NotSupported { .. }
            | Error::NotImplemented { .. }
            | Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::UnknownConfigurationKey { .. }
    )
}

/// The key of a blob.
pub(super) fn blob(digest: Fingerprint) -> object_store::path::Path {
    object_store::path::Path::from(format!("blobs/sha256/{digest}"))
}

/// A name that no other call has: 128 random bits.
fn transaction() -> Result<String, RegistryError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|source| RegistryError::Random { source })?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
