//! The seam of all that watches answers.

use std::fmt;
use std::time::Duration;

use crate::{FormatError, Slots, Timestamp};

/// One answered request, as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The request's id: what its outcome will be joined by.
    pub id: &'a str,
    /// The time as of which it was answered.
    pub at: Timestamp,
    /// The row as it was read and gathered.
    pub slots: &'a Slots,
    /// The numbers that the model was given.
    pub numbers: &'a [f64],
    /// What it answered.
    pub outputs: &'a [f64],
    /// The version that answered.
    pub version: u64,
    /// How long gathering, encoding and predicting took.
    pub latency: Duration,
}

/// What came of an answer, as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The request's id.
    pub id: &'a str,
    /// The time as of which it was answered.
    pub at: Timestamp,
    /// The version that answered.
    pub version: u64,
    /// What it answered.
    pub outputs: &'a [f64],
    /// What really happened.
    pub label: f64,
    /// When that could be known.
    pub available: Timestamp,
}

/// Sees each answered request, and what came of it.
///
/// # Contract
/// `observe` is called on the path of the answer, by any number of threads at once. It may not block, fail,
/// panic or allocate without bound; what it can't take, it drops and counts. `outcome` is called off that path, by
/// any number of threads at once, for answers that were observed before; it may wait for others, and may not panic.
pub trait Observer: Send + Sync + fmt::Debug {
    /// Sees one answer.
    fn observe(&self, answered: &Answered<'_>);

    /// Sees what came of an answer. Does nothing unless it is overridden.
    fn outcome(&self, outcome: &Outcome<'_>) {
        let _ = outcome;
    }
}

/// A profile part becomes a fresh observer for its version.
///
/// # Contract
/// Bytes are data, as for every format. Each call gives an observer with a state of its own.
pub trait ObserverFormat: Send + Sync + fmt::Debug {
    /// What a part of this format is called.
    fn media_type(&self) -> &'static str;

    /// A fresh observer for the version that the part belongs to.
    ///
    /// # Errors
    /// [`FormatError`] with what is wrong and where.
    fn load(&self, bytes: &[u8], version: u64) -> Result<Box<dyn Observer>, FormatError>;
}
