//! A column of numbers of a prepared reference.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use pulp::Arch;

use super::compare::{BinRows, ColumnComparison, NumberComparison};
use super::unknown_type;
use crate::DriftError;
use crate::compare::{Sample, deviation, ks_interval, ks_two_sample, normalized, wasserstein};

/// How many bins there are beside those of finite values: −∞, ∞, NaN, missing.
const OTHERS: usize = 4;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    pub(super) sample: Sample,
    pub(super) missing: u64,
    deviation: f64,
    /// Rising: bin i holds `edges[i-1] < x <= edges[i]`, the first what is below all finite reference values.
    edges: Vec<f64>,
    counts: Vec<u64>,
}

impl Numbers {
    pub(super) fn of(column: &str, batches: &[RecordBatch], bins: usize) -> Result<Self, DriftError> {
        let (sample, missing) = read(column, batches)?;
        Ok(Self::new(sample, missing, bins))
    }

    pub(super) fn new(sample: Sample, missing: u64, bins: usize) -> Self {
        let edges = quantile_edges(sample.finite(), bins);
        let counts = count_sorted(&edges, &sample, missing);
        Self { deviation: deviation(&sample), sample, missing, edges, counts }
    }

    pub(super) fn compare(&self, column: &str, current: &[RecordBatch]) -> Result<ColumnComparison, DriftError> {
        let (current, missing) = read(column, current)?;
        let counts = count_sorted(&self.edges, &current, missing);
        let mut comparison = self.of_counts(column, &counts)?;
        // Without a value on either side there is nothing to compare but the bins.
        comparison.numbers = match wasserstein(&self.sample, &current) {
            Ok(wasserstein) => Some(Box::new(NumberComparison {
                kolmogorov_smirnov: ks_two_sample(&self.sample, &current)?,
                wasserstein,
                normalized_wasserstein: normalized(wasserstein, self.deviation).ok(),
            })),
            Err(_) => None,
        };
        Ok(comparison)
    }

    /// What counts in the bins tell.
    pub(super) fn of_counts(&self, column: &str, counts: &[u64]) -> Result<ColumnComparison, DriftError> {
        let labels = (0..counts.len()).map(|bin| self.label(bin));
        let bins = BinRows::of(labels, &self.counts, counts);
        let mut comparison = ColumnComparison::of(column, bins)?;
        comparison.edges.clone_from(&self.edges);
        // What has no place in the order is left out.
        let ordered = |counts: &[u64]| -> Vec<u64> {
            let ranges = &counts[..=self.edges.len()];
            let mut ordered = Vec::with_capacity(ranges.len() + 2);
            ordered.push(counts[self.edges.len() + 1]);
            ordered.extend_from_slice(ranges);
            ordered.push(counts[self.edges.len() + 2]);
            ordered
        };
        let mut edges = Vec::with_capacity(self.edges.len() + 2);
        edges.push(f64::NEG_INFINITY);
        edges.extend_from_slice(&self.edges);
        edges.push(f64::MAX);
        // An order without a row on a side has no distance.
        comparison.ks_interval = ks_interval(&edges, &ordered(&self.counts), &ordered(counts)).ok();
        Ok(comparison)
    }

    /// Counts of no row yet.
    pub(super) fn no_counts(&self) -> Vec<u64> {
        vec![0; self.counts.len()]
    }

    /// Counts the rows of a batch, without sorting.
    pub(super) fn count(&self, counts: &mut [u64], column: &str, batch: &RecordBatch) -> Result<(), DriftError> {
        let (ranges, others) = counts.split_at_mut(self.edges.len() + 1);
        let arch = Arch::new();
        others[3] += each_block(column, find(column, batch)?, |block| {
            let finite = number(arch, block, f64::is_finite);
            // Nearly every block is finite throughout.
            let (low, high) = match block.len() as u64 - finite {
                0 => (0, 0),
                not_finite => {
                    let low = number(arch, block, |x| x == f64::NEG_INFINITY);
                    let high = number(arch, block, |x| x == f64::INFINITY);
                    others[2] += not_finite - low - high;
                    (low, high)
                }
            };
            others[0] += low;
            others[1] += high;
            let mut above = finite + high;
            for (range, &edge) in ranges.iter_mut().zip(&self.edges) {
                let rest = number(arch, block, |x| x > edge);
                *range += above - rest;
                above = rest;
            }
            if let Some(last) = ranges.last_mut() {
                *last += above - high;
            }
        })?;
        Ok(())
    }

    fn label(&self, bin: usize) -> String {
        match (bin, self.edges.as_slice()) {
            (0, []) => "finite".into(),
            (0, _) => "below".into(),
            (bin, edges) if bin < edges.len() => format!("({}, {}]", edges[bin - 1], edges[bin]),
            (bin, edges) if bin == edges.len() => "above".into(),
            (bin, edges) => ["-inf", "inf", "NaN", "missing"][bin - edges.len() - 1].into(),
        }
    }
}

