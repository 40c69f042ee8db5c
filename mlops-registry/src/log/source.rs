//! The registry as the source of what is served.

use std::sync::Arc;

use mlops_core::{BoxFuture, BundleSource, SourceError, SourcedBundle};

use super::LogRegistry;
use super::tail::End;
use super::wait::{FIRST, wait};
use crate::name::check;
use crate::{Registry, RegistryError};

impl BundleSource for LogRegistry {
    fn fetch<'a>(&'a self, name: &'a str, alias: &'a str) -> BoxFuture<'a, Result<SourcedBundle, SourceError>> {
        Box::pin(async move {
            let fetched = async {
                let version = self.resolve(name, alias).await?.version;
                let bundle = Arc::new(self.bundle(name, version).await?);
                Ok(SourcedBundle { version, bundle })
            };
            fetched.await.map_err(|error| failed(name, alias, error))
        })
    }

    fn changed<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        seen: Option<u64>,
    ) -> BoxFuture<'a, Result<u64, SourceError>> {
        Box::pin(
            async move { self.next_version(name, alias, seen).await.map_err(|error| failed(name, alias, error)) },
        )
    }
}

impl LogRegistry {
    /// Asks for the next slot until the alias points to another version.
    async fn next_version(&self, name: &str, alias: &str, seen: Option<u64>) -> Result<u64, RegistryError> {
        [name, alias].into_iter().try_for_each(check)?;
        let mut pause = FIRST.min(self.longest_wait);
        loop {
            self.catch_up(End::Usual).await?;
            let current = self.state().alias(name, alias).ok().map(|(_, current)| current);
            match current {
                Some(current) if Some(current) != seen => return Ok(current),
                _ => wait(pause).await,
            }
            pause = (pause * 2).min(self.longest_wait);
        }
    }
}

fn failed(name: &str, alias: &str, error: RegistryError) -> SourceError {
    let (name, alias) = (name.into(), alias.into());
    match error {
        RegistryError::UnknownModel { .. } | RegistryError::UnknownAlias { .. } => {
            SourceError::NotFound { name, alias }
        }
        error => SourceError::Failed { name, alias, source: error.into() },
    }
}
