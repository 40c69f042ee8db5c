//! A version, ready to answer.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mlops_core::{Answered, LoadedBundle, Observer};

/// A version's bundle, loaded and verified, with those that watch its answers. It never changes.
pub struct Live<Row: ?Sized> {
    version: u64,
    bundle: LoadedBundle<Row>,
    observers: Vec<Arc<dyn Observer>>,
}

impl<Row: ?Sized> fmt::Debug for Live<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.bundle.bundle().digest();
        f.debug_struct("Live")
            .field("version", &self.version)
            .field("digest", &digest)
            .field("observers", &self.observers)
            .finish_non_exhaustive()
    }
}

impl<Row: ?Sized> Live<Row> {
    /// A version with its observers, who are called in this order.
    #[must_use]
    pub fn new(version: u64, bundle: LoadedBundle<Row>, observers: Vec<Arc<dyn Observer>>) -> Self {
        Self { version, bundle, observers }
    }

    /// The number of the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its bundle.
    #[must_use]
    pub fn bundle(&self) -> &LoadedBundle<Row> {
        &self.bundle
    }

    /// Those that watch its answers.
    #[must_use]
    pub fn observers(&self) -> &[Arc<dyn Observer>] {
        &self.observers
    }

    /// The names of what it answers.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.bundle.model().signature().outputs
    }

    /// How many numbers a row becomes.
    pub(crate) fn width(&self) -> usize {
        self.bundle.encoder().names().len()
    }

    /// Shows an answer to all observers; answers how many of them panicked, against their contract.
    pub(crate) fn observe(&self, answered: &Answered<'_>) -> u64 {
        let mut panicked = 0;
        for observer in &self.observers {
            // An observer has a state of its own and sees only shared references: nothing of ours can be left
            // half done.
            if catch_unwind(AssertUnwindSafe(|| observer.observe(answered))).is_err() {
                panicked += 1;
            }
        }
        panicked
    }
}
