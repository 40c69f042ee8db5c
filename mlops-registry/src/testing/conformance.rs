//! What every registry does, whatever it is kept on.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{Clock, ManualClock, Timestamp};
use pollster::block_on;

use super::Sample;
use super::writers::{eight_promote, eight_register};
use crate::{Action, Promotion, Registry, RegistryError};

const NAME: &str = "delay";
const ALIAS: &str = "champion";

/// Checks a registry against the contract of [`Registry`]. `make` opens a new, empty registry twice, with a clock.
///
/// ```
/// use mlops_registry::{LogRegistry, testing};
/// use std::sync::Arc;
///
/// testing::conformance(|clock| {
///     let registry = LogRegistry::memory(clock);
///     [Arc::new(registry.clone()), Arc::new(registry)]
/// });
/// ```
///
/// # Panics
/// Where the registry doesn't do what the contract says.
pub fn conformance(make: impl Fn(Arc<dyn Clock>) -> [Arc<dyn Registry>; 2]) {
    let checks = [
        versions_count_from_one,
        a_bundle_comes_back,
        what_is_absent_is_named,
        names_hold_no_path,
        the_evidence_must_fit,
        who_moved_first_is_told,
        a_rollback_goes_one_back,
        who_was_champion_when,
        a_source_tells_changes,
        eight_register,
        eight_promote,
    ];
    for check in checks {
        let clock = Arc::new(ManualClock::at(at(0)));
        let registries = make(Arc::<ManualClock>::clone(&clock));
        check(&Fixture { clock, registries });
    }
}

/// A new registry, opened twice.
pub(super) struct Fixture {
    clock: Arc<ManualClock>,
    pub(super) registries: [Arc<dyn Registry>; 2],
}

impl Fixture {
    pub(super) fn one(&self) -> &dyn Registry {
        &*self.registries[0]
    }

    pub(super) fn other(&self) -> &dyn Registry {
        &*self.registries[1]
    }
}

fn at(minute: u64) -> Timestamp {
    Timestamp::from_date(2013, 1, 1) + Duration::from_secs(60 * minute)
}

pub(super) fn register(registry: &dyn Registry, sample: &Sample) -> Result<u64, RegistryError> {
    let name = &sample.bundle().manifest().name;
    block_on(registry.register(name, sample.bundle(), "ada", "for a test"))
}

/// Promotes a version of a sample against what is believed to be there.
pub(super) fn promote(
    registry: &dyn Registry,
    (version, sample): (u64, &Sample),
    before: Option<(u64, &Sample)>,
    actor: &str,
) -> Result<(), RegistryError> {
    let evidence = sample.passed(before.map(|(_, sample)| sample));
    let expected = before.map(|(version, _)| version);
    let (name, alias, reason) = (NAME, ALIAS, "for a test");
    let promotion = Promotion { name, alias, version, expected, evidence: &evidence, actor, reason };
    block_on(registry.promote(&promotion))
}

fn samples<const N: usize>() -> [Sample; N] {
    std::array::from_fn(|index| Sample::new(NAME, 1.0 / (index + 1) as f64))
}

fn versions_count_from_one(fixture: &Fixture) {
    let [first, second] = samples();
    assert_eq!(register(fixture.one(), &first).expect("a new name"), 1);
    assert_eq!(register(fixture.other(), &second).expect("a second version"), 2);
    assert_eq!(register(fixture.one(), &Sample::new("price", 0.5)).expect("another name"), 1);
    assert_eq!(register(fixture.one(), &first).expect("the same again"), 3);
    let foreign = block_on(fixture.one().register("price", first.bundle(), "ada", ""));
    assert!(matches!(foreign, Err(RegistryError::ForeignName { .. })), "got {foreign:?}");
}

fn a_bundle_comes_back(fixture: &Fixture) {
    let [first, second] = samples();
    register(fixture.one(), &first).expect("a new name");
    register(fixture.one(), &second).expect("a second version");
    let back = block_on(fixture.other().bundle(NAME, 1)).expect("the version is there");
    assert_eq!(back.digest(), first.bundle().digest());
    assert_eq!(back.manifest(), first.bundle().manifest());
    for part in back.manifest().parts.keys() {
        assert_eq!(back.part(part).expect("it is in the manifest"), first.bundle().part(part).expect("so is it"));
    }
    let version = block_on(fixture.other().resolve_version(NAME, 2)).expect("the version is there");
    assert_eq!((version.version, version.digest), (2, second.bundle().digest()));
    assert_eq!((version.actor.as_str(), version.note.as_str()), ("ada", "for a test"));
    assert_eq!(version.at, at(0));
}

