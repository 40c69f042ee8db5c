//! Distances as scipy computes them, operation by operation.

use super::numpy;

/// The square root of half the sum of the two entropies relative to the mean, as
/// `scipy.spatial.distance.jensenshannon` gives it in nats.
pub(super) fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    (divergences(p, q) / 2.0).sqrt()
}

/// The same to base 2: 0 to 1.
pub(super) fn jensen_shannon_base_2(p: &[f64], q: &[f64]) -> f64 {
    (divergences(p, q) / std::f64::consts::LN_2 / 2.0).sqrt()
}

fn divergences(p: &[f64], q: &[f64]) -> f64 {
    let (p, q) = (normalised(p), normalised(q));
    let middle: Vec<f64> = p.iter().zip(&q).map(|(a, b)| (a + b) / 2.0).collect();
    // Rounding can leave about −1e-17, of which scipy's root is NaN.
    (sum_relative_entropies(&p, &middle) + sum_relative_entropies(&q, &middle)).max(0.0)
}

/// Σ pᵢ ln(pᵢ / qᵢ), both sides scaled to the sum 1, as `scipy.stats.entropy` gives it.
pub(super) fn kullback_leibler(p: &[f64], q: &[f64]) -> f64 {
    sum_relative_entropies(&normalised(p), &normalised(q))
}

/// √(Σ (√pᵢ − √qᵢ)²) / √2.
pub(super) fn hellinger(p: &[f64], q: &[f64]) -> f64 {
    let squares: Vec<f64> = p.iter().zip(q).map(|(a, b)| (a.sqrt() - b.sqrt()).powi(2)).collect();
    numpy::sum(&squares).sqrt() / std::f64::consts::SQRT_2
}

fn normalised(shares: &[f64]) -> Vec<f64> {
    let total = numpy::sum(shares);
    shares.iter().map(|share| share / total).collect()
}

fn sum_relative_entropies(p: &[f64], q: &[f64]) -> f64 {
    let terms: Vec<f64> = p.iter().zip(q).map(|(&x, &y)| relative_entropy(x, y)).collect();
    numpy::sum(&terms)
}

/// `scipy.special.rel_entr` of numbers that aren't negative.
fn relative_entropy(x: f64, y: f64) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    if y == 0.0 {
        return f64::INFINITY;
    }
    let ratio = x / y;
    if 0.5 < ratio && ratio < 2.0 {
        x * ((x - y) / y).ln_1p()
    } else if f64::MIN_POSITIVE < ratio && ratio < f64::INFINITY {
        x * ratio.ln()
    } else {
        x * (x.ln() - y.ln())
    }
}

/// The Wasserstein distance of order 1 of two sorted samples: the area between their shares up to a value.
pub(super) fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    area(a, b, f64::abs)
}

/// The energy distance of two sorted samples as `scipy.stats.energy_distance` gives it: √(2 ∫ (F − G)²).
pub(super) fn energy(a: &[f64], b: &[f64]) -> f64 {
    std::f64::consts::SQRT_2 * area(a, b, |apart| apart * apart).sqrt()
}

/// The integral of a function of F − G.
fn area(a: &[f64], b: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j) = (0, 0);
    let mut terms = Vec::with_capacity(a.len() + b.len());
    let mut before = f64::NAN;
    loop {
        let x = match (a.get(i), b.get(j)) {
            (Some(&x), Some(&y)) => x.min(y),
            (Some(&x), None) | (None, Some(&x)) => x,
            (None, None) => break,
        };
        if !before.is_nan() {
            terms.push(of(i as f64 / n - j as f64 / m) * (x - before));
        }
        i += a[i..].iter().take_while(|&&a| a == x).count();
        j += b[j..].iter().take_while(|&&b| b == x).count();
        before = x;
    }
    numpy::sum(&terms)
}
