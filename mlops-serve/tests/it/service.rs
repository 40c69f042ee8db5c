//! A service in one piece does what its parts do.

use std::sync::Arc;
use std::time::Duration;

use mlops_core::SourcedBundle;
use mlops_serve::{Loader, OutcomeJoin, Service, ServiceError};

use crate::toy::{ScaledFormat, ShareFormat, at, bundle_of};

fn version(version: u64, share: f64, output: &str) -> SourcedBundle {
    SourcedBundle { version, bundle: Arc::new(bundle_of(0.5, share, output)) }
}

#[test]
fn a_service_answers_logs_joins_and_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let loader = Loader::new(ScaledFormat).model(ShareFormat);
    let join = OutcomeJoin::new(1_000, Duration::from_secs(60));
    let first = version(1, 0.5, "probability");
    let service = Service::start(loader, first, folder.path().join("log"), join).unwrap();
    assert_eq!(service.predict("a", &1.0, at(1)).unwrap().outputs, [0.25]);
    assert!(service.predict("bad", &f64::NAN, at(1)).is_err());
    service.replace(version(2, 0.25, "probability")).unwrap();
    assert_eq!(service.predict("b", &1.0, at(2)).unwrap().outputs, [0.125]);
    // One that doesn't fit is refused, and the one before stays.
    assert!(matches!(service.replace(version(3, 0.5, "minutes")), Err(ServiceError::Swap { .. })));
    assert_eq!(service.runner().version(), 2);

    // Outcomes find the answers of both versions, once.
    assert!(service.outcome("a", 1.0, at(3)) && service.outcome("b", 0.0, at(4)));
    assert!(!service.outcome("a", 1.0, at(5)) && !service.outcome("bad", 1.0, at(5)));
    let predictions = service.predictions().unwrap();
    assert_eq!(predictions.texts("id").unwrap(), ["a", "b"]);
    assert_eq!(predictions.floats("version").unwrap(), [1.0, 2.0]);
    assert_eq!(predictions.floats("output.probability").unwrap(), [0.25, 0.125]);
    assert_eq!(predictions.floats("label").unwrap(), [1.0, 0.0]);

    // Only answers have a latency.
    assert_eq!((service.latencies().count(), service.runner().counts().not_encoded), (2, 1));
    assert_eq!((service.join().counts().joined, service.log().counts().outcomes_written), (2, 2));
    assert!(service.to_string().starts_with("an answer took "), "{service}");
}

#[test]
fn a_first_version_that_can_not_be_loaded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let join = OutcomeJoin::new(1_000, Duration::from_secs(60));
    let first = version(7, 0.5, "probability");
    let error = Service::<f64>::start(Loader::new(ScaledFormat), first, folder.path(), join).unwrap_err();
    let ServiceError::Load { source } = error else { panic!("{error}") };
    assert!(source.to_string().contains("version 7"), "{source}");
}
