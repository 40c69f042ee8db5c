//! The most frequent values.

use std::collections::BTreeMap;

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::extreme::{merge_counts, take};
use super::{Aggregate, Within};
use crate::define::scratch::Scratch;
use crate::transform::{InputKind, TransformError};

/// The `k` most frequent texts, exactly, the most frequent first; of those that are as frequent, the first in the order of
/// their bytes. An empty list where there is none.
///
/// | parameter | unit | range |
/// |---|---|---|
/// | `k` | texts | 1 to 1,000 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopK {
    k: u32,
}

impl TopK {
    /// The `k` most frequent.
    #[must_use]
    pub fn new(k: u32) -> Self {
        Self { k }
    }
}

impl Aggregate for TopK {
    const NAME: &'static str = "top_k";
    const VERSION: u32 = 1;
    type State = BTreeMap<Box<str>, u64>;

    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        if !(1..=1000).contains(&self.k) {
            return Err(TransformError::Parameter {
                parameter: "k",
                got: self.k.to_string(),
                allowed: "1 to 1000",
            });
        }
        match value {
            SlotKind::Text | SlotKind::Category => Ok(()),
            kind => Err(TransformError::Input { got: InputKind::Value(kind), wanted: "a value that is a text" }),
        }
    }

    fn kind(&self, _: SlotKind) -> SlotKind {
        SlotKind::Texts
    }

    fn add(&self, counted: &mut Self::State, value: Value<'_>) {
        text(value).into_iter().for_each(|text| *counted.entry(text).or_default() += 1);
    }

    fn remove(&self, counted: &mut Self::State, value: Value<'_>) {
        text(value).into_iter().for_each(|text| take(counted, &text));
    }

    fn merge(&self, counted: &mut Self::State, other: &Self::State) {
        merge_counts(counted, other);
    }

    fn value<'a>(&self, counted: &'a Self::State, _: &Within<'a>, scratch: &'a Scratch) -> Value<'a> {
        let mut order: Vec<_> = counted.iter().collect();
        // The texts are in order, and the sort is stable.
        order.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        Value::Texts(scratch.texts(order.into_iter().take(self.k as usize).map(|(text, _)| &**text)))
    }
}

fn text(value: Value<'_>) -> Option<Box<str>> {
    match value {
        Value::Text(text) | Value::Unseen(text) => Some(text.into()),
        _ => None,
    }
}
