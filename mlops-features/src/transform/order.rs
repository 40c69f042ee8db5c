//! Exact order statistics.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::TransformError;

/// How many numbers a state holds in memory: 128 MiB of them.
const BUDGET: usize = 1 << 24;

/// How many numbers of a run are read at a time.
const PAGE: usize = 1 << 13;

/// All numbers that were seen, NaN apart, to be put in order in the end.
///
/// What goes beyond a budget is sorted and put aside in a temporary file, which goes with the state; such runs are
/// merged as they are read, a page of each in memory at a time. What is learnt doesn't depend on whether any was.
#[derive(Debug)]
pub struct Ordered {
    held: Vec<f64>,
    budget: usize,
    /// This state's own; a state that was merged in brings its own along.
    file: Option<Arc<File>>,
    runs: Vec<Run>,
    /// Why numbers could not be put aside in a merge, to be told when it can be.
    failed: Option<TransformError>,
}

/// Sorted numbers in a file.
#[derive(Debug)]
struct Run {
    file: Arc<File>,
    /// The place of its first byte.
    start: u64,
    count: u64,
}

fn failed(error: &io::Error) -> TransformError {
    TransformError::Aside { problem: error.to_string() }
}

impl Default for Ordered {
    fn default() -> Self {
        Self::holding(BUDGET)
    }
}

impl Ordered {
    /// A state that holds so many numbers in memory, 1 at least.
    fn holding(budget: usize) -> Self {
        Self { held: Vec::new(), budget, file: None, runs: Vec::new(), failed: None }
    }

    /// Takes in a number; NaN is passed over.
    ///
    /// # Errors
    /// [`TransformError::Aside`] where numbers can't be put aside.
    pub(crate) fn add(&mut self, x: f64) -> Result<(), TransformError> {
        if x.is_nan() {
            return Ok(());
        }
        if self.held.len() >= self.budget {
            self.spill()?;
        }
        self.held.push(x);
        Ok(())
    }

    /// Takes in numbers; NaN is passed over.
    ///
    /// # Errors
    /// [`TransformError::Infinite`] for an infinity, and those of [`Ordered::add`].
    pub(crate) fn add_all(&mut self, numbers: &[f64]) -> Result<(), TransformError> {
        match numbers.iter().find(|x| x.is_infinite()) {
            Some(&got) => Err(TransformError::Infinite { got }),
            None => numbers.iter().try_for_each(|&x| self.add(x)),
        }
    }

    /// Takes in what another state has seen; its runs stay where they are.
    pub(crate) fn merge(&mut self, other: Self) {
        self.failed = self.failed.take().or(other.failed);
        self.runs.extend(other.runs);
        if self.held.len() + other.held.len() > self.budget
            && let Err(error) = self.spill()
        {
            self.failed.get_or_insert(error);
        }
        if self.held.is_empty() {
            self.held = other.held;
        } else {
            self.held.extend(other.held);
        }
    }

    /// Puts what is held aside.
    fn spill(&mut self) -> Result<(), TransformError> {
        self.held.sort_unstable_by(f64::total_cmp);
        let run = self.write().map_err(|error| failed(&error))?;
        self.runs.extend(run);
        self.held.clear();
        Ok(())
    }

    fn write(&mut self) -> io::Result<Option<Run>> {
        if self.held.is_empty() {
            return Ok(None);
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(Arc::new(tempfile::tempfile()?)),
        };
        let start = (&**file).seek(SeekFrom::End(0))?;
        let mut writer = BufWriter::new(&**file);
        for x in &self.held {
            writer.write_all(&x.to_le_bytes())?;
        }
        writer.flush()?;
        Ok(Some(Run { file: Arc::clone(file), start, count: self.held.len() as u64 }))
    }

    /// How many numbers there were.
    pub(crate) fn count(&self) -> u64 {
        self.held.len() as u64 + self.runs.iter().map(|run| run.count).sum::<u64>()
    }

