//! Sorting of numbers.

/// Sorts values without NaN and without −0.
///
/// A radix sort, of digits of 11 bits, by the 33 highest bits in which the values differ at all: three passes, which leave
/// few of real values in disorder, and those next to where they belong. Where they are not, all bits are sorted by. The
/// order of the keys is that of the numbers: a negative number has all of its bits turned, another its sign alone.
pub(crate) fn sort(values: &mut [f64]) {
    // Below, the counts of the digits cost more than they save.
    if values.len() <= 3000 {
        return values.sort_unstable_by(f64::total_cmp);
    }
    // The keys take the values' own place, so that there is one more buffer and not two.
    values.iter_mut().for_each(|value| *value = f64::from_bits(to_key(*value)));
    let first = values[0].to_bits();
    let differ = values.iter().fold(0, |differ, key| differ | (key.to_bits() ^ first));
    let low = (u64::BITS - differ.leading_zeros()).saturating_sub(3 * BITS);
    let mut other = vec![0.0; values.len()];
    by_digits(values, &mut other, low);
    if low > 0 && !insert(values) {
        by_digits(values, &mut other, 0);
        by_digits(values, &mut other, 3 * BITS);
    }
    values.iter_mut().for_each(|value| *value = from_key(value.to_bits()));
}

const BITS: u32 = 11;
const DIGITS: usize = 1 << BITS;

/// Sorts by three digits from the bit `low` on; keys that are equal in them stay in their order.
fn by_digits<'a>(mut keys: &'a mut [f64], mut other: &'a mut [f64], low: u32) {
    let digit =
        |key: f64, pass: u32| (key.to_bits().checked_shr(low + BITS * pass).unwrap_or(0)) as usize & (DIGITS - 1);
    let mut counts = [[0_usize; DIGITS]; 3];
    for &key in keys.iter() {
        for (pass, counts) in (0..).zip(&mut counts) {
            counts[digit(key, pass)] += 1;
        }
    }
    let mut swapped = false;
    for (pass, counts) in (0..).zip(&mut counts) {
        if counts.contains(&keys.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            (*count, start) = (start, start + *count);
        }
        for &key in keys.iter() {
            let place = &mut counts[digit(key, pass)];
            other[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
        swapped = !swapped;
    }
    if swapped {
        other.copy_from_slice(keys);
    }
}

/// Sorts what is nearly sorted; `false` where it isn't, and takes too long.
fn insert(keys: &mut [f64]) -> bool {
    let mut moves = 4 * keys.len();
    for i in 1..keys.len() {
        let key = keys[i];
        let mut place = i;
        while place > 0 && keys[place - 1].to_bits() > key.to_bits() {
            keys[place] = keys[place - 1];
            place -= 1;
        }
        keys[place] = key;
        match moves.checked_sub(i - place) {
            Some(left) => moves = left,
            None => return false,
        }
    }
    true
}

fn to_key(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ (((bits as i64) >> 63) as u64 | 1 << 63)
}

fn from_key(key: u64) -> f64 {
    f64::from_bits(key ^ (((!key as i64) >> 63) as u64 | 1 << 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_come_out_as_by_comparison() {
        let mut state = 7_u64;
        for len in [0, 1, 2, 100, 3001, 20_000] {
            let mut values: Vec<f64> = (0..len)
                .map(|i| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    match i % 5 {
                        0 => f64::from((state >> 60) as u32),
                        1 => -((state >> 11) as f64),
                        2 => (state >> 11) as f64 * 1e-300,
                        3 => {
                            [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE][(state >> 62) as usize]
                        }
                        // Only the last digits differ.
                        _ if len > 10_000 => 1.0 + (state >> 40) as f64 * f64::EPSILON,
                        _ => (state >> 40) as f64 / 1024.0 - 8000.0,
                    }
                })
                .collect();
            let mut wanted = values.clone();
            wanted.sort_by(f64::total_cmp);
            sort(&mut values);
            assert_eq!(values, wanted);
        }
    }
}
