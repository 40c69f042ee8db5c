//! A store that fails when it is told to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A write lands, but its answer is an error that doesn't tell.
    LandsAndFails,
    /// A write lands, but its answer says that the key was there already, as a client's own second try does.
    LandsAndSaysExists,
    /// A write doesn't land, and its answer is an error that doesn't tell.
    Fails,
    /// A write doesn't land, and its answer says that the key is there already.
    SaysExists,
    /// A read's answer is an error.
    ReadFails,
}

/// A store in front of another, which fails when it is told to: for tests of what a registry does then.
///
/// ```
/// use std::sync::Arc;
/// use mlops_core::SystemClock;
/// use mlops_registry::testing::{Fault, FaultStore, Sample};
/// use mlops_registry::{BlockingRegistry, LogRegistry};
/// use object_store::memory::InMemory;
///
/// let store = Arc::new(FaultStore::new(Arc::new(InMemory::new())));
/// let registry = BlockingRegistry::new(LogRegistry::new(store.clone(), Arc::new(SystemClock)));
/// store.fail_next("log/", Fault::LandsAndFails);
/// assert_eq!(registry.register("delay", Sample::new("delay", 0.5).bundle(), "ada", "")?, 1);
/// assert_eq!(registry.history("delay")?.len(), 1);
/// # Ok::<(), mlops_registry::RegistryError>(())
/// ```
#[derive(Debug)]
pub struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    faults: Mutex<Vec<(String, Fault)>>,
}

impl FaultStore {
    /// A store that answers as `inner` does until it is told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, faults: Mutex::default() }
    }

    /// The store behind.
    #[must_use]
    pub fn get_ref(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// The store behind.
    #[must_use]
    pub fn into_inner(self) -> Arc<dyn ObjectStore> {
        self.inner
    }

    /// Makes the next request fail that is of the fault's kind and whose key starts with `prefix`. Faults queue
    /// up.
    pub fn fail_next(&self, prefix: &str, fault: Fault) {
        self.faults().push((prefix.into(), fault));
    }

    /// Takes back the faults that no request has met, and answers how many.
    pub fn clear(&self) -> usize {
        self.faults().drain(..).len()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Vec<(String, Fault)>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self, location: &Path, read: bool) -> Option<Fault> {
        let mut faults = self.faults();
        let meets = |(prefix, fault): &(String, Fault)| {
            location.as_ref().starts_with(prefix.as_str()) && (*fault == Fault::ReadFails) == read
        };
        let index = faults.iter().position(meets)?;
        Some(faults.remove(index).1)
    }
}

fn untold() -> Error {
    Error::Generic { store: "FaultStore", source: "the answer was lost".into() }
}

fn exists(location: &Path) -> Error {
    Error::AlreadyExists { path: location.to_string(), source: "it was told to say so".into() }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let due = self.due(location, false);
        if matches!(due, None | Some(Fault::LandsAndFails | Fault::LandsAndSaysExists)) {
            let put = self.inner.put_opts(location, payload, opts).await?;
            if due.is_none() {
                return Ok(put);
            }
        }
        match due {
            Some(Fault::LandsAndSaysExists | Fault::SaysExists) => Err(exists(location)),
            _ => Err(untold()),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.due(location, true) {
            Some(_) => Err(untold()),
            None => self.inner.get_opts(location, options).await,
        }
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
