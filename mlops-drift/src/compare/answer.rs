//! What a comparison answers with.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A confidence interval, two-sided, at 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How large a difference is, on a scale that doesn't grow with the number of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Effect {
    /// The scale.
    pub measure: EffectMeasure,
    /// The effect in these samples.
    pub value: f64,
    /// Where the effect in what they were drawn from may lie; `None` where nothing can be said.
    pub interval: Option<Interval>,
}

/// The scale of an [`Effect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EffectMeasure {
    /// sup |F − G|, 0 to 1.
    KolmogorovDistance,
}

impl fmt::Display for EffectMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KolmogorovDistance => "Kolmogorov distance",
        })
    }
}

/// How a p-value was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// From all orders that the two samples can come in.
    Exact,
    /// From the distribution that the statistic has in large samples.
    Asymptotic,
    /// From samples that the rows were dealt out to by chance.
    Permutation,
    /// There is none: the statistic is a distance.
    Distance,
}

/// What became of the rows of a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SampleRows {
    /// All rows.
    pub rows: u64,
    /// Rows that are NaN, which stands for a missing value here: left out.
    pub nan: u64,
    /// Rows that are −∞ or ∞.
    pub infinite: u64,
    /// Rows that the statistic is of.
    pub used: u64,
}

/// A test of two samples of numbers, or a distance between them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SampleTest {
    /// The statistic.
    pub statistic: f64,
    /// The probability of a statistic as extreme or more so without a change, two-sided where not said otherwise;
    /// `None` for a distance.
    ///
    /// It says whether a change can be told from chance, not whether it is large: with enough rows every change can.
    pub p_value: Option<f64>,
    /// How the p-value was computed.
    pub method: Method,
    /// How large the difference is.
    pub effect: Effect,
    /// Degrees of freedom of the distribution that the p-value is from, where it has any.
    pub degrees_of_freedom: Option<f64>,
    /// Where the statistic is attained, for those that are a greatest difference: the least such value.
    pub location: Option<f64>,
    /// The reference's rows.
    pub reference: SampleRows,
    /// The current sample's rows.
    pub current: SampleRows,
}
