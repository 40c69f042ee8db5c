//! How many different values there are, in fixed memory.

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::distinct::Item;
use super::{Aggregate, Within, any_kind};
use crate::define::murmur::murmur3_32;
use crate::define::scratch::Scratch;
use crate::transform::TransformError;

/// About how many different values there are: HyperLogLog with `2^precision` registers of a byte, each the maximum of what
/// came, so that order leaves no trace. The relative standard error is `1.04 / √(2^precision)`. 0 where there is none;
/// floats are told apart as in [`Distinct`](crate::Distinct). A maximum can't be taken back, so it needs a hop.
///
/// The hash is MurmurHash3 x86 32 with the seeds 0 and 1. Source of the estimator: Ertl, "New cardinality estimation
/// algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284, algorithm 6.
///
/// | parameter | unit | range |
/// |---|---|---|
/// | `precision` | bits | 4 to 16 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproximateDistinct {
    precision: u32,
}

impl ApproximateDistinct {
    /// With `2^precision` registers.
    #[must_use]
    pub fn new(precision: u32) -> Self {
        Self { precision }
    }
}

fn hash(value: Value<'_>) -> Option<u64> {
    let of = |bytes: &[u8]| {
        let half = |seed| u64::from(murmur3_32(bytes, seed) as u32);
        half(0) << 32 | half(1)
    };
    Some(match Item::of(value)? {
        Item::Number(bits) => of(&bits.to_le_bytes()),
        Item::Text(text) => of(text.as_bytes()),
    })
}

impl Aggregate for ApproximateDistinct {
    const NAME: &'static str = "approximate_distinct";
    const VERSION: u32 = 1;
    const REMOVES: bool = false;
    /// The registers; none before the first value.
    type State = Vec<u8>;

    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        if !(4..=16).contains(&self.precision) {
            let (got, allowed) = (self.precision.to_string(), "4 to 16");
            return Err(TransformError::Parameter { parameter: "precision", got, allowed });
        }
        any_kind(value)
    }

    fn add(&self, registers: &mut Vec<u8>, value: Value<'_>) {
        let Some(hash) = hash(value) else { return };
        registers.resize(1 << self.precision, 0);
        let register = &mut registers[(hash >> (64 - self.precision)) as usize];
        // The guard bit ends the run of zeros.
        let rank = (hash << self.precision | 1 << (self.precision - 1)).leading_zeros() as u8 + 1;
        *register = rank.max(*register);
    }

    fn merge(&self, registers: &mut Vec<u8>, other: &Vec<u8>) {
        registers.resize(registers.len().max(other.len()), 0);
        registers.iter_mut().zip(other).for_each(|(register, &other)| *register = other.max(*register));
    }

    fn value<'a>(&self, registers: &'a Vec<u8>, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        if registers.is_empty() {
            return Value::Float(0.0);
        }
        let mut counts = [0_u32; 66];
        registers.iter().for_each(|&rank| counts[usize::from(rank.min(65))] += 1);
        Value::Float(estimate(&counts, registers.len() as f64, 64 - self.precision as usize))
    }
}

/// How many values there were, by how many registers have each rank, 0 to `ranks` + 1.
fn estimate(counts: &[u32; 66], registers: f64, ranks: usize) -> f64 {
    let mut z = registers * tau(1.0 - f64::from(counts[ranks + 1]) / registers);
    for &count in counts[1..=ranks].iter().rev() {
        z = 0.5 * (z + f64::from(count));
    }
    z += registers * sigma(f64::from(counts[0]) / registers);
    registers * registers / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use mlops_core::{Timestamp, Value};

    use super::{Aggregate, ApproximateDistinct, Scratch, Within};

    #[test]
    fn the_estimate_is_within_four_standard_errors() {
        let sketch = ApproximateDistinct::new(12);
        let within = Within::new(Timestamp::MIN, std::time::Duration::ZERO);
        let (mut registers, mut count) = (Vec::new(), 0_i64);
        for size in [0_i64, 1, 10, 1000, 10_000, 100_000] {
            while count < size {
                sketch.add(&mut registers, Value::Int(count));
                sketch.add(&mut registers, Value::Int(count / 2));
                count += 1;
            }
            let Value::Float(got) = sketch.value(&registers, &within, &Scratch::default()) else {
                panic!("{size}")
            };
            assert!((got - size as f64).abs() <= 4.0 * 1.04 / 64.0 * size as f64, "{got} of {size}");
        }
    }
}
