//! What the benches share.

use mlops_core::Timestamp;
use serde::{Deserialize, Serialize};

/// A flight as its prediction is asked for, at the scheduled departure. Whether it is late is not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Flight {
    pub scheduled: Timestamp,
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub distance: i64,
    pub carrier: String,
    pub origin: String,
    pub dest: String,
}
