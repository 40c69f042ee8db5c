//! How many different values there are.

use std::collections::BTreeMap;

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::extreme::{merge_counts, take};
use super::{Aggregate, Within, any_kind};
use crate::define::scratch::Scratch;
use crate::transform::TransformError;

/// How many different values there are, exactly; 0 where there is none. Floats are told apart by their numbers: 0 is -0,
/// and all NaNs are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distinct {}

/// A value as it is told from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Item {
    /// The bits of a float, an integer or the microseconds of a time.
    Number(u64),
    /// A text.
    Text(Box<str>),
}

impl Item {
    pub(super) fn of(value: Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Float(x) if x.is_nan() => Self::Number(f64::NAN.to_bits()),
            // Adding 0 makes 0 of -0.
            Value::Float(x) => Self::Number((x + 0.0).to_bits()),
            Value::Int(x) => Self::Number(x as u64),
            Value::Time(t) => Self::Number(t.as_micros() as u64),
            Value::Text(text) | Value::Unseen(text) => Self::Text(text.into()),
            _ => return None,
        })
    }
}

impl Aggregate for Distinct {
    const NAME: &'static str = "distinct";
    const VERSION: u32 = 1;
    type State = BTreeMap<Item, u64>;

    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        any_kind(value)
    }

    fn add(&self, counted: &mut Self::State, value: Value<'_>) {
        Item::of(value).into_iter().for_each(|item| *counted.entry(item).or_default() += 1);
    }

    fn remove(&self, counted: &mut Self::State, value: Value<'_>) {
        Item::of(value).into_iter().for_each(|item| take(counted, &item));
    }

    fn merge(&self, counted: &mut Self::State, other: &Self::State) {
        merge_counts(counted, other);
    }

    fn value<'a>(&self, counted: &'a Self::State, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        Value::Float(counted.len() as f64)
    }
}