    /// Goes through the numbers in ascending order.
    ///
    /// # Errors
    /// [`TransformError::Aside`] where numbers couldn't be put aside, or not be read again.
    pub(crate) fn visit(&mut self, mut see: impl FnMut(f64)) -> Result<(), TransformError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.held.sort_unstable_by(f64::total_cmp);
        if self.runs.is_empty() {
            self.held.iter().for_each(|&x| see(x));
            return Ok(());
        }
        self.merged(see).map_err(|error| failed(&error))
    }

    fn merged(&self, mut see: impl FnMut(f64)) -> io::Result<()> {
        let mut cursors: Vec<Cursor<'_>> = self.runs.iter().map(Cursor::new).collect();
        let mut held = self.held.iter().copied();
        let mut heap = BinaryHeap::with_capacity(cursors.len() + 1);
        for source in 0..=cursors.len() {
            let first = cursors.get_mut(source).map_or_else(|| Ok(held.next()), Cursor::next)?;
            heap.extend(first.map(|x| Reverse((rank(x), source))));
        }
        while let Some(Reverse((least, source))) = heap.pop() {
            see(of_rank(least));
            let next = cursors.get_mut(source).map_or_else(|| Ok(held.next()), Cursor::next)?;
            heap.extend(next.map(|x| Reverse((rank(x), source))));
        }
        Ok(())
    }

    /// The numbers at these places of the order, from 0.
    fn at(&mut self, places: impl IntoIterator<Item = u64>) -> Result<BTreeMap<u64, f64>, TransformError> {
        let mut found: BTreeMap<u64, f64> = places.into_iter().map(|place| (place, f64::NAN)).collect();
        let mut wanted = found.iter_mut().peekable();
        let mut place = 0;
        self.visit(|x| {
            if let Some((_, found)) = wanted.next_if(|(wanted, _)| **wanted == place) {
                *found = x;
            }
            place += 1;
        })?;
        Ok(found)
    }

    /// The quantiles of these levels of 0 to 1 by linear interpolation, as numpy has them; `None` of nothing.
    ///
    /// # Errors
    /// Those of [`Ordered::visit`].
    pub(crate) fn quantiles(&mut self, levels: &[f64]) -> Result<Option<Vec<f64>>, TransformError> {
        let Some(last) = self.count().checked_sub(1) else { return self.nothing() };
        let around = |level: f64| {
            let place = level * last as f64;
            let below = (place.floor() as u64).min(last);
            (below, (below + 1).min(last), place - below as f64)
        };
        let places = levels.iter().map(|&level| around(level));
        let found = self.at(places.clone().flat_map(|(below, above, _)| [below, above]))?;
        let quantile = |(below, above, share): (u64, u64, f64)| {
            let (low, high) = (found[&below], found[&above]);
            // As numpy, from the nearer end, so that equal ends give just that.
            if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) }
        };
        Ok(Some(places.map(quantile).collect()))
    }

    /// The median, of an even count the mean of the two in the middle; `None` of nothing.
    ///
    /// # Errors
    /// Those of [`Ordered::visit`].
    pub(crate) fn median(&mut self) -> Result<Option<f64>, TransformError> {
        let Some(last) = self.count().checked_sub(1) else { return self.nothing() };
        let (below, above) = (last / 2, last.div_ceil(2));
        let found = self.at([below, above])?;
        let (low, high) = (found[&below], found[&above]);
        let sum = low + high;
        Ok(Some(if sum.is_finite() { sum / 2.0 } else { low / 2.0 + high / 2.0 }))
    }

    /// The number that is there most often, the least of several; `None` of nothing.
    ///
    /// # Errors
    /// Those of [`Ordered::visit`].
    pub(crate) fn mode(&mut self) -> Result<Option<f64>, TransformError> {
        let (mut best, mut run): (Option<f64>, Option<f64>) = (None, None);
        let (mut most, mut count) = (0_u64, 0_u64);
        self.visit(|x| {
            if run != Some(x) {
                (run, count) = (Some(x), 0);
            }
            count += 1;
            if count > most {
                (best, most) = (run, count);
            }
        })?;
        Ok(best)
    }

    /// What is known of nothing, unless something was lost.
    fn nothing<T>(&mut self) -> Result<Option<T>, TransformError> {
        self.visit(|_| {}).map(|()| None)
    }
}