fn what_is_absent_is_named(fixture: &Fixture) {
    let registry = fixture.one();
    let unknown = block_on(registry.resolve(NAME, ALIAS));
    assert!(matches!(unknown, Err(RegistryError::UnknownModel { .. })), "got {unknown:?}");
    let [first] = samples();
    register(registry, &first).expect("a new name");
    let unknown = block_on(registry.resolve(NAME, ALIAS));
    assert!(matches!(unknown, Err(RegistryError::UnknownAlias { .. })), "got {unknown:?}");
    for version in [0, 2, u64::MAX] {
        let unknown = block_on(registry.bundle(NAME, version));
        assert!(matches!(unknown, Err(RegistryError::UnknownVersion { latest: 1, .. })), "got {unknown:?}");
    }
    assert_eq!(block_on(registry.alias_history(NAME, ALIAS)).expect("the model is known"), []);
    assert_eq!(block_on(registry.champion_at(NAME, ALIAS, at(9))).expect("the model is known"), None);
}

fn names_hold_no_path(fixture: &Fixture) {
    for name in ["", ".", "..", "../x", "a/b", "A", "a b"] {
        let refused = block_on(fixture.one().register(name, Sample::new(name, 0.5).bundle(), "ada", ""));
        assert!(matches!(refused, Err(RegistryError::BadName { .. })), "`{name}` got {refused:?}");
        let refused = block_on(fixture.one().resolve(NAME, name));
        assert!(matches!(refused, Err(RegistryError::BadName { .. })), "`{name}` got {refused:?}");
    }
}

fn the_evidence_must_fit(fixture: &Fixture) {
    let registry = fixture.one();
    let [first, second, third] = samples();
    for sample in [&first, &second, &third] {
        register(registry, sample).expect("a version");
    }
    let foreign = promote(registry, (1, &second), None, "ada");
    assert!(matches!(foreign, Err(RegistryError::ForeignEvidence { version: 1, .. })), "got {foreign:?}");
    promote(registry, (1, &first), None, "ada").expect("the first champion needs no model to beat");

    let try_second = |evidence| {
        let (name, alias, actor, reason) = (NAME, ALIAS, "ada", "for a test");
        let promotion =
            Promotion { name, alias, version: 2, expected: Some(1), evidence: &evidence, actor, reason };
        block_on(registry.promote(&promotion))
    };
    let stale = try_second(second.passed(Some(&third)));
    assert!(matches!(stale, Err(RegistryError::Stale { current: 1, .. })), "got {stale:?}");
    for evidence in [second.passed(None), second.passed_alone()] {
        let alone = try_second(evidence);
        assert!(matches!(alone, Err(RegistryError::NotCompared { current: 1, .. })), "got {alone:?}");
    }
    let unchanged = promote(registry, (1, &first), Some((1, &first)), "ada");
    assert!(matches!(unchanged, Err(RegistryError::Unchanged { version: 1, .. })), "got {unchanged:?}");
    try_second(second.passed(Some(&first))).expect("the evidence is against version 1");

    let moves = block_on(registry.alias_history(NAME, ALIAS)).expect("the model is known");
    assert_eq!(moves.len(), 2, "what was refused left a trace: {moves:?}");
    let evidence = moves[1].what.evidence.as_ref().expect("a promotion has evidence");
    assert_eq!(evidence["model"], second.model_part().digest().to_string());
}

fn who_moved_first_is_told(fixture: &Fixture) {
    let [first, second, third] = samples();
    for sample in [&first, &second, &third] {
        register(fixture.one(), sample).expect("a version");
    }
    fixture.clock.set(at(5));
    promote(fixture.one(), (1, &first), None, "ada").expect("nobody was first");
    let late = promote(fixture.other(), (2, &second), None, "bob").expect_err("ada was first");
    let RegistryError::Moved { expected, actual, by, at: moved, .. } = late else { panic!("got {late:?}") };
    assert_eq!((expected, actual, by.as_deref(), moved), (None, Some(1), Some("ada"), Some(at(5))));
    let never = block_on(fixture.one().roll_back(NAME, "shadow", "ada", ""));
    assert!(matches!(never, Err(RegistryError::UnknownAlias { .. })), "got {never:?}");
}

