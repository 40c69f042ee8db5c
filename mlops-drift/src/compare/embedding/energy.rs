//! The energy distance of rows.

use ndarray::ArrayView2;

use super::answer::{RowsTest, p_value};
use super::options::{KernelStore, PermutationOptions};
use super::pairs::{FEW, Kernel, Pairs, Sums};
use super::real::Real;
use super::rows::{Pooled, check};
use crate::DriftError;
use crate::compare::Method;

/// The energy distance of rows, with a p-value from permutations.
///
/// E = 2 E|X − Y| − E|X − X′| − E|Y − Y′|, with Euclidean distances, X and X′ independent rows of the reference, Y and Y′
/// of the current sample (Székely and Rizzo, 2013, doi:10.1016/j.jspi.2013.03.018). The statistic takes all pairs, a row
/// with itself included: 2/nm Σ|xᵢ − yⱼ| − 1/n² Σ|xᵢ − xⱼ| − 1/m² Σ|yᵢ − yⱼ|. It is in the data's units, never negative,
/// and 0 only for the same rows in the same shares; without a change it is of the order of 1/n + 1/m. It has no
/// bandwidth to be chosen, and its tail is that of a mean: a few rows that lie very far out can outweigh all others.
/// `scipy.stats.energy_distance` of one column is its square root.
///
/// The p-value is that of nm / (n + m) E, which is the same, from permutations as of [`mmd`](crate::mmd), whose costs it
/// shares as well. Columns count by their scale. One row on a side is enough.
///
/// # Errors
/// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::NotFinite`] for a value that is NaN or infinite,
/// [`DriftError::OtherWidths`] for sides of other columns.
///
/// ```
/// use mlops_drift::{PermutationOptions, energy_distance_rows};
/// use ndarray::array;
///
/// let (reference, current) = (array![[0.0, 0.0], [3.0, 4.0]], array![[3.0, 4.0], [3.0, 4.0]]);
/// let test = energy_distance_rows(reference.view(), current.view(), &PermutationOptions::default())?;
/// assert!((test.statistic - 2.5).abs() < 1e-14); // 2 · 10/4 − 10/4 − 0
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn energy_distance_rows(
    reference: ArrayView2<f64>,
    current: ArrayView2<f64>,
    options: &PermutationOptions,
) -> Result<RowsTest, DriftError> {
    check(&reference, &current, 1)?;
    let pooled = Pooled::of(&reference, &current);
    let n = reference.nrows();
    if options.store() == KernelStore::F32 && pooled.rows.nrows() > FEW {
        Ok(test::<f32>(&pooled, n, options, 1e-9))
    } else {
        Ok(test::<f64>(&pooled, n, options, 1e-13))
    }
}

fn test<T: Real>(pooled: &Pooled, n: usize, options: &PermutationOptions, tolerance: f64) -> RowsTest {
    let m = pooled.rows.nrows() - n;
    let threads = options.threads();
    let mut pairs = Pairs::<T>::distances(&pooled.rows.view(), threads);
    pairs.apply(Kernel::Distance, threads);
    let deals = pairs.deals(n, options.permutations(), options.seed(), threads);
    let statistics: Vec<f64> = deals.dealt.iter().map(|sums| energy(sums, n, m)).collect();
    let scale = deals.own.between / (n as f64 * m as f64);
    let p_value = p_value(&statistics, scale, tolerance);
    RowsTest {
        statistic: energy(&deals.own, n, m).max(0.0) * pooled.unit,
        p_value,
        method: if p_value.is_some() { Method::Permutation } else { Method::Distance },
        permutations: options.permutations(),
        bandwidth: None,
        reference_rows: n as u64,
        current_rows: m as u64,
        columns: pooled.rows.ncols() as u64,
    }
}

fn energy(sums: &Sums, n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    2.0 * sums.between / (n * m) - sums.reference / (n * n) - sums.current / (m * m)
}
