//! What a comparison of counts answers with.

use super::{Effect, Method};

/// A test of counts in the same bins or categories, or a distance between them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CountTest {
    /// The statistic.
    pub statistic: f64,
    /// The probability of a statistic as extreme or more so without a change; `None` for a distance.
    ///
    /// It says whether a change can be told from chance, not whether it is large: with enough rows every change can.
    pub p_value: Option<f64>,
    /// How the p-value was computed.
    pub method: Method,
    /// How large the difference is.
    pub effect: Effect,
    /// About what the effect would be without a change, by chance alone; `None` where it would be none, or where there
    /// is no formula. An effect near it says nothing.
    pub effect_without_drift: Option<f64>,
    /// Degrees of freedom of the distribution that the p-value is from, where it has any.
    pub degrees_of_freedom: Option<f64>,
    /// What each bin has to do with the statistic, in the order of the bins: where not said otherwise what it adds to
    /// it, 0 for bins that are empty on both sides. Empty where the statistic isn't made of parts.
    pub contributions: Vec<f64>,
    /// The least number of rows that a bin would have on a side without a change, for tests whose p-value is doubtful
    /// where that is below 5 (Cochran, 1954, doi:10.2307/3001616); bins without rows on both sides don't count.
    pub least_expected: Option<f64>,
    /// Rows in the reference; `None` where it is shares.
    pub reference_rows: Option<u64>,
    /// Rows in the current sample.
    pub current_rows: u64,
}
