//! What the entries so far amount to.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use mlops_core::{Fingerprint, Manifest, Timestamp};

use super::entry::{Entry, Sealed};
use crate::name::is_name;
use crate::{Action, AliasMove, LogProblem, Recorded, Registration, RegistryError, Version};

/// The replayed log.
#[derive(Debug)]
pub(crate) struct State {
    /// The number of the last entry; 0 before the first.
    pub(crate) sequence: u64,
    /// Its digest.
    pub(crate) head: Option<Fingerprint>,
    /// Its time.
    pub(crate) at: Timestamp,
    models: BTreeMap<String, ModelState>,
    transactions: HashSet<String>,
}

/// What is known of a model.
#[derive(Debug, Default)]
pub(crate) struct ModelState {
    pub(crate) history: Vec<Recorded>,
    /// Where in the history each version was registered.
    versions: Vec<usize>,
    aliases: BTreeMap<String, AliasState>,
}

/// What is known of an alias.
#[derive(Debug, Default)]
pub(crate) struct AliasState {
    /// The versions that led to the present one, which is last: a promotion adds one, a rollback takes one off.
    path: Vec<u64>,
    moves: Vec<Moved>,
}

#[derive(Clone, Copy, Debug)]
struct Moved {
    at: Timestamp,
    to: u64,
    /// Where in the model's history.
    index: usize,
}

impl AliasState {
    pub(crate) fn current(&self) -> Option<u64> {
        self.path.last().copied()
    }

    /// The version that a rollback would go back to.
    pub(crate) fn before(&self) -> Option<u64> {
        self.path.len().checked_sub(2).and_then(|index| self.path.get(index)).copied()
    }

    /// The version that the alias pointed to at a time: where moves share an instant, the last of them counts.
    pub(crate) fn at(&self, at: Timestamp) -> Option<u64> {
        let later = self.moves.partition_point(|moved| moved.at <= at);
        later.checked_sub(1).and_then(|index| self.moves.get(index)).map(|moved| moved.to)
    }
}

impl ModelState {
    /// The latest version's number; 0 where there is none.
    pub(crate) fn latest(&self) -> u64 {
        self.versions.len() as u64
    }

    fn registration(&self, version: u64) -> Option<(&Recorded, &Registration)> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        let recorded = self.history.get(*self.versions.get(index)?)?;
        match &recorded.what {
            Action::Register(registration) => Some((recorded, registration)),
            _ => None,
        }
    }

    pub(crate) fn alias(&self, alias: &str) -> Option<&AliasState> {
        self.aliases.get(alias)
    }

    /// The moves of an alias, the first one first.
    pub(crate) fn moves(&self, alias: &str) -> impl DoubleEndedIterator<Item = Recorded<AliasMove>> {
        let moves = self.alias(alias).map_or(&[][..], |alias| &alias.moves);
        moves.iter().filter_map(|moved| self.history.get(moved.index)).filter_map(|recorded| match &recorded.what {
            Action::Promote(to) | Action::RollBack(to) => Some(recorded.with(to.clone())),
            Action::Register(_) => None,
        })
    }
}

impl Default for State {
    fn default() -> Self {
        Self { sequence: 0, head: None, at: Timestamp::MIN, models: BTreeMap::new(), transactions: HashSet::new() }
    }
}

impl State {
    pub(crate) fn model(&self, name: &str) -> Option<&ModelState> {
        self.models.get(name)
    }

    /// A model, or that it is unknown.
    pub(crate) fn known(&self, name: &str) -> Result<&ModelState, RegistryError> {
        self.model(name).ok_or_else(|| RegistryError::UnknownModel { name: name.into() })
    }

    /// An alias that points somewhere, or what is unknown.
    pub(crate) fn alias(&self, name: &str, alias: &str) -> Result<(&AliasState, u64), RegistryError> {
        let unknown = || RegistryError::UnknownAlias { name: name.into(), alias: alias.into() };
        let state = self.known(name)?.alias(alias).ok_or_else(unknown)?;
        Ok((state, state.current().ok_or_else(unknown)?))
    }

    /// A version, or what is unknown of it.
    pub(crate) fn version(&self, name: &str, version: u64) -> Result<Version, RegistryError> {
        let model = self.known(name)?;
        let (recorded, registration) = model
            .registration(version)
            .ok_or_else(|| RegistryError::UnknownVersion { name: name.into(), version, latest: model.latest() })?;
        let manifest = Manifest::from_bytes(registration.manifest.as_bytes())
            .map_err(|source| RegistryError::BadBundle { name: name.into(), version, source: source.into() })?;
        Ok(Version {
            name: name.into(),
            version,
            digest: registration.digest,
            manifest: Arc::new(manifest),
            at: recorded.at,
            actor: recorded.actor.clone(),
            note: registration.note.clone(),
        })
    }

