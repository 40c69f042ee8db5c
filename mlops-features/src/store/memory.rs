//! A store in memory.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;
use mlops_core::{Clock, Fingerprint, SystemClock, Timestamp};

use super::kept_until;
use super::online_store::{OnlineStore, StoreKey, StorePut};
use super::record::Record;
use crate::{FeatureError, Stamp};

const SHARDS: usize = 64;

/// A store in this process's memory, in shards that are locked one by one.
///
/// As it is made it keeps one record of each entity for good. It can be bounded, and let records expire.
///
/// ```
/// use mlops_features::MemoryStore;
///
/// let store = MemoryStore::new().bounded(1_000_000);
/// assert_eq!((store.len(), store.evicted()), (0, 0));
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    shards: Vec<RwLock<Shard>>,
    hasher: RandomState,
    /// How many records a shard may have.
    bound: Option<usize>,
    clock: Option<Arc<dyn Clock>>,
    evicted: AtomicU64,
    expired: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    records: HashMap<Arc<[u8]>, Kept, RandomState>,
    /// Which goes first. Empty while all are kept for good.
    order: BTreeSet<Place>,
    /// By view, the latest event that had to go since the shard was full: an earlier one may be older than what a reader
    /// has seen.
    evicted: HashMap<Fingerprint, Stamp, RandomState>,
}

/// Until when a record is kept, and whose it is.
type Place = (Timestamp, Stamp, Arc<[u8]>);

#[derive(Debug)]
struct Kept {
    fingerprint: Fingerprint,
    stamp: Stamp,
    until: Timestamp,
    values: Box<[u8]>,
}

impl Kept {
    fn record(&self) -> Record<'_> {
        Record { fingerprint: self.fingerprint, stamp: self.stamp, values: &self.values }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        let (evicted, expired) = (AtomicU64::new(0), AtomicU64::new(0));
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        Self { shards, hasher: RandomState::default(), bound: None, clock: None, evicted, expired }
    }

    /// Keeps so many records at most, evenly in 64 shards of one record at least. One too many takes the place of the
    /// record that expires first, or else has the earliest event; to a reader that entity is absent. Events of a view that
    /// are no later than one that had to go are not taken for an entity that is absent.
    #[must_use]
    pub fn bounded(mut self, records: usize) -> Self {
        self.bound = Some((records / SHARDS).max(1));
        self
    }

    /// Lets records go once no read as of the present could need them: their view's time-to-live and five minutes after
    /// they were put. For reads as of the present alone, not for backtests.
    #[must_use]
    pub fn expiring(self) -> Self {
        self.expiring_by(Arc::new(SystemClock))
    }

    /// As [`MemoryStore::expiring`], by another clock.
    #[must_use]
    pub fn expiring_by(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How many records it has. One that has expired counts until a later put meets it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).records.len()).sum()
    }

    /// Whether it has no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records had to go, or were not taken, because it was full.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// How many records went because they had expired.
    #[must_use]
    pub fn expired(&self) -> u64 {
        self.expired.load(Ordering::Relaxed)
    }

    fn shard(&self, key: &[u8]) -> &RwLock<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    fn put_one(&self, key: &[u8], put: &StorePut<'_>, now: Option<Timestamp>) -> Result<bool, FeatureError> {
        let view = put.key.view;
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let Shard { records, order, evicted } = &mut *shard;
        let until = now.and_then(|now| kept_until(view, put.stamp, now)).unwrap_or(Timestamp::MAX);
        let Record { fingerprint, stamp, values } = put.record();
        let kept = Kept { fingerprint, stamp, until, values: values.into() };
        let key: Arc<[u8]> = match records.get_key_value(key) {
            Some((_, old)) if !view.replaces(&old.record(), stamp)? => return Ok(false),
            Some((key, old)) => {
                let key = Arc::clone(key);
                order.remove(&(old.until, old.stamp, Arc::clone(&key)));
                key
            }
            None if evicted.get(&fingerprint).is_some_and(|gone| stamp <= *gone) => {
                self.evicted.fetch_add(1, Ordering::Relaxed);
                return Ok(false);
            }
            None => key.into(),
        };
        if self.bound.is_some() || now.is_some() {
            order.insert((until, stamp, Arc::clone(&key)));
        }
        records.insert(key, kept);
        if let Some(now) = now {
            while shard.first().is_some_and(|until| until < now) && shard.pop().is_some() {
                self.expired.fetch_add(1, Ordering::Relaxed);
            }
        }
        while self.bound.is_some_and(|bound| shard.records.len() > bound)
            && let Some(gone) = shard.pop()
        {
            let latest = shard.evicted.entry(gone.fingerprint).or_insert(gone.stamp);
            *latest = gone.stamp.max(*latest);
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(true)
    }
}

impl Shard {
    /// Until when the record is kept that goes first.
    fn first(&self) -> Option<Timestamp> {
        self.order.first().map(|(until, ..)| *until)
    }

    /// Removes the record that goes first.
    fn pop(&mut self) -> Option<Kept> {
        let (.., key) = self.order.pop_first()?;
        self.records.remove(&key)
    }
}

impl OnlineStore for MemoryStore {
    fn put(&self, records: &[StorePut<'_>]) -> Result<usize, FeatureError> {
        let now = self.clock.as_ref().map(|clock| clock.now());
        let (mut key, mut changed) = (Vec::new(), 0);
        for put in records {
            key.clear();
            put.key.view.put_key(put.key.entity, &mut key);
            changed += usize::from(self.put_one(&key, put, now)?);
        }
        Ok(changed)
    }

    fn get(&self, keys: &[StoreKey<'_>], visit: &mut dyn FnMut(usize, Record<'_>)) -> Result<(), FeatureError> {
        let mut bytes = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            bytes.clear();
            key.view.put_key(key.entity, &mut bytes);
            let shard = self.shard(&bytes).read().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = shard.records.get(&*bytes) {
                visit(place, kept.record());
            }
        }
        Ok(())
    }
}
