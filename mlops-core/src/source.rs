//! The seam of all that keeps bundles.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::Bundle;

/// A future that an object-safe trait returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bundle and the number under which its source keeps it.
#[derive(Clone, Debug)]
pub struct SourcedBundle {
    /// The version, from 1.
    pub version: u64,
    /// The bundle, its digests verified.
    pub bundle: Arc<Bundle>,
}

/// Why a source has no bundle to give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No such name or alias.
    #[error("there is no `{alias}` of `{name}`")]
    NotFound {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
    },
    /// The source failed.
    #[error("`{alias}` of `{name}` can't be had")]
    Failed {
        /// The model's name.
        name: String,
        /// The alias.
        alias: String,
        /// What was met.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A name and an alias become a verified bundle, and its changes.
///
/// # Contract
/// `fetch` verifies every digest before it answers. `changed` ends once the alias points to another version than
/// `seen`, and answers which; a change that came before the call counts, so none can be missed between two
/// calls. Both may be dropped at any await.
pub trait BundleSource: Send + Sync + fmt::Debug {
    /// The bundle that the alias points to.
    fn fetch<'a>(&'a self, name: &'a str, alias: &'a str) -> BoxFuture<'a, Result<SourcedBundle, SourceError>>;

    /// Waits until the alias points to another version than `seen`.
    fn changed<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        seen: Option<u64>,
    ) -> BoxFuture<'a, Result<u64, SourceError>>;
}
