//! Sums of floats and of their squares without error.

use num_bigint::BigInt;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The exact sum of floats that come and go: what was added and taken away again leaves no trace, and neither does
/// any order. Only [`ExactSum::value`] rounds, once and correctly.
///
/// It starts as a 128-bit integer times a power of two and widens, without loss, to a fixed-point number of 2,240
/// bits that spans all floats. Infinities and NaNs are counted apart.
pub(crate) type ExactSum = Exact<LIMBS, LEAST>;

/// The exact sum of squares of floats that come and go, as [`ExactSum`] is of floats.
pub(crate) type ExactSquares = Exact<67, { 2 * LEAST }>;

/// An exact sum of floats, or of their squares: a number of so many words of 64 bits in units of 2^`UNIT`.
#[derive(Clone, Debug)]
pub struct Exact<const WORDS: usize, const UNIT: i32> {
    repr: Repr<WORDS>,
    infinite: i32,
    negative_infinite: i32,
    nan: i32,
}

#[derive(Clone, Debug)]
enum Repr<const WORDS: usize> {
    /// `sum · 2^exponent`.
    Narrow { sum: i128, exponent: i16 },
    /// Two's complement, least limb first, in units of 2^`UNIT`.
    Wide(Box<[u64; WORDS]>),
}

/// The exponent of the least bit of a float.
const LEAST: i32 = -1074;
/// 2,098 bits of floats, 64 of room for 2^64 of them, and a sign.
const LIMBS: usize = 35;

impl<const WORDS: usize, const UNIT: i32> Default for Exact<WORDS, UNIT> {
    fn default() -> Self {
        Self { repr: Repr::Narrow { sum: 0, exponent: 0 }, infinite: 0, negative_infinite: 0, nan: 0 }
    }
}

impl ExactSquares {
    /// Adds the square of a float.
    #[inline]
    pub(crate) fn add_square(&mut self, x: f64) {
        self.change_square(x, 1);
    }

    /// Takes the square of a float away that was added.
    #[inline]
    pub(crate) fn remove_square(&mut self, x: f64) {
        self.change_square(x, -1);
    }

    fn change_square(&mut self, x: f64, sign: i32) {
        match decompose(x) {
            _ if !x.is_finite() => self.count_special(x, sign),
            Some((mantissa, exponent)) => {
                self.change_by(i128::from(mantissa) * i128::from(mantissa) * i128::from(sign), 2 * exponent);
            }
            None => {}
        }
    }
}

impl ExactSum {
    /// Adds a float.
    #[inline]
    pub(crate) fn add(&mut self, x: f64) {
        self.change(x, 1);
    }

    /// Takes a float away that was added.
    #[inline]
    pub(crate) fn remove(&mut self, x: f64) {
        self.change(x, -1);
    }

    #[inline]
    fn change(&mut self, x: f64, sign: i32) {
        match decompose(x) {
            _ if !x.is_finite() => self.count_special(x, sign),
            Some((mantissa, exponent)) => self.change_by(i128::from(mantissa) * i128::from(sign), exponent),
            None => {}
        }
    }

    /// The sum, rounded to the nearest float (ties to even); an infinity beyond the largest.
    pub(crate) fn value(&self) -> f64 {
        match (self.nan, self.infinite, self.negative_infinite) {
            (0, 0, 0) => {}
            (0, _, 0) => return f64::INFINITY,
            (0, 0, _) => return f64::NEG_INFINITY,
            _ => return f64::NAN,
        }
        match &self.repr {
            // The conversion rounds once; scaling by a power of two in this range rounds no more.
            Repr::Narrow { sum, exponent } if (-900..=800).contains(exponent) => {
                *sum as f64 * f64::from_bits(((i64::from(*exponent) + 1023) as u64) << 52)
            }
            Repr::Narrow { .. } => {
                let mut wide = self.clone();
                round(wide.widen())
            }
            Repr::Wide(limbs) => round(limbs),
        }
    }
}

impl<const WORDS: usize, const UNIT: i32> Exact<WORDS, UNIT> {
    #[cold]
    fn count_special(&mut self, x: f64, sign: i32) {
        let counter = match x {
            x if x.is_nan() => &mut self.nan,
            x if x > 0.0 => &mut self.infinite,
            _ => &mut self.negative_infinite,
        };
        *counter = counter.wrapping_add(sign);
    }

    /// The sum in units of a power of two, and that power's exponent; `None` where a term was no finite number.
    pub(crate) fn exact(&self) -> Option<(BigInt, i32)> {
        if (self.nan, self.infinite, self.negative_infinite) != (0, 0, 0) {
            return None;
        }
        Some(match &self.repr {
            Repr::Narrow { sum, exponent } => (BigInt::from(*sum), i32::from(*exponent)),
            Repr::Wide(limbs) => (BigInt::from_signed_bytes_le(&bytes_of(limbs.as_slice())), UNIT),
        })
    }

