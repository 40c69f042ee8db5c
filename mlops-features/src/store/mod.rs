//! Stores of the latest events, for reads by many servers.

#[cfg(feature = "testing")]
mod conformance;
mod cursor;
mod gather;
mod materialize;
mod memory;
mod online_store;
mod record;
#[cfg(feature = "redb")]
mod redb;
#[cfg(feature = "redis")]
mod redis;
mod view;

use mlops_core::Timestamp;

#[cfg(feature = "testing")]
pub use conformance::conformance;
pub use cursor::MaterializeCursor;
pub(crate) use gather::{StoreReader, Unfilled};
pub use materialize::{Materialize, Materialized};
pub use memory::MemoryStore;
pub use online_store::{OnlineStore, StoreKey, StorePut};
pub use record::Record;
#[cfg(feature = "redb")]
pub use redb::RedbStore;
#[cfg(feature = "redis")]
pub use redis::{RedisOptions, RedisStore};
pub use view::StoreView;

use crate::Stamp;
use crate::time::SLACK;

/// Until when a read as of the present could need what is put now: reads may be a little behind each other, and an
/// event's time a little ahead of the clock.
fn kept_until(view: &StoreView, stamp: Stamp, now: Timestamp) -> Option<Timestamp> {
    Some(now.max(stamp.event_time) + view.ttl()? + SLACK)
}
