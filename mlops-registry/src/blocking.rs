//! The registry for programs without a runtime.

use std::path::Path;
use std::sync::Arc;

use mlops_core::{Bundle, Clock, Passed, SourceError, SourcedBundle, Timestamp};
use pollster::block_on;

use crate::{AliasMove, LogRegistry, Promotion, Recorded, Registry, RegistryError, Verified, Version};

/// A [`Registry`] whose calls block the thread: for training programs.
///
/// Nothing runs behind it: the calling thread itself reads and writes a folder or memory. A bucket's client
/// needs a tokio runtime, which the program starts and enters (`let _entered = runtime.enter();`) before it
/// calls. Inside of async code, use the [`Registry`] itself.
#[derive(Clone, Debug)]
pub struct BlockingRegistry<R = LogRegistry>(R);

impl BlockingRegistry {
    /// A registry in a folder, as [`LogRegistry::folder`] makes it.
    ///
    /// # Errors
    /// [`RegistryError::Folder`].
    pub fn folder(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        LogRegistry::folder(path, clock).map(Self)
    }

    /// A registry in memory, for tests.
    #[must_use]
    pub fn memory(clock: Arc<dyn Clock>) -> Self {
        Self(LogRegistry::memory(clock))
    }

    /// Checks everything: [`LogRegistry::verify`].
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self) -> Result<Verified, RegistryError> {
        block_on(self.0.verify())
    }
}

impl<R: Registry> BlockingRegistry<R> {
    /// A registry by calls that block.
    #[must_use]
    pub fn new(registry: R) -> Self {
        Self(registry)
    }

    /// The registry itself.
    #[must_use]
    pub fn get_ref(&self) -> &R {
        &self.0
    }

    /// The registry itself.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.0
    }

    /// [`Registry::register`].
    ///
    /// # Errors
    /// The same.
    pub fn register(&self, name: &str, bundle: &Bundle, actor: &str, note: &str) -> Result<u64, RegistryError> {
        block_on(self.0.register(name, bundle, actor, note))
    }

    /// [`Registry::resolve`].
    ///
    /// # Errors
    /// The same.
    pub fn resolve(&self, name: &str, alias: &str) -> Result<Version, RegistryError> {
        block_on(self.0.resolve(name, alias))
    }

    /// [`Registry::resolve_version`].
    ///
    /// # Errors
    /// The same.
    pub fn resolve_version(&self, name: &str, version: u64) -> Result<Version, RegistryError> {
        block_on(self.0.resolve_version(name, version))
    }

    /// [`Registry::bundle`].
    ///
    /// # Errors
    /// The same.
    pub fn bundle(&self, name: &str, version: u64) -> Result<Bundle, RegistryError> {
        block_on(self.0.bundle(name, version))
    }

    /// [`Registry::promote`].
    ///
    /// # Errors
    /// The same.
    pub fn promote(&self, promotion: &Promotion<'_>) -> Result<(), RegistryError> {
        block_on(self.0.promote(promotion))
    }

    /// Registers a bundle under its own name, and promotes an alias from `expected` to it; answers the version. Where
    /// the promotion fails, the version stays registered.
    ///
    /// # Errors
    /// Those of [`Registry::register`] and [`Registry::promote`].
    pub fn release(
        &self,
        bundle: &Bundle,
        alias: &str,
        expected: Option<u64>,
        evidence: &Passed,
        [actor, reason]: [&str; 2],
    ) -> Result<u64, RegistryError> {
        let name = bundle.manifest().name.as_str();
        let version = self.register(name, bundle, actor, reason)?;
        self.promote(&Promotion { name, alias, version, expected, evidence, actor, reason })?;
        Ok(version)
    }

    /// [`Registry::roll_back`].
    ///
    /// # Errors
    /// The same.
    pub fn roll_back(&self, name: &str, alias: &str, actor: &str, reason: &str) -> Result<u64, RegistryError> {
        block_on(self.0.roll_back(name, alias, actor, reason))
    }

    /// [`Registry::history`].
    ///
    /// # Errors
    /// The same.
    pub fn history(&self, name: &str) -> Result<Vec<Recorded>, RegistryError> {
        block_on(self.0.history(name))
    }

    /// [`Registry::alias_history`].
    ///
    /// # Errors
    /// The same.
    pub fn alias_history(&self, name: &str, alias: &str) -> Result<Vec<Recorded<AliasMove>>, RegistryError> {
        block_on(self.0.alias_history(name, alias))
    }

    /// [`Registry::champion_at`].
    ///
    /// # Errors
    /// The same.
    pub fn champion_at(&self, name: &str, alias: &str, at: Timestamp) -> Result<Option<u64>, RegistryError> {
        block_on(self.0.champion_at(name, alias, at))
    }

    /// [`BundleSource::fetch`](mlops_core::BundleSource::fetch).
    ///
    /// # Errors
    /// The same.
    pub fn fetch(&self, name: &str, alias: &str) -> Result<SourcedBundle, SourceError> {
        block_on(self.0.fetch(name, alias))
    }

    /// A version's bundle, as [`BundleSource::fetch`](mlops_core::BundleSource::fetch) gives that of an alias.
    ///
    /// # Errors
    /// Those of [`Registry::bundle`].
    pub fn fetch_version(&self, name: &str, version: u64) -> Result<SourcedBundle, RegistryError> {
        Ok(SourcedBundle { version, bundle: Arc::new(self.bundle(name, version)?) })
    }

    /// [`BundleSource::changed`](mlops_core::BundleSource::changed); sleeps between askings.
    ///
    /// # Errors
    /// The same.
    pub fn changed(&self, name: &str, alias: &str, seen: Option<u64>) -> Result<u64, SourceError> {
        block_on(self.0.changed(name, alias, seen))
    }
}
