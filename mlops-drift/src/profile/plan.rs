//! The columns of a profile in the order in which a row is counted.

use mlops_core::Slot;

use super::moments::{Batch, Grid, Sums};
use super::{Bins, Moments, NumericBins, ProfileColumn, Source};

/// Up to so many edges are compared with a batch one by one; over that, numbers are searched for.
const FEW: usize = 16;

/// What counting a row needs of the columns: the numeric ones, then the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    numeric: Box<[Numeric]>,
    others: Box<[(Source, usize, Bins)]>,
}

#[derive(Clone, Debug, PartialEq)]
struct Numeric {
    source: Source,
    grid: Grid,
    /// The greatest number that the grid takes.
    bound: f64,
    column: usize,
    /// Where the counts of the ranges start.
    offset: usize,
    /// Where they end and those of no numbers start.
    end: usize,
    edges: Box<[f64]>,
    first: f64,
    last: f64,
    /// Of many edges those between, filled up to a power of two with infinity, over which nothing is.
    between: Box<[f64]>,
}

impl Numeric {
    fn new(index: usize, column: &ProfileColumn, bins: &NumericBins) -> Self {
        let edges = bins.edges();
        let grid = Grid::of(edges);
        let (first, last, between) = match edges {
            [first, between @ .., last] if edges.len() > FEW => {
                let mut between = between.to_vec();
                between.resize((between.len() + 1).next_power_of_two(), f64::INFINITY);
                (*first, *last, between)
            }
            _ => (f64::INFINITY, f64::INFINITY, Vec::new()),
        };
        Self {
            source: column.source,
            grid,
            bound: grid.bound(),
            column: index,
            offset: column.offset,
            end: column.offset + edges.len() + 1,
            edges: edges.into(),
            first,
            last,
            between: between.into(),
        }
    }

    /// Counts a row's value, or keeps it for the next batch.
    #[inline(always)]
    fn count(&self, counts: &mut [u64], sums: &mut Sums, slots: &[Slot], outputs: &[f64]) {
        let number = match self.source {
            Source::Slot(place) => match slots.get(place) {
                Some(&Slot::Float(x)) => x,
                Some(&Slot::Int(x)) => x as f64,
                _ => f64::NAN,
            },
            Source::Output(place) => outputs.get(place).copied().unwrap_or(f64::NAN),
        };
        if number.abs() <= self.bound {
            // Before it is added: its batch is then read long after it was written.
            if sums.is_full() {
                self.count_batch(counts, sums);
            }
            sums.push(number);
        } else {
            self.count_other(counts, sums, number, self.source.slot(slots, outputs));
        }
    }

    /// Counts what is no number, or too large to be summed up.
    #[cold]
    #[inline(never)]
    fn count_other(&self, counts: &mut [u64], sums: &mut Sums, number: f64, slot: Slot) {
        let bin = match slot {
            _ if !number.is_nan() => {
                sums.add_outside(number);
                self.offset + self.edges.partition_point(|&edge| number > edge)
            }
            Slot::Missing => self.end,
            Slot::Float(_) => self.end + 1,
            _ => self.end + 2,
        };
        if let Some(count) = counts.get_mut(bin) {
            *count += 1;
        }
    }

    #[inline(never)]
    fn count_batch(&self, counts: &mut [u64], sums: &mut Sums) {
        sums.add_batch(self.grid);
        let numbers = sums.batch();
        let Some(counts) = counts.get_mut(self.offset..self.end) else { return };
        match self.between.len() {
            0 => self.compare(counts, numbers),
            16 => self.search::<16>(counts, numbers),
            32 => self.search::<32>(counts, numbers),
            64 => self.search::<64>(counts, numbers),
            _ => self.search::<128>(counts, numbers),
        }
    }

