//! The tail of the one-sample Kolmogorov–Smirnov distance, as `scipy.stats.kstwo.sf` computes it, which scipy takes
//! for two large samples. The choice of method is Simard and L'Ecuyer's (2011, doi:10.18637/jss.v039.i11).

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

/// P(Dₙ ≥ d) for n values.
pub(crate) fn distance_upper(n: u32, d: f64) -> f64 {
    let rows = f64::from(n);
    let (t, squared) = (rows * d, rows * d * d);
    let below = if n == 0 || t <= 0.5 {
        0.0
    } else if d >= 1.0 {
        return 0.0;
    } else if t <= 1.0 {
        // n! (2d − 1/n)ⁿ (Ruben and Gambino, 1982, Ann. Inst. Statist. Math. 34)
        (1..=n).map(|i| f64::from(i) / rows * (2.0 * t - 1.0)).product()
    } else if t >= rows - 1.0 {
        return 2.0 * (1.0 - d).powf(rows);
    } else if d >= 0.5 || squared > 4.0 || (n > 140 && squared >= 2.2) {
        return (2.0 * one_sided_upper(n, d)).min(1.0);
    } else if n <= 140 || (n <= 100_000 && rows * d.powf(1.5) <= 1.4) {
        by_matrix(n, d)
    } else {
        by_series(rows, d)
    };
    (1.0 - below).clamp(0.0, 1.0)
}

/// P(Dₙ⁺ ≥ d) = d Σⱼ C(n, j) (d + j/n)^(j − 1) (1 − d − j/n)^(n − j), of which all terms are positive (Birnbaum and
/// Tingey, 1951, doi:10.1214/aoms/1177729550). Each is a binomial probability, computed as by Loader (2000).
fn one_sided_upper(n: u32, d: f64) -> f64 {
    let rows = f64::from(n);
    let terms = (0..=n).map(f64::from).take_while(|j| j / rows < 1.0 - d).map(|j| {
        let p = d + j / rows;
        if j == 0.0 {
            return (rows * (-p).ln_1p()).exp() / p;
        }
        let k = rows - j;
        let exponent = beyond_stirling(rows)
            - beyond_stirling(j)
            - beyond_stirling(k)
            - deviance(j, rows * d + j)
            - deviance(k, k - rows * d);
        exponent.exp() * (rows / (2.0 * PI * j * k)).sqrt() / p
    });
    d * terms.sum::<f64>()
}

/// ln n! less Stirling's formula.
fn beyond_stirling(n: f64) -> f64 {
    if n < 16.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let r = 1.0 / (n * n);
    let coefficients = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c) / n
}

