//! Two sorted samples, walked through together.

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
        if self.next > self.x { self.difference } else { 0 }
    }
}

/// Calls `visit` for each value but the last of both samples together, in order.
///
/// Takes the same time whatever the order of the values is: which sample the next value comes from is no branch.
#[inline]
pub(super) fn each_step(reference: &[f64], current: &[f64], mut visit: impl FnMut(Step)) {
    let (n, m) = (reference.len(), current.len());
    // No product of lengths of slices that fit into memory together overflows in practice; it would wrap.
    let (up, down) = (m as i64, -(n as i64));
    let (mut i, mut j, mut difference) = (0, 0, 0_i64);
    if n == 0 || m == 0 {
        return;
    }
    let mut x = reference[0].min(current[0]);
    while i < n && j < m {
        let (a, b) = (reference[i], current[j]);
        let take = a <= b;
        let next = if take { a } else { b };
        visit(Step { x, next, difference, i, j });
        i += usize::from(take);
        j += usize::from(!take);
        difference += if take { up } else { down };
        x = next;
    }
    for &next in &reference[i..] {
        visit(Step { x, next, difference, i, j });
        i += 1;
        difference += up;
        x = next;
    }
    for &next in &current[j..] {
        visit(Step { x, next, difference, i, j });
        j += 1;
        difference += down;
        x = next;
    }
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
}
