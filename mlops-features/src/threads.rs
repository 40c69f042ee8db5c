//! Work that is shared out among threads.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What becomes of each share, in their order, by this thread and others. Where the system gives fewer threads than are
/// wanted, those that there are do all.
pub(crate) fn share_out<S: Send, R: Send>(
    threads: NonZeroUsize,
    shares: Vec<S>,
    work: impl Fn(S) -> R + Sync,
) -> Vec<R> {
    let helpers = threads.get().min(shares.len()).saturating_sub(1);
    let (left, done) = (Mutex::new(shares.into_iter().enumerate()), Mutex::new(Vec::new()));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        while let Some((place, share)) = next() {
            let result = work(share);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// How many rows a thread gets: as many chunks of them as any other, or fewer for the last.
pub(crate) fn share_of(rows: usize, chunk: usize, threads: NonZeroUsize) -> usize {
    rows.div_ceil(chunk).div_ceil(threads.get()).max(1) * chunk
}
