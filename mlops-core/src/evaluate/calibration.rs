//! Whether a score of 0.3 is right three times in ten.

use super::Interval;
use super::metric::{Metric, Undefined};
use super::random::SplitMix64;
use super::scored::Row;

/// Resamples of an interval: enough for the ends to vary by a few percent of its length from seed to seed.
const RESAMPLES: usize = 2000;

/// What the resamples need to know of a bin: the sum and the sum of squares of its rows' outcome minus score.
#[derive(Clone, Copy, Default)]
struct Bin {
    sum: f64,
    squares: f64,
}

impl Bin {
    fn add(&mut self, row: &Row) {
        let residual = row.residual();
        self.sum += residual;
        self.squares += residual * residual;
    }
}

/// How an interval of calibration error is made.
#[derive(Clone, Copy)]
pub(super) struct Resampling {
    pub(super) seed: u64,
    pub(super) confidence: f64,
}

/// Calibration error over bins of equal width.
pub(super) fn equal_width(rows: &[Row], bins: usize, resampling: Resampling) -> Metric {
    let mut sums = vec![Bin::default(); bins];
    for row in rows {
        // The last bin holds the score 1.
        let bin = ((row.score * bins as f64) as usize).min(bins - 1);
        sums[bin].add(row);
    }
    calibration_error(&sums, rows.len(), resampling)
}

/// Calibration error over bins of equal numbers of rows, from rows sorted by score. Rows of one score share a
/// bin, the one that holds the middle of their ranks, so that their order is of no account.
pub(super) fn equal_mass(rows: &[Row], bins: usize, resampling: Resampling) -> Metric {
    let mut sums = vec![Bin::default(); bins];
    let mut start = 0;
    for tied in rows.chunk_by(|a, b| a.score == b.score) {
        let twice_middle = 2 * start + tied.len();
        // Below `bins`, since the middle of the ranks is below the number of rows.
        let bin = (bins as u128 * twice_middle as u128 / (2 * rows.len() as u128)) as usize;
        tied.iter().for_each(|row| sums[bin].add(row));
        start += tied.len();
    }
    calibration_error(&sums, rows.len(), resampling)
}

fn calibration_error(bins: &[Bin], rows: usize, resampling: Resampling) -> Metric {
    if rows == 0 {
        return Metric::undefined(Undefined::NoRows);
    }
    let error = bins.iter().map(|bin| bin.sum.abs()).sum::<f64>() / rows as f64;
    let interval = if rows < 2 { None } else { bootstrap(bins, rows, error, resampling) };
    Metric::defined(error, rows, interval)
}

/// An interval by the Gaussian multiplier bootstrap. With independent weights of mean 1 and variance 1 on the
/// rows, the sum of a bin is normal with the bin's sum as its mean and its sum of squares as its variance: it
/// is drawn as a whole, and the rows aren't visited again.
fn bootstrap(bins: &[Bin], rows: usize, error: f64, resampling: Resampling) -> Option<Interval> {
    let mut random = SplitMix64::new(resampling.seed);
    let spreads: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.sum, bin.squares.sqrt())).collect();
    // Of each draw, the error, and the sum of the bins' distances from what they were drawn around.
    let (mut errors, mut distances) = (Vec::with_capacity(RESAMPLES), Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let (mut error, mut distance) = (0.0, 0.0);
        for pair in spreads.chunks(2) {
            for ((sum, spread), normal) in pair.iter().zip(random.normal_pair()) {
                let step = spread * normal;
                error += (sum + step).abs();
                distance += step.abs();
            }
        }
        errors.push(error / rows as f64);
        distances.push(distance / rows as f64);
    }
    let tail = (1.0 - resampling.confidence) / 2.0;
    let low = error - quantile(&mut distances, 1.0 - tail);
    let high = (2.0 * error - quantile(&mut errors, tail)).max(error);
    Interval::within(low, high, 0.0, 1.0)
}

/// A quantile of draws, linear between neighbours (type 7 of Hyndman and Fan).
fn quantile(draws: &mut [f64], share: f64) -> f64 {
    draws.sort_unstable_by(f64::total_cmp);
    let sorted = draws;
    let rank = share * (sorted.len() - 1) as f64;
    let below = rank as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (rank - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.5, 0.9, 1])
        let quantiles = [0.0, 0.5, 0.9, 1.0].map(|share| quantile(&mut [8.0, 1.0, 4.0, 2.0], share));
        assert_eq!(quantiles, [1.0, 3.0, 6.800_000_000_000_001, 8.0]);
    }
}