/// How many values are so: a loop without branches, which becomes vector instructions as wide as the processor has them.
#[inline]
fn number(arch: Arch, block: &[f64], so: impl Fn(f64) -> bool) -> u64 {
    arch.dispatch(|| block.iter().map(|&x| u64::from(so(x))).sum())
}

/// Below the least, the quantiles (the inverse of the empirical distribution function), the greatest; each once.
fn quantile_edges(finite: &[f64], bins: usize) -> Vec<f64> {
    let (Some(least), n) = (finite.first(), finite.len()) else { return Vec::new() };
    let mut edges = vec![least.next_down()];
    edges.extend((1..=bins).map(|k| finite[(k * n).div_ceil(bins) - 1]));
    edges.dedup();
    edges
}

fn count_sorted(edges: &[f64], sample: &Sample, missing: u64) -> Vec<u64> {
    let (values, finite) = (sample.values(), sample.finite());
    let mut counts = Vec::with_capacity(edges.len() + 1 + OTHERS);
    let mut before = 0;
    for &edge in edges {
        let below = finite.partition_point(|&x| x <= edge);
        counts.push((below - before) as u64);
        before = below;
    }
    counts.push((finite.len() - before) as u64);
    let low = values.partition_point(|&x| x == f64::NEG_INFINITY);
    counts.push(low as u64);
    counts.push((values.len() - finite.len() - low) as u64);
    counts.push(sample.rows() - values.len() as u64);
    counts.push(missing);
    counts
}

/// The column's values in all batches, sorted, and how many rows have none.
fn read(column: &str, batches: &[RecordBatch]) -> Result<(Sample, u64), DriftError> {
    let mut values = Vec::with_capacity(super::rows(batches));
    let mut missing = 0;
    for batch in batches {
        missing += each_block(column, find(column, batch)?, |block| values.extend_from_slice(block))?;
    }
    Ok((Sample::from_values(values), missing))
}

pub(super) fn find<'a>(column: &str, batch: &'a RecordBatch) -> Result<&'a ArrayRef, DriftError> {
    batch.column_by_name(column).ok_or_else(|| DriftError::MissingColumn { column: column.to_owned() })
}

/// How many values are taken at once: few enough to stay in the nearest cache.
const BLOCK: usize = 1024;

/// Takes the values as floats, a block at a time; returns how many are missing.
fn each_block(column: &str, array: &ArrayRef, mut take: impl FnMut(&[f64])) -> Result<u64, DriftError> {
    match array.data_type() {
        DataType::Float64 if array.null_count() == 0 => {
            array.as_primitive::<Float64Type>().values().chunks(BLOCK).for_each(take);
        }
        DataType::Float64 => primitive(array.as_primitive::<Float64Type>(), |x| x, &mut take),
        DataType::Float32 => primitive(array.as_primitive::<Float32Type>(), f64::from, &mut take),
        DataType::Int64 => primitive(array.as_primitive::<Int64Type>(), |x| x as f64, &mut take),
        DataType::Int32 => primitive(array.as_primitive::<Int32Type>(), f64::from, &mut take),
        DataType::Int16 => primitive(array.as_primitive::<Int16Type>(), f64::from, &mut take),
        DataType::Int8 => primitive(array.as_primitive::<Int8Type>(), f64::from, &mut take),
        DataType::UInt64 => primitive(array.as_primitive::<UInt64Type>(), |x| x as f64, &mut take),
        DataType::UInt32 => primitive(array.as_primitive::<UInt32Type>(), f64::from, &mut take),
        DataType::UInt16 => primitive(array.as_primitive::<UInt16Type>(), f64::from, &mut take),
        DataType::UInt8 => primitive(array.as_primitive::<UInt8Type>(), f64::from, &mut take),
        DataType::Boolean => {
            let values: Vec<f64> = array.as_boolean().iter().flatten().map(|x| f64::from(u8::from(x))).collect();
            values.chunks(BLOCK).for_each(take);
        }
        other => return Err(unknown_type(column, other)),
    }
    Ok(array.null_count() as u64)
}

fn primitive<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    to_float: impl Fn(T::Native) -> f64,
    take: &mut dyn FnMut(&[f64]),
) {
    let mut block = Vec::with_capacity(BLOCK);
    let mut start = 0;
    for values in array.values().chunks(BLOCK) {
        block.clear();
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => block.extend(values.iter().map(|&x| to_float(x))),
            Some(nulls) => {
                let valid = nulls.slice(start, values.len());
                block.extend(valid.valid_indices().map(|place| to_float(values[place])));
            }
        }
        start += values.len();
        take(&block);
    }
}
