//! Mean and variance.

/// A sum of two parts, as exact as twice the digits of a float.
#[derive(Clone, Copy, Default)]
struct DoubleSum {
    high: f64,
    low: f64,
}

impl DoubleSum {
    #[inline]
    fn add(&mut self, x: f64) {
        // Knuth's two-sum: what `high + x` loses.
        let sum = self.high + x;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (x - part);
        self.high = sum;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }

    /// The sum of a term of each value, in four sums side by side, since each waits for itself.
    fn of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
        let mut sums = [Self::default(); 4];
        let (fours, rest) = values.as_chunks::<4>();
        for four in fours {
            sums.iter_mut().zip(four).for_each(|(sum, &x)| sum.add(term(x)));
        }
        let mut total = Self::default();
        rest.iter().for_each(|&x| total.add(term(x)));
        for sum in sums {
            total.add(sum.high);
            total.add(sum.low);
        }
        total.value()
    }
}

/// Count, mean and sum of squared deviations of finite values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) n: f64,
    /// The mean, in two parts: it is subtracted from another that may be close.
    mean: (f64, f64),
    /// Σ (x − mean)².
    pub(super) squares: f64,
}

impl Moments {
    /// The moments of values of which there is at least one.
    pub(super) fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = DoubleSum::of(values, |x| x) / n;
        // What is left of the values about the rounded mean is small, and so is the error of its mean.
        let rest = DoubleSum::of(values, |x| x - mean) / n;
        let squares = DoubleSum::of(values, |x| (x - mean) * (x - mean));
        let constant = values.iter().all(|x| Some(x) == values.first());
        let squares = if constant { 0.0 } else { squares - n * rest * rest };
        Self { n, mean: (mean, rest), squares: squares.max(0.0) }
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean.0 + self.mean.1
    }

    /// The mean of these less that of others.
    pub(super) fn less(&self, other: &Self) -> f64 {
        (self.mean.0 - other.mean.0) + (self.mean.1 - other.mean.1)
    }

    /// Σ (x − mean)² / (n − 1).
    pub(super) fn variance(&self) -> f64 {
        self.squares / (self.n - 1.0)
    }

    /// √(Σ (x − mean)² / n).
    pub(super) fn population_deviation(&self) -> f64 {
        (self.squares / self.n).sqrt()
    }
}
