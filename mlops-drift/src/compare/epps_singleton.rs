//! The Epps–Singleton test.

use super::merge::LongSum;
use super::sample::Sides;
use super::special::chi_square_upper;
use super::{Effect, EffectMeasure, Method, Sample, SampleTest};
use crate::DriftError;

/// The points, in halves of the interquartile range, at which characteristic functions are compared.
const POINTS: [f64; 2] = [0.4, 0.8];
const SIZE: usize = 2 * POINTS.len();
type Matrix = [[f64; SIZE]; SIZE];

/// The Epps–Singleton test: whether the characteristic functions differ at 0.4 and 0.8, in units of 2 over the interquartile
/// range of both samples together. It needs no continuous distribution, so ties do no harm.
///
/// W = N dᵀ S⁺ d, with d the difference of the means of (cos 0.4x, cos 0.8x, sin 0.4x, sin 0.8x), S⁺ the pseudo-inverse of their
/// covariance N (A/n + B/m), and N = n + m; it has a chi-square distribution with as many degrees of freedom as S has rank, 4 as a
/// rule. Where both samples have fewer than 25 values it is made smaller by a factor (Epps and Singleton, 1986,
/// doi:10.1080/00949658608810963; Goerg and Kaiser, 2009, doi:10.1177/1536867X0900900307). `scipy.stats.epps_singleton_2samp` gives
/// the same numbers. NaN and infinities are left out.
///
/// The effect is the larger of |φ − ψ| at the two points. It has no interval.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where fewer than five are finite,
/// [`DriftError::Undefined`] where the interquartile range of both together is 0 (scipy gives NaN) or both samples are constant.
///
/// ```
/// use mlops_drift::{Sample, epps_singleton};
///
/// let reference: Vec<f64> = (0..40).map(f64::from).collect();
/// let current: Vec<f64> = (0..40).map(|i| f64::from(i) * 3.0).collect();
/// let test = epps_singleton(&Sample::of(&reference), &Sample::of(&current)).unwrap();
/// assert!(test.p_value.unwrap() < 1e-6);
/// assert_eq!(test.degrees_of_freedom, Some(4.0));
/// ```
pub fn epps_singleton(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::finite(reference, current, 5)?;
    let undefined = |cause| DriftError::Undefined { statistic: "Epps–Singleton statistic", cause };
    let constant = |values: &[f64]| values.first() == values.last();
    if constant(sides.reference) && constant(sides.current) {
        return Err(undefined("both samples are constant"));
    }
    let (n, m) = (sides.reference.len() as f64, sides.current.len() as f64);
    let half_range = interquartile_range(sides.reference, sides.current) / 2.0;
    if half_range == 0.0 {
        return Err(undefined("the interquartile range of both samples together is 0"));
    }
    let (mean_a, covariance_a) = waves(sides.reference, half_range);
    let (mean_b, covariance_b) = waves(sides.current, half_range);
    let total = n + m;
    let mut covariance = [[0.0; SIZE]; SIZE];
    for (i, row) in covariance.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = total / n * covariance_a[i][j] + total / m * covariance_b[i][j];
        }
    }
    let difference: [f64; SIZE] = std::array::from_fn(|i| mean_a[i] - mean_b[i]);
    let (quadratic, rank) = quadratic_form(covariance, &difference);
    let mut statistic = total * quadratic;
    if n.max(m) < 25.0 {
        statistic /= 1.0 + total.powf(-0.45) + 10.1 * (n.powf(-1.7) + m.powf(-1.7));
    }
    let points = POINTS.len();
    let value = (0..points).map(|k| difference[k].hypot(difference[points + k])).fold(0.0, f64::max);
    let effect = Effect { measure: EffectMeasure::CharacteristicDistance, value, interval: None };
    let answer = sides.answer(statistic, Some(chi_square_upper(statistic, rank)), Method::Asymptotic, effect);
    Ok(SampleTest { degrees_of_freedom: Some(rank), ..answer })
}

/// The mean and the covariance (over n) of the cosines and the sines.
fn waves(values: &[f64], half_range: f64) -> ([f64; SIZE], Matrix) {
    let n = values.len() as f64;
    let of = |x: f64| -> [f64; SIZE] {
        let mut wave = [0.0; SIZE];
        for (k, point) in POINTS.iter().enumerate() {
            let (sine, cosine) = libm::sincos(point / half_range * x);
            wave[k] = cosine;
            wave[POINTS.len() + k] = sine;
        }
        wave
    };
    let waves: Vec<[f64; SIZE]> = values.iter().map(|&x| of(x)).collect();
    let mut sums = [const { LongSum::new() }; SIZE];
    for wave in &waves {
        sums.iter_mut().zip(wave).for_each(|(sum, &x)| sum.add(x));
    }
    let mean = sums.map(|sum| sum.value() / n);
    let mut products: [[LongSum; SIZE]; SIZE] = [const { [const { LongSum::new() }; SIZE] }; SIZE];
    for wave in &waves {
        for i in 0..SIZE {
            for j in 0..SIZE {
                products[i][j].add((wave[i] - mean[i]) * (wave[j] - mean[j]));
            }
        }
    }
    (mean, products.map(|row| row.map(|sum| sum.value() / n)))
}

/// The range between the quartiles of both samples together, interpolated linearly (Hyndman and Fan's type 7).
fn interquartile_range(reference: &[f64], current: &[f64]) -> f64 {
    let mut all = [reference, current].concat();
    super::sort::sort(&mut all);
    let quantile = |share: f64| {
        let place = share * (all.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(all.len() - 1);
        all[below] + (all[above] - all[below]) * place.fract()
    };
    quantile(0.75) - quantile(0.25)
}

/// dᵀ S⁺ d and the rank of a symmetric matrix S, by its eigenvectors (Jacobi's rotations): eigenvalues of less than the
/// largest times 4ε are taken for 0.
fn quadratic_form(mut s: Matrix, d: &[f64; SIZE]) -> (f64, f64) {
    let mut along = *d;
    for _ in 0..60 {
        let mut turned = false;
        for p in 0..SIZE {
            for q in p + 1..SIZE {
                if s[p][q].abs() <= 1e-18 * (s[p][p] * s[q][q]).abs().sqrt() || s[p][q].abs() < 1e-300 {
                    continue;
                }
                turned = true;
                let theta = (s[q][q] - s[p][p]) / (2.0 * s[p][q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let sine = t * c;
                for row in &mut s {
                    (row[p], row[q]) = (c * row[p] - sine * row[q], sine * row[p] + c * row[q]);
                }
                let (row_p, row_q) = (s[p], s[q]);
                s[p] = std::array::from_fn(|k| c * row_p[k] - sine * row_q[k]);
                s[q] = std::array::from_fn(|k| sine * row_p[k] + c * row_q[k]);
                (s[p][q], s[q][p]) = (0.0, 0.0);
                (along[p], along[q]) = (c * along[p] - sine * along[q], sine * along[p] + c * along[q]);
            }
        }
        if !turned {
            break;
        }
    }
    let largest = (0..SIZE).map(|i| s[i][i].abs()).fold(0.0, f64::max);
    let kept = (0..SIZE).filter(|&i| s[i][i] > largest * SIZE as f64 * f64::EPSILON);
    kept.fold((0.0, 0.0), |(sum, rank), i| (sum + along[i] * along[i] / s[i][i], rank + 1.0))
}