/// x ln(x / mean) + mean − x, without cancellation where they are near.
fn deviance(x: f64, mean: f64) -> f64 {
    let v = (x - mean) / (x + mean);
    if v.abs() >= 0.1 {
        return x * (x / mean).ln() + mean - x;
    }
    let mut sum = (x - mean) * v;
    let mut power = 2.0 * x * v;
    for k in 1..1000 {
        power *= v * v;
        let next = sum + power / f64::from(2 * k + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// P(Dₙ ≤ d) by the power of a matrix (Marsaglia, Tsang and Wang, 2003, doi:10.18637/jss.v008.i18).
fn by_matrix(n: u32, d: f64) -> f64 {
    const LARGE: f64 = 1e140;
    let rows = f64::from(n);
    let t = rows * d;
    let k = t.ceil();
    let h = k - t;
    let size = 2 * k as usize - 1;
    let middle = k as usize - 1;
    let mut inverse_factorials = vec![1.0; size + 2];
    (1..size + 2).for_each(|i| inverse_factorials[i] = inverse_factorials[i - 1] / i as f64);
    let mut matrix = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..size.min(i + 2) {
            matrix[i * size + j] = inverse_factorials[i + 1 - j];
        }
    }
    for i in 0..size {
        let taken = h.powi(i as i32 + 1) * inverse_factorials[i + 1];
        matrix[i * size] -= taken;
        matrix[size * size - 1 - i] -= taken;
    }
    let corner = (2.0 * h - 1.0).max(0.0).powi(size as i32) - 2.0 * h.powi(size as i32) + 1.0;
    matrix[(size - 1) * size] = corner * inverse_factorials[size];

    let (mut power, mut tens) = (None::<Vec<f64>>, 0);
    let (mut square, mut tens_square, mut left) = (matrix, 0, n);
    while left > 0 {
        if left % 2 == 1 {
            power = Some(power.map_or_else(|| square.clone(), |power| product(&power, &square, size)));
            tens += tens_square;
        }
        left /= 2;
        if left > 0 {
            square = product(&square, &square, size);
            tens_square *= 2;
            if square[middle * size + middle] > LARGE {
                square.iter_mut().for_each(|x| *x /= LARGE);
                tens_square += 140;
            }
        }
    }
    let mut p = power.map_or(0.0, |power| power[middle * size + middle]);
    for i in 1..=n {
        p *= f64::from(i) / rows;
        if p < 1.0 / LARGE {
            p *= LARGE;
            tens -= 140;
        }
    }
    // A whole number of factors 1e140, of which the last few would overflow only where p is no probability.
    p * LARGE.powi(tens / 140)
}

fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut sums = vec![0.0; size * size];
    for (row, sums) in a.chunks_exact(size).zip(sums.chunks_exact_mut(size)) {
        for (x, b) in row.iter().zip(b.chunks_exact(size)) {
            sums.iter_mut().zip(b).for_each(|(sum, y)| *sum += x * y);
        }
    }
    sums
}

/// P(Dₙ ≤ d), about, by an expansion in 1/√n (Pelz and Good, 1976, J. R. Statist. Soc. B 38).
fn by_series(n: f64, d: f64) -> f64 {
    let z = n.sqrt() * d;
    let [z2, z3, z4, z6, z7, z8, z10] = [2, 3, 4, 6, 7, 8, 10].map(|power| z.powi(power));
    let [pi2, pi4, pi6] = [2, 4, 6].map(|power| PI.powi(power));
    let q = (-pi2 / 8.0 / z2).exp();
    let mut k0 = 0.0;
    let mut k1 = 0.0;
    let mut k2 = 0.0;
    let mut k3 = 0.0;
    for k in 1..=(16.0 * z / PI).ceil() as i32 {
        let (odd2, whole2) = (f64::from(2 * k - 1).powi(2), f64::from(k).powi(2));
        let (odd4, odd6) = (odd2 * odd2, odd2 * odd2 * odd2);
        let by_odd = q.powf(odd2);
        k0 += by_odd;
        k1 += (pi2 / 4.0 * odd2 - z2) * by_odd;
        k2 +=
            (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * odd2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * odd4)
                * by_odd
                / 72.0
                / z7;
        k3 += (-30.0 * z6 - 90.0 * z8
            + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * odd2
            + pi4 * (212.0 * z4 - 60.0 * z2) / 16.0 * odd4
            + pi6 * (5.0 - 30.0 * z2) / 64.0 * odd6)
            * by_odd
            / 6480.0
            / z10;
        let by_whole = q.powf(4.0 * whole2);
        k2 -= pi2 * whole2 * by_whole / 36.0 / z3;
        k3 += (3.0 * z2 - pi2 * whole2) * pi2 * whole2 * by_whole / 216.0 / z6;
    }
    (2.0 * PI).sqrt() * (k0 / z + k1 / 6.0 / z4 / n.sqrt() + k2 / n + k3 / n.powf(1.5))
}

#[cfg(test)]
mod tests {
    use super::distance_upper;

    /// `scipy.stats.kstwo.sf(d, n)` of scipy 1.17.1; its series is off by about 1e-6 in the middle, and so is ours.
    #[test]
    fn tails_are_those_of_scipy() {
        for (n, d, wanted) in [
            (1, 0.7, 0.600_000_000_000_000_1),
            (10, 0.08, 0.999_997_805_803_405_4),
            (10, 0.2, 0.748_719_039_999_999_9),
            (10, 0.3, 0.270_535_574_799_999_46),
            (10, 0.45, 0.022_891_810_311_717_498),
            (10, 0.95, 1.953_125_000_000_017_2e-13),
            (140, 0.05, 0.857_648_029_765_611_4),
            (140, 0.15, 0.003_249_560_441_510_170_3),
            (140, 0.2, 2.198_156_330_220_022_2e-5),
            (200, 0.004, 1.0),
            (200, 0.02, 0.999_994_848_017_985_8),
            (200, 0.08, 0.146_396_135_637_250_3),
            (200, 0.12, 0.005_745_760_601_982_814),
            (1000, 0.01, 0.999_949_674_537_061_1),
            (1000, 0.03, 0.322_690_214_391_463_6),
            (1000, 0.06, 0.001_428_597_887_952_891),
            (100_000, 0.003, 0.328_456_332_772_695_6),
            (200_000, 0.0008, 0.999_534_559_113_488_3),
            (200_000, 0.002, 0.399_950_853_690_380_97),
            (200_000, 0.02, 6.339_001_082_043_132e-70),
            (50_000, 0.6, 0.0),
        ] {
            let got = distance_upper(n, d);
            assert!((got - wanted).abs() <= 1e-11 * wanted, "{n} {d}: {got} is not {wanted}");
        }
    }
}
