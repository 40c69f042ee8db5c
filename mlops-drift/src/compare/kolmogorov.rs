//! Tail probabilities of the two-sample Kolmogorov–Smirnov distance.

use std::f64::consts::PI;

/// P(n·m·D ≥ gap) for samples of n and m values without ties.
///
/// Every order of the pooled sample is a path from (0, 0) to (n, m). The probability that a path has left the
/// band |i·m − j·n| < gap by the time it is at (i, j) follows from those of its two predecessors, the last step
/// being along i with probability i / (i + j). All terms are positive: no cancellation, however small the tail.
/// Takes time n·m at most.
pub(super) fn exact_p_value(n: usize, m: usize, gap: u128) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    let outside = |i: usize, j: usize| (i as u128 * m as u128).abs_diff(j as u128 * n as u128) >= gap;
    let mut left: Vec<f64> = vec![0.0; m + 1];
    for i in 0..=n {
        let mut before = 0.0;
        for (j, here) in left.iter_mut().enumerate() {
            *here = if outside(i, j) {
                1.0
            } else if i + j == 0 {
                0.0
            } else {
                let (a, b) = (i as f64, j as f64);
                (a * *here + b * before) / (a + b)
            };
            before = *here;
        }
    }
    left.last().copied().unwrap_or(1.0)
}

/// P(n·D ≥ gap) for two samples of n values each without ties: 2 Σₖ (−1)^(k+1) C(2n, n − k·gap) / C(2n, n)
/// (Gnedenko and Korolyuk, 1951), nested from the inside, where every bracket is between 0 and 1.
pub(super) fn exact_p_value_equal(n: usize, gap: usize) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    // C(2n, n − (k+1)·gap) / C(2n, n − k·gap)
    let ratio =
        |k: usize| -> f64 { (0..gap).map(|i| (n - k * gap - i) as f64 / (n + k * gap + i + 1) as f64).product() };
    let nested = (0..n / gap).rev().fold(0.0, |inner, k| ratio(k) * (1.0 - inner));
    (2.0 * nested).clamp(0.0, 1.0)
}

/// P(D ≥ d), about, for a sample of n values against a known distribution: Kolmogorov's limit at
/// z + 1/(6√n) + (z − 1)/(4n), where z = √n·d.
pub(super) fn limit_p_value(d: f64, n: f64) -> f64 {
    let z = n.sqrt() * d;
    let z = z + 1.0 / (6.0 * n.sqrt()) + (z - 1.0) / (4.0 * n);
    if z <= 0.0 {
        return 1.0;
    }
    let p = if z < 1.0 {
        // 1 − √(2π)/z Σ exp(−(2k−1)²π²/(8z²)): converges fast where the other series doesn't.
        let terms = (1..=4).map(|k| (-f64::from(2 * k - 1).powi(2) * PI * PI / (8.0 * z * z)).exp());
        1.0 - (2.0 * PI).sqrt() / z * terms.sum::<f64>()
    } else {
        let term = |k: i32| (-2.0 * f64::from(k * k) * z * z).exp();
        2.0 * (term(1) - term(2) + term(3) - term(4))
    };
    p.clamp(0.0, 1.0)
}