    /// Each edge with several numbers at once.
    #[inline(always)]
    fn compare(&self, counts: &mut [u64], numbers: &Batch) {
        let (parts, _) = numbers.as_chunks::<8>();
        for numbers in parts {
            let mut ranges = [0_u64; 8];
            for &edge in &self.edges {
                for (range, &x) in ranges.iter_mut().zip(numbers) {
                    *range += u64::from(x > edge);
                }
            }
            for range in ranges {
                if let Some(count) = counts.get_mut(range as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Each number with the first and the last edge, and with one of those between in each step.
    #[inline(always)]
    fn search<const LENGTH: usize>(&self, counts: &mut [u64], numbers: &Batch) {
        let Some(between) = self.between.first_chunk::<LENGTH>() else { return };
        for &x in numbers {
            let range = exceeded(between, x) + usize::from(x > self.first) + usize::from(x > self.last);
            if let Some(count) = counts.get_mut(range) {
                *count += 1;
            }
        }
    }

    /// What is left of a batch.
    fn finish(&self, counts: &mut [u64], sums: &mut Sums) {
        for x in sums.take() {
            sums.add(x, self.grid);
            if let Some(count) = counts.get_mut(self.offset + self.edges.partition_point(|&edge| x > edge)) {
                *count += 1;
            }
        }
    }
}

/// How many edges a number exceeds, of which the last is never looked at. The length is known when this is compiled, so no
/// step has a branch or a check.
#[inline(always)]
fn exceeded<const LENGTH: usize>(edges: &[f64; LENGTH], x: f64) -> usize {
    let (mut below, mut half) = (0, LENGTH / 2);
    while half > 0 {
        // The mask changes nothing, as below + half <= LENGTH; it shows that to the compiler.
        below += if x > edges[(below + half - 1) & (LENGTH - 1)] { half } else { 0 };
        half /= 2;
    }
    below
}

impl Plan {
    pub(super) fn new(columns: &[ProfileColumn]) -> Self {
        let (mut numeric, mut others) = (Vec::new(), Vec::new());
        for (index, column) in columns.iter().enumerate() {
            match &column.bins {
                Bins::Numeric(bins) => numeric.push(Numeric::new(index, column, bins)),
                bins => others.push((column.source, column.offset, bins.clone())),
            }
        }
        Self { numeric: numeric.into(), others: others.into() }
    }

    /// Sums of no number yet.
    pub(crate) fn sums(&self) -> Box<[Sums]> {
        vec![Sums::EMPTY; self.numeric.len()].into()
    }

    /// Counts one row into slices as long as those of the reference: the hot loop of every monitor. A slot or an output
    /// that isn't there is missing. Numbers are kept until there are enough for a batch.
    #[inline]
    pub(crate) fn count(&self, counts: &mut [u64], sums: &mut [Sums], slots: &[Slot], outputs: &[f64]) {
        for (column, sums) in self.numeric.iter().zip(sums) {
            column.count(counts, sums, slots, outputs);
        }
        for (source, offset, bins) in &self.others {
            if let Some(count) = counts.get_mut(offset + bins.bin(source.slot(slots, outputs))) {
                *count += 1;
            }
        }
    }

    /// Counts all numbers that are kept for a batch.
    pub(crate) fn finish(&self, counts: &mut [u64], sums: &mut [Sums]) {
        for (column, sums) in self.numeric.iter().zip(sums) {
            column.finish(counts, sums);
        }
    }

    /// The moments of `columns` columns, `None` where one isn't numeric, after [`finish`](Self::finish).
    pub(crate) fn moments(&self, columns: usize, counts: &[u64], sums: &[Sums]) -> Vec<Option<Moments>> {
        let mut moments = vec![None; columns];
        for (column, sums) in self.numeric.iter().zip(sums) {
            let numbers = counts.get(column.offset..column.end).unwrap_or_default();
            let numbers = numbers.iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
            if let Some(place) = moments.get_mut(column.column) {
                *place = Some(sums.moments(numbers, column.grid));
            }
        }
        moments
    }
}
