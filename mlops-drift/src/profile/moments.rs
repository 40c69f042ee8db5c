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

/// How many columns are summed up side by side.
pub(crate) const LANES: usize = 8;

/// Sums of eight columns in steps of a [`Grid`], as integers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SumBlock {
    sum: [i128; LANES],
    /// Never over what it can hold: it stays there.
    squares: [u128; LANES],
    /// Numbers that are too large to be summed up.
    outside: [u64; LANES],
    min: [f64; LANES],
    max: [f64; LANES],
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

    fn step(self) -> f64 {
        // Exact: of a power of two.
        1.0 / self.scale
    }
}

impl SumBlock {
    pub(crate) const EMPTY: Self = Self {
        sum: [0; LANES],
        squares: [0; LANES],
        outside: [0; LANES],
        min: [f64::INFINITY; LANES],
        max: [f64::NEG_INFINITY; LANES],
    };

    /// Adds a number that isn't past the grid's bound.
    #[inline(always)]
    pub(super) fn add(&mut self, lane: usize, x: f64, grid: Grid) {
        let steps = i128::from((x * grid.scale + ROUNDING).to_bits() as i64 - ROUNDING.to_bits() as i64);
        // 2⁶⁴ numbers of at most 2⁵¹ stay below 2¹²⁷.
        self.sum[lane] += steps;
        match self.squares[lane].checked_add((steps * steps) as u128) {
            Some(squares) => self.squares[lane] = squares,
            None => self.fill(lane),
        }
        self.bound(lane, x);
    }

    /// Adds a number that is past it, which has part in the least and the greatest alone.
    pub(super) fn add_outside(&mut self, lane: usize, x: f64) {
        self.outside[lane] += 1;
        self.bound(lane, x);
    }

    #[inline(always)]
    fn bound(&mut self, lane: usize, x: f64) {
        self.min[lane] = if x < self.min[lane] { x } else { self.min[lane] };
        self.max[lane] = if x > self.max[lane] { x } else { self.max[lane] };
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self, lane: usize) {
        self.squares[lane] = u128::MAX;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for lane in 0..LANES {
            self.sum[lane] = self.sum[lane].saturating_add(other.sum[lane]);
            self.squares[lane] = self.squares[lane].saturating_add(other.squares[lane]);
            self.outside[lane] = self.outside[lane].saturating_add(other.outside[lane]);
            self.min[lane] = self.min[lane].min(other.min[lane]);
            self.max[lane] = self.max[lane].max(other.max[lane]);
        }
    }

    /// The moments of a lane that saw so many numbers.
    pub(crate) fn moments(&self, lane: usize, numbers: u64, grid: Grid) -> Moments {
        Moments {
            count: numbers.saturating_sub(self.outside[lane]),
            outside: self.outside[lane],
            step: grid.step(),
            sum: self.sum[lane],
            squares: self.squares[lane],
            // Zeros of both signs are one.
            min: self.min[lane] + 0.0,
            max: self.max[lane] + 0.0,
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
