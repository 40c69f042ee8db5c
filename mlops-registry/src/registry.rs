//! What every registry does.

use mlops_core::{BoxFuture, Bundle, BundleSource, Passed, Timestamp};

use crate::{AliasMove, Recorded, RegistryError, Version};

/// A move of an alias on to a version that passed its gate.
///
/// Without the pass there is no promotion, and only a [`Gate`](mlops_core::Gate) makes one:
///
/// ```compile_fail,E0063
/// use mlops_registry::Promotion;
///
/// let promotion = Promotion {
///     name: "delay",
///     alias: "champion",
///     version: 2,
///     expected: Some(1),
///     actor: "ada",
///     reason: "it looks fine to me",
/// };
/// ```
///
/// The same with a pass compiles:
///
/// ```
/// use mlops_core::Passed;
/// use mlops_registry::Promotion;
///
/// fn promotion(evidence: &Passed) -> Promotion<'_> {
///     Promotion {
///         name: "delay",
///         alias: "champion",
///         version: 2,
///         expected: Some(1),
///         evidence,
///         actor: "ada",
///         reason: "better on the last month",
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Promotion<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The alias.
    pub alias: &'a str,
    /// The version that it is to point to.
    pub version: u64,
    /// The version that it is believed to point to.
    pub expected: Option<u64>,
    /// The gate's pass of the version's model against that of the version that the alias points to.
    pub evidence: &'a Passed,
    /// Who promotes.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Keeps the versions of models, and the aliases that point to them.
///
/// # Contract
/// *Atomicity*: each of `register`, `promote` and `roll_back` happens whole or not at all, and a version that can
/// be seen has all of its parts. *Order*: all that is done to a registry is one history, whose times never go
/// back. A call sees all that ended before it began, by whatever process. Version numbers count from 1 for each
/// model, rise by one and are never used again; of two writers that expect the same of an alias, one wins.
/// *Idempotence*: there is none but that `promote` fails with [`RegistryError::Moved`] where it was done before;
/// each `register` makes a version, and each `roll_back` goes one further back. *Absence* is an error that names
/// what is unknown, but for `champion_at`, which answers `None`. *Clones*, and handles of their own on the same
/// store, see one registry. *Cancelling* a write by dropping its future may leave it done, as
/// [`RegistryError::Unknown`] does: the history tells.
///
/// No version is handed out whose bytes are not those that were registered.
pub trait Registry: BundleSource {
    /// Keeps a bundle as the next version of its model.
    ///
    /// # Errors
    /// [`RegistryError::ForeignName`] where the bundle is of a model of another name, or what the store met.
    fn register<'a>(
        &'a self,
        name: &'a str,
        bundle: &'a Bundle,
        actor: &'a str,
        note: &'a str,
    ) -> BoxFuture<'a, Result<u64, RegistryError>>;

    /// The version that an alias points to.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`] or [`RegistryError::UnknownAlias`].
    fn resolve<'a>(&'a self, name: &'a str, alias: &'a str) -> BoxFuture<'a, Result<Version, RegistryError>>;

    /// A version.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`] or [`RegistryError::UnknownVersion`].
    fn resolve_version<'a>(&'a self, name: &'a str, version: u64) -> BoxFuture<'a, Result<Version, RegistryError>>;

    /// A version's bundle, every digest verified.
    ///
    /// # Errors
    /// Those of [`Registry::resolve_version`]; [`RegistryError::MissingBlob`] or [`RegistryError::BadBundle`],
    /// which name the part.
    fn bundle<'a>(&'a self, name: &'a str, version: u64) -> BoxFuture<'a, Result<Bundle, RegistryError>>;

    /// Moves an alias on to a version that passed its gate. The move and its evidence are one.
    ///
    /// # Errors
    /// [`RegistryError::Moved`] where the alias isn't where it is believed to be, which tells who moved it;
    /// [`RegistryError::ForeignEvidence`] and [`RegistryError::Stale`] where the evidence is about another model
    /// or against another one.
    fn promote<'a>(&'a self, promotion: &'a Promotion<'a>) -> BoxFuture<'a, Result<(), RegistryError>>;

    /// Moves an alias back to the version before, and answers which that is. A rolled back version is off the
    /// path: rolling back again goes one further back.
    ///
    /// The version before passed its gate in its time, so none is asked for.
    ///
    /// # Errors
    /// [`RegistryError::NothingBefore`] where there is none.
    fn roll_back<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        actor: &'a str,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<u64, RegistryError>>;

    /// All that was done to a model, the first thing first.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`].
    fn history<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Recorded>, RegistryError>>;

    /// The moves of an alias, the first one first; none where it points nowhere yet.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`].
    fn alias_history<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Recorded<AliasMove>>, RegistryError>>;

    /// The version that an alias pointed to at a time; `None` before it first pointed anywhere. For a time that
    /// no entry is later than, the answer can still change.
    ///
    /// # Errors
    /// [`RegistryError::UnknownModel`].
    fn champion_at<'a>(
        &'a self,
        name: &'a str,
        alias: &'a str,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<u64>, RegistryError>>;
}
