//! A runner follows an alias and stays where it is when a version is bad.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use mlops_core::{
    Answered, BoxFuture, Bundle, BundleError, BundleSource, FormatError, Observer, ObserverFormat, Part,
    SourceError, SourcedBundle,
};
use mlops_serve::{Followed, LoadError, Loader, SwapError, follow};

use crate::toy::{ScaledFormat, ShareFormat, at, bundle_of, quarter};

/// An alias that moves through these versions; each is seen, then the source fails.
#[derive(Debug)]
struct Script(Mutex<VecDeque<SourcedBundle>>);

impl Script {
    fn failed() -> SourceError {
        SourceError::Failed { name: "toy".into(), alias: "champion".into(), source: "the end".into() }
    }
}

impl BundleSource for Script {
    fn fetch<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<SourcedBundle, SourceError>> {
        Box::pin(async { self.0.lock().unwrap().pop_front().ok_or_else(Self::failed) })
    }

    fn changed<'a>(&'a self, _: &'a str, _: &'a str, seen: Option<u64>) -> BoxFuture<'a, Result<u64, SourceError>> {
        Box::pin(async move {
            let next = self.0.lock().unwrap().front().map(|sourced| sourced.version);
            assert_ne!(next, seen, "a version is tried once");
            next.ok_or_else(Self::failed)
        })
    }
}

#[derive(Debug)]
struct Watches(u64);

impl Observer for Watches {
    fn observe(&self, answered: &Answered<'_>) {
        assert_eq!(answered.version, self.0);
    }
}

/// Profiles that are good if they are empty.
#[derive(Debug)]
struct WatchesFormat;

impl ObserverFormat for WatchesFormat {
    fn media_type(&self) -> &'static str {
        "text/watches"
    }

    fn load(&self, bytes: &[u8], version: u64) -> Result<Box<dyn Observer>, FormatError> {
        if bytes.is_empty() {
            Ok(Box::new(Watches(version)))
        } else {
            Err(FormatError { problem: format!("{} bytes", bytes.len()) })
        }
    }
}

/// A bundle with one part more, or another.
fn with_part(bundle: &Bundle, name: &str, part: Part) -> Bundle {
    let mut manifest = bundle.manifest().clone();
    let mut parts: std::collections::BTreeMap<_, _> =
        manifest.parts.keys().map(|name| (name.clone(), bundle.part(name).unwrap().bytes)).collect();
    let digest = mlops_core::Fingerprint::of(&part.bytes);
    let size = part.bytes.len() as u64;
    manifest.parts.insert(name.into(), mlops_core::PartEntry { media_type: part.media_type, digest, size });
    parts.insert(name.into(), part.bytes);
    Bundle::from_parts(manifest, parts).unwrap()
}

/// A runtime of several threads takes it.
fn spawnable<F: Future + Send>(future: F) -> F {
    future
}

fn profile(bytes: &[u8]) -> Part {
    Part { media_type: "text/watches".into(), bytes: bytes.into() }
}

#[test]
fn swap_follows_an_alias_and_a_bad_version_changes_nothing() {
    let good = bundle_of(3.0, 7.0, "probability");
    let golden = Part { media_type: "application/json".into(), bytes: (*b"[]").into() };
    let versions = [
        (2, with_part(&good, "profile", profile(b""))),
        (3, with_part(&good, "golden", golden)),
        (4, with_part(&good, "profile", profile(b"bad"))),
        (5, bundle_of(3.0, 7.0, "minutes")),
        // Back at what is live: nothing to do.
        (2, good.clone()),
        (6, good),
    ];
    let versions = versions.map(|(version, bundle)| SourcedBundle { version, bundle: Arc::new(bundle) });
    let source = Script(Mutex::new(versions.into()));
    let loader = Loader::new(ScaledFormat)
        .model(ShareFormat)
        .profile(WatchesFormat)
        .watch(|version, _| Arc::new(Watches(version)));
    let runner = quarter(Vec::new());
    let mut told = Vec::new();
    let ended = pollster::block_on(spawnable(follow(&runner, &source, "toy", "champion", &loader, |followed| {
        let prediction = runner.predict("id", &1.0, at(0)).unwrap();
        told.push((prediction.version, runner.live().observers().len(), followed));
    })));
    assert!(matches!(ended, Err(SourceError::Failed { .. })));
    let [second, third, fourth, fifth, sixth] = <[_; 5]>::try_from(told).unwrap();
    assert!(matches!(second, (2, 2, Followed::Swapped { version: 2, previous: 1 })), "{second:?}");
    let no_golden_rows = |error: &BundleError| matches!(error, BundleError::NoGoldenRows);
    assert!(
        matches!(&third, (2, 2, Followed::Unloadable(LoadError::Bundle { version: 3, source })) if no_golden_rows(source)),
        "{third:?}"
    );
    assert!(
        matches!(&fourth, (2, 2, Followed::Unloadable(LoadError::Observer { version: 4, part, .. })) if part == "profile"),
        "{fourth:?}"
    );
    assert!(matches!(&fifth, (2, 2, Followed::Unfit(SwapError::ForeignOutputs { version: 5, .. }))), "{fifth:?}");
    assert!(matches!(sixth, (6, 1, Followed::Swapped { version: 6, previous: 2 })), "{sixth:?}");
    assert_eq!(runner.counts().observer_panics, 0);
}
