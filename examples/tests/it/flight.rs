//! A request as a service has it: a struct.

use mlops_core::Timestamp;
use serde::{Deserialize, Serialize};

/// A flight as its prediction is asked for, at the scheduled departure. Whether it is late is not known yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flight {
    pub(crate) scheduled: Timestamp,
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) distance: i64,
    pub(crate) carrier: String,
    pub(crate) origin: String,
    pub(crate) dest: String,
}