    /// Adds what another sum holds.
    pub(crate) fn merge(&mut self, other: &Self) {
        // What a damaged snapshot says doesn't overflow.
        self.infinite = self.infinite.wrapping_add(other.infinite);
        self.negative_infinite = self.negative_infinite.wrapping_add(other.negative_infinite);
        self.nan = self.nan.wrapping_add(other.nan);
        match &other.repr {
            Repr::Narrow { sum: 0, .. } => {}
            Repr::Narrow { sum, exponent } => self.change_by(*sum, i32::from(*exponent)),
            Repr::Wide(limbs) => {
                let mut carry = false;
                for (limb, &term) in self.widen().iter_mut().zip(limbs.iter()) {
                    let (sum, over) = limb.overflowing_add(term);
                    let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
                    *limb = sum;
                    carry = over | over_carry;
                }
            }
        }
    }

    #[inline]
    fn change_by(&mut self, mantissa: i128, exponent: i32) {
        if let Repr::Narrow { sum, exponent: at } = &mut self.repr
            && add_narrow(sum, at, mantissa, exponent)
        {
            return;
        }
        add_shifted::<WORDS, UNIT>(self.widen(), mantissa, exponent);
    }

    fn widen(&mut self) -> &mut [u64; WORDS] {
        if let Repr::Narrow { sum, exponent } = self.repr {
            let mut limbs = Box::new([0; WORDS]);
            add_shifted::<WORDS, UNIT>(&mut limbs, sum, i32::from(exponent));
            self.repr = Repr::Wide(limbs);
        }
        match &mut self.repr {
            Repr::Wide(limbs) => limbs,
            Repr::Narrow { .. } => unreachable!("it was widened above"),
        }
    }
}

fn bytes_of(limbs: &[u64]) -> Vec<u8> {
    limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect()
}

/// The counters of what is not finite, then the number in units of 2^`UNIT`, two's complement in as few bytes as
/// hold it: the same sum has the same bytes, however it came about.
impl<const WORDS: usize, const UNIT: i32> Serialize for Exact<WORDS, UNIT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wide = self.clone();
        let number = BigInt::from_signed_bytes_le(&bytes_of(wide.widen().as_slice())).to_signed_bytes_le();
        (self.infinite, self.negative_infinite, self.nan, number).serialize(serializer)
    }
}

impl<'de, const WORDS: usize, const UNIT: i32> Deserialize<'de> for Exact<WORDS, UNIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (infinite, negative_infinite, nan, number) = <(i32, i32, i32, Vec<u8>)>::deserialize(deserializer)?;
        let Some(&last) = number.last() else { return Err(D::Error::custom("a number of no bytes")) };
        let mut limbs = Box::new([if last >> 7 == 1 { u64::MAX } else { 0 }; WORDS]);
        if number.len() > WORDS * 8 {
            return Err(D::Error::custom("a number of too many bytes"));
        }
        for (limb, bytes) in limbs.iter_mut().zip(number.chunks(8)) {
            let mut word = limb.to_le_bytes();
            word[..bytes.len()].copy_from_slice(bytes);
            *limb = u64::from_le_bytes(word);
        }
        Ok(Self { repr: narrowed::<WORDS, UNIT>(limbs), infinite, negative_infinite, nan })
    }
}

/// The narrow form, if it has room.
fn narrowed<const WORDS: usize, const UNIT: i32>(limbs: Box<[u64; WORDS]>) -> Repr<WORDS> {
    let number = BigInt::from_signed_bytes_le(&bytes_of(limbs.as_slice()));
    let zeros = number.trailing_zeros().unwrap_or(0);
    match i128::try_from(number >> zeros) {
        Ok(0) => Repr::Narrow { sum: 0, exponent: 0 },
        Ok(sum) => Repr::Narrow { sum, exponent: (UNIT + zeros as i32) as i16 },
        Err(_) => Repr::Wide(limbs),
    }
}

/// `x = mantissa · 2^exponent` with an odd mantissa; `None` for zero.
#[inline]
fn decompose(x: f64) -> Option<(i64, i32)> {
    let bits = x.to_bits();
    let (biased, fraction) = ((bits >> 52 & 0x7ff) as i32, (bits & ((1 << 52) - 1)) as i64);
    let (mantissa, exponent) = if biased == 0 { (fraction, LEAST) } else { (fraction | 1 << 52, biased - 1075) };
    if mantissa == 0 {
        return None;
    }
    let zeros = mantissa.trailing_zeros();
    let mantissa = mantissa >> zeros;
    Some((if bits >> 63 == 0 { mantissa } else { -mantissa }, exponent + zeros as i32))
}

/// Adds in place if it fits; says whether it did.
#[inline]
fn add_narrow(sum: &mut i128, at: &mut i16, mantissa: i128, exponent: i32) -> bool {
    let shift = exponent - i32::from(*at);
    let (base, term, exponent) = if shift >= 0 {
        (Some(*sum), shifted(mantissa, shift), i32::from(*at))
    } else {
        (shifted(*sum, -shift), Some(mantissa), exponent)
    };
    let (Some(base), Some(term)) = (base, term) else { return false };
    let Some(total) = base.checked_add(term) else { return false };
    *sum = total;
    *at = exponent as i16;
    true
}

