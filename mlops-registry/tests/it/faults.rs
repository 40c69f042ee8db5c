//! Stores whose answers get lost.

use std::sync::Arc;

use mlops_core::SystemClock;
use mlops_registry::testing::{Fault, FaultStore, Sample};
use mlops_registry::{BlockingRegistry, LogRegistry, RegistryError};
use object_store::memory::InMemory;

fn faulty() -> (Arc<FaultStore>, BlockingRegistry) {
    let store = Arc::new(FaultStore::new(Arc::new(InMemory::new())));
    let registry = LogRegistry::new(Arc::<FaultStore>::clone(&store), Arc::new(SystemClock));
    (store, BlockingRegistry::new(registry))
}

fn register(registry: &BlockingRegistry) -> Result<u64, RegistryError> {
    registry.register("delay", Sample::new("delay", 0.5).bundle(), "ada", "")
}

fn entries(store: &FaultStore) -> u64 {
    let fresh = LogRegistry::new(Arc::clone(store.get_ref()), Arc::new(SystemClock));
    BlockingRegistry::new(fresh).verify().expect("it is whole").entries
}

#[test]
fn a_lost_answer_makes_one_entry() {
    use Fault::{Fails, LandsAndFails, LandsAndSaysExists, SaysExists};
    let cases: [&[Fault]; 6] = [
        &[LandsAndFails],
        &[LandsAndSaysExists],
        &[Fails],
        &[SaysExists],
        &[Fails, SaysExists, LandsAndFails],
        &[SaysExists, Fails, Fails, LandsAndSaysExists],
    ];
    for faults in cases {
        let (store, registry) = faulty();
        for expected in 1..=2 {
            faults.iter().for_each(|fault| store.fail_next("log/", *fault));
            assert_eq!(register(&registry).expect("it lands in the end"), expected, "{faults:?}");
            assert_eq!((store.clear(), entries(&store)), (0, expected), "{faults:?}");
        }
    }
}

#[test]
fn a_lost_answer_to_a_part_is_looked_up() {
    let (store, registry) = faulty();
    store.fail_next("blobs/", Fault::LandsAndFails);
    assert_eq!(register(&registry).expect("the part is there"), 1);
    store.fail_next("blobs/", Fault::LandsAndSaysExists);
    assert_eq!(register(&registry).expect("the part is there"), 2);

    let (store, registry) = faulty();
    store.fail_next("blobs/", Fault::Fails);
    let failed = register(&registry);
    assert!(matches!(failed, Err(RegistryError::Store { .. })), "got {failed:?}");
    assert_eq!(entries(&store), 0);
}

#[test]
fn an_outcome_that_nobody_tells_is_unknown_and_can_be_asked_for() {
    let (store, registry) = faulty();
    register(&registry).expect("the store is well");
    for _ in 0..6 {
        store.fail_next("log/", Fault::Fails);
    }
    let unknown = register(&registry).expect_err("no answer tells");
    let RegistryError::Unknown { transaction, .. } = unknown else { panic!("got {unknown:?}") };
    let history = registry.history("delay").expect("it can be read");
    assert!(history.iter().all(|recorded| recorded.transaction != transaction));

    // Five tries that don't land and one that does, whose answer is lost as the others were.
    for _ in 0..5 {
        store.fail_next("log/", Fault::Fails);
    }
    store.fail_next("log/", Fault::LandsAndFails);
    assert_eq!(register(&registry).expect("it is read back"), 2);
    assert_eq!(entries(&store), 2);
}

#[test]
fn a_store_that_can_not_be_read_is_named() {
    let (store, registry) = faulty();
    register(&registry).expect("the store is well");
    store.fail_next("log/", Fault::ReadFails);
    let failed = registry.history("delay").expect_err("the read fails");
    let RegistryError::Store { path, .. } = &failed else { panic!("got {failed:?}") };
    assert_eq!(path, "log/00000000000000000002.json");
    assert_eq!(registry.history("delay").expect("the store is well again").len(), 1);
}
