//! A release registers and promotes in one call.

use std::sync::Arc;

use mlops_core::SystemClock;
use mlops_registry::testing::Sample;
use mlops_registry::{BlockingRegistry, RegistryError};

fn registry() -> BlockingRegistry {
    BlockingRegistry::memory(Arc::new(SystemClock))
}

#[test]
fn a_release_registers_under_the_bundles_name_and_promotes() {
    let registry = registry();
    let (first, second) = (Sample::new("delay", 0.5), Sample::new("delay", 0.8));
    let release = |sample: &Sample, expected, evidence| {
        registry.release(sample.bundle(), "champion", expected, &evidence, ["ada", "it is better"])
    };
    assert_eq!(release(&first, None, first.passed(None)).expect("the first"), 1);
    assert_eq!(release(&second, Some(1), second.passed(Some(&first))).expect("the second"), 2);
    let champion = registry.fetch("delay", "champion").expect("a champion");
    assert_eq!((champion.version, champion.bundle.digest()), (2, second.bundle().digest()));
    let moves = registry.alias_history("delay", "champion").expect("its moves");
    assert_eq!(moves.iter().map(|moved| moved.what.to).collect::<Vec<_>>(), [1, 2]);
    assert!(moves.iter().all(|moved| moved.actor == "ada" && moved.what.reason == "it is better"));
    // An alias of its own starts afresh, with a version of its own.
    let alone = registry.release(second.bundle(), "shadow", None, &second.passed(None), ["ada", ""]);
    assert_eq!(alone.expect("another alias"), 3);
    assert_eq!(registry.resolve("delay", "champion").expect("it stays").version, 2);
}

#[test]
fn a_release_that_expected_another_version_is_told_and_stays_registered() {
    let registry = registry();
    let (first, second) = (Sample::new("delay", 0.5), Sample::new("delay", 0.8));
    let release = |sample: &Sample, expected, evidence| {
        registry.release(sample.bundle(), "champion", expected, &evidence, ["ada", ""])
    };
    release(&first, None, first.passed(None)).expect("the first");
    for (attempt, expected) in [(2, None), (3, Some(7))] {
        match release(&second, expected, second.passed(None)) {
            Err(RegistryError::Moved { actual: Some(1), expected: told, by, .. }) => {
                assert_eq!((told, by.as_deref()), (expected, Some("ada")));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(registry.resolve("delay", "champion").expect("it stays").version, 1);
        let kept = registry.bundle("delay", attempt).expect("it was registered");
        assert_eq!(kept.digest(), second.bundle().digest());
    }
    // Evidence against a constant, or of another model, promotes nothing either.
    assert!(matches!(release(&second, Some(1), second.passed(None)), Err(RegistryError::NotCompared { .. })));
    let foreign = release(&second, Some(1), first.passed(Some(&first)));
    assert!(matches!(foreign, Err(RegistryError::ForeignEvidence { .. })), "{foreign:?}");
    assert_eq!(registry.verify().expect("it is whole").entries, 6);
}