/// `x · 2^shift`, if it fits.
#[inline]
fn shifted(x: i128, shift: i32) -> Option<i128> {
    if x == 0 {
        return Some(0);
    }
    // One bit for the sign, one so that a sum of two can be checked.
    let room = x.unsigned_abs().leading_zeros() as i32 - 2;
    (shift <= room).then(|| x << shift)
}

/// Adds `mantissa · 2^exponent`.
fn add_shifted<const WORDS: usize, const UNIT: i32>(limbs: &mut [u64; WORDS], mantissa: i128, exponent: i32) {
    let shift = (exponent - UNIT) as usize;
    let (first, bits) = (shift / 64, shift % 64);
    let low = (mantissa as u128) << bits;
    let high = if bits == 0 { (mantissa >> 127) as u64 } else { (mantissa >> (128 - bits)) as u64 };
    let sign = (mantissa >> 127) as u64;
    let mut carry = false;
    for (i, limb) in limbs.iter_mut().enumerate().skip(first) {
        let term = match i - first {
            0 => low as u64,
            1 => (low >> 64) as u64,
            2 => high,
            _ => sign,
        };
        let (sum, over) = limb.overflowing_add(term);
        let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
        *limb = sum;
        carry = over | over_carry;
    }
}

/// The nearest float to a fixed-point number.
fn round(limbs: &[u64; LIMBS]) -> f64 {
    let negative = limbs[LIMBS - 1] >> 63 == 1;
    let mut magnitude = *limbs;
    if negative {
        let mut carry = true;
        for limb in &mut magnitude {
            let (sum, over) = (!*limb).overflowing_add(u64::from(carry));
            *limb = sum;
            carry = over;
        }
    }
    let Some(top) = magnitude.iter().rposition(|&limb| limb != 0) else { return 0.0 };
    let length = top * 64 + 64 - magnitude[top].leading_zeros() as usize;
    // Up to 53 bits are a float as they are, subnormal or not: the unit is that of the least subnormal.
    let dropped = length.saturating_sub(53);
    let bit = |index: usize| magnitude[index / 64] >> (index % 64) & 1;
    let mut mantissa: u64 = (dropped..length).rev().fold(0, |bits, index| bits << 1 | bit(index));
    if dropped > 0 && bit(dropped - 1) == 1 {
        let sticky = (0..dropped - 1).any(|index| bit(index) == 1);
        mantissa += u64::from(sticky || mantissa & 1 == 1);
    }
    // A mantissa that grew by rounding carries into the exponent by itself.
    let bits = if length < 53 { mantissa } else { ((dropped as u64 + 1) << 52) + (mantissa - (1 << 52)) };
    let value = if bits >= 0x7ff << 52 { f64::INFINITY } else { f64::from_bits(bits) };
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ExactSum;

    fn sum(xs: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = ExactSum::default();
        xs.into_iter().for_each(|x| sum.add(x));
        sum.value()
    }

    fn floats() -> impl Strategy<Value = f64> {
        prop_oneof![any::<f64>(), -1e3..1e3, (-1000_i32..1000).prop_map(f64::from)]
    }

    #[test]
    fn cancels_what_rounding_would_lose() {
        // Python: math.fsum([1e100, 1.0, -1e100]) == 1.0
        assert_eq!(sum([1e100, 1.0, -1e100]), 1.0);
        // Python: math.fsum([.1] * 10) == 1.0
        assert_eq!(sum([0.1; 10]), 1.0);
        assert_eq!(sum([f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum([f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum([5e-324, 5e-324]), 1e-323);
        assert_eq!(sum([1.0, 2.0_f64.powi(-53), 2.0_f64.powi(-1074)]), 1.0 + f64::EPSILON);
        assert_eq!(sum([1.0, 2.0_f64.powi(-53)]), 1.0);
    }

    proptest! {
        #[test]
        fn one_and_two_floats_are_as_ieee_has_them(x in any::<f64>(), y in any::<f64>()) {
            prop_assume!(x.is_finite() && y.is_finite());
            prop_assert_eq!(sum([x]), x);
            prop_assert_eq!(sum([x, y]), x + y);
        }

        #[test]
        fn order_and_retraction_leave_no_trace(
            kept in prop::collection::vec(floats(), 0..20),
            gone in prop::collection::vec(floats(), 0..20),
        ) {
            let plain = sum(kept.iter().copied());
            let mut mixed = ExactSum::default();
            gone.iter().for_each(|&x| mixed.add(x));
            kept.iter().rev().for_each(|&x| mixed.add(x));
            gone.iter().for_each(|&x| mixed.remove(x));
            prop_assert_eq!(mixed.value().to_bits(), plain.to_bits());
            let (mut merged, mut other) = (ExactSum::default(), ExactSum::default());
            gone.iter().for_each(|&x| merged.add(x));
            kept.iter().for_each(|&x| other.add(x));
            gone.iter().for_each(|&x| other.remove(x));
            merged.merge(&other);
            prop_assert_eq!(merged.value().to_bits(), plain.to_bits());
        }
    }
}