fn a_rollback_goes_one_back(fixture: &Fixture) {
    let registry = fixture.one();
    let [first, second, third] = samples();
    let mut before = None;
    for sample in [&first, &second, &third] {
        let version = register(registry, sample).expect("a version");
        promote(registry, (version, sample), before, "ada").expect("nobody else writes");
        before = Some((version, sample));
    }
    let entries = block_on(registry.history(NAME)).expect("the model is known").len();
    let back = |to| {
        assert_eq!(block_on(fixture.other().roll_back(NAME, ALIAS, "bob", "too slow")).expect("there is one"), to);
        assert_eq!(block_on(registry.resolve(NAME, ALIAS)).expect("it points there").version, to);
    };
    back(2);
    let history = block_on(registry.history(NAME)).expect("the model is known");
    assert_eq!(history.len(), entries + 1, "a rollback is one entry");
    let last = history.last().expect("it has entries");
    let Action::RollBack(moved) = &last.what else { panic!("got {last:?}") };
    assert_eq!((moved.from, moved.to, moved.reason.as_str()), (Some(3), 2, "too slow"));
    assert_eq!((last.actor.as_str(), &moved.evidence), ("bob", &None));
    // Version 3 was rolled back, so nothing leads to it any more.
    back(1);
    let end = block_on(registry.roll_back(NAME, ALIAS, "bob", ""));
    assert!(matches!(end, Err(RegistryError::NothingBefore { .. })), "got {end:?}");
    promote(registry, (3, &third), Some((1, &first)), "ada").expect("the evidence is against version 1");
    back(1);
}

fn who_was_champion_when(fixture: &Fixture) {
    let registry = fixture.one();
    let [first, second] = samples();
    register(registry, &first).expect("a version");
    register(registry, &second).expect("a version");
    fixture.clock.set(at(10));
    promote(registry, (1, &first), None, "ada").expect("nobody else writes");
    fixture.clock.set(at(20));
    promote(registry, (2, &second), Some((1, &first)), "ada").expect("nobody else writes");
    // A clock that went back takes nothing back: the entry has the time of the one before it.
    fixture.clock.set(at(15));
    block_on(registry.roll_back(NAME, ALIAS, "ada", "")).expect("version 1 was before");
    fixture.clock.set(at(30));
    promote(registry, (2, &second), Some((1, &first)), "ada").expect("nobody else writes");
    let champion =
        |minute| block_on(fixture.other().champion_at(NAME, ALIAS, at(minute))).expect("the model is known");
    let champions = [0, 9, 10, 19, 20, 29, 30, 99].map(champion);
    assert_eq!(champions, [None, None, Some(1), Some(1), Some(1), Some(1), Some(2), Some(2)]);
    let times: Vec<_> = block_on(registry.history(NAME)).expect("the model is known");
    assert!(times.is_sorted_by_key(|recorded| (recorded.at, recorded.sequence)), "{times:?}");
}

fn a_source_tells_changes(fixture: &Fixture) {
    let [first, second] = samples();
    register(fixture.one(), &first).expect("a version");
    register(fixture.one(), &second).expect("a version");
    let none = block_on(fixture.one().fetch(NAME, ALIAS));
    assert!(matches!(none, Err(mlops_core::SourceError::NotFound { .. })), "got {none:?}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| block_on(fixture.other().changed(NAME, ALIAS, None)));
        promote(fixture.one(), (1, &first), None, "ada").expect("nobody else writes");
        assert_eq!(waiting.join().expect("it doesn't panic").expect("the store works"), 1);
    });
    promote(fixture.one(), (2, &second), Some((1, &first)), "ada").expect("nobody else writes");
    assert_eq!(block_on(fixture.other().changed(NAME, ALIAS, Some(1))).expect("it was moved before"), 2);
    let fetched = block_on(fixture.other().fetch(NAME, ALIAS)).expect("it is there");
    assert_eq!((fetched.version, fetched.bundle.digest()), (2, second.bundle().digest()));
}
