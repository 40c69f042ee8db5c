//! What a registry does, on the log.

use mlops_core::{BoxFuture, Bundle, BundleError, Manifest, Timestamp};

use super::LogRegistry;
use super::state::State;
use super::tail::End;
use crate::name::check;
use crate::{Action, AliasMove, Promotion, Recorded, Registration, Registry, RegistryError, Version, evidence};

impl Registry for LogRegistry {
    fn register<'a>(
        &'a self,
        name: &'a str,
        bundle: &'a Bundle,
        actor: &'a str,
        note: &'a str,
    ) -> BoxFuture<'a, Result<u64, RegistryError>> {
        Box::pin(self.add(name, bundle, actor, note))
    }

    fn resolve<'a>(&'a self, name: &'a str, alias: &'a str) -> BoxFuture<'a, Result<Version, RegistryError>> {
        Box::pin(self.ask([name, alias], move |state| {
            let (_, current) = state.alias(name, alias)?;
            state.version(name, current)
        }))
    }

    fn resolve_version<'a>(&'a self, name: &'a str, version: u64) -> BoxFuture<'a, Result<Version, RegistryError>> {
        Box::pin(self.ask([name], move |state| state.version(name, version)))
    }

    fn bundle<'a>(&'a self, name: &'a str, version: u64) -> BoxFuture<'a, Result<Bundle, RegistryError>> {
        Box::pin(async move {
            let version = self.resolve_version(name, version).await?;
            self.load(&version, Manifest::clone(&version.manifest)).await
        })
    }

    fn promote<'a>(&'a self, promotion: &'a Promotion<'a>) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.move_on(promotion))
    }

    fn roll_back<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        actor: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<u64, RegistryError>> {
        Box::pin(self.move_back(name, alias, actor, reason))
    }

    fn history<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Recorded>, RegistryError>> {
        Box::pin(self.ask([name], move |state| Ok(state.known(name)?.history.clone())))
    }

    fn alias_history<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Recorded<AliasMove>>, RegistryError>> {
        Box::pin(self.ask([name, alias], move |state| Ok(state.known(name)?.moves(alias).collect())))
    }

    fn champion_at<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<u64>, RegistryError>> {
        Box::pin(
            self.ask([name, alias], move |state| {
                Ok(state.known(name)?.alias(alias).and_then(|alias| alias.at(at)))
            }),
        )
    }
}

impl LogRegistry {
    /// Checks names, reads the tail, and answers from what the log amounts to.
    async fn ask<T, const N: usize>(
        &self,
        names: [&str; N],
        answer: impl FnOnce(&State) -> Result<T, RegistryError> + Send,
    ) -> Result<T, RegistryError> {
        names.into_iter().try_for_each(check)?;
        self.catch_up(End::Usual).await?;
        answer(&self.state())
    }

    #[tracing::instrument(name = "register", skip(self, bundle), fields(digest = %bundle.digest()))]
    async fn add(&self, name: &str, bundle: &Bundle, actor: &str, note: &str) -> Result<u64, RegistryError> {
        check(name)?;
        let manifest = bundle.manifest();
        if manifest.name != name {
            return Err(RegistryError::ForeignName { got: manifest.name.clone(), wanted: name.into() });
        }
        // The number that it would get is the best name for a bundle that has none.
        let version = self.ask([name], |state| Ok(next(state, name))).await?;
        let bad =
            |source: BundleError| RegistryError::BadBundle { name: name.into(), version, source: source.into() };
        let text = String::from_utf8(manifest.to_bytes().map_err(bad)?).expect("JSON is UTF-8");
        for (part, entry) in &manifest.parts {
            let bytes = bundle.part(part).map_err(bad)?.bytes;
            self.keep(entry.digest, bytes::Bytes::from_owner(bytes)).await?;
        }
        self.commit(actor, |state| {
            let version = next(state, name);
            let registration = Registration {
                name: name.into(),
                version,
                digest: bundle.digest(),
                manifest: text.clone(),
                note: note.into(),
            };
            Ok((Action::Register(registration), version))
        })
        .await
    }

    #[tracing::instrument(name = "promote", skip_all, fields(name = promotion.name, version = promotion.version))]
    async fn move_on(&self, promotion: &Promotion<'_>) -> Result<(), RegistryError> {
        let Promotion { name, alias, version, expected, evidence: passed, actor, reason } = *promotion;
        [name, alias].into_iter().try_for_each(check)?;
        let evidence = evidence::to_json(passed)?;
        self.commit(actor, |state| {
            let candidate = state.version(name, version)?;
            expect(state, name, alias, expected)?;
            let current = expected.map(|current| state.version(name, current)).transpose()?;
            evidence::check(passed, alias, &candidate, current.as_ref())?;
            if expected == Some(version) {
                return Err(RegistryError::Unchanged { name: name.into(), alias: alias.into(), version });
            }
            let to = AliasMove {
                name: name.into(),
                alias: alias.into(),
                from: expected,
                to: version,
                reason: reason.into(),
                evidence: Some(evidence.clone()),
            };
            Ok((Action::Promote(to), ()))
        })
        .await
    }

    #[tracing::instrument(name = "roll_back", skip(self))]
    async fn move_back(&self, name: &str, alias: &str, actor: &str, reason: &str) -> Result<u64, RegistryError> {
        // What is rolled back is what the alias points to now; if it moves meanwhile, that is another one.
        let from = self.ask([name, alias], |state| Ok(state.alias(name, alias)?.1)).await?;
        self.commit(actor, |state| {
            expect(state, name, alias, Some(from))?;
            let before = state.alias(name, alias)?.0.before();
            let to =
                before.ok_or_else(|| RegistryError::NothingBefore { name: name.into(), alias: alias.into() })?;
            let back = AliasMove {
                name: name.into(),
                alias: alias.into(),
                from: Some(from),
                to,
                reason: reason.into(),
                evidence: None,
            };
            Ok((Action::RollBack(back), to))
        })
        .await
    }
}

/// The number of the next version.
fn next(state: &State, name: &str) -> u64 {
    state.model(name).map_or(0, super::state::ModelState::latest) + 1
}

/// Checks that an alias is where it is believed to be, or tells who moved it.
fn expect(state: &State, name: &str, alias: &str, expected: Option<u64>) -> Result<(), RegistryError> {
    let model = state.known(name)?;
    let actual = model.alias(alias).and_then(super::state::AliasState::current);
    if actual == expected {
        return Ok(());
    }
    let last = model.moves(alias).next_back();
    Err(RegistryError::Moved {
        name: name.into(),
        alias: alias.into(),
        expected,
        actual,
        at: last.as_ref().map(|moved| moved.at),
        by: last.map(|moved| moved.actor.into()),
    })
}
