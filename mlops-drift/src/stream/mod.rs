//! Detectors that see one value at a time.

mod adwin;

pub use adwin::{Adwin, AdwinBuilder, AfterDrift};

/// Watches a stream of numbers for a change.
///
/// # Contract
/// `update` sees the values in their order, and the same values give the same states. It takes bounded time and
/// memory. NaN and infinities are no values: they change nothing but a counter, and the answer to them is
/// [`DetectorState::Stable`].
pub trait Detector: std::fmt::Debug + Send {
    /// Sees the next value.
    fn update(&mut self, x: f64) -> DetectorState;

    /// How many values were not finite, and so ignored.
    fn ignored(&self) -> u64;

    /// Forgets all values that it saw; the count of those ignored stays.
    fn reset(&mut self);
}

/// What a [`Detector`] says after a value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DetectorState {
    /// Nothing to be seen.
    Stable,
    /// A change may be under way.
    Warning,
    /// A change.
    Drift {
        /// What was seen.
        evidence: DriftEvidence,
    },
}

impl DetectorState {
    /// Whether it is a change.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        matches!(self, Self::Drift { .. })
    }
}

/// The two stretches of a stream that differ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DriftEvidence {
    /// The mean of the earlier values.
    pub mean_before: f64,
    /// How many there were.
    pub values_before: u64,
    /// The mean of the later values.
    pub mean_after: f64,
    /// How many there were.
    pub values_after: u64,
    /// The difference of the means that was exceeded.
    pub bound: f64,
}
