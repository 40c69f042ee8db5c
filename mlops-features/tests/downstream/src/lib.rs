//! A function, a transform and an aggregate of an application's own, as an application would write them: it sees nothing of
//! mlops-features but what everybody sees.

use mlops_core::{JsonFloat, SlotKind, Value, Vocabulary};
use mlops_features::{
    Aggregate, ArgumentError, Catalog, FitRows, Fitted, InputKind, Refusal, ScalarFn, Scratch, Seen, Transform,
    TransformError, Within, as_float,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The catalog of the application.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::new().with(Arc::new(Initials)).with_transform::<OfLargest>().with_aggregate::<CountAbove>()
}

/// The first characters of the words of a text.
#[derive(Debug)]
pub struct Initials;

impl ScalarFn for Initials {
    fn name(&self) -> &str {
        "initials"
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        match arguments {
            [SlotKind::Text] => Ok(SlotKind::Text),
            [other] => Err(ArgumentError { argument: 0, got: other.to_string(), wanted: "a text".into() }),
            several => {
                let got = format!("{} arguments", several.len());
                Err(ArgumentError { argument: 1, got, wanted: "1".into() })
            }
        }
    }

    fn call<'a>(&self, arguments: &[Value<'a>], scratch: &'a Scratch) -> Value<'a> {
        match arguments {
            [Value::Text(text)] => {
                Value::Text(scratch.chars(text.split_whitespace().filter_map(|word| word.chars().next())))
            }
            _ => Value::Missing,
        }
    }
}

/// A number as a share of the largest that was seen, at most `most`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfLargest {
    /// What is not exceeded.
    pub most: JsonFloat,
}

/// [`OfLargest`] with the largest number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Share {
    largest: JsonFloat,
    most: JsonFloat,
}

impl Transform for OfLargest {
    const NAME: &'static str = "of_largest";
    const VERSION: u32 = 3;
    type State = f64;
    type Fitted = Share;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        if self.most.0.is_nan() || self.most.0 <= 0.0 {
            let got = self.most.0.to_string();
            return Err(TransformError::Parameter { parameter: "most", got, allowed: "more than 0" });
        }
        input.number()
    }

    fn start(&self) -> f64 {
        f64::NEG_INFINITY
    }

    fn update(&self, largest: &mut f64, rows: &FitRows<'_>) -> Result<(), TransformError> {
        *largest = rows.numbers().fold(*largest, f64::max);
        Ok(())
    }

    fn merge(&self, largest: &mut f64, other: f64) {
        *largest = largest.max(other);
    }

    fn finish(&self, largest: f64, _: &Seen) -> Result<Share, TransformError> {
        Ok(Share { largest: JsonFloat(largest), most: self.most })
    }
}

impl Fitted for Share {
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = (as_float(value).ok_or(Refusal::Null)? / self.largest.0).min(self.most.0);
        Ok(())
    }
}

/// How many values are above a limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CountAbove {
    /// The limit.
    pub limit: JsonFloat,
}

impl CountAbove {
    fn is_above(&self, value: Value<'_>) -> bool {
        as_float(value).is_some_and(|x| x > self.limit.0)
    }
}

impl Aggregate for CountAbove {
    const NAME: &'static str = "count_above";
    const VERSION: u32 = 2;
    type State = u64;

    fn add(&self, count: &mut u64, value: Value<'_>) {
        *count += u64::from(self.is_above(value));
    }

    fn remove(&self, count: &mut u64, value: Value<'_>) {
        *count -= u64::from(self.is_above(value));
    }

    fn merge(&self, count: &mut u64, other: &u64) {
        *count += other;
    }

    fn value<'a>(&self, count: &'a u64, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        Value::Float(*count as f64)
    }
}
