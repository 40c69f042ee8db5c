//! The trait of all online stores.

use std::fmt;

use super::record::Record;
use super::view::StoreView;
use crate::{FeatureError, Stamp};

/// An entity in a view.
#[derive(Clone, Copy, Debug)]
pub struct StoreKey<'a> {
    /// The view.
    pub view: &'a StoreView,
    /// The entity's key as bytes, the same for equal keys of whatever column types.
    pub entity: &'a [u8],
}

/// What is put for an entity in a view.
#[derive(Clone, Copy, Debug)]
pub struct StorePut<'a> {
    /// Whose.
    pub key: StoreKey<'a>,
    /// The event's stamp.
    pub stamp: Stamp,
    /// The values, by [`Record::values_of`].
    pub values: &'a [u8],
}

impl<'a> StorePut<'a> {
    /// The record that it is of.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        Record { fingerprint: self.key.view.fingerprint(), stamp: self.stamp, values: self.values }
    }
}

/// The latest event of each entity in each view. Calls block.
///
/// # Contract
/// - **Atomicity**: a record is put whole or not at all, and no reader sees a part. A call of many is many puts.
/// - **Order**: of all records that were put for a key, in whatever order and by however many writers, the one with the
///   greatest [`Stamp`] stays. The same stamp again changes nothing.
/// - **Idempotence**: what was put may be put again, after a failure too, and nothing changes.
/// - **Absence**: a key that has no record isn't visited, and is no error.
/// - **Views**: a record carries the fingerprint of its view. Nothing replaces a record of another fingerprint: that is
///   [`FeatureError::OtherView`].
/// - **Expiry**: the time-to-live is the reader's to apply. A store may let a record go when no read as of the present
///   could need it, or when it is full, if it was made to.
/// - **Sharing**: any number of threads may call at once.
/// - **Failure**: an error names the call. What was put before it stays.
pub trait OnlineStore: Send + Sync + fmt::Debug {
    /// Puts records; says how many changed what is stored.
    ///
    /// # Errors
    /// [`FeatureError::OtherView`], [`FeatureError::Store`], or what is wrong with a record that is stored. Some of the
    /// records may have been put.
    fn put(&self, records: &[StorePut<'_>]) -> Result<usize, FeatureError>;

    /// Looks many keys up in one call, and visits those that have a record, each by its place in `keys`.
    ///
    /// # Errors
    /// [`FeatureError::Store`], or what is wrong with the bytes of a record. Some may have been visited.
    fn get(&self, keys: &[StoreKey<'_>], visit: &mut dyn FnMut(usize, Record<'_>)) -> Result<(), FeatureError>;
}
