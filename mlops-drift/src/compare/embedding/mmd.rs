//! The maximum mean discrepancy.

use ndarray::ArrayView2;

use super::answer::{RowsTest, p_value};
use super::options::{KernelStore, PermutationOptions};
use super::pairs::{FEW, Kernel, Pairs, Sums};
use super::real::Real;
use super::rows::{Pooled, check};
use crate::DriftError;
use crate::compare::Method;
use crate::error::out_of_range;

/// The bandwidth σ of the kernel exp(−|x − y|² / 2σ²).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Bandwidth {
    /// The one with 2σ² the median of the squared distances above 0 between any two rows of both sides together: the
    /// default.
    ///
    /// It is what the authors' own code takes (Gretton et al. 2012, there of the first 100 rows; here of all pairs).
    /// Others take σ itself as the median distance, which is √2 as wide, or leave the choice to the caller, as frouros
    /// does (σ = 1). Where all rows are equal any does, and it is 1.
    #[default]
    Median,
    /// This one, in the units of the data.
    Fixed(f64),
}

/// The squared maximum mean discrepancy of rows, with a p-value from permutations.
///
/// MMD² = E k(x, x′) + E k(y, y′) − 2 E k(x, y), with k(x, y) = exp(−|x − y|² / 2σ²), x and x′ independent rows of the
/// reference, y and y′ of the current sample (Gretton, Borgwardt, Rasch, Schölkopf and Smola, 2012, JMLR 13, 723–773).
/// The statistic is the unbiased one, their equation 3: Σ_{i≠j} k(xᵢ, xⱼ) / n(n − 1) + Σ_{i≠j} k(yᵢ, yⱼ) / m(m − 1) −
/// 2 Σ k(xᵢ, yⱼ) / nm. Without a change it is 0 on average, and so negative about as often as positive; it is at most 2.
/// frouros computes the same.
///
/// The p-value counts permutations of the rows whose statistic is at least the data's, up to rounding (see
/// [`PermutationOptions`]). It tests whether the two sides come from one distribution, whatever the difference. Columns
/// count by their scale: standardise those that aren't of one kind.
///
/// It takes (n + m)² ((columns + permutations) / 2) multiplications, and 4 (n + m)² bytes, or half of it with
/// [`KernelStore::F32`]. [`mmd_blocks`](crate::mmd_blocks) is for more rows than that allows. Equal rows give 0. Squared
/// distances are exact to about 1e-12 relative, and with `F32` to 4e-6.
///
/// # Errors
/// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::TooFewRows`] for a side of one row,
/// [`DriftError::NotFinite`] for a value that is NaN or infinite, [`DriftError::OtherWidths`] for sides of other
/// columns, [`DriftError::OutOfRange`] for a bandwidth that is not above 0.
///
/// ```
/// use mlops_drift::{Bandwidth, PermutationOptions, mmd};
/// use ndarray::array;
///
/// let reference = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let current = &reference + 3.0;
/// let options = PermutationOptions::default();
/// let test = mmd(reference.view(), current.view(), Bandwidth::Median, &options)?;
/// assert!(test.statistic > 1.0 && test.p_value < Some(0.1));
/// assert_eq!(test.bandwidth, Some(6.5_f64.sqrt())); // the median of squared distances is 13
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn mmd(
    reference: ArrayView2<f64>,
    current: ArrayView2<f64>,
    bandwidth: Bandwidth,
    options: &PermutationOptions,
) -> Result<RowsTest, DriftError> {
    check_bandwidth(bandwidth)?;
    check(&reference, &current, 2)?;
    let pooled = Pooled::of(&reference, &current);
    let n = reference.nrows();
    if options.store() == KernelStore::F32 && pooled.rows.nrows() > FEW {
        Ok(test::<f32>(&pooled, n, bandwidth, options, 1e-9))
    } else {
        Ok(test::<f64>(&pooled, n, bandwidth, options, 1e-13))
    }
}

pub(super) fn check_bandwidth(bandwidth: Bandwidth) -> Result<(), DriftError> {
    match bandwidth {
        Bandwidth::Fixed(sigma) if !(sigma > 0.0 && sigma.is_finite()) => {
            out_of_range("bandwidth", &sigma, "finite, above 0")
        }
        _ => Ok(()),
    }
}

fn test<T: Real>(
    pooled: &Pooled,
    n: usize,
    bandwidth: Bandwidth,
    options: &PermutationOptions,
    tolerance: f64,
) -> RowsTest {
    let m = pooled.rows.nrows() - n;
    let threads = options.threads();
    let mut pairs = Pairs::<T>::distances(&pooled.rows.view(), threads);
    let (gamma, sigma) = match bandwidth {
        Bandwidth::Fixed(sigma) => (gamma(sigma, pooled.unit), sigma),
        Bandwidth::Median => match pairs.median() {
            Some(median) => (1.0 / median, (0.5 * median).sqrt() * pooled.unit),
            None => (1.0, 1.0),
        },
    };
    pairs.apply(Kernel::Rbf(gamma), threads);
    let deals = pairs.deals(n, options.permutations(), options.seed(), threads);
    let statistics: Vec<f64> = deals.dealt.iter().map(|sums| unbiased(sums, n, m)).collect();
    let p_value = p_value(&statistics, 1.0, tolerance);
    RowsTest {
        statistic: unbiased(&deals.own, n, m),
        p_value,
        method: if p_value.is_some() { Method::Permutation } else { Method::Distance },
        permutations: options.permutations(),
        bandwidth: Some(sigma),
        reference_rows: n as u64,
        current_rows: m as u64,
        columns: pooled.rows.ncols() as u64,
    }
}

/// 1 / 2σ² in the units of the pooled rows.
pub(super) fn gamma(sigma: f64, unit: f64) -> f64 {
    let sigma = sigma / unit;
    // Beyond all numbers where the bandwidth is below all distances: then only equal rows are alike.
    (0.5 / sigma / sigma).min(f64::MAX)
}

fn unbiased(sums: &Sums, n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    sums.reference / (n * (n - 1.0)) + sums.current / (m * (m - 1.0)) - 2.0 * sums.between / (n * m)
}
