//! A category's place among all.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError, known};

/// The place of a category among those that were seen in fitting, from 0, in the order of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ordinal {
    /// What a missing or unseen category becomes: no place that a category has; `None` refuses it.
    pub unknown: Option<JsonFloat>,
}

impl Ordinal {
    /// A missing or unseen category is refused.
    #[must_use]
    pub fn refusing() -> Self {
        Self { unknown: None }
    }

    /// A missing or unseen category becomes a number that is no place: below 0, broken or NaN.
    #[must_use]
    pub fn unknown(number: f64) -> Self {
        Self { unknown: Some(JsonFloat(number)) }
    }
}

/// An [`Ordinal`], which learns no more than the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOrdinal {
    unknown: Option<JsonFloat>,
}

impl Transform for Ordinal {
    const NAME: &'static str = "ordinal";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedOrdinal;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        match self.unknown {
            Some(JsonFloat(x)) if x >= 0.0 && x.fract() == 0.0 => {
                let (parameter, allowed) = ("unknown", "no place of a category: below 0, broken or NaN");
                Err(TransformError::Parameter { parameter, got: x.to_string(), allowed })
            }
            _ => input.category(),
        }
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) {}

    fn update(&self, (): &mut (), _: &FitRows<'_>) -> Result<(), TransformError> {
        Ok(())
    }

    fn merge(&self, (): &mut (), (): ()) {}

    fn finish(&self, (): (), _: &Seen) -> Result<FittedOrdinal, TransformError> {
        Ok(FittedOrdinal { unknown: self.unknown })
    }
}

impl Fitted for FittedOrdinal {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = match (value, self.unknown) {
            (Value::Category(code), _) => f64::from(code.0),
            (_, Some(unknown)) => unknown.0,
            _ => known(value, true).map(|_| f64::NAN)?,
        };
        Ok(())
    }
}
