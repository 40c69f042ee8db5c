//! The conformance suite on every store, and inside and outside of a runtime.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::{Clock, SystemClock};
use mlops_registry::testing::{FaultStore, Sample, conformance};
use mlops_registry::{BlockingRegistry, LogRegistry, Promotion, Registry};
use object_store::memory::InMemory;
use tempfile::TempDir;

fn quick(registry: LogRegistry) -> Arc<dyn Registry> {
    Arc::new(registry.with_longest_wait(Duration::from_millis(20)))
}

#[test]
fn memory_conforms() {
    conformance(|clock| {
        let store = Arc::new(InMemory::new());
        [(); 2].map(|()| quick(LogRegistry::new(Arc::<InMemory>::clone(&store), Arc::clone(&clock))))
    });
}

#[test]
fn one_registry_and_its_clone_conform() {
    conformance(|clock| {
        let registry = LogRegistry::memory(clock);
        [quick(registry.clone()), quick(registry)]
    });
}

#[test]
fn a_folder_conforms() {
    let folder = TempDir::new().expect("a temporary folder");
    let opened = std::cell::Cell::new(0);
    conformance(|clock| {
        opened.set(opened.get() + 1);
        let path = folder.path().join(opened.get().to_string());
        let open = |clock: &Arc<dyn Clock>| LogRegistry::folder(&path, Arc::clone(clock)).expect("it can be made");
        [quick(open(&clock)), quick(open(&clock))]
    });
}

#[test]
fn a_fault_store_without_faults_conforms() {
    conformance(|clock| {
        let store = Arc::new(FaultStore::new(Arc::new(InMemory::new())));
        [(); 2].map(|()| quick(LogRegistry::new(Arc::<FaultStore>::clone(&store), Arc::clone(&clock))))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_waits_by_its_timer() {
    let folder = TempDir::new().expect("a temporary folder");
    let registry = LogRegistry::folder(folder.path(), Arc::new(SystemClock)).expect("it can be made");
    let sample = Sample::new("delay", 0.5);
    let version = registry.register("delay", sample.bundle(), "ada", "").await.expect("a version");
    let waiting = tokio::spawn({
        let registry = registry.clone();
        async move { mlops_core::BundleSource::changed(&registry, "delay", "champion", None).await }
    });
    let evidence = sample.passed(None);
    let (name, alias, expected, actor, reason) = ("delay", "champion", None, "ada", "");
    let promotion = Promotion { name, alias, version, expected, evidence: &evidence, actor, reason };
    registry.promote(&promotion).await.expect("nobody else writes");
    assert_eq!(waiting.await.expect("it doesn't panic").expect("the store works"), 1);
}

#[test]
fn a_folder_that_is_a_file_is_named() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("it can be written");
    let refused = BlockingRegistry::folder(&file, Arc::new(SystemClock)).expect_err("it is a file");
    assert!(refused.to_string().contains("file"), "{refused}");
}
