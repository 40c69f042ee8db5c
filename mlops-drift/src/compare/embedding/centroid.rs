//! How far the means of two samples of rows are apart.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::answer::p_value;
use super::deal::{deal, in_threads};
use super::options::PermutationOptions;
use super::rows::{Pooled, check};
use crate::DriftError;

/// How many deals a thread takes at once.
const DEALS: usize = 64;

/// The distances between the means of two samples of rows. Made by [`centroid_distance`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CentroidDistance {
    /// |x̄ − ȳ|, in the data's units.
    pub euclidean: f64,
    /// The probability of a Euclidean distance as large or larger without a change; `None` without permutations.
    pub euclidean_p_value: Option<f64>,
    /// The 95 % point of the Euclidean distance over the permutations: what is to be expected at most without a change.
    pub euclidean_without_change: Option<f64>,
    /// 1 − x̄·ȳ / |x̄||ȳ|, 0 to 2; `None` where a mean is 0.
    pub cosine: Option<f64>,
    /// The probability of a cosine distance as large or larger without a change; `None` without one, or without
    /// permutations.
    pub cosine_p_value: Option<f64>,
    /// Rows of the reference.
    pub reference_rows: u64,
    /// Rows of the current sample.
    pub current_rows: u64,
}

/// The Euclidean and the cosine distance between the means of the rows, with p-values from permutations.
///
/// With x̄ and ȳ the columns' means: |x̄ − ȳ| and 1 − x̄·ȳ / |x̄||ȳ|. Without a change |x̄ − ȳ|² is on average the sum of the
/// columns' variances times 1/n + 1/m, and so never near 0; the 95 % point of the permutations says where a distance
/// starts to be one ([`PermutationOptions`] says how they are made). A permutation where a mean is 0 counts as a cosine
/// distance as large. Means see a shift alone: [`mmd`](crate::mmd) and
/// [`energy_distance_rows`](crate::energy_distance_rows) see any change. It takes (n + m) × columns × permutations
/// multiplications. One row on a side is enough. The kind of store that the options name has no part in it.
///
/// # Errors
/// [`DriftError::Empty`], [`DriftError::NoColumns`], [`DriftError::NotFinite`] for a value that is NaN or infinite,
/// [`DriftError::OtherWidths`] for sides of other columns.
///
/// ```
/// use mlops_drift::{PermutationOptions, centroid_distance};
/// use ndarray::array;
///
/// let (reference, current) = (array![[1.0, 0.0], [3.0, 0.0]], array![[0.0, 1.0], [0.0, 3.0]]);
/// let distance = centroid_distance(reference.view(), current.view(), &PermutationOptions::default())?;
/// assert!((distance.euclidean - 8.0_f64.sqrt()).abs() < 1e-14);
/// assert!((distance.cosine.unwrap() - 1.0).abs() < 1e-14);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn centroid_distance(
    reference: ArrayView2<f64>,
    current: ArrayView2<f64>,
    options: &PermutationOptions,
) -> Result<CentroidDistance, DriftError> {
    check(&reference, &current, 1)?;
    let (n, m) = (reference.nrows(), current.nrows());
    let pooled = Pooled::of(&reference, &current);
    let rows = &pooled.rows;
    let sums = rows.sum_axis(Axis(0));
    // Deals in pieces of a fixed size, so that no sum depends on how many threads there are.
    let deals = if options.permutations() == 0 { 0 } else { options.permutations() + 1 };
    let starts: Vec<usize> = (0..deals.max(1)).step_by(DEALS).collect();
    let distances: Vec<(f64, f64)> = in_threads(starts, options.threads(), |start| {
        let sides: Vec<Vec<bool>> = (start..(start + DEALS).min(deals.max(1)))
            .map(|number| deal(n, n + m, options.seed(), number))
            .collect();
        let labels = Array2::from_shape_fn((sides.len(), n + m), |(b, i)| f64::from(u8::from(sides[b][i])));
        let of_reference = labels.dot(rows);
        let each = |sum: ArrayView1<f64>| {
            let x = &sum / n as f64;
            let y = (&sums - &sum) / m as f64;
            (norm(&(&x - &y)), cosine(&(x + &pooled.centre), &(y + &pooled.centre)))
        };
        of_reference.rows().into_iter().map(each).collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    let (euclidean, cosines): (Vec<f64>, Vec<f64>) = distances.into_iter().unzip();
    let scale = rows.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let others = euclidean.get(1..).filter(|others| !others.is_empty());
    let without_change = others.map(|others| {
        let mut others = others.to_vec();
        others.sort_unstable_by(f64::total_cmp);
        others[(others.len() * 95).div_ceil(100) - 1] * pooled.unit
    });
    let tested = |values: &[f64], scale| if deals > 0 { p_value(values, scale, 1e-13) } else { None };
    let cosine = Some(cosines[0]).filter(|x| x.is_finite());
    Ok(CentroidDistance {
        euclidean: euclidean[0] * pooled.unit,
        euclidean_p_value: tested(&euclidean, scale),
        euclidean_without_change: without_change,
        cosine,
        cosine_p_value: cosine.and_then(|_| tested(&cosines, 1.0)),
        reference_rows: n as u64,
        current_rows: m as u64,
    })
}

fn norm(x: &Array1<f64>) -> f64 {
    x.dot(x).sqrt()
}

/// The cosine distance; infinite where there is none.
fn cosine(x: &Array1<f64>, y: &Array1<f64>) -> f64 {
    let lengths = norm(x) * norm(y);
    if lengths > 0.0 { (1.0 - x.dot(y) / lengths).clamp(0.0, 2.0) } else { f64::INFINITY }
}
