//! What became of the requests, counted without threads getting in each other's way.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What became of the requests of a [`Runner`](crate::Runner): each one is in one of the first four counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Answered.
    pub answered: u64,
    /// Refused because the caller's slice had another length.
    pub wrong_length: u64,
    /// Failed because the row couldn't be gathered or encoded.
    pub not_encoded: u64,
    /// Failed because the model couldn't answer.
    pub not_predicted: u64,
    /// How often an observer panicked, against its contract; the answer was given all the same.
    pub observer_panics: u64,
}

/// One thread's counters, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Stripe {
    pub(crate) answered: AtomicU64,
    pub(crate) wrong_length: AtomicU64,
    pub(crate) not_encoded: AtomicU64,
    pub(crate) not_predicted: AtomicU64,
    pub(crate) observer_panics: AtomicU64,
}

const STRIPES: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct StripedCounts {
    stripes: [Stripe; STRIPES],
    next: AtomicUsize,
}

impl StripedCounts {
    /// The number of a stripe that few others have.
    pub(crate) fn assign(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn stripe(&self, number: usize) -> &Stripe {
        &self.stripes[number % STRIPES]
    }

    pub(crate) fn sum(&self) -> Counts {
        let mut counts = Counts::default();
        for stripe in &self.stripes {
            counts.answered += stripe.answered.load(Ordering::Relaxed);
            counts.wrong_length += stripe.wrong_length.load(Ordering::Relaxed);
            counts.not_encoded += stripe.not_encoded.load(Ordering::Relaxed);
            counts.not_predicted += stripe.not_predicted.load(Ordering::Relaxed);
            counts.observer_panics += stripe.observer_panics.load(Ordering::Relaxed);
        }
        counts
    }
}

pub(crate) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
