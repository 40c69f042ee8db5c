//! Values over time.

mod event_log;
mod exact_sum;
mod gather;
mod key;
mod online;
mod view_state;
mod window_state;

pub use event_log::{Appended, EventLog, Replay};
pub(crate) use exact_sum::ExactSum;
pub use gather::gather_history;
pub use online::{OnlineState, Stamp};
