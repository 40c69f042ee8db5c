//! How long answers take, as quantiles.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mlops_core::{Answered, Observer};

/// How many buckets a power of two has.
const SHARES: u64 = 32;
/// One more than the bucket of the longest latency.
const BUCKETS: usize = 1920;

/// Counts latencies in fixed logarithmic buckets, from any number of threads at once.
///
/// A latency of n nanoseconds is counted in bucket `32·s + ⌊n / 2ˢ⌋` with `s = max(0, ⌊log₂ n⌋ − 5)`: each power
/// of two has 32 buckets of equal width, and below 64 ns each nanosecond has its own. A quantile is the middle of
/// the bucket that its latency is in, so its relative error is at most 1/64. All latencies
/// to 2⁶⁴ − 1 ns (584 years) have a bucket; longer ones count as that long. The buckets take 15 KiB.
///
/// Recording is one atomic addition, which neither waits nor allocates. As an [`Observer`] it records
/// [`Answered::latency`] of every answer, whichever version gave it; share one between versions, or give each
/// version its own.
///
/// ```
/// use std::time::Duration;
/// use mlops_serve::LatencyHistogram;
///
/// let latencies = LatencyHistogram::default();
/// for micros in 1..=1_000 {
///     latencies.record(Duration::from_micros(micros));
/// }
/// let p99 = latencies.quantile(0.99).expect("latencies were recorded");
/// assert_eq!(latencies.count(), 1_000);
/// assert!((p99.as_secs_f64() / 990e-6 - 1.0).abs() <= 1.0 / 64.0);
/// ```
pub struct LatencyHistogram {
    buckets: Box<[AtomicU64]>,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::default()).collect() }
    }
}

impl fmt::Debug for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatencyHistogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.quantile(1.0))
            .finish()
    }
}

impl LatencyHistogram {
    /// Counts one latency.
    pub fn record(&self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
    }

    /// How many latencies were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The latency that a share `q` of all don't pass: of n latencies the ⌈q·n⌉-th shortest, at least the first.
    ///
    /// `None` while nothing is recorded, and where `q` isn't from 0 to 1. While others record, those latencies
    /// may count or not.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if !(0.0..=1.0).contains(&q) || count == 0 {
            return None;
        }
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
        let mut shorter = 0;
        // Counts only rise, so the rank is reached.
        let found = self.buckets.iter().position(|bucket| {
            shorter += bucket.load(Ordering::Relaxed);
            shorter >= rank
        });
        found.map(|bucket| Duration::from_nanos(middle(bucket as u64)))
    }
}

impl Observer for LatencyHistogram {
    fn observe(&self, answered: &Answered<'_>) {
        self.record(answered.latency);
    }
}

fn bucket(nanos: u64) -> usize {
    let shift = nanos.max(SHARES).ilog2() - SHARES.ilog2();
    (u64::from(shift) * SHARES + (nanos >> shift)) as usize
}

fn middle(bucket: u64) -> u64 {
    let shift = (bucket / SHARES).saturating_sub(1);
    let first = (bucket - shift * SHARES) << shift;
    first + ((1 << shift) - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_their_middle() {
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
        for number in 0..BUCKETS {
            assert_eq!(bucket(middle(number as u64)), number);
        }
        for shift in 0..58 {
            let first = 64_u64 << shift;
            assert_eq!(bucket(first), bucket(first - 1) + 1);
        }
    }
}
