//! Where a metric's true value may lie.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

/// A two-sided confidence interval, at the confidence of the evaluator that made it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// `low` to `high` cut to `[floor, ceiling]`; `None` where an end is not finite.
    pub(super) fn within(low: f64, high: f64, floor: f64, ceiling: f64) -> Option<Self> {
        let finite = low.is_finite() && high.is_finite();
        finite.then(|| Self { low: low.clamp(floor, ceiling), high: high.clamp(floor, ceiling) })
    }
}

/// How far a confidence reaches to each side of a normal mean, in standard deviations.
pub(super) fn normal_reach(confidence: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + confidence / 2.0)
}
