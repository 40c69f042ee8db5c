//! Tail probabilities of the two-sample Kolmogorov–Smirnov distance.

use std::f64::consts::PI;

/// P(n·m·D ≥ gap) for samples of n and m values without ties.
///
/// Every order of the pooled sample is a path from (0, 0) to (n, m). The probability that a path has left the
/// band |i·m − j·n| < gap by the time it is at (i, j) follows from those of its two predecessors, the last step
/// being along i with probability i / (i + j). All terms are positive: no cancellation, however small the tail.
/// Only what is within the band is computed: time n·m·2D.
pub(super) fn exact_p_value(n: usize, m: usize, gap: u64) -> f64 {
    if gap == 0 {
        return 1.0;
    }
    // In i64: both samples have at most 10,000 values.
    let (rows, columns, gap) = (n as i64, m as i64, gap as i64);
    // Of the row before, and 1 beyond its band; a band lies no lower than that of the row before.
    let mut left = vec![1.0; m + 1];
    for i in 0..=rows {
        // |i·m − j·n| < gap
        let first = (i * columns - gap).div_euclid(rows) + 1;
        let last = (i * columns + gap - 1).div_euclid(rows).min(columns);
        if first > last {
            return 1.0;
        }
        let first = first.max(0);
        let mut before = 1.0;
        if first > 0 {
            left[first as usize - 1] = 1.0;
        }
        for (j, here) in (first..=last).zip(&mut left[first as usize..=last as usize]) {
            let (a, b) = (i as f64, j as f64);
            *here = if i + j == 0 { 0.0 } else { (a * *here + b * before) / (a + b) };
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
