//! The maximum mean discrepancy of very many rows.

use ndarray::{ArrayView2, s};

use super::answer::RowsTest;
use super::deal::in_threads;
use super::mmd::{Bandwidth, check_bandwidth, gamma};
use super::pairs::{Kernel, Pairs};
use super::rows::{Pooled, check};
use crate::DriftError;
use crate::compare::Method;
use crate::compare::special::normal_upper;
use crate::error::out_of_range;

/// How many rows of a side the median heuristic looks at.
const MEDIAN_ROWS: usize = 500;

/// The squared maximum mean discrepancy by blocks of rows, in time and memory that grow with the rows and not with
/// their square.
///
/// The rows of both sides are cut into blocks of b rows, in the order that they come in. Of each pair of blocks the
/// statistic is η = 1 / b(b − 1) Σ_{i≠j} [k(xᵢ, xⱼ) + k(yᵢ, yⱼ) − k(xᵢ, yⱼ) − k(xⱼ, yᵢ)], with the kernel of
/// [`mmd`](crate::mmd), and the answer is the mean of all. It is unbiased, and the blocks are independent where the rows
/// are, so that mean / √(s² / blocks) has nearly a normal distribution without a change, s² being the variance of η over
/// the blocks (divided by blocks − 1); the p-value is its upper tail (Zaremba, Gretton and Blaschko, 2013, *B-tests*,
/// NIPS 26). With b = 2 it is the linear-time statistic of Gretton et al. (2012, section 6). Larger blocks see smaller
/// changes; the tail is near a normal one only with many blocks, and `None` stands for b = ⌊√min(n, m)⌋, as the authors
/// choose, at least 2.
///
/// Rows beyond the last whole block of both sides are left out, and [`RowsTest::reference_rows`] says how many were not.
/// Order matters: rows that come sorted, or in bursts, make blocks that differ by that alone; shuffle them first.
/// [`Bandwidth::Median`] is of at most 500 rows of each side, evenly spaced. All blocks of the same η, as of equal
/// rows, have no variance: then the p-value is 1 where the mean is not above 0, and else 0. The answer is the same to
/// the last bit with any number of threads.
///
/// # Errors
/// As [`mmd`](crate::mmd); [`DriftError::TooFewRows`] for less than two blocks, [`DriftError::OutOfRange`] for a block of
/// less than 2 rows and for no thread.
///
/// ```
/// use mlops_drift::{Bandwidth, mmd_blocks};
/// use ndarray::Array2;
///
/// let reference = Array2::from_shape_fn((900, 2), |(i, j)| ((i * 37 + j * 11) % 101) as f64);
/// let current = &reference + 40.0;
/// let test = mmd_blocks(reference.view(), current.view(), Bandwidth::Median, None, 1)?;
/// assert!(test.statistic > 0.1 && test.p_value < Some(1e-9));
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn mmd_blocks(
    reference: ArrayView2<f64>,
    current: ArrayView2<f64>,
    bandwidth: Bandwidth,
    block: Option<usize>,
    threads: usize,
) -> Result<RowsTest, DriftError> {
    check_bandwidth(bandwidth)?;
    if threads == 0 {
        return out_of_range("threads", &0, "at least 1");
    }
    let rows = reference.nrows().min(current.nrows());
    let block = block.unwrap_or_else(|| rows.isqrt().max(2));
    if block < 2 {
        return out_of_range("block", &block, "at least 2");
    }
    check(&reference, &current, block.saturating_mul(2))?;
    let sigma = match bandwidth {
        Bandwidth::Fixed(sigma) => sigma,
        Bandwidth::Median => median_bandwidth(&reference, &current),
    };
    let blocks = rows / block;
    let values = in_threads((0..blocks).collect(), threads, |i| {
        let rows = s![i * block..(i + 1) * block, ..];
        of_block(&reference.slice(rows), &current.slice(rows), sigma)
    });
    let count = blocks as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
    let p_value = if variance > 0.0 {
        normal_upper(mean / (variance / count).sqrt())
    } else if mean > 0.0 {
        0.0
    } else {
        1.0
    };
    let used = (blocks * block) as u64;
    Ok(RowsTest {
        statistic: mean,
        p_value: Some(p_value),
        method: Method::Asymptotic,
        permutations: 0,
        bandwidth: Some(sigma),
        reference_rows: used,
        current_rows: used,
        columns: reference.ncols() as u64,
    })
}

/// σ of the median heuristic, of some rows.
fn median_bandwidth(reference: &ArrayView2<f64>, current: &ArrayView2<f64>) -> f64 {
    let [reference, current] = [reference.view(), current.view()]
        .map(|rows| rows.slice_move(s![..;rows.nrows().div_ceil(MEDIAN_ROWS) as isize, ..]));
    let pooled = Pooled::of(&reference, &current);
    let mut pairs = Pairs::<f64>::distances(&pooled.rows.view(), 1);
    pairs.median().map_or(1.0, |median| (0.5 * median).sqrt() * pooled.unit)
}

/// η of one block.
fn of_block(reference: &ArrayView2<f64>, current: &ArrayView2<f64>, sigma: f64) -> f64 {
    let block = reference.nrows();
    let pooled = Pooled::of(reference, current);
    let mut pairs = Pairs::<f64>::distances(&pooled.rows.view(), 1);
    pairs.apply(Kernel::Rbf(gamma(sigma, pooled.unit)), 1);
    let own = pairs.deals(block, 0, 0, 1).own;
    let same: f64 = (0..block).map(|i| pairs.value(i, block + i)).sum();
    (own.reference + own.current - 2.0 * (own.between - same)) / (block * (block - 1)) as f64
}
