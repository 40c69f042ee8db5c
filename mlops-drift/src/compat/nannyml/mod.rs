//! Drift of a column as NannyML 0.13.1's `UnivariateDriftCalculator` computes it.
//!
//! A method is fitted on the reference once ([`Continuous`], [`Categorical`]), which is cut into chunks in the order
//! of its rows ([`Chunks`]; ten by default). The method's values of these chunks against the whole reference give the
//! threshold: mean + 3 standard deviations (n in the denominator). A later chunk whose value is above it alarms;
//! there is no lower threshold. The chi-square method has none either: it alarms at p < 0.05.
//!
//! **Where this crate's own differs, and why.** Ten values tell little of a standard deviation, and the reference
//! chunks are part of what they are compared with: without any drift, chunks of 200 rows alarmed 25 times in 400 (6
//! %) and not at the 0.13 % that three standard deviations suggest. A chunk of another size has another distribution
//! of distances. The crate's own comparisons give an effect with an interval that knows both numbers of rows.
//! [`jensen_shannon`](crate::jensen_shannon) is in nats, smaller by √(ln 2) as a distance.
//! [`ks_two_sample`](crate::ks_two_sample) takes the values themselves at every size, and has a p-value. NannyML
//! leaves missing values out, so that a column which turns half missing has not drifted;
//! [`InputMonitor`](crate::InputMonitor) makes them a bin.
//!
//! **Where this module differs from NannyML.** A chunk without values is an error, where NannyML's value is NaN,
//! which never alarms. Fewer rows than ten are an error in both. A Jensen–Shannon distance whose square rounds to
//! below 0 is 0; there it is NaN, and so is a threshold over one category, which then never alarms.

mod categorical;
mod chunks;
mod continuous;

use super::{distances, numpy};
use crate::DriftError;

pub use categorical::{Categorical, CategoricalMethod};
pub use chunks::Chunks;
pub use continuous::{Continuous, ContinuousMethod};

/// What a method says of a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChunkDrift {
    /// The distance or statistic.
    pub value: f64,
    /// The p-value, of the chi-square method only.
    pub p_value: Option<f64>,
    /// The value above which the method alarms; `None` for the chi-square method.
    pub threshold: Option<f64>,
    /// Whether the value is above the threshold, or the p-value below 0.05.
    pub alert: bool,
}

/// mean + 3 standard deviations, no more than the greatest value that the method can have.
fn threshold(values: &[f64], most: f64) -> f64 {
    (numpy::mean(values) + numpy::standard_deviation(values) * 3.0).min(most)
}

/// The shares of the reference's bins, and what of a chunk is in none of them.
#[derive(Clone, Debug, PartialEq)]
struct Binned {
    shares: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Divergence {
    JensenShannon,
    Hellinger,
}

impl Binned {
    fn of(counts: &[u64], rows: usize) -> Self {
        Self { shares: numpy::shares(counts, rows) }
    }

    /// NannyML takes 1 − Σ for the share that is in no bin, so rounding can make one of 1e-16 and a distance of 1e-8:
    /// so too here, for equal numbers.
    fn distance(&self, divergence: Divergence, counts: &[u64], rows: usize) -> f64 {
        let mut reference = self.shares.clone();
        let mut chunk = numpy::shares(counts, rows);
        let outside = 1.0 - numpy::sum(&chunk);
        if outside > 0.0 {
            reference.push(0.0);
            chunk.push(outside);
        }
        match divergence {
            Divergence::JensenShannon => distances::jensen_shannon_base_2(&reference, &chunk),
            Divergence::Hellinger => distances::hellinger(&reference, &chunk),
        }
    }
}

/// Refuses what isn't a number.
fn defined(statistic: &'static str, value: f64) -> Result<f64, DriftError> {
    if value.is_nan() {
        return Err(DriftError::Undefined { statistic, cause: "the values are too far apart, or infinite" });
    }
    Ok(value)
}
