//! Two sorted samples, walked through together.

use std::hint::select_unpredictable;

/// A step between neighbouring values of two sorted samples taken together.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The value.
    pub(super) x: f64,
    /// The value after it, which may equal it: then the step is within a tie, and has no width.
    pub(super) next: f64,
    /// m·n·(F − G) at `x`: how far apart the shares are, in whole numbers. Meaningless within a tie.
    pub(super) difference: i64,
    /// How many values of the reference are at most `x`. Meaningless within a tie.
    pub(super) i: usize,
    /// How many of the current sample are.
    pub(super) j: usize,
}

impl Step {
    /// The width, without which nothing has been passed.
    pub(super) fn width(self) -> f64 {
        self.next - self.x
    }

    /// The difference, 0 within a tie.
    pub(super) fn beyond_ties(self) -> i64 {
        select_unpredictable(self.next > self.x, self.difference, 0)
    }
}

/// How many stretches two samples are walked through at once.
const LANES: usize = 4;

/// Where a walk is.
struct Lane {
    x: f64,
    i: usize,
    j: usize,
    difference: i64,
    i_end: usize,
    j_end: usize,
}

impl Lane {
    /// Takes the next value, which has to come from the sample that is said.
    #[inline(always)]
    fn step(&mut self, next: f64, of_reference: bool, (up, down): (i64, i64), visit: impl FnOnce(Step)) {
        visit(Step { x: self.x, next, difference: self.difference, i: self.i, j: self.j });
        self.i += usize::from(of_reference);
        self.j += usize::from(!of_reference);
        self.difference += select_unpredictable(of_reference, up, down);
        self.x = next;
    }
}

/// Walks through all values of both samples in order, in four stretches side by side, each with a state of its own; returns
/// the states in the order of the stretches, which depend on the samples alone.
///
/// Which sample the next value comes from is no branch, so it takes the same time whatever the order is; and what one stretch
/// waits for, the others needn't.
#[inline]
pub(super) fn fold_steps<S>(
    reference: &[f64],
    current: &[f64],
    start: impl Fn() -> S,
    visit: impl Fn(&mut S, Step),
) -> [S; LANES] {
    let (n, m) = (reference.len(), current.len());
    // No product of lengths of slices that fit into memory together overflows in practice; it would wrap.
    let ways = (m as i64, -(n as i64));
    let least = match (reference.first(), current.first()) {
        (Some(&a), Some(&b)) => a.min(b),
        (first, other) => first.or(other).copied().unwrap_or(0.0),
    };
    let mut lanes: [Lane; LANES] = std::array::from_fn(|lane| {
        let total = n + m;
        let (i, j) = split(reference, current, total * lane / LANES);
        let (i_end, j_end) = split(reference, current, total * (lane + 1) / LANES);
        let last = |values: &[f64], taken: usize| taken.checked_sub(1).map(|place| values[place]);
        let x = [last(reference, i), last(current, j)].into_iter().flatten().fold(least, f64::max);
        Lane { x, i, j, difference: i as i64 * ways.0 + j as i64 * ways.1, i_end, j_end }
    });
    let mut states: [S; LANES] = std::array::from_fn(|_| start());
    loop {
        // So many steps can't come to the end of a stretch on either side.
        let left = lanes.iter().map(|lane| (lane.i_end - lane.i).min(lane.j_end - lane.j)).min();
        let safe = left.unwrap_or(0);
        if safe < 16 {
            break;
        }
        for _ in 0..safe {
            for (lane, state) in lanes.iter_mut().zip(&mut states) {
                let (a, b) = (reference[lane.i], current[lane.j]);
                let of_reference = a <= b;
                // One instruction, where a choice by `of_reference` is a branch.
                let next = if a < b { a } else { b };
                lane.step(next, of_reference, ways, |step| visit(state, step));
            }
        }
    }
    for (lane, state) in lanes.iter_mut().zip(&mut states) {
        while lane.i < lane.i_end || lane.j < lane.j_end {
            let a = reference[..lane.i_end].get(lane.i);
            let b = current[..lane.j_end].get(lane.j);
            let (next, of_reference) = match (a, b) {
                (Some(&a), Some(&b)) => (a.min(b), a <= b),
                (Some(&a), None) => (a, true),
                (None, b) => (b.copied().unwrap_or(lane.x), false),
            };
            lane.step(next, of_reference, ways, |step| visit(state, step));
        }
    }
    states
}

/// How many values of each sample are among the first `taken` of both, where the reference's come first of those that are equal.
fn split(reference: &[f64], current: &[f64], taken: usize) -> (usize, usize) {
    let (mut low, mut high) = (taken.saturating_sub(current.len()), taken.min(reference.len()));
    while low < high {
        let i = low + (high - low) / 2;
        // Fewer than `taken` values come before the reference's i-th where that is no larger than the current one opposite.
        if reference[i] <= current[taken - i - 1] { low = i + 1 } else { high = i }
    }
    (low, taken - low)
}

/// The values of two sorted samples that equal each other.
#[derive(Clone, Copy)]
pub(super) struct Tie {
    /// How many of the reference are smaller.
    pub(super) i: usize,
    /// How many of the current sample are smaller.
    pub(super) j: usize,
    /// How many of the reference are equal.
    pub(super) f: usize,
    /// How many of the current sample are equal.
    pub(super) g: usize,
}

/// Calls `visit` for each distinct value of both samples together, in order.
#[inline]
pub(super) fn each_tie(reference: &[f64], current: &[f64], mut visit: impl FnMut(Tie)) {
    let (mut i, mut j) = (0, 0);
    loop {
        let x = match (reference.get(i), current.get(j)) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&x), None) | (None, Some(&x)) => x,
            (None, None) => return,
        };
        let equal = |rest: &[f64]| rest.iter().take_while(|&&y| y == x).count();
        let (f, g) = (equal(&reference[i..]), equal(&current[j..]));
        visit(Tie { i, j, f, g });
        (i, j) = (i + f, j + g);
    }
}

/// A sum of many terms: blocks are summed first, so that rounding grows with the length of a block and the number of
/// blocks, not with their product.
pub(super) struct LongSum {
    block: f64,
    terms: u32,
    total: f64,
}

impl LongSum {
    pub(super) const fn new() -> Self {
        Self { block: 0.0, terms: 0, total: 0.0 }
    }

    #[inline]
    pub(super) fn add(&mut self, term: f64) {
        self.block += term;
        self.terms += 1;
        if self.terms == 1024 {
            self.total += self.block;
            (self.block, self.terms) = (0.0, 0);
        }
    }

    pub(super) fn value(&self) -> f64 {
        self.total + self.block
    }

    /// The sums of all stretches together.
    pub(super) fn totals<const K: usize>(lanes: &[[Self; K]; LANES]) -> [f64; K] {
        lanes.iter().fold([0.0; K], |totals, lane| std::array::from_fn(|k| totals[k] + lane[k].value()))
    }
}
