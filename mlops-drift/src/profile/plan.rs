//! The columns of a profile in the order in which a row is counted.

use mlops_core::Slot;

use super::moments::{Grid, LANES, SumBlock};
use super::{Bins, Moments, NumericBins, ProfileColumn, Source};

/// What counting a row needs of the columns: numeric ones in blocks of eight, which are counted side by side, then the
/// others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    blocks: Box<[Block]>,
    others: Box<[(Source, usize, Bins)]>,
}

/// Up to eight numeric columns, all of slots or all of outputs. A lane that isn't used never has a number.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    used: usize,
    columns: [usize; LANES],
    sources: [Source; LANES],
    /// Where the counts of a lane start.
    offsets: [usize; LANES],
    /// Where they end and those of no numbers start.
    ends: [usize; LANES],
    grids: [Grid; LANES],
    bounds: [f64; LANES],
    firsts: [f64; LANES],
    lasts: [f64; LANES],
    /// The edges between, filled up with infinity, over which nothing is, to the same power of two in each lane.
    between: Box<[f64]>,
}

impl Block {
    fn new(columns: &[(usize, &ProfileColumn, &NumericBins)]) -> Self {
        let longest = columns.iter().map(|(_, _, bins)| bins.between().len()).max().unwrap_or(0);
        let length = (longest + 1).next_power_of_two();
        let mut block = Self {
            used: columns.len().min(LANES),
            columns: [usize::MAX; LANES],
            sources: [Source::Output(usize::MAX); LANES],
            offsets: [0; LANES],
            ends: [0; LANES],
            grids: [Grid::of(&[]); LANES],
            bounds: [0.0; LANES],
            firsts: [f64::INFINITY; LANES],
            lasts: [f64::INFINITY; LANES],
            between: vec![f64::INFINITY; LANES * length].into(),
        };
        for (lane, &(index, column, bins)) in columns.iter().enumerate().take(LANES) {
            block.columns[lane] = index;
            block.sources[lane] = column.source;
            block.offsets[lane] = column.offset;
            block.ends[lane] = column.offset + bins.edges().len() + 1;
            block.grids[lane] = bins.grid();
            block.bounds[lane] = bins.grid().bound();
            block.firsts[lane] = bins.first();
            block.lasts[lane] = bins.last();
            for (place, edge) in block.between[lane * length..].iter_mut().zip(bins.between()) {
                *place = *edge;
            }
        }
        block
    }

    /// Sums up the numbers of a row and gives them, NaN where there is none. What is no number is counted here.
    #[inline(always)]
    fn numbers(&self, counts: &mut [u64], sums: &mut SumBlock, slots: &[Slot], outputs: &[f64]) -> [f64; LANES] {
        let mut numbers = [f64::NAN; LANES];
        for lane in 0..self.used.min(LANES) {
            let number = match self.sources[lane] {
                Source::Slot(place) => match slots.get(place) {
                    Some(&Slot::Float(x)) => x,
                    Some(&Slot::Int(x)) => x as f64,
                    _ => f64::NAN,
                },
                Source::Output(place) => outputs.get(place).copied().unwrap_or(f64::NAN),
            };
            numbers[lane] = number;
            if number.abs() <= self.bounds[lane] {
                sums.add(lane, number, self.grids[lane]);
            } else {
                self.add_other(lane, number, counts, sums, slots, outputs);
            }
        }
        numbers
    }

    /// Counts what is no number, or too large to be summed up.
    fn add_other(
        &self,
        lane: usize,
        number: f64,
        counts: &mut [u64],
        sums: &mut SumBlock,
        slots: &[Slot],
        outputs: &[f64],
    ) {
        if !number.is_nan() {
            return sums.add_outside(lane, number);
        }
        let none = match self.sources[lane].slot(slots, outputs) {
            Slot::Missing => 0,
            Slot::Float(_) => 1,
            _ => 2,
        };
        if let Some(count) = counts.get_mut(self.ends[lane] + none) {
            *count += 1;
        }
    }

    #[inline(always)]
    fn count_ranges<const LENGTH: usize>(&self, counts: &mut [u64], numbers: &[f64; LANES]) {
        let (between, _) = self.between.as_chunks::<LENGTH>();
        let Some(between) = between.first_chunk::<LANES>() else { return };
        for lane in 0..LANES {
            let (x, between) = (numbers[lane], &between[lane]);
            let range =
                exceeded(between, x) + usize::from(x > self.firsts[lane]) + usize::from(x > self.lasts[lane]);
            if let Some(count) = counts.get_mut(self.offsets[lane] + range) {
                *count += u64::from(!x.is_nan());
            }
        }
    }

    #[inline(always)]
    fn count(&self, counts: &mut [u64], sums: &mut SumBlock, slots: &[Slot], outputs: &[f64]) {
        let numbers = self.numbers(counts, sums, slots, outputs);
        match self.between.len() / LANES {
            16 => self.count_ranges::<16>(counts, &numbers),
            64 => self.count_ranges::<64>(counts, &numbers),
            8 => self.count_ranges::<8>(counts, &numbers),
            32 => self.count_ranges::<32>(counts, &numbers),
            128 => self.count_ranges::<128>(counts, &numbers),
            4 => self.count_ranges::<4>(counts, &numbers),
            2 => self.count_ranges::<2>(counts, &numbers),
            _ => self.count_ranges::<1>(counts, &numbers),
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
        let (mut slots, mut outputs, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (index, column) in columns.iter().enumerate() {
            match (&column.bins, column.source) {
                (Bins::Numeric(bins), Source::Slot(_)) => slots.push((index, column, bins)),
                (Bins::Numeric(bins), Source::Output(_)) => outputs.push((index, column, bins)),
                (bins, source) => others.push((source, column.offset, bins.clone())),
            }
        }
        let blocks = slots.chunks(LANES).chain(outputs.chunks(LANES)).map(Block::new).collect();
        Self { blocks, others: others.into() }
    }

    /// Sums of no number yet.
    pub(crate) fn sums(&self) -> Box<[SumBlock]> {
        vec![SumBlock::EMPTY; self.blocks.len()].into()
    }

    /// Counts one row into slices as long as those of the reference: the hot loop of every monitor. A slot or an output
    /// that isn't there is missing.
    #[inline]
    pub(crate) fn count(&self, counts: &mut [u64], sums: &mut [SumBlock], slots: &[Slot], outputs: &[f64]) {
        for (block, sums) in self.blocks.iter().zip(sums) {
            block.count(counts, sums, slots, outputs);
        }
        for (source, offset, bins) in &self.others {
            if let Some(count) = counts.get_mut(offset + bins.bin(source.slot(slots, outputs))) {
                *count += 1;
            }
        }
    }

    /// The moments of `columns` columns, `None` where one isn't numeric.
    pub(crate) fn moments(&self, columns: usize, counts: &[u64], sums: &[SumBlock]) -> Vec<Option<Moments>> {
        let mut moments = vec![None; columns];
        for (block, sums) in self.blocks.iter().zip(sums) {
            for lane in 0..block.used.min(LANES) {
                let numbers = counts.get(block.offsets[lane]..block.ends[lane]).unwrap_or_default();
                let numbers = numbers.iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
                if let Some(place) = moments.get_mut(block.columns[lane]) {
                    *place = Some(sums.moments(lane, numbers, block.grids[lane]));
                }
            }
        }
        moments
    }
}
