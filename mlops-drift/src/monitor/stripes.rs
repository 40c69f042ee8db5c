//! Counts by window that any number of threads add to without waiting for each other.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use mlops_core::Timestamp;

/// Sets of counts, of which a thread takes one that is free. Padded, so that no two share a cache line.
#[derive(Debug)]
pub(super) struct Stripes(Box<[Padded]>);

#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Ring>);

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
    pub(super) fn new(window: i64, bins: usize) -> Self {
        let counts = vec![0; bins].into();
        Self { window, rows: 0, first: Timestamp::MAX, last: Timestamp::MIN, counts }
    }

    fn restart(&mut self, window: i64) {
        (self.window, self.rows) = (window, 0);
        (self.first, self.last) = (Timestamp::MAX, Timestamp::MIN);
        self.counts.fill(0);
    }

    fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
    }
}

thread_local! {
    // Only its address is used, which no other thread has.
    static HERE: u8 = const { 0 };
}

fn home() -> usize {
    let address = HERE.with(|here| std::ptr::from_ref(here) as u64);
    (address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}

fn ignore_poison<'a>(
    lock: Result<MutexGuard<'a, Ring>, PoisonError<MutexGuard<'a, Ring>>>,
) -> MutexGuard<'a, Ring> {
    // Counting can't panic half-way, so the counts are whole.
    lock.unwrap_or_else(PoisonError::into_inner)
}

impl Stripes {
    pub(super) fn new(stripes: usize, keep: usize, bins: usize) -> Self {
        let ring = || Ring(vec![Counted::new(i64::MIN, bins); keep].into());
        Self((0..stripes).map(|_| Padded(Mutex::new(ring()))).collect())
    }

    /// Adds a row to a window by a function of its counts. Tries each set once, beginning at the thread's own,
    /// and never waits.
    #[inline]
    pub(super) fn add(&self, window: i64, at: Timestamp, count: impl FnOnce(&mut [u64])) -> Added {
        let home = home();
        for i in 0..self.0.len() {
            let mut ring = match self.0[(home + i) % self.0.len()].0.try_lock() {
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
            count(&mut counted.counts);
            return Added::Counted;
        }
        Added::NoRoom
    }

    /// The counts of a window, of all sets together.
    pub(super) fn merged(&self, window: i64, bins: usize) -> Counted {
        let mut merged = Counted::new(window, bins);
        for stripe in &self.0 {
            let ring = ignore_poison(stripe.0.lock());
            let place = window.rem_euclid(ring.0.len() as i64) as usize;
            if ring.0[place].window == window {
                merged.merge(&ring.0[place]);
            }
        }
        merged
    }

    /// Holds all sets, so that nothing can be counted meanwhile.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn hold(&self) -> Vec<impl Sized + '_> {
        self.0.iter().map(|stripe| ignore_poison(stripe.0.lock())).collect()
    }
}
