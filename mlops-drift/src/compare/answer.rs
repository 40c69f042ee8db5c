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
    /// sup (F − G) + sup (G − F), 0 to 1.
    KuiperDistance,
    /// √∫ (F − G)² dH, with H the share of both samples together, 0 to 1/√3.
    CramerVonMisesDistance,
    /// √∫ (F − G)² / (H (1 − H)) dH, with H the share of both samples together.
    AndersonDarlingDistance,
    /// P(X < Y) + P(X = Y) / 2 of a reference value X and a current value Y: ½ where neither tends to be the larger.
    ProbabilityOfSuperiority,
    /// The current mean less the reference's, divided by the root of the mean of both variances.
    StandardizedMeanDifference,
    /// The current mean distance from the median divided by the reference's: 1 where the spread is the same.
    SpreadRatio,
    /// The greatest |φ − ψ| of the characteristic functions at the points that are compared, 0 to 2.
    CharacteristicDistance,
    /// ∫ |F − G| dx, in the values' unit.
    Wasserstein,
    /// ∫ |F − G| dx divided by the reference's standard deviation.
    NormalizedWasserstein,
    /// The energy distance's square divided by twice the mean distance of a reference value and a current one, 0 to 1
    /// (Székely and Rizzo's coefficient of inhomogeneity).
    EnergyCoefficient,
    /// The Kullback–Leibler divergence in nats, 0 to ∞.
    KullbackLeibler,
    /// The Hellinger distance, 0 to 1.
    Hellinger,
    /// The total variation distance, 0 to 1.
    TotalVariation,
    /// The largest difference of a bin's shares, 0 to 1.
    LargestShareDifference,
    /// Cramér's V of two samples, 0 to 1.
    CramersV,
    /// Cohen's w, 0 to ∞.
    CohensW,
    /// The mutual information of side and category in nats, 0 to ln 2.
    MutualInformation,
    /// The odds ratio, 0 to ∞; 1 is no difference.
    OddsRatio,
    /// The difference of two shares, current − reference, −1 to 1.
    ShareDifference,
    /// The share of rows in categories that the reference doesn't have, 0 to 1.
    UnseenShare,
}

impl fmt::Display for EffectMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KolmogorovDistance => "Kolmogorov distance",
            Self::KuiperDistance => "Kuiper distance",
            Self::CramerVonMisesDistance => "Cramér–von Mises distance",
            Self::AndersonDarlingDistance => "Anderson–Darling distance",
            Self::ProbabilityOfSuperiority => "probability of superiority",
            Self::StandardizedMeanDifference => "standardised mean difference",
            Self::SpreadRatio => "spread ratio",
            Self::CharacteristicDistance => "distance of characteristic functions",
            Self::Wasserstein => "Wasserstein distance",
            Self::NormalizedWasserstein => "normalised Wasserstein distance",
            Self::EnergyCoefficient => "energy coefficient",
            Self::KullbackLeibler => "Kullback–Leibler divergence",
            Self::Hellinger => "Hellinger distance",
            Self::TotalVariation => "total variation distance",
            Self::LargestShareDifference => "largest difference of shares",
            Self::CramersV => "Cramér's V",
            Self::CohensW => "Cohen's w",
            Self::MutualInformation => "mutual information",
            Self::OddsRatio => "odds ratio",
            Self::ShareDifference => "difference of shares",
            Self::UnseenShare => "share of unseen categories",
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
    /// A bound that the p-value can't exceed, for any number of rows.
    UpperBound,
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
