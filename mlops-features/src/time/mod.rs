//! Values over time.

mod backfill;
pub(crate) mod bytes;
mod columns;
mod event;
mod event_log;
mod exact_sum;
mod feed;
mod files;
mod gather;
pub(crate) mod key;
mod lock;
mod online;
mod replay;
mod row_plan;
mod seen;
mod segment;
mod snapshot;
mod stream;
mod tail;
mod tail_writer;
mod view_state;
mod window_state;

pub use backfill::{Backfill, OnlineStates};
pub use event_log::{Appended, EventLog};
pub(crate) use exact_sum::ExactSum;
pub use feed::Feed;
pub use gather::gather_history;
pub(crate) use online::SLACK;
pub use online::{OnlineState, Stamp};
pub use replay::Replay;
pub(crate) use row_plan::RowPlan;
pub(crate) use seen::check_unique;
pub use stream::EventStream;
pub(crate) use window_state::{AnyWindow, TypedWindow};
