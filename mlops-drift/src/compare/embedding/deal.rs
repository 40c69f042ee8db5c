//! Dealing rows out to two sides by chance, and dealing work out to threads.

use std::sync::{Mutex, PoisonError};

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug)]
pub(in crate::compare) struct SplitMix(u64);

impl SplitMix {
    /// The `number`-th stream of a seed.
    pub(in crate::compare) fn new(seed: u64, number: u64) -> Self {
        let start = Self(seed).word();
        Self(Self(start ^ number.wrapping_mul(0xD134_2543_DE82_EF95)).word())
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of 0 to k − 1; each is off its share by at most k / 2⁶⁴.
    pub(in crate::compare) fn below(&mut self, k: usize) -> usize {
        ((u128::from(self.word()) * k as u128) >> 64) as usize
    }

    /// Puts the first `count` places right of a random order of all.
    pub(in crate::compare) fn shuffle<T>(&mut self, of: &mut [T], count: usize) {
        for i in 0..count.min(of.len()) {
            let other = i + self.below(of.len() - i);
            of.swap(i, other);
        }
    }
}

/// Which of N rows are in the reference, in the `number`-th deal: all of the first n in deal 0.
pub(super) fn deal(n: usize, rows: usize, seed: u64, number: usize) -> Vec<bool> {
    let mut sides: Vec<bool> = (0..rows).map(|i| i < n).collect();
    if number > 0 {
        SplitMix::new(seed, number as u64).shuffle(&mut sides, rows);
    }
    sides
}

/// What `work` makes of each item, in the items' order, whichever thread made it.
pub(super) fn in_threads<I: Send, O: Send>(items: Vec<I>, threads: usize, work: impl Fn(I) -> O + Sync) -> Vec<O> {
    let threads = threads.min(items.len());
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    let run = || {
        let mut done = Vec::new();
        loop {
            // Nothing panics while the lock is held.
            let item = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = item else { return done };
            done.push((place, work(item)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, done)| done).collect()
}
