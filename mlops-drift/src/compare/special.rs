//! Tails of the distributions that statistics have, to 1e-10 relative or better, however far out.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// P(|Z| ≥ |z|) of the standard normal distribution.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// P(Z ≥ z) of the standard normal distribution.
pub(crate) fn normal_upper(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// P(X ≥ x) of the chi-square distribution.
pub(crate) fn chi_square_upper(x: f64, degrees_of_freedom: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    if degrees_of_freedom == 1.0 {
        return libm::erfc((0.5 * x).sqrt());
    }
    checked_gamma_ur(0.5 * degrees_of_freedom, 0.5 * x).unwrap_or(f64::NAN)
}

/// P(|T| ≥ |t|) of Student's distribution.
pub(crate) fn student_two_sided(t: f64, degrees_of_freedom: f64) -> f64 {
    let t2 = t * t;
    if !t2.is_finite() {
        return if t2.is_nan() { f64::NAN } else { 0.0 };
    }
    incomplete_beta_half(t2, degrees_of_freedom)
}

/// The 97.5 % point of Student's distribution.
pub(crate) fn student_quantile(degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom > 200.0 {
        // Cornish and Fisher's expansion, here to 1e-9.
        let (z, r) = (1.959_963_984_540_054_f64, 1.0 / degrees_of_freedom);
        let first = (z.powi(3) + z) / 4.0;
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
        let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
        return z + r * (first + r * (second + r * third));
    }
    let (mut low, mut high) = (1.9, 1e5);
    while high - low > 1e-13 * high {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if student_two_sided(middle, degrees_of_freedom) > 0.05 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(F ≥ f) of Fisher's distribution with 1 and `degrees_of_freedom` degrees of freedom.
pub(crate) fn fisher_upper(f: f64, degrees_of_freedom: f64) -> f64 {
    student_two_sided(f.max(0.0).sqrt(), degrees_of_freedom)
}

/// I(ν / (ν + t²); ν/2, 1/2), by the continued fraction (Numerical Recipes 6.4), whose factor before it is computed
/// without the logarithms of large gamma functions that cancel each other.
fn incomplete_beta_half(t2: f64, nu: f64) -> f64 {
    let a = 0.5 * nu;
    // x^a (1 − x)^½ / B(a, ½), x = ν / (ν + t²)
    let ln_x = -libm::log1p(t2 / nu);
    let rest = t2 / (nu + t2);
    let factor = (a * ln_x).exp() * rest.sqrt() * half_step(a) / PI.sqrt();
    let value = if t2 > 3.0 * nu / (nu + 2.0).max(1.0) {
        factor * beta_fraction(nu / (nu + t2), a, 0.5) / a
    } else {
        1.0 - factor * beta_fraction(rest, 0.5, a) / 0.5
    };
    value.clamp(0.0, 1.0)
}

/// Γ(a + ½) / Γ(a).
fn half_step(a: f64) -> f64 {
    if a < 20.0 {
        return (ln_gamma(a + 0.5) - ln_gamma(a)).exp();
    }
    // √a (1 − 1/(8a) + 1/(128a²) + …), Tricomi and Erdélyi, 1951
    let r = 1.0 / a;
    let coefficients = [
        1.0,
        -1.0 / 8.0,
        1.0 / 128.0,
        5.0 / 1024.0,
        -21.0 / 32768.0,
        -399.0 / 262_144.0,
        869.0 / 4_194_304.0,
        39_325.0 / 33_554_432.0,
        -334_477.0 / 2_147_483_648.0,
    ];
    a.sqrt() * coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c)
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let guarded = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..20_000 {
        let m = f64::from(step);
        for numerator in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / guarded(1.0 + numerator * d);
            c = guarded(1.0 + numerator / c);
            value *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}
