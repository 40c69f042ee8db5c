//! Sorting of numbers.

/// Sorts values without NaN and without −0.
///
/// A radix sort from the least digit, of 11 bits each: six passes whatever the order, about half the time of a sort by
/// comparison at a million values. The order of the keys is that of the numbers: a negative number has all of its
/// bits turned, another its sign alone.
pub(crate) fn sort(values: &mut [f64]) {
    // Below, the counts of the digits cost more than they save.
    if values.len() <= 3000 {
        return values.sort_unstable_by(f64::total_cmp);
    }
    let mut counts = vec![[0_usize; DIGITS]; PASSES];
    let mut keys: Vec<u64> = Vec::with_capacity(values.len());
    for &value in values.iter() {
        let key = to_key(value);
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[digit(key, pass)] += 1;
        }
        keys.push(key);
    }
    let mut other = vec![0; keys.len()];
    for (pass, counts) in counts.iter_mut().enumerate() {
        if counts.contains(&keys.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            (*count, start) = (start, start + *count);
        }
        for &key in &keys {
            let place = &mut counts[digit(key, pass)];
            other[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    for (value, key) in values.iter_mut().zip(keys) {
        *value = from_key(key);
    }
}

const BITS: usize = 11;
const DIGITS: usize = 1 << BITS;
const PASSES: usize = 6;

fn digit(key: u64, pass: usize) -> usize {
    (key >> (BITS * pass)) as usize & (DIGITS - 1)
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
