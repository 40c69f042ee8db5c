//! Values over time.

mod bytes;
mod columns;
mod event;
mod event_log;
mod exact_sum;
mod exact_window;
mod feed;
mod files;
mod gather;
mod hop_window;
mod key;
mod lock;
mod online;
mod replay;
mod row_plan;
mod segment;
mod snapshot;
mod stream;
mod tail;
mod tail_writer;
mod view_state;
mod watermark;
mod window_state;

pub use event_log::{Appended, EventLog};
pub(crate) use exact_sum::{ExactSquares, ExactSum};
pub use feed::Feed;
pub use gather::gather_history;
pub use online::{OnlineState, Stamp};
pub use replay::Replay;
pub(crate) use row_plan::RowPlan;
pub use stream::EventStream;
pub(crate) use window_state::{AnyWindow, window_of};
