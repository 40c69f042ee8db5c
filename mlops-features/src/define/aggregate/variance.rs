//! Variances.

use mlops_core::Value;
use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use super::{Aggregate, Within, float_or_missing};
use crate::define::function::as_float;
use crate::define::scratch::Scratch;
use crate::time::{ExactSquares, ExactSum};
use crate::transform::moments::ratio;

/// The variance, `(n Σx² − (Σx)²) / (n (n − ddof))`, computed without error and rounded once. Missing where there are
/// no more than `ddof` values; NaN where one is NaN or infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    sample: bool,
}

impl Variance {
    /// That of a population: `ddof` is 0, and the variance of one value is 0.
    #[must_use]
    pub fn population() -> Self {
        Self { sample: false }
    }

    /// The unbiased estimate from a sample: `ddof` is 1.
    #[must_use]
    pub fn sample() -> Self {
        Self { sample: true }
    }
}

impl Aggregate for Variance {
    const NAME: &'static str = "variance";
    const VERSION: u32 = 1;
    type State = (ExactSum, ExactSquares, u64);

    fn add(&self, (sum, squares, count): &mut Self::State, value: Value<'_>) {
        let Some(x) = as_float(value) else { return };
        sum.add(x);
        squares.add_square(x);
        *count += 1;
    }

    fn remove(&self, (sum, squares, count): &mut Self::State, value: Value<'_>) {
        let Some(x) = as_float(value) else { return };
        sum.remove(x);
        squares.remove_square(x);
        *count -= 1;
    }

    fn merge(&self, (sum, squares, count): &mut Self::State, other: &Self::State) {
        sum.merge(&other.0);
        squares.merge(&other.1);
        *count = count.saturating_add(other.2);
    }

    fn value<'a>(&self, (sum, squares, count): &'a Self::State, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        let freedom = count.saturating_sub(u64::from(self.sample));
        float_or_missing((freedom > 0).then(|| variance(sum, squares, *count, freedom)))
    }
}

fn variance(sum: &ExactSum, squares: &ExactSquares, count: u64, freedom: u64) -> f64 {
    let (Some((sum, unit)), Some((squares, unit_of_squares))) = (sum.exact(), squares.exact()) else {
        return f64::NAN;
    };
    // Both in the smaller unit.
    let common = unit_of_squares.min(2 * unit);
    let scaled = |number: BigInt, exponent: i32| number << (exponent - common) as usize;
    let numerator = scaled(squares, unit_of_squares) * count - scaled(&sum * &sum, 2 * unit);
    ratio(&numerator, &(BigInt::from(count) * freedom), common)
}

#[cfg(test)]
mod tests {
    use super::{ExactSquares, ExactSum, variance};

    #[test]
    fn what_rounding_would_lose_is_kept() {
        let of = |xs: &[f64], ddof: u64| {
            let (mut sum, mut squares) = (ExactSum::default(), ExactSquares::default());
            xs.iter().for_each(|&x| (sum.add(x), squares.add_square(x)).0);
            variance(&sum, &squares, xs.len() as u64, xs.len() as u64 - ddof)
        };
        // Python: statistics.pvariance([Fraction(1e9), Fraction(1e9) + 1, Fraction(1e9) + 2]) == 2/3
        assert_eq!(of(&[1e9, 1e9 + 1.0, 1e9 + 2.0], 0), 2.0 / 3.0);
        assert_eq!(of(&[1e9, 1e9 + 1.0, 1e9 + 2.0], 1), 1.0);
        assert_eq!(of(&[0.1; 7], 0), 0.0);
        assert_eq!(of(&[1e200, -1e200], 0), f64::INFINITY);
        assert_eq!(of(&[1e-200, -1e-200], 0), 0.0);
        assert!(of(&[1.0, f64::INFINITY], 0).is_nan());
    }
}