/// An integer of a float's place in the total order.
fn rank(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

fn of_rank(rank: i64) -> f64 {
    f64::from_bits((rank ^ ((rank >> 63) as u64 >> 1) as i64) as u64)
}

/// A run that is being read.
struct Cursor<'a> {
    file: &'a File,
    place: u64,
    left: u64,
    page: Vec<u8>,
    used: usize,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run) -> Self {
        Self { file: &run.file, place: run.start, left: run.count, page: Vec::new(), used: 0 }
    }

    fn next(&mut self) -> io::Result<Option<f64>> {
        if self.used == self.page.len() {
            let count = self.left.min(PAGE as u64);
            self.page.resize(count as usize * 8, 0);
            self.file.seek(SeekFrom::Start(self.place))?;
            self.file.read_exact(&mut self.page)?;
            (self.place, self.left, self.used) = (self.place + count * 8, self.left - count, 0);
        }
        let number = self.page[self.used..].first_chunk().map(|&bytes| f64::from_le_bytes(bytes));
        self.used += number.map_or(0, |_| 8);
        Ok(number)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs::OpenOptions;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{BUDGET, Ordered, TransformError};

    fn ordered(numbers: &[f64], budget: usize) -> Ordered {
        let mut ordered = Ordered::holding(budget);
        ordered.add_all(numbers).unwrap();
        ordered
    }

    fn bits(mut ordered: Ordered) -> (Vec<u64>, Vec<Option<u64>>) {
        let mut seen = Vec::new();
        ordered.visit(|x| seen.push(x.to_bits())).unwrap();
        let mut statistics = vec![ordered.median().unwrap(), ordered.mode().unwrap()];
        let levels = [0.0, 0.1, 0.25, 0.5, 1.0 / 3.0, 0.75, 1.0];
        statistics.extend(ordered.quantiles(&levels).unwrap().into_iter().flatten().map(Some));
        (seen, statistics.into_iter().map(|x| x.map(f64::to_bits)).collect())
    }

    #[test]
    fn statistics_are_those_of_numpy() {
        // numpy: percentile([1, 2, 4, 8], [0, 10, 50, 90, 100]), median of it; scipy.stats.mode([3, 1, 3, 1, 2])
        let mut four = ordered(&[8.0, 1.0, 4.0, 2.0], BUDGET);
        let wanted = vec![1.0, 1.3, 3.0, 6.800000000000001, 8.0];
        assert_eq!(four.quantiles(&[0.0, 0.1, 0.5, 0.9, 1.0]).unwrap(), Some(wanted));
        assert_eq!(four.median().unwrap(), Some(3.0));
        assert_eq!(ordered(&[3.0, 1.0, 3.0, 1.0, 2.0], BUDGET).mode().unwrap(), Some(1.0));
        assert_eq!(ordered(&[f64::MAX, f64::MAX], BUDGET).median().unwrap(), Some(f64::MAX));
        let mut nothing = ordered(&[f64::NAN], BUDGET);
        assert_eq!((nothing.median(), nothing.mode(), nothing.quantiles(&[0.5])), (Ok(None), Ok(None), Ok(None)));
        let infinite = Ordered::default().add_all(&[f64::INFINITY]);
        assert_eq!(infinite, Err(TransformError::Infinite { got: f64::INFINITY }));
    }

    #[test]
    fn a_file_that_fails_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        std::fs::write(&path, []).unwrap();
        let read_only = Arc::new(OpenOptions::new().read(true).open(path).unwrap());
        let broken = || Ordered { file: Some(Arc::clone(&read_only)), ..ordered(&[1.0, 2.0], 2) };
        assert!(matches!(broken().add(3.0), Err(TransformError::Aside { .. })));
        let mut merged = broken();
        merged.merge(ordered(&[3.0], 2));
        assert!(matches!(merged.median(), Err(TransformError::Aside { .. })));
        // A file that was cut behind our back.
        let mut cut = ordered(&[1.0, 2.0, 3.0], 2);
        cut.file.as_ref().unwrap().set_len(4).unwrap();
        assert!(matches!(cut.quantiles(&[0.5]), Err(TransformError::Aside { .. })));
    }

    proptest! {
        #[test]
        fn neither_files_nor_merges_nor_order_leave_a_trace(
            numbers in prop::collection::vec(prop_oneof![any::<f64>(), (-3..3_i8).prop_map(f64::from)], 0..60),
            cuts in prop::collection::vec(0_usize..60, 0..4), budget in 1_usize..9, turn in 0_usize..60,
        ) {
            let numbers: Vec<f64> = numbers.into_iter().filter(|x| !x.is_infinite()).collect();
            let whole = bits(ordered(&numbers, BUDGET));
            prop_assert_eq!(&bits(ordered(&numbers, budget)), &whole);
            let mut turned = numbers.clone();
            turned.rotate_left(turn.min(numbers.len()));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(turned.len())).collect();
            cuts.push(turned.len());
            cuts.sort_unstable();
            let (mut merged, mut start) = (Ordered::holding(budget), 0);
            for cut in cuts {
                merged.merge(ordered(&turned[start..cut], budget));
                start = cut;
            }
            prop_assert_eq!(&bits(merged), &whole);
        }
    }

    #[test]
    fn runs_longer_than_a_page_are_read_whole() {
        let numbers: Vec<f64> = (0..50_000_u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 7)).collect();
        assert_eq!(bits(ordered(&numbers, 20_000)), bits(ordered(&numbers, BUDGET)));
    }
}
