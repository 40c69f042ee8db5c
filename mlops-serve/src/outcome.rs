//! Predictions wait for what really happened.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use mlops_core::{Answered, Observer, Outcome, Timestamp};

/// Keeps the predictions of the last while, so that an outcome finds the prediction that it belongs to.
///
/// As an [`Observer`] it takes each answer under its id; [`OutcomeJoin::outcome`] joins a label to it, once. It
/// holds at most `capacity` predictions, each for `keep` after the time that it was made for, and counts what it
/// lets go by the reason: each observed prediction is joined, waiting, or in one of [`OutcomeCounts`].
///
/// # Contract
/// An outcome joins if its prediction is held and `available ≤ at + keep`; time is that of the data, never a
/// clock's, and it only goes on: a time far ahead lets go of all that came before. An answer never waits: one that meets a lock that is held is let go, as `contended`.
#[derive(Debug)]
pub struct OutcomeJoin {
    stripes: Vec<Mutex<Stripe>>,
    hasher: RandomState,
    keep: Duration,
    newest: AtomicI64,
    observed: AtomicU64,
    contended: AtomicU64,
}

/// What became of the predictions and the outcomes of an [`OutcomeJoin`]:
/// `observed = joined + waiting + expired + full + replaced + contended` while nobody calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutcomeCounts {
    /// Predictions that were shown.
    pub observed: u64,
    /// Predictions whose outcome came.
    pub joined: u64,
    /// Predictions that wait.
    pub waiting: u64,
    /// Predictions that were let go because their time was over.
    pub expired: u64,
    /// Predictions that were let go, the earliest first, because there was no room.
    pub full: u64,
    /// Predictions that were let go because another came under their id.
    pub replaced: u64,
    /// Predictions that were let go because a lock was held.
    pub contended: u64,
    /// Outcomes for which no prediction waited, or that came too late for it.
    pub unmatched: u64,
}

/// A prediction with what really happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The request's id.
    pub id: String,
    /// The time as of which it was answered.
    pub at: Timestamp,
    /// The version that answered.
    pub version: u64,
    /// What it answered.
    pub outputs: Vec<f64>,
    /// What really happened.
    pub label: f64,
    /// When that could be known.
    pub available: Timestamp,
}

impl Joined {
    /// The same as an [`Observer`] sees it.
    #[must_use]
    pub fn as_outcome(&self) -> Outcome<'_> {
        let Self { id, at, version, outputs, label, available } = self;
        Outcome { id, at: *at, version: *version, outputs, label: *label, available: *available }
    }
}

#[derive(Debug, Default)]
struct Stripe {
    capacity: usize,
    waiting: HashMap<Arc<str>, Waiting>,
    /// By time, then by arrival.
    order: BTreeMap<(Timestamp, u64), Arc<str>>,
    arrivals: u64,
    counts: OutcomeCounts,
}

#[derive(Debug)]
struct Waiting {
    at: Timestamp,
    arrival: u64,
    version: u64,
    outputs: Vec<f64>,
}

impl Stripe {
    fn take(&mut self, id: &str) -> Option<Waiting> {
        let waiting = self.waiting.remove(id)?;
        self.order.remove(&(waiting.at, waiting.arrival));
        Some(waiting)
    }

    fn take_first(&mut self) {
        if let Some((_, id)) = self.order.pop_first() {
            self.waiting.remove(&id);
        }
    }

    fn expire(&mut self, newest: Timestamp, keep: Duration) {
        while self.order.first_key_value().is_some_and(|(&(at, _), _)| at + keep < newest) {
            self.take_first();
            self.counts.expired += 1;
        }
    }

    fn put(&mut self, answered: &Answered<'_>) {
        if self.take(answered.id).is_some() {
            self.counts.replaced += 1;
        }
        while self.waiting.len() >= self.capacity {
            self.take_first();
            self.counts.full += 1;
        }
        let (at, version, outputs) = (answered.at, answered.version, answered.outputs.to_vec());
        let (id, arrival): (Arc<str>, _) = (answered.id.into(), self.arrivals);
        self.arrivals += 1;
        self.order.insert((at, arrival), Arc::clone(&id));
        self.waiting.insert(id, Waiting { at, arrival, version, outputs });
    }
}