    /// Whether a transaction is in the log.
    pub(crate) fn holds(&self, transaction: &str) -> bool {
        self.transactions.contains(transaction)
    }

    /// Whether an entry is the next one.
    pub(crate) fn follows(&self, sealed: &Sealed) -> bool {
        sealed.entry.sequence == self.sequence + 1
    }

    /// Adds the next entry, if it follows from those before. After an error the state is empty, so that nobody
    /// sees a part of an entry.
    pub(crate) fn apply(&mut self, sealed: Sealed) -> Result<(), RegistryError> {
        let Sealed { entry, digest } = sealed;
        let sequence = entry.sequence;
        self.try_apply(entry, digest).map_err(|problem| {
            *self = Self::default();
            RegistryError::Corrupt { sequence, problem }
        })
    }

    fn try_apply(&mut self, entry: Entry, digest: Fingerprint) -> Result<(), LogProblem> {
        if entry.sequence != self.sequence + 1 {
            return Err(LogProblem::Number { got: entry.sequence });
        }
        if entry.previous != self.head {
            return Err(LogProblem::Chain { got: entry.previous, wanted: self.head });
        }
        if entry.at < self.at {
            return Err(LogProblem::Time { got: entry.at, before: self.at });
        }
        let recorded = Recorded {
            sequence: entry.sequence,
            at: entry.at,
            actor: entry.actor,
            transaction: entry.transaction,
            what: (),
        };
        for (index, action) in entry.actions.into_iter().enumerate() {
            let wrong = LogProblem::Action { action: index };
            if !is_name(action.name()) {
                return Err(wrong);
            }
            let model = self.models.entry(action.name().into()).or_default();
            match &action {
                Action::Register(registration) => model.register(registration, wrong)?,
                Action::Promote(to) => model.promote(to, entry.at).ok_or(wrong)?,
                Action::RollBack(to) => model.roll_back(to, entry.at).ok_or(wrong)?,
            }
            model.history.push(recorded.with(action));
        }
        self.transactions.insert(recorded.transaction);
        self.sequence = entry.sequence;
        self.head = Some(digest);
        self.at = entry.at;
        Ok(())
    }
}

/// Each takes an action in, if it follows; the caller then adds it to the history.
impl ModelState {
    fn register(&mut self, registration: &Registration, wrong: LogProblem) -> Result<(), LogProblem> {
        let Registration { name, version, digest, manifest, .. } = registration;
        let got = Fingerprint::of(manifest.as_bytes());
        if *version != self.latest() + 1 {
            Err(wrong)
        } else if got != *digest {
            Err(LogProblem::ForeignManifest { name: name.clone(), version: *version, got, wanted: *digest })
        } else {
            self.versions.push(self.history.len());
            Ok(())
        }
    }

    fn promote(&mut self, to: &AliasMove, at: Timestamp) -> Option<()> {
        self.registration(to.to)?;
        let index = self.history.len();
        let alias = self.moving(to)?;
        if alias.current() == Some(to.to) || to.evidence.is_none() {
            return None;
        }
        alias.path.push(to.to);
        alias.moves.push(Moved { at, to: to.to, index });
        Some(())
    }

    fn roll_back(&mut self, to: &AliasMove, at: Timestamp) -> Option<()> {
        let index = self.history.len();
        let alias = self.moving(to)?;
        if alias.before() != Some(to.to) || to.evidence.is_some() {
            return None;
        }
        alias.path.pop();
        alias.moves.push(Moved { at, to: to.to, index });
        Some(())
    }

    /// The alias that moves, if it is where the move starts.
    fn moving(&mut self, to: &AliasMove) -> Option<&mut AliasState> {
        if !is_name(&to.alias) {
            return None;
        }
        let alias = self.aliases.entry(to.alias.clone()).or_default();
        (alias.current() == to.from).then_some(alias)
    }
}

impl<T> Recorded<T> {
    fn with<U>(&self, what: U) -> Recorded<U> {
        let Self { sequence, at, actor, transaction, .. } = self;
        Recorded { sequence: *sequence, at: *at, actor: actor.clone(), transaction: transaction.clone(), what }
    }
}
