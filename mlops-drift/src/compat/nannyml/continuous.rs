//! Columns of numbers.

use super::{Binned, ChunkDrift, Chunks, Divergence, defined, threshold};
use crate::compat::{distances, numpy};
use crate::{DriftError, Sample, SampleRows, ks_two_sample};

/// From so many rows of the reference on, the exact samples give way to bins.
const ESTIMATED_FROM: usize = 10_000;
/// So many bins of equal width.
const BINS: usize = 10_000;

/// NannyML's methods for columns of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContinuousMethod {
    /// `jensen_shannon`, NannyML's default: the square root of the Jensen–Shannon divergence to base 2, between bins
    /// at Doane's edges on the reference; what is outside of them is a bin of its own. 0 to 1.
    #[default]
    JensenShannon,
    /// `hellinger`: √(Σ (√pᵢ − √qᵢ)²) / √2 of the same bins. 0 to 1.
    Hellinger,
    /// `kolmogorov_smirnov`: the greatest difference of the shares up to a value: of the samples for a reference of
    /// fewer than 10,000 values, else at the upper edges of 10,000 bins of equal width between the reference's
    /// extremes. One value far out so makes a bin hold nearly all others.
    KolmogorovSmirnov,
    /// `wasserstein`: the Wasserstein distance of order 1, in the column's unit: of the samples for a reference of
    /// fewer than 10,000 values, else of the same bins. There NannyML adds one row too many to the share below the
    /// reference's range, so that the distance is off by up to the range over the chunk's rows once a value is below
    /// it.
    Wasserstein,
}

impl ContinuousMethod {
    /// NannyML's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JensenShannon => "jensen_shannon",
            Self::Hellinger => "hellinger",
            Self::KolmogorovSmirnov => "kolmogorov_smirnov",
            Self::Wasserstein => "wasserstein",
        }
    }
}

/// A method fitted on a reference of numbers.
///
/// ```
/// use mlops_drift::compat::nannyml::{Chunks, Continuous, ContinuousMethod};
///
/// let reference: Vec<f64> = (0..1000).map(|i| f64::from(i * 37 % 100)).collect();
/// let method = Continuous::fit(ContinuousMethod::KolmogorovSmirnov, &reference, Chunks::default()).unwrap();
/// assert!(method.threshold() < 1e-12); // each chunk has every value once
/// let drift = method.compare(&[10.0, 20.0, 30.0]).unwrap();
/// assert!((drift.value - 0.69).abs() < 1e-12 && drift.alert);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Continuous {
    method: ContinuousMethod,
    fitted: Fitted,
    threshold: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Fitted {
    Bins {
        edges: Vec<f64>,
        binned: Binned,
    },
    Samples(Sample),
    /// The shares up to each upper edge.
    Shares {
        edges: Vec<f64>,
        cumulated: Vec<f64>,
    },
}

impl Continuous {
    /// Fits a method on the reference, whose rows are in the order of time. NaN is left out.
    ///
    /// Chunks of the reference without a value are left out of the threshold, as NannyML does.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] without values, [`DriftError::OutOfRange`]
    /// where a chunk would have no row, [`DriftError::Undefined`] where bins can't be made, for infinite values above
    /// all.
    pub fn fit(method: ContinuousMethod, reference: &[f64], chunks: Chunks) -> Result<Self, DriftError> {
        let fitted = Fitted::of(method, used("reference", reference)?)?;
        let mut values = Vec::new();
        for chunk in chunks.of(reference.len())? {
            let rows = &reference[chunk];
            if rows.iter().any(|x| !x.is_nan()) {
                values.push(fitted.value(method, rows)?);
            }
        }
        let most = if method == ContinuousMethod::KolmogorovSmirnov { 1.0 } else { f64::INFINITY };
        Ok(Self { method, fitted, threshold: threshold(&values, most) })
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> ContinuousMethod {
        self.method
    }

    /// The value above which the method alarms.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Compares a chunk, of any number of rows, with the reference. NaN is left out.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without rows, [`DriftError::TooFewValues`] without values, [`DriftError::Undefined`] for
    /// the Wasserstein distance of infinite values.
    pub fn compare(&self, chunk: &[f64]) -> Result<ChunkDrift, DriftError> {
        let value = self.fitted.value(self.method, chunk)?;
        Ok(ChunkDrift { value, p_value: None, threshold: Some(self.threshold), alert: value > self.threshold })
    }
}

impl Fitted {
    fn of(method: ContinuousMethod, reference: Sample) -> Result<Self, DriftError> {
        let values = reference.values();
        match method {
            ContinuousMethod::JensenShannon | ContinuousMethod::Hellinger => {
                let edges = numpy::doane_edges(values)?;
                let binned = Binned::of(&numpy::histogram(values, &edges), values.len());
                Ok(Self::Bins { edges, binned })
            }
            ContinuousMethod::Wasserstein if reference.finite().len() < values.len() => {
                Err(DriftError::Undefined {
                    statistic: "wasserstein",
                    cause: "the reference holds infinite values",
                })
            }
            _ if values.len() < ESTIMATED_FROM => Ok(Self::Samples(reference)),
            _ => {
                let edges = match (method, values) {
                    // Values that are too near for bins make edges that are alike.
                    (ContinuousMethod::KolmogorovSmirnov, [first, .., last]) if (last - first).is_finite() => {
                        numpy::linspace(*first, *last, BINS)
                    }
                    _ => numpy::equal_width_edges(values, BINS)?,
                };
                let shares = numpy::shares(&numpy::histogram(values, &edges), values.len());
                Ok(Self::Shares { edges, cumulated: numpy::cumulated(&shares) })
            }
        }
    }

