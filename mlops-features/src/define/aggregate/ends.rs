//! The first and the last event.

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::{Aggregate, Within, any_kind};
use crate::define::scratch::Scratch;
use crate::transform::TransformError;

/// The value of the first event, by event time, available time and place in the log; missing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct First {}

/// The value of the last event, by event time, available time and place in the log; missing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {}

/// Seconds from the last event that has a value to the asking time; missing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSinceLast {}

macro_rules! of_ends {
    ($aggregate:ty, $name:literal, $kind:expr, |$within:ident| $value:expr) => {
        impl Aggregate for $aggregate {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            type State = ();

            fn check(&self, value: SlotKind) -> Result<(), TransformError> {
                any_kind(value)
            }

            fn kind(&self, value: SlotKind) -> SlotKind {
                $kind(value)
            }

            fn add(&self, (): &mut (), _: Value<'_>) {}

            fn remove(&self, (): &mut (), _: Value<'_>) {}

            fn merge(&self, (): &mut (), (): &()) {}

            fn value<'a>(&self, (): &'a (), $within: &Within<'a>, _: &'a Scratch) -> Value<'a> {
                $value
            }
        }
    };
}

fn same(kind: SlotKind) -> SlotKind {
    if kind == SlotKind::Text { SlotKind::Category } else { kind }
}

of_ends!(First, "first", same, |within| within.first.map_or(Value::Missing, |(_, value)| value));
of_ends!(Last, "last", same, |within| within.last.map_or(Value::Missing, |(_, value)| value));
of_ends!(TimeSinceLast, "time_since_last", |_| SlotKind::Float, |within| match within.last {
    Some((stamp, _)) => Value::Float(within.at.since(stamp.event_time).as_secs_f64()),
    None => Value::Missing,
});
