//! Seeded numbers for resampling.

use std::f64::consts::TAU;

/// `SplitMix64`: 64 bits of state, the same numbers for the same seed on every platform.
///
/// Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators",
/// <https://doi.org/10.1145/2660193.2660195>.
#[derive(Clone, Debug)]
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1]: never 0, so that its logarithm is finite.
    fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Two independent standard normal numbers, by Box and Muller's transform
    /// (<https://doi.org/10.1214/aoms/1177706645>).
    pub(super) fn normal_pair(&mut self) -> [f64; 2] {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sine, cosine) = (TAU * self.uniform()).sin_cos();
        [radius * cosine, radius * sine]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The reference implementation's first numbers for the seed 1234567 (prng.di.unimi.it/splitmix64.c).
    #[test]
    fn splitmix64_gives_the_reference_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut random = SplitMix64::new(7);
        let draws: Vec<f64> = (0..100_000).flat_map(|_| random.normal_pair()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64;
        // Four standard errors of 200 000 draws.
        assert!(mean.abs() < 0.009, "{mean}");
        assert!((variance - 1.0).abs() < 0.013, "{variance}");
    }
}
