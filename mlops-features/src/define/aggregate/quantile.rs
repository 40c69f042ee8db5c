//! Quantiles of bounded relative error.

use std::collections::BTreeMap;

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::extreme::{merge_counts, take};
use super::{Aggregate, Within, float_or_missing};
use crate::define::function::as_float;
use crate::define::scratch::Scratch;
use crate::transform::{InputKind, TransformError};

/// The quantile `q` within a relative error: values are counted in the buckets `γ^(i−1) < |x| ≤ γ^i` with
/// `γ = (1 + e) / (1 − e)`, which never change, and the answer is `2 γ^i / (γ + 1)` of the bucket of the value of rank
/// `⌊q (n − 1)⌋`, from 0. It is off by at most `e` of that value (and the rounding of a logarithm). Missing where there
/// is none; NaN where one is NaN.
///
/// Source: Masson, Rim, Lee, "DDSketch", 2019, doi:10.14778/3352063.3352135; its buckets are not collapsed here, so that
/// order leaves no trace.
///
/// | parameter | unit | range |
/// |---|---|---|
/// | `q` | share | 0 to 1 |
/// | `error` | share of the value | 0.0001 to 0.5 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApproximateQuantile {
    q: f64,
    error: f64,
}

/// Beyond the number of any bucket.
const BEYOND: i64 = 1 << 40;
const NAN: i64 = i64::MAX;
const INFINITE: i64 = i64::MAX - 1;

impl ApproximateQuantile {
    /// The quantile `q` within a relative error.
    #[must_use]
    pub fn new(q: f64, error: f64) -> Self {
        Self { q, error }
    }

    fn growth(&self) -> f64 {
        (1.0 + self.error) / (1.0 - self.error)
    }

    /// The bucket of a number; buckets are in the order of their numbers.
    fn bucket(&self, x: f64) -> i64 {
        if x.is_nan() {
            return NAN;
        }
        let size = match x.abs() {
            0.0 => return 0,
            size if size.is_infinite() => INFINITE,
            size => BEYOND + (libm::log(size) / libm::log(self.growth())).ceil() as i64,
        };
        if x > 0.0 { size } else { -size }
    }

    fn number(&self, bucket: i64) -> f64 {
        let size = match bucket.saturating_abs() {
            0 => return 0.0,
            NAN => return f64::NAN,
            INFINITE => f64::INFINITY,
            size => {
                let growth = self.growth();
                libm::exp((size - BEYOND) as f64 * libm::log(growth)) * (2.0 / (growth + 1.0))
            }
        };
        if bucket > 0 { size } else { -size }
    }
}

impl Aggregate for ApproximateQuantile {
    const NAME: &'static str = "approximate_quantile";
    const VERSION: u32 = 1;
    type State = BTreeMap<i64, u64>;

    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        if !(0.0..=1.0).contains(&self.q) {
            return Err(TransformError::Parameter { parameter: "q", got: self.q.to_string(), allowed: "0 to 1" });
        }
        if !(0.0001..=0.5).contains(&self.error) {
            let (got, allowed) = (self.error.to_string(), "0.0001 to 0.5");
            return Err(TransformError::Parameter { parameter: "error", got, allowed });
        }
        match value {
            SlotKind::Float | SlotKind::Int => Ok(()),
            kind => Err(TransformError::Input { got: InputKind::Value(kind), wanted: "a value that is a number" }),
        }
    }

    fn add(&self, counted: &mut Self::State, value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| *counted.entry(self.bucket(x)).or_default() += 1);
    }

    fn remove(&self, counted: &mut Self::State, value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| take(counted, &self.bucket(x)));
    }

    fn merge(&self, counted: &mut Self::State, other: &Self::State) {
        merge_counts(counted, other);
    }

    fn value<'a>(&self, counted: &'a Self::State, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        if counted.contains_key(&NAN) {
            return Value::Float(f64::NAN);
        }
        let all = counted.values().fold(0, |all: u64, &count| all.saturating_add(count));
        let Some(last) = all.checked_sub(1) else { return Value::Missing };
        let rank = (self.q * last as f64) as u64;
        let mut before = 0_u64;
        let bucket = counted.iter().find(|(_, count)| {
            before = before.saturating_add(**count);
            before > rank
        });
        float_or_missing(bucket.map(|(&bucket, _)| self.number(bucket)))
    }
}
