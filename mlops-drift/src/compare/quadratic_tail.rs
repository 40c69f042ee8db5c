//! The upper tails of the Cramér–von Mises and Anderson–Darling statistics in large samples.

use std::f64::consts::PI;

/// A weighted sum of independent chi-square variables with one degree of freedom each.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quadratic {
    /// Weights 1 / (k² π²), of mean 1/6.
    CramerVonMises,
    /// Weights 1 / (k (k + 1)), of mean 1.
    AndersonDarling,
}

impl Quadratic {
    /// P(X ≥ x), to 1e-10 relative however far out.
    ///
    /// Smirnov's formula (1937): with λₖ the inverse weights and D(y) = Π (1 − y/λₖ), it is
    /// 1/π Σⱼ (−1)^(j+1) ∫ exp(−xy/2) / (y √|D(y)|) dy from λ₂ⱼ₋₁ to λ₂ⱼ. No 1 − F: what is left of the tail keeps its
    /// digits. At both ends of each range D is 0, where the integrand is like 1/√: Gauss and Chebyshev's rule.
    pub(super) fn upper_tail(self, x: f64) -> f64 {
        // The mass below is under 1e-13.
        let least = match self {
            Self::CramerVonMises => 0.004,
            Self::AndersonDarling => 0.03,
        };
        if x <= least {
            return 1.0;
        }
        let mut sum = 0.0;
        for j in 1..=MOST_RANGES {
            let term = self.range(x, f64::from(j));
            sum += if j % 2 == 1 { term } else { -term };
            if term <= 1e-18 * sum {
                break;
            }
        }
        (sum / PI).clamp(0.0, 1.0)
    }

    /// ∫ over the j-th range, which u runs through from 0 to 1: |D| = sin(πu) / g.
    fn range(self, x: f64, j: f64) -> f64 {
        let first = self.exponent(j, 0.0);
        if 0.5 * x * first > 740.0 {
            return 0.0;
        }
        let mut sum = 0.0;
        for node in 0..NODES {
            let angle = PI * (f64::from(node) + 0.5) / f64::from(NODES);
            // u = (1 − cos) / 2 without cancellation, and √(u (1 − u)).
            let half = (0.5 * angle).sin();
            let u = half * half;
            let root = 0.5 * angle.sin();
            let y = self.exponent(j, u);
            let (g, slope) = match self {
                Self::CramerVonMises => (y.sqrt(), 2.0 * PI * y.sqrt()),
                Self::AndersonDarling => (PI * y, 4.0 * j - 1.0 + 2.0 * u),
            };
            // sin(πu) is as exact near 1 as it is near 0.
            let sine = (PI * u.min((0.5 * angle).cos().powi(2))).sin();
            sum += root * slope * (-0.5 * x * y).exp() / y * (g / sine).sqrt();
        }
        sum * PI / f64::from(NODES)
    }

    /// y at u: λ₂ⱼ₋₁ at 0, λ₂ⱼ at 1.
    fn exponent(self, j: f64, u: f64) -> f64 {
        match self {
            Self::CramerVonMises => (PI * (2.0 * j - 1.0 + u)).powi(2),
            Self::AndersonDarling => ((4.0 * j - 1.0 + 2.0 * u).powi(2) - 1.0) / 4.0,
        }
    }
}

const NODES: i32 = 160;
const MOST_RANGES: i32 = 60;