impl OutcomeJoin {
    const STRIPES: usize = 16;

    /// A join of at most `capacity` predictions (at least one), each kept for `keep`.
    ///
    /// The room is shared out among up to 16 locks, by ids; where ids fall unevenly, one share is full before
    /// the others.
    #[must_use]
    pub fn new(capacity: usize, keep: Duration) -> Self {
        let capacity = capacity.max(1);
        let stripes = capacity.min(Self::STRIPES);
        let share = |stripe| capacity / stripes + usize::from(stripe < capacity % stripes);
        Self {
            stripes: (0..stripes)
                .map(|stripe| Stripe { capacity: share(stripe), ..Stripe::default() }.into())
                .collect(),
            hasher: RandomState::new(),
            keep,
            newest: Timestamp::MIN.as_micros().into(),
            observed: AtomicU64::new(0),
            contended: AtomicU64::new(0),
        }
    }

    /// Joins what really happened to the prediction that waits under this id, which then waits no more.
    ///
    /// Blocks for as long as another call on the same share of the room takes; not for the path of answers.
    pub fn outcome(&self, id: &str, label: f64, available: Timestamp) -> Option<Joined> {
        let newest = self.advance(available);
        let mut stripe = lock(self.stripe(id));
        let held = stripe.take(id);
        stripe.expire(newest, self.keep);
        match held {
            Some(Waiting { at, version, outputs, .. }) if available <= at + self.keep => {
                stripe.counts.joined += 1;
                Some(Joined { id: id.to_owned(), at, version, outputs, label, available })
            }
            Some(_) => {
                stripe.counts.expired += 1;
                stripe.counts.unmatched += 1;
                None
            }
            None => {
                stripe.counts.unmatched += 1;
                None
            }
        }
    }

    /// Lets go of all whose time is over at `now`, as later answers and outcomes do by their own times.
    pub fn expire(&self, now: Timestamp) {
        let newest = self.advance(now);
        for stripe in &self.stripes {
            lock(stripe).expire(newest, self.keep);
        }
    }

    /// What became of the predictions and outcomes so far.
    #[must_use]
    pub fn counts(&self) -> OutcomeCounts {
        let contended = self.contended.load(Ordering::Relaxed);
        let observed = self.observed.load(Ordering::Relaxed);
        let mut counts = OutcomeCounts { observed, contended, ..OutcomeCounts::default() };
        for stripe in &self.stripes {
            let stripe = lock(stripe);
            counts.joined += stripe.counts.joined;
            counts.waiting += stripe.waiting.len() as u64;
            counts.expired += stripe.counts.expired;
            counts.full += stripe.counts.full;
            counts.replaced += stripe.counts.replaced;
            counts.unmatched += stripe.counts.unmatched;
        }
        counts
    }

    fn stripe(&self, id: &str) -> &Mutex<Stripe> {
        &self.stripes[self.hasher.hash_one(id) as usize % self.stripes.len()]
    }

    /// The latest time that was told, this one included.
    fn advance(&self, now: Timestamp) -> Timestamp {
        let before = self.newest.fetch_max(now.as_micros(), Ordering::Relaxed);
        now.max(Timestamp::from_micros(before))
    }
}

impl Observer for OutcomeJoin {
    fn observe(&self, answered: &Answered<'_>) {
        self.observed.fetch_add(1, Ordering::Relaxed);
        let newest = self.advance(answered.at);
        let mut stripe = match self.stripe(answered.id).try_lock() {
            Ok(stripe) => stripe,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.contended.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        stripe.expire(newest, self.keep);
        stripe.put(answered);
    }
}

/// Nothing under the lock panics, so a lock that is called poisoned is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