    fn value(&self, method: ContinuousMethod, rows: &[f64]) -> Result<f64, DriftError> {
        let chunk = used("current", rows)?;
        let values = chunk.values();
        let value = match (self, method) {
            (Self::Bins { edges, binned }, _) => {
                let divergence = match method {
                    ContinuousMethod::Hellinger => Divergence::Hellinger,
                    _ => Divergence::JensenShannon,
                };
                binned.distance(divergence, &numpy::histogram(values, edges), values.len())
            }
            (Self::Samples(reference), ContinuousMethod::KolmogorovSmirnov) => {
                ks_two_sample(reference, &chunk)?.statistic
            }
            (Self::Samples(reference), _) => distances::wasserstein(reference.values(), values),
            (Self::Shares { edges, cumulated }, ContinuousMethod::KolmogorovSmirnov) => {
                greatest_difference(edges, cumulated, values)
            }
            (Self::Shares { edges, cumulated }, _) => area(edges, cumulated, values),
        };
        defined(method.name(), value)
    }
}

fn greatest_difference(edges: &[f64], cumulated: &[f64], values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let below = values.partition_point(|x| edges.first().is_some_and(|edge| x < edge)) as f64 / n;
    let shares = numpy::cumulated(&numpy::shares(&numpy::histogram(values, edges), values.len()));
    cumulated.iter().zip(shares).map(|(a, b)| (a - (below + b)).abs()).fold(0.0, f64::max)
}

/// The Wasserstein distance with the reference in bins: below, within and above its range.
fn area(edges: &[f64], cumulated: &[f64], values: &[f64]) -> f64 {
    let &[first, second, .., last] = edges else { return f64::NAN };
    let n = values.len() as f64;
    let smaller = &values[..values.partition_point(|x| *x < first)];
    let greater = &values[values.partition_point(|x| *x <= last)..];
    // The sum of the distances to the edge is (rows + 1)/n · Σ y Δx of their shares with the edge as one value more.
    let from_first: Vec<f64> = smaller.iter().map(|x| first - x).collect();
    let from_last: Vec<f64> = greater.iter().map(|x| x - last).collect();
    let below = if smaller.is_empty() { 0.0 } else { (smaller.len() + 1) as f64 / n };
    let shares = numpy::cumulated(&numpy::shares(&numpy::histogram(values, edges), values.len()));
    let width = second - first;
    let within: Vec<f64> = cumulated.iter().zip(shares).map(|(a, b)| (a - (b + below)).abs() * width).collect();
    numpy::sum(&within) + numpy::sum(&from_first) / n + numpy::sum(&from_last) / n
}

fn used(side: &'static str, rows: &[f64]) -> Result<Sample, DriftError> {
    let sample = Sample::of(rows);
    let used = sample.values().len() as u64;
    let tally = SampleRows { rows: sample.rows(), nan: sample.rows() - used, infinite: 0, used };
    crate::compat::counts::checked(side, tally)?;
    Ok(sample)
}
