//! Exact sums of any run of values.

use std::ops::{Range, RangeInclusive};

/// What stands for a value that is missing: the bits of a NaN that no value has, since their NaNs are all one.
pub(super) const MISSING: u64 = 0x7ff8_0000_0000_0001;

/// The sums and the counts of the values before each place: those of any run are a difference.
#[derive(Default)]
pub(super) struct Prefix {
    /// In units of `unit`.
    sums: Vec<i128>,
    unit: f64,
    /// Whether no sum has more than `SHORT_BITS`.
    short: bool,
    /// Empty where no value is missing.
    counts: Vec<u32>,
}

/// The biased exponents of values whose sums become floats by one rounding: times the unit, they are no subnormals and no
/// infinities.
const EXPONENTS: RangeInclusive<u64> = 175..=1875;
/// What a float's biased exponent is more than that of its least bit.
const BIAS: u64 = 1075;
const NOT_FINITE: u64 = 0x7ff;
const MANTISSA_BITS: u64 = 53;
const SUM_BITS: u64 = 126;
/// What is above the last 32 of these bits is a float without rounding.
const SHORT_BITS: u64 = 32 + MANTISSA_BITS;

impl Prefix {
    /// Takes in the values of a group; says whether their sums are exact, which they are not where a value is not finite,
    /// or the least and the largest are too far apart.
    pub(super) fn fill(&mut self, values: &[f64]) -> bool {
        self.counts.clear();
        let (least, most) = exponents(values.iter().copied());
        let (least, most) = if most < NOT_FINITE { (least, most) } else { self.count(values) };
        // Values of 0 have no bits in any unit.
        let least = if least > most { BIAS } else { least };
        let bits =
            most.saturating_sub(least) + MANTISSA_BITS + u64::from(usize::BITS - values.len().leading_zeros());
        if !EXPONENTS.contains(&least) || most == NOT_FINITE || bits > SUM_BITS {
            return false;
        }
        self.short = bits <= SHORT_BITS;
        self.unit = f64::from_bits((least + 1023 - BIAS) << 52);
        self.sums.clear();
        self.sums.push(0);
        let mut sum = 0;
        self.sums.extend(values.iter().map(|x| {
            sum += scaled(x.to_bits(), least);
            sum
        }));
        true
    }

    /// Counts the values, of which some may be missing; the least and the largest exponent of the others.
    fn count(&mut self, values: &[f64]) -> (u64, u64) {
        let present = |x: &f64| x.to_bits() != MISSING;
        let mut count = 0;
        self.counts.push(0);
        self.counts.extend(values.iter().map(|x| {
            count += u32::from(present(x));
            count
        }));
        exponents(values.iter().copied().filter(present))
    }

    /// How many values there are in a run.
    #[inline]
    pub(super) fn count_of(&self, run: Range<u32>) -> u32 {
        if self.counts.is_empty() {
            return run.end - run.start;
        }
        self.counts[run.end as usize] - self.counts[run.start as usize]
    }

    /// The correctly rounded sum of a run.
    #[inline]
    pub(super) fn sum_of(&self, run: Range<u32>) -> f64 {
        let sum = self.sums[run.end as usize] - self.sums[run.start as usize];
        if self.short {
            // Both parts are exact, and so only their sum is rounded.
            return ((sum >> 32) as i64 as f64 * (1_u64 << 32) as f64 + f64::from(sum as u32)) * self.unit;
        }
        sum as f64 * self.unit
    }
}

/// The least and the largest biased exponent; zeros have none.
fn exponents(values: impl Iterator<Item = f64>) -> (u64, u64) {
    values.fold((u64::MAX, 0), |(least, most), x| {
        let bits = x.to_bits();
        let exponent = bits >> 52 & NOT_FINITE;
        (least.min(if bits << 1 == 0 { u64::MAX } else { exponent }), most.max(exponent))
    })
}

/// A float in units of the least bit of those with an exponent that is not above its own; 0 for one that is missing.
#[inline]
fn scaled(bits: u64, least: u64) -> i128 {
    if bits << 1 == 0 || bits == MISSING {
        return 0;
    }
    let mantissa = i128::from(bits & ((1 << 52) - 1) | 1 << 52) << ((bits >> 52 & NOT_FINITE) - least);
    if bits >> 63 == 0 { mantissa } else { -mantissa }
}
