//! Sums of numbers that don't depend on their order.

/// The greatest multiple of the step that is summed up.
const LIMIT: f64 = (1_u64 << 51) as f64;
/// Half of 2⁵³, and half of that: a float of at most [`LIMIT`] that is added to it is rounded to an integer, which the
/// bits then hold.
const ROUNDING: f64 = (3_u64 << 51) as f64;
/// How far the greatest edge may be below [`LIMIT`].
const HEADROOM: i32 = 10;

/// The step in which the numbers of a column are summed up: a power of two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    /// One over the step.
    scale: f64,
}

/// How many numbers of a column are summed up at once, in registers.
pub(super) const BATCH: usize = 16;
pub(super) type Batch = [f64; BATCH];

/// Sums in steps of a [`Grid`], as integers, and the numbers that are yet to be added.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sums {
    batch: Batch,
    filled: usize,
    sum: i128,
    /// Never over what it can hold: it stays there.
    squares: u128,
    /// Numbers that are too large to be summed up.
    outside: u64,
    min: f64,
    max: f64,
}

/// The moments of a column's numbers: how many, their sum, their sum of squares, the least and the greatest.
///
/// They are sums of integers, so those of parts of the data merge into those of the whole bit for bit, in any order.
/// Each number x counts as k·s, where s is the column's [`step`](Self::step), a power of two, and k = round(x / s) with ties
/// to even. With m for the edge of the [`ReferenceProfile`](crate::ReferenceProfile) that is furthest from 0 and 2^e > m the
/// least such power, s = 2^(e − 41): the error of a number is at most 2⁻⁴¹ m. Integers are exact where m is below
/// 2⁴¹, which is 2·10¹². Edges that are not finite or below 2.3e-308 are left out, and without any other m is 1.
///
/// - A number with |k| over 2⁵¹, which is over 1024 times 2^e, has no part in the sums and is counted by
///   [`outside`](Self::outside), as infinities are.
/// - NaN, missing values and values of another kind are no numbers and have no part in any moment. Integers beyond 2⁵³ are
///   rounded to floats first.
/// - The sum is exact for 2⁶⁴ rows; the sum of squares up to s²·2¹²⁸, which at |x| = m takes over 10¹³ rows, and stays
///   there: it is then infinite.
///
/// The moments as floats are rounded from the integers once. The variance is that of the population, without Bessel's
/// correction: s² (Σ(k − c)² / n − (Σk / n − c)²) with the whole part of Σk / n for c, where the first sum is exact, so that
/// a mean that is large beside the deviation costs no digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    count: u64,
    outside: u64,
    step: f64,
    sum: i128,
    squares: u128,
    min: f64,
    max: f64,
}

impl Grid {
    pub(crate) fn of(edges: &[f64]) -> Self {
        let sizes = edges.iter().map(|edge| edge.abs()).filter(|size| size.is_normal());
        let greatest = sizes.fold(0.0, f64::max);
        let greatest: f64 = if greatest > 0.0 { greatest } else { 1.0 };
        // The exponent of a normal float, and one more.
        let above = (greatest.to_bits() >> 52) as i32 - 1022;
        // Both the step and one over it are normal floats.
        let exponent = (51 - HEADROOM - above).clamp(-1021, 1021);
        Self { scale: f64::from_bits(((1023 + exponent) as u64) << 52) }
    }

    /// The greatest number that is summed up.
    pub(super) fn bound(self) -> f64 {
        (LIMIT / self.scale).min(f64::MAX)
    }

    #[inline(always)]
    fn steps(self, x: f64) -> i64 {
        (x * self.scale + ROUNDING).to_bits() as i64 - ROUNDING.to_bits() as i64
    }

    fn step(self) -> f64 {
        // Exact: of a power of two.
        1.0 / self.scale
    }
}

impl Sums {
    pub(crate) const EMPTY: Self = Self {
        batch: [0.0; BATCH],
        filled: 0,
        sum: 0,
        squares: 0,
        outside: 0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    /// Whether as many numbers are kept as a batch has.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.filled >= BATCH
    }

    /// Keeps a number for the next batch, which isn't full.
    #[inline(always)]
    pub(super) fn push(&mut self, x: f64) {
        // The mask changes nothing.
        self.batch[self.filled & (BATCH - 1)] = x;
        self.filled += 1;
    }

