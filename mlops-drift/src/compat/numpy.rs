//! What the peers' numbers rest on: numpy's sums, edges and histograms, operation by operation, so that values near
//! zero, which are left over after others cancel, have the same digits.

use crate::DriftError;

/// `numpy.sum`: pairwise, in blocks of up to 128 values with eight partial sums.
pub(super) fn sum(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().sum();
    }
    if values.len() > 128 {
        let half = values.len() / 2;
        let (head, tail) = values.split_at(half - half % 8);
        return sum(head) + sum(tail);
    }
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder();
    let mut partial = [0.0; 8];
    for block in blocks {
        partial.iter_mut().zip(block).for_each(|(sum, x)| *sum += x);
    }
    let [a, b, c, d, e, f, g, h] = partial;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, x| sum + x)
}

/// `numpy.mean`.
pub(super) fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// `numpy.std`: of the population, n in the denominator.
pub(super) fn standard_deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
    (sum(&squares) / values.len() as f64).sqrt()
}

/// `numpy.linspace`: `bins` + 1 edges.
pub(super) fn linspace(first: f64, last: f64, bins: usize) -> Vec<f64> {
    let (delta, parts) = (last - first, bins as f64);
    let step = delta / parts;
    let offset = |i: usize| if step == 0.0 { i as f64 / parts * delta } else { i as f64 * step };
    (0..bins).map(|i| offset(i) + first).chain([last]).collect()
}

/// The edges of so many bins of equal width from the least to the greatest value of a sorted sample; half a unit to
/// both sides where there is but one.
pub(super) fn equal_width_edges(sorted: &[f64], bins: usize) -> Result<Vec<f64>, DriftError> {
    let (first, last) = range(sorted)?;
    let edges = linspace(first, last, bins);
    if edges.windows(2).any(|pair| pair[0] >= pair[1]) {
        let cause = "the values are too near each other for bins of equal width";
        return Err(DriftError::Undefined { statistic: "histogram", cause });
    }
    Ok(edges)
}

/// `numpy.histogram_bin_edges(bins="sturges")` of a sorted sample of floats.
pub(super) fn sturges_edges(sorted: &[f64]) -> Result<Vec<f64>, DriftError> {
    let width = spread(sorted) / ((sorted.len() as f64).log2() + 1.0);
    equal_width_edges(sorted, bins_of_width(sorted, width)?)
}

/// `numpy.histogram_bin_edges(bins="doane")` of a sorted sample of floats.
pub(super) fn doane_edges(sorted: &[f64]) -> Result<Vec<f64>, DriftError> {
    let n = sorted.len() as f64;
    let deviation = standard_deviation(sorted);
    let width = if sorted.len() > 2 && deviation > 0.0 {
        let mean = mean(sorted);
        let cubes: Vec<f64> = sorted.iter().map(|x| ((x - mean) / deviation).powi(3)).collect();
        let skewness = sum(&cubes) / n;
        let error = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
        spread(sorted) / (1.0 + n.log2() + (1.0 + skewness.abs() / error).log2())
    } else {
        0.0
    };
    equal_width_edges(sorted, bins_of_width(sorted, width)?)
}

/// `numpy.histogram` of a sorted sample with these edges: a bin holds its lower edge, the last both of its edges.
/// Values below and above are in none.
pub(super) fn histogram(sorted: &[f64], edges: &[f64]) -> Vec<u64> {
    let Some((last, lower)) = edges.split_last() else { return Vec::new() };
    let below = lower.iter().map(|edge| sorted.partition_point(|x| x < edge));
    let below: Vec<usize> = below.chain([sorted.partition_point(|x| x <= last)]).collect();
    below.windows(2).map(|pair| (pair[1] - pair[0]) as u64).collect()
}

/// The shares of so many rows.
pub(super) fn shares(counts: &[u64], rows: usize) -> Vec<f64> {
    counts.iter().map(|&count| count as f64 / rows as f64).collect()
}

/// `numpy.cumsum`.
pub(super) fn cumulated(values: &[f64]) -> Vec<f64> {
    let running = values.iter().scan(0.0, |sum, x| {
        *sum += x;
        Some(*sum)
    });
    running.collect()
}

fn spread(sorted: &[f64]) -> f64 {
    sorted.last().zip(sorted.first()).map_or(0.0, |(last, first)| last - first)
}

fn range(sorted: &[f64]) -> Result<(f64, f64), DriftError> {
    let (first, last) = sorted.first().copied().zip(sorted.last().copied()).unwrap_or((0.0, 1.0));
    if !(last - first).is_finite() {
        let cause = "the range of the values isn't finite";
        return Err(DriftError::Undefined { statistic: "histogram", cause });
    }
    Ok(if first == last { (first - 0.5, last + 0.5) } else { (first, last) })
}

fn bins_of_width(sorted: &[f64], width: f64) -> Result<usize, DriftError> {
    let (first, last) = range(sorted)?;
    // At most log2(n) twice, so it fits.
    Ok(if width > 0.0 { ((last - first) / width).ceil() as usize } else { 1 })
}
