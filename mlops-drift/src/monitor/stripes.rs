//! Counts by window that any number of threads add to without waiting for each other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use mlops_core::Timestamp;

use crate::ReferenceProfile;
use crate::profile::Sums;

/// Sets of counts, of which a thread takes one that is free. Padded, so that no two share a cache line.
#[derive(Debug)]
pub(super) struct Stripes(Box<[Padded]>);

#[derive(Debug)]
#[repr(align(128))]
struct Padded {
    ring: Mutex<Ring>,
    /// The rows that were counted here. Written under the lock alone, so it takes no read-modify-write.
    rows: AtomicU64,
}

/// The last windows; window i is at i modulo their number.
#[derive(Debug)]
struct Ring(Box<[Counted]>);

/// The counts of one window.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) window: i64,
    pub(super) rows: u64,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) counts: Box<[u64]>,
    pub(super) sums: Box<[Sums]>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    Counted,
    /// Its window is kept no more.
    Late,
    /// All sets of counts were in use.
    NoRoom,
}

impl Counted {
    pub(super) fn new(window: i64, profile: &ReferenceProfile) -> Self {
        let counts = vec![0; profile.reference().counts().len()].into();
        Self { window, rows: 0, first: Timestamp::MAX, last: Timestamp::MIN, counts, sums: profile.plan().sums() }
    }

    fn restart(&mut self, window: i64) {
        (self.window, self.rows) = (window, 0);
        (self.first, self.last) = (Timestamp::MAX, Timestamp::MIN);
        self.counts.fill(0);
        self.sums.fill(Sums::EMPTY);
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        self.sums.iter_mut().zip(&other.sums).for_each(|(sums, other)| sums.merge(other));
    }
}

/// How many threads have counted.
static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    // Threads that count are numbered, so no two share a set while there are as many sets as threads.
    static HERE: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

fn home() -> usize {
    // A thread that is ending, and has none any more, takes any.
    HERE.try_with(|here| *here).unwrap_or(0)
}

fn ignore_poison<'a>(
    lock: Result<MutexGuard<'a, Ring>, PoisonError<MutexGuard<'a, Ring>>>,
) -> MutexGuard<'a, Ring> {
    // Counting can't panic half-way, so the counts are whole.
    lock.unwrap_or_else(PoisonError::into_inner)
}

impl Stripes {
    pub(super) fn new(stripes: usize, keep: usize, profile: &ReferenceProfile) -> Self {
        let ring = || Ring(vec![Counted::new(i64::MIN, profile); keep].into());
        Self((0..stripes).map(|_| Padded { ring: Mutex::new(ring()), rows: AtomicU64::new(0) }).collect())
    }

    /// Adds a row to a window by a function of its counts. Tries each set once, beginning at the thread's own,
    /// and never waits.
    #[inline]
    pub(super) fn add(&self, window: i64, at: Timestamp, count: impl FnOnce(&mut [u64], &mut [Sums])) -> Added {
        let home = home();
        for i in 0..self.0.len() {
            let stripe = &self.0[home.wrapping_add(i) % self.0.len()];
            let mut ring = match stripe.ring.try_lock() {
                Ok(ring) => ring,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            let place = window.rem_euclid(ring.0.len() as i64) as usize;
            let counted = &mut ring.0[place];
            if counted.window > window {
                return Added::Late;
            }
            if counted.window < window {
                counted.restart(window);
            }
            counted.rows += 1;
            counted.first = counted.first.min(at);
            counted.last = counted.last.max(at);
            count(&mut counted.counts, &mut counted.sums);
            stripe.rows.store(stripe.rows.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return Added::Counted;
        }
        Added::NoRoom
    }

    /// How many rows were counted, in all windows.
    pub(super) fn rows(&self) -> u64 {
        self.0.iter().map(|stripe| stripe.rows.load(Ordering::Relaxed)).sum()
    }

    /// The counts of a window, of all sets together.
    pub(super) fn merged(&self, window: i64, profile: &ReferenceProfile) -> Counted {
        let mut merged = Counted::new(window, profile);
        for stripe in &self.0 {
            let mut ring = ignore_poison(stripe.ring.lock());
            let place = window.rem_euclid(ring.0.len() as i64) as usize;
            let counted = &mut ring.0[place];
            if counted.window == window {
                profile.plan().finish(&mut counted.counts, &mut counted.sums);
                merged.merge(counted);
            }
        }
        merged
    }

    /// Holds all sets, so that nothing can be counted meanwhile.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn hold(&self) -> Vec<impl Sized + '_> {
        self.0.iter().map(|stripe| ignore_poison(stripe.ring.lock())).collect()
    }
}
