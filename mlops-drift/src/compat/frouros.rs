//! Distances and tests of numbers as frouros 0.9.0's batch detectors compute them, with their defaults.
//!
//! frouros has no thresholds: a distance is a number, a test gives a p-value, and the caller decides.
//!
//! Those by bins take ten of equal width between the extremes of both sides together, so that they move with the
//! current data, and one value far out leaves all others in one bin.
//!
//! **Where this crate's own differs, and why.** [`psi`](crate::psi) adds half a row to each bin. frouros puts
//! 2.2e-308, the least normal float, into empty ones: each 1 % of a side that meets an empty bin adds 7 to the index,
//! and a shift of 0.2 standard deviations at 400 rows can give 2.9 by a single row in an outer bin.
//!
//! **Where this module differs from frouros.** NaN is left out and counted; frouros raises, or gives NaN. Not here
//! are its `JS` and `KL`, which interpolate histograms of each side by themselves, and the tests that are scipy's.

use super::counts::{Table, checked, contingency};
use super::{distances, kolmogorov, numpy};
use crate::{DriftError, Sample, SampleRows, ks_two_sample};

const BINS: usize = 10;

/// One of frouros' detectors of drift in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detector {
    /// `PSI`: Σ (qᵢ − pᵢ) ln(qᵢ / pᵢ), by bins, with 2.2e-308 in place of shares of 0.
    Psi,
    /// `HellingerDistance`: √(Σ (√pᵢ − √qᵢ)²) / √2, by bins. 0 to 1.
    Hellinger,
    /// `BhattacharyyaDistance`: 1 − Σ √(pᵢ qᵢ), by bins: the square of Hellinger's distance (the distance of
    /// Bhattacharyya's paper is −ln Σ √(pᵢ qᵢ)). 0 to 1.
    Bhattacharyya,
    /// `HINormalizedComplement`: 1 − Σ min(pᵢ, qᵢ), by bins: the total variation. 0 to 1.
    HistogramIntersection,
    /// `EMD`: the Wasserstein distance of order 1, in the column's unit.
    Wasserstein,
    /// `EnergyDistance`: √(2 ∫ (F − G)²), in the root of the column's unit.
    Energy,
    /// `KSTest`: the two-sample Kolmogorov–Smirnov test.
    KolmogorovSmirnov,
    /// `ChiSquareTest`: the chi-square test of the contingency table, each value a category, with Yates' correction
    /// for two.
    ChiSquare,
}

impl Detector {
    /// The name of its class in frouros.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Psi => "PSI",
            Self::Hellinger => "HellingerDistance",
            Self::Bhattacharyya => "BhattacharyyaDistance",
            Self::HistogramIntersection => "HINormalizedComplement",
            Self::Wasserstein => "EMD",
            Self::Energy => "EnergyDistance",
            Self::KolmogorovSmirnov => "KSTest",
            Self::ChiSquare => "ChiSquareTest",
        }
    }
}

/// What a detector says.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchDrift {
    /// The distance, or the test's statistic.
    pub statistic: f64,
    /// The p-value, of a test only.
    pub p_value: Option<f64>,
}

/// Compares numbers. NaN is left out.
///
/// # Errors
/// [`DriftError::Empty`] for a side without rows, [`DriftError::TooFewValues`] where all are NaN,
/// [`DriftError::Undefined`] for infinities where there are bins or distances, and for values that are too near each
/// other or too far apart for bins.
///
/// ```
/// use mlops_drift::Sample;
/// use mlops_drift::compat::frouros::{Detector, compare};
///
/// let reference = Sample::of(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
/// let current = Sample::of(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.0]);
/// let drift = compare(Detector::Psi, &reference, &current).unwrap();
/// assert!(drift.statistic > 70.0); // one row of ten, in a bin that is empty now
/// assert!((compare(Detector::Wasserstein, &reference, &current).unwrap().statistic - 0.1).abs() < 1e-15);
/// ```
pub fn compare(detector: Detector, reference: &Sample, current: &Sample) -> Result<BatchDrift, DriftError> {
    for (side, sample) in [("reference", reference), ("current", current)] {
        let (rows, used) = (sample.rows(), sample.values().len() as u64);
        checked(side, SampleRows { rows, nan: rows - used, infinite: used - sample.finite().len() as u64, used })?;
    }
    let (a, b) = (reference.values(), current.values());
    let test = match detector {
        Detector::KolmogorovSmirnov => {
            let statistic = ks_two_sample(reference, current)?.statistic;
            Some((statistic, kolmogorov::two_sample(reference, current)?))
        }
        Detector::ChiSquare => {
            let test = contingency(&Table::of_values(a, b));
            Some((test.statistic, test.p_value))
        }
        _ => None,
    };
    if let Some((statistic, p_value)) = test {
        return Ok(BatchDrift { statistic, p_value: Some(p_value) });
    }
    if reference.finite().len() < a.len() || current.finite().len() < b.len() {
        return Err(DriftError::Undefined { statistic: detector.name(), cause: "there are infinite values" });
    }
    let statistic = match detector {
        Detector::Wasserstein => distances::wasserstein(a, b),
        Detector::Energy => distances::energy(a, b),
        _ => by_bins(detector, a, b)?,
    };
    if statistic.is_nan() {
        return Err(DriftError::Undefined { statistic: detector.name(), cause: "the values are too far apart" });
    }
    Ok(BatchDrift { statistic, p_value: None })
}

fn by_bins(detector: Detector, a: &[f64], b: &[f64]) -> Result<f64, DriftError> {
    let mut extremes: Vec<f64> =
        [a, b].into_iter().flat_map(|side| side.first().into_iter().chain(side.last())).copied().collect();
    extremes.sort_unstable_by(f64::total_cmp);
    let edges = numpy::equal_width_edges(&extremes, BINS)?;
    let [p, q] = [a, b].map(|side| numpy::shares(&numpy::histogram(side, &edges), side.len()));
    let pairs = p.iter().zip(&q);
    Ok(match detector {
        Detector::Hellinger => distances::hellinger(&p, &q),
        Detector::Bhattacharyya => 1.0 - numpy::sum(&pairs.map(|(p, q)| (p * q).sqrt()).collect::<Vec<_>>()),
        Detector::HistogramIntersection => 1.0 - numpy::sum(&pairs.map(|(p, q)| p.min(*q)).collect::<Vec<_>>()),
        _ => {
            let filled = |share: f64| if share == 0.0 { f64::MIN_POSITIVE } else { share };
            let terms = pairs.map(|(&p, &q)| (filled(q) - filled(p)) * (filled(q) / filled(p)).ln());
            numpy::sum(&terms.collect::<Vec<_>>())
        }
    })
}
