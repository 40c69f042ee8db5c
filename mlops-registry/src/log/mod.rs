//! The registry on an object store: a log of entries that are never overwritten.

mod commit;
mod entry;
mod operations;
mod source;
mod state;
mod tail;
mod verify;
mod wait;

use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlops_core::Clock;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::RegistryError;
use state::State;

pub use verify::Verified;

/// A [`Registry`](crate::Registry) on any object store that can create a key only if it is absent: a folder,
/// memory, or a bucket. Any number of processes may share one.
///
/// Clones share what they read of the log. Asking costs one read, of the slot behind the last entry that was
/// seen; a write lists the log besides.
///
/// Waiting ([`BundleSource::changed`](mlops_core::BundleSource::changed)) uses tokio's timer inside a tokio
/// runtime, which must have one, and blocks the thread elsewhere, as the folder's reads and writes do too.
#[derive(Clone, Debug)]
pub struct LogRegistry {
    shared: Arc<Shared>,
    longest_wait: Duration,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// How often the end was asked for since it last moved.
    asked: AtomicU32,
}

impl LogRegistry {
    /// A registry in a folder, which is made if it isn't there. Every write is synced to the disk.
    ///
    /// # Errors
    /// [`RegistryError::Folder`].
    pub fn folder(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let path = path.as_ref();
        let folder = |source| RegistryError::Folder { path: path.into(), source };
        std::fs::create_dir_all(path).map_err(|source| folder(source.into()))?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(|source| folder(source.into()))?;
        Ok(Self::new(Arc::new(store.with_fsync(true)), clock))
    }

    /// A registry in memory, for tests.
    #[must_use]
    pub fn memory(clock: Arc<dyn Clock>) -> Self {
        Self::new(Arc::new(InMemory::new()), clock)
    }

    /// A registry on any store.
    #[must_use]
    pub fn new(store: Arc<dyn ObjectStore>, clock: Arc<dyn Clock>) -> Self {
        let shared = Shared { store, clock, state: Mutex::default(), asked: AtomicU32::new(0) };
        Self { shared: Arc::new(shared), longest_wait: Duration::from_secs(1) }
    }

    /// How long at most a waiting reader waits before it asks again; 1 s unless told. It begins with 10 ms and
    /// doubles.
    #[must_use]
    pub fn with_longest_wait(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state that a panic left behind is whole: it changes by entries that are whole or not there.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key's bytes; `None` where it isn't there.
    async fn get(&self, key: &object_store::path::Path) -> Result<Option<bytes::Bytes>, RegistryError> {
        let found = async { self.shared.store.get(key).await?.bytes().await };
        match found.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(RegistryError::Store { path: key.to_string(), source }),
        }
    }
}
