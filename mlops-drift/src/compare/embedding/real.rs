//! The two kinds of numbers that a matrix may hold, and a fast exponential function of each.

use ndarray::LinalgScalar;
use pulp::Arch;

use super::product::{TileShape, Tiles};

/// `f64` or `f32`.
pub(super) trait Real: LinalgScalar + Into<f64> + Send + Sync + PartialOrd {
    /// The share of |x|² + |y|² below which |x − y|² is computed by the differences, since too few digits of it are
    /// left in |x|² + |y|² − 2 x·y.
    const NEAR: Self;

    /// The nearest.
    fn of(x: f64) -> Self;

    /// Puts exp(−γx) in the place of each x ≥ 0.
    fn exp_minus(gamma: f64, of: &mut [Self]);

    /// Puts √x in the place of each.
    fn sqrt(of: &mut [Self]);

    /// How large the tiles of a product are.
    fn tile_shape() -> TileShape;

    /// Adds to all tiles of a product.
    fn add_tiles(tiles: Tiles<Self>);
}

impl Real for f64 {
    // Ten bits of 53, and so 1e-12 relative.
    const NEAR: Self = 1.0 / 1024.0;

    fn of(x: f64) -> Self {
        x
    }

    fn exp_minus(gamma: f64, of: &mut [Self]) {
        Arch::new().dispatch(|| of.iter_mut().for_each(|x| *x = exp(-(gamma * *x))));
    }

    fn sqrt(of: &mut [Self]) {
        Arch::new().dispatch(|| of.iter_mut().for_each(|x| *x = f64::sqrt(*x)));
    }

    fn tile_shape() -> TileShape {
        TileShape::of(1)
    }

    fn add_tiles(tiles: Tiles<Self>) {
        Arch::new().dispatch(tiles);
    }
}

impl Real for f32 {
    // Five bits of 24, and so 4e-6 relative.
    const NEAR: Self = 1.0 / 32.0;

    fn of(x: f64) -> Self {
        x as f32
    }

    fn exp_minus(gamma: f64, of: &mut [Self]) {
        let gamma = gamma as f32;
        Arch::new().dispatch(|| of.iter_mut().for_each(|x| *x = exp_f32(-(gamma * *x))));
    }

    fn sqrt(of: &mut [Self]) {
        Arch::new().dispatch(|| of.iter_mut().for_each(|x| *x = f32::sqrt(*x)));
    }

    fn tile_shape() -> TileShape {
        TileShape::of(2)
    }

    fn add_tiles(tiles: Tiles<Self>) {
        Arch::new().dispatch(tiles);
    }
}

/// e^x for x ≤ 0 to 1e-15 relative; 0 below −708, where it is less than 3.4e-308.
///
/// Without a branch or a call, so that a loop over it is vectorised. x = k ln 2 + r with |r| ≤ ½ ln 2 (Cody and
/// Waite), e^r by Taylor's series up to r¹², whose rest is below 2e-16.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it leaves k in the lowest bits
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let clipped = if x > -708.0 { x } else { -708.0 };
    let shifted = clipped * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (clipped - k * LN2_HIGH) - k * LN2_LOW;
    let r2 = r * r;
    let r4 = r2 * r2;
    // Estrin's scheme: pairs, then pairs of pairs, so that few steps wait for each other.
    let low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let high = (1.0 / 40_320.0 + r * (1.0 / 362_880.0)) + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    let value = low + r4 * (middle + r4 * (high + r4 * (1.0 / 479_001_600.0)));
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if x > -708.0 { value * power } else { 0.0 }
}

/// The same to 3e-7 relative; 0 below −87. The series goes up to r⁶.
#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clipped = if x > -87.0 { x } else { -87.0 };
    let shifted = clipped * std::f32::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (clipped - k * LN2_HIGH) - k * LN2_LOW;
    let r2 = r * r;
    let low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let high = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0);
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x > -87.0 { (low + r2 * r2 * high) * power } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{exp, exp_f32};

    #[test]
    fn exponentials_are_close() {
        let mut worst = (0.0_f64, 0.0_f64);
        for i in 0..700_000 {
            let x = -f64::from(i) * 1.000_123e-3;
            worst.0 = worst.0.max((exp(x) / x.exp() - 1.0).abs());
            let x = (x / 8.5) as f32;
            worst.1 = worst.1.max((f64::from(exp_f32(x)) / f64::from(x).exp() - 1.0).abs());
        }
        assert!(worst.0 < 1e-15 && worst.1 < 3e-7, "{worst:?}");
        assert_eq!((exp(0.0), exp(-0.0), exp(-1e300), exp(f64::NEG_INFINITY)), (1.0, 1.0, 0.0, 0.0));
        assert_eq!((exp_f32(0.0), exp_f32(-1e30)), (1.0, 0.0));
    }
}