    /// The numbers that were kept; none is afterwards.
    pub(super) fn take(&mut self) -> impl Iterator<Item = f64> + use<> {
        self.batch.into_iter().take(std::mem::take(&mut self.filled))
    }

    /// The numbers of a batch that is full, or was before it was added.
    pub(super) fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Adds the numbers of a full batch; none is kept afterwards.
    #[inline(always)]
    pub(super) fn add_batch(&mut self, grid: Grid) {
        let numbers = &self.batch;
        self.filled = 0;
        let (mut sum, mut squares) = (0_i64, 0_u128);
        for &x in numbers {
            let steps = grid.steps(x);
            // Sixteen of at most 2⁵¹ and 2¹⁰².
            sum += steps;
            squares += (i128::from(steps) * i128::from(steps)) as u128;
        }
        // Pairs side by side.
        let (mut min, mut max) = ([self.min; 2], [self.max; 2]);
        let (pairs, _) = numbers.as_chunks::<2>();
        for pair in pairs {
            for i in 0..2 {
                min[i] = if pair[i] < min[i] { pair[i] } else { min[i] };
                max[i] = if pair[i] > max[i] { pair[i] } else { max[i] };
            }
        }
        self.sum += i128::from(sum);
        self.squares = self.squares.saturating_add(squares);
        self.min = min[0].min(min[1]);
        self.max = max[0].max(max[1]);
    }

    /// Adds a number that isn't past the grid's bound.
    pub(super) fn add(&mut self, x: f64, grid: Grid) {
        let steps = i128::from(grid.steps(x));
        // 2⁶⁴ numbers of at most 2⁵¹ stay below 2¹²⁷.
        self.sum += steps;
        self.squares = self.squares.saturating_add((steps * steps) as u128);
        self.min = self.min.min(x);
        self.max = self.max.max(x);
    }

    /// Adds a number that is past it, which has part in the least and the greatest alone.
    pub(super) fn add_outside(&mut self, x: f64) {
        self.outside += 1;
        self.min = self.min.min(x);
        self.max = self.max.max(x);
    }

    /// Adds sums to which all numbers were added.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
        self.outside = self.outside.saturating_add(other.outside);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// The moments of so many numbers.
    pub(super) fn moments(&self, numbers: u64, grid: Grid) -> Moments {
        Moments {
            count: numbers.saturating_sub(self.outside),
            outside: self.outside,
            step: grid.step(),
            sum: self.sum,
            squares: self.squares,
            // Zeros of both signs are one.
            min: self.min + 0.0,
            max: self.max + 0.0,
        }
    }
}

impl Moments {
    /// How many numbers have part in the sums.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many numbers have none: infinities, and those too large.
    #[must_use]
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// The step s that numbers are rounded to, in the column's unit.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.step
    }

    /// Their sum in steps: exact.
    #[must_use]
    pub fn steps(&self) -> i128 {
        self.sum
    }

    /// The sum of their squares in squares of steps: exact below `u128::MAX`.
    #[must_use]
    pub fn square_steps(&self) -> u128 {
        self.squares
    }

    /// Their sum; 0 of none.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum as f64 * self.step
    }

    /// The sum of their squares; 0 of none, infinite past its range.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        if self.squares == u128::MAX {
            return f64::INFINITY;
        }
        self.squares as f64 * self.step * self.step
    }

    /// Their mean; `None` of none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64 * self.step)
    }

    /// Their variance as a population; `None` of none and past the range of the squares.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        if self.count == 0 || self.squares == u128::MAX {
            return None;
        }
        // Σ(k − c)² = Σk² − c(Σk + rest) with the mean's whole part for c and rest = Σk − nc: integers that cancel exactly,
        // and of which none is over Σk².
        let (count, sum) = (u128::from(self.count), self.sum.unsigned_abs());
        let (whole, rest) = (sum / count, sum % count);
        let about = self.squares.saturating_sub(whole.saturating_mul(sum + rest));
        let (n, rest) = (self.count as f64, rest as f64);
        let steps = (about as f64 / n - (rest / n) * (rest / n)).max(0.0);
        Some(steps * self.step * self.step)
    }

    /// The least number, those outside included; `None` of none.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        (self.min <= self.max).then_some(self.min)
    }

    /// The greatest number, those outside included; `None` of none.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        (self.min <= self.max).then_some(self.max)
    }
}
