//! Seeded pseudorandom numbers: xoshiro256++ 1.0, its state filled by SplitMix64.
//!
//! D. Blackman, S. Vigna: Scrambled Linear Pseudorandom Number Generators. ACM Trans. Math. Softw. 47(4), 2021,
//! <https://doi.org/10.1145/3460772>. Written out here so that a seed means the same numbers in every version
//! of every dependency.

/// A stream of pseudorandom numbers.
#[derive(Clone, Debug)]
pub(super) struct Random([u64; 4]);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// Uniform in [−bound, bound), from the upper 24 bits.
    pub(super) fn uniform(&mut self, bound: f32) -> f32 {
        let unit = (self.next() >> 40) as f32 / (1_u32 << 24) as f32;
        (2.0 * unit - 1.0) * bound
    }

    /// Fisher and Yates' shuffle. An index is the upper half of a 128-bit product; its bias, length / 2⁶⁴, is
    /// far below what any training could show.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = (u128::from(self.next()) * (last as u128 + 1)) >> 64;
            items.swap(last, other as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn follows_the_reference() {
        // The authors' xoshiro256plusplus.c with s = {1, 2, 3, 4}; rand_xoshiro tests the same numbers.
        let mut random = Random([1, 2, 3, 4]);
        let wanted = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        assert_eq!([(); 4].map(|()| random.next()), wanted);
        // The authors' splitmix64.c with x = 0: its first outputs.
        assert_eq!(Random::new(0).0[..2], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn shuffles_and_bounds() {
        let mut random = Random::new(7);
        let mut items: Vec<usize> = (0..100).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
        let values: Vec<f32> = (0..10_000).map(|_| random.uniform(0.5)).collect();
        assert!(values.iter().all(|x| (-0.5..=0.5).contains(x)));
        // The mean of 10,000 has a standard error of 0.5 / √3 / 100 ≈ 0.003.
        assert!((values.iter().sum::<f32>() / 10_000.0).abs() < 0.015);
    }
}
