//! Means and variances without any error but the last rounding.

use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};

use super::TransformError;

/// Count, sum and sum of squares of floats, exact: neither the order of numbers nor the order of merges leaves a trace.
///
/// A finite float is `mantissa · 2^exponent` with a mantissa of 53 bits. Mantissas and their squares are added up as
/// integers, apart for each exponent; what is far apart is put together only in the end, in integers as long as it
/// takes.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    count: u64,
    /// By exponent, from `first` on.
    bins: Vec<Bin>,
    first: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    sum: i128,
    squares: u128,
    /// What `squares` has overflowed by, in units of 2^128.
    carry: u64,
}

/// The exponent of bin 0: that of a subnormal's last bit.
const LEAST: i32 = -1074;

impl Moments {
    /// Takes in a finite number; NaN is passed over.
    #[inline]
    pub(crate) fn add(&mut self, x: f64) {
        if x.is_nan() {
            return;
        }
        let bits = x.to_bits();
        let (biased, fraction) = ((bits >> 52 & 0x7ff) as usize, bits & ((1 << 52) - 1));
        let (bin, mantissa) = if biased == 0 { (0, fraction) } else { (biased - 1, fraction | 1 << 52) };
        let index = bin.wrapping_sub(self.first);
        if index >= self.bins.len() {
            self.reach(bin);
            return self.add(x);
        }
        self.count += 1;
        let bin = &mut self.bins[index];
        let signed = if bits >> 63 == 0 { mantissa as i64 } else { -(mantissa as i64) };
        bin.sum += i128::from(signed);
        let (squares, over) = bin.squares.overflowing_add(u128::from(mantissa) * u128::from(mantissa));
        bin.squares = squares;
        bin.carry += u64::from(over);
    }

    /// Takes in numbers; NaN is passed over.
    ///
    /// # Errors
    /// [`TransformError::Infinite`] for an infinity.
    pub(crate) fn add_all(&mut self, numbers: &[f64]) -> Result<(), TransformError> {
        match numbers.iter().find(|x| x.is_infinite()) {
            Some(&got) => Err(TransformError::Infinite { got }),
            None => {
                numbers.iter().for_each(|&x| self.add(x));
                Ok(())
            }
        }
    }

    /// Makes room for a bin.
    #[cold]
    fn reach(&mut self, bin: usize) {
        if self.bins.is_empty() {
            self.first = bin;
        }
        let first = self.first.min(bin);
        let end = (self.first + self.bins.len()).max(bin + 1);
        let mut bins = vec![Bin::default(); end - first];
        bins[self.first - first..][..self.bins.len()].copy_from_slice(&self.bins);
        (self.first, self.bins) = (first, bins);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if let Some(last) = other.bins.len().checked_sub(1) {
            for bin in [other.first, other.first + last] {
                if bin.wrapping_sub(self.first) >= self.bins.len() {
                    self.reach(bin);
                }
            }
        }
        self.count += other.count;
        for (bin, more) in self.bins[other.first.saturating_sub(self.first)..].iter_mut().zip(&other.bins) {
            bin.sum += more.sum;
            let (squares, over) = bin.squares.overflowing_add(more.squares);
            bin.squares = squares;
            bin.carry += more.carry + u64::from(over);
        }
    }

    /// How many numbers there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The mean, correctly rounded; `None` of nothing.
    pub(crate) fn mean(&self) -> Option<f64> {
        let sum = self.bins.iter().rev().fold(BigInt::zero(), |total, bin| (total << 1) + bin.sum);
        (self.count > 0).then(|| ratio(&sum, &BigInt::from(self.count), LEAST + self.first as i32))
    }

    /// The mean of the squares of what is left when the mean is taken off; `None` of nothing.
    pub(crate) fn variance(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let sum = self.bins.iter().rev().fold(BigInt::zero(), |total, bin| (total << 1) + bin.sum);
        let squares = self.bins.iter().rev().fold(BigInt::zero(), |total, bin| {
            (total << 2) + (BigInt::from(bin.carry) << 128) + BigInt::from(bin.squares)
        });
        let count = BigInt::from(self.count);
        let numerator = squares * &count - &sum * &sum;
        Some(ratio(&numerator, &(&count * &count), 2 * (LEAST + self.first as i32)))
    }
}

/// `numerator / denominator · 2^exponent`, correctly rounded unless it is subnormal; the denominator is above 0.
pub(crate) fn ratio(numerator: &BigInt, denominator: &BigInt, exponent: i32) -> f64 {
    // A quotient of 66 bits at least, and a last bit that tells whether it is exact.
    let shift = (66 + denominator.bits() as i64 - numerator.bits() as i64).max(0) as usize;
    let shifted = numerator << shift;
    let quotient = &shifted / denominator;
    let exact = &quotient * denominator == shifted;
    let sticky = if exact || quotient.is_zero() { BigInt::zero() } else { BigInt::from(1) };
    let long: BigInt = (quotient << 1) + if numerator.sign() == num_bigint::Sign::Minus { -sticky } else { sticky };
    // Scaling in halves keeps what is in range from leaving it on the way.
    let rest = long.bits().saturating_sub(1000) as i32;
    let float = (long >> rest).to_f64().unwrap_or(f64::NAN);
    libm::scalbn(float, exponent - shift as i32 - 1 + rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Moments;
    use crate::time::ExactSum;

    fn moments(numbers: &[f64]) -> Moments {
        let mut moments = Moments::default();
        moments.add_all(numbers).expect("finite numbers");
        moments
    }

    #[test]
    fn what_rounding_would_lose_is_kept() {
        // Python: statistics.pvariance([Fraction(1e9), Fraction(1e9) + 1, Fraction(1e9) + 2]) == 2/3
        let far = moments(&[1e9, 1e9 + 1.0, 1e9 + 2.0]);
        assert_eq!((far.mean(), far.variance()), (Some(1e9 + 1.0), Some(2.0 / 3.0)));
        let large = moments(&[1e300, -1e300, 3.0]);
        assert_eq!(large.mean(), Some(1.0));
        assert_eq!(moments(&[1e200, -1e200]).variance(), Some(f64::INFINITY));
        assert_eq!(moments(&[5e-324, 1.5e-323]).mean(), Some(1e-323));
        let constant = moments(&[0.1; 7]);
        assert_eq!((constant.mean(), constant.variance()), (Some(0.1), Some(0.0)));
        assert_eq!(moments(&[f64::NAN]).mean(), None);
        assert_eq!(moments(&[]).variance(), None);
    }

    proptest! {
        #[test]
        fn merging_is_the_whole_and_order_leaves_no_trace(
            numbers in prop::collection::vec(prop_oneof![any::<f64>(), -1e3..1e3], 0..24), cut in 0_usize..24,
        ) {
            let finite: Vec<f64> = numbers.into_iter().filter(|x| x.is_finite()).collect();
            let (left, right) = finite.split_at(cut.min(finite.len()));
            let mut merged = moments(right);
            merged.merge(&moments(left));
            let whole = moments(&finite);
            prop_assert_eq!(merged.mean().map(f64::to_bits), whole.mean().map(f64::to_bits));
            prop_assert_eq!(merged.variance().map(f64::to_bits), whole.variance().map(f64::to_bits));
            let mut sum = ExactSum::default();
            finite.iter().for_each(|&x| sum.add(x));
            if let Some(mean) = whole.mean() {
                let rounded_twice = sum.value() / finite.len() as f64;
                let error = (mean - rounded_twice).abs();
                prop_assert!(rounded_twice.is_infinite() || error <= 1e-15 * mean.abs() + f64::MIN_POSITIVE);
            }
        }
    }
}
