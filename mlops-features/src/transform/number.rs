//! Numbers, with a policy for nulls.

use mlops_core::{JsonFloat, SlotKind, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::fill::{Fill, FillState};
use super::{FitRows, Fitted, InputKind, Learns, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// What a null number becomes. There is no default: nothing is imputed in silence.
///
/// NaN is a value and no null. Where a mean, a median or a most frequent value is learnt, NaN is passed over and an
/// infinity is an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nulls {
    /// An error that names the feature.
    Refuse,
    /// NaN, for a model that knows what to do with it, or a transform further on.
    NaN,
    /// The mean of the rows that it was fitted on.
    Mean,
    /// Their median.
    Median,
    /// Their most frequent value, the least of several.
    MostFrequent,
    /// A number.
    Constant(JsonFloat),
}

impl Nulls {
    /// A number.
    #[must_use]
    pub fn constant(x: f64) -> Self {
        Self::Constant(JsonFloat(x))
    }

    /// This, and a second number `feature.missing` that is 1 for a null and else 0, which no further transform changes.
    #[must_use]
    pub fn flagged(self) -> Number {
        Number { nulls: self, flagged: true }
    }

    fn fill(self) -> Option<Fill> {
        match self {
            Self::Refuse => None,
            Self::NaN => Some(Fill::Constant(JsonFloat(f64::NAN))),
            Self::Mean => Some(Fill::Mean),
            Self::Median => Some(Fill::Median),
            Self::MostFrequent => Some(Fill::MostFrequent),
            Self::Constant(x) => Some(Fill::Constant(x)),
        }
    }
}

/// A number as it is, or what its policy for nulls makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// What a null becomes.
    pub nulls: Nulls,
    /// Whether a second number tells that it was null.
    pub flagged: bool,
}

impl From<Nulls> for Number {
    fn from(nulls: Nulls) -> Self {
        Self { nulls, flagged: false }
    }
}

/// A [`Number`] with what a null is taken for; `None` refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedNumber {
    pub(crate) null: Option<JsonFloat>,
    pub(crate) flagged: bool,
}

impl Transform for Number {
    const NAME: &'static str = "number";
    const VERSION: u32 = 1;
    type State = FillState;
    type Fitted = FittedNumber;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        match input {
            InputKind::Value(SlotKind::Float | SlotKind::Int) => Ok(()),
            got => Err(TransformError::Input { got, wanted: "a value that is a number" }),
        }
    }

    fn learns(&self) -> Learns {
        match self.nulls {
            Nulls::Mean | Nulls::Median | Nulls::MostFrequent => Learns::FromRows,
            _ => Learns::Nothing,
        }
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) -> FillState {
        self.nulls.fill().map_or_else(FillState::nothing, Fill::start)
    }

    fn update(&self, state: &mut FillState, rows: &FitRows<'_>) -> Result<(), TransformError> {
        rows.numbers().try_for_each(|x| state.add(x))
    }

    fn merge(&self, state: &mut FillState, other: FillState) {
        state.merge(other);
    }

    fn finish(&self, state: FillState, _: &Seen) -> Result<FittedNumber, TransformError> {
        let null = self.nulls.fill().map(|fill| fill.finish(state)).transpose()?;
        Ok(FittedNumber { null: null.map(JsonFloat), flagged: self.flagged })
    }
}

impl Fitted for FittedNumber {
    fn width(&self) -> usize {
        1 + self.flags()
    }

    fn flags(&self) -> usize {
        usize::from(self.flagged)
    }

    fn names(&self, of: &str, _: &Vocabulary) -> Vec<String> {
        if self.flagged { vec![of.into(), format!("{of}.missing")] } else { vec![of.into()] }
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let (x, missing) = match (as_float(value), self.null) {
            (Some(x), _) => (x, 0.0),
            (None, Some(null)) => (null.0, 1.0),
            (None, None) => return Err(Refusal::Null),
        };
        out[0] = x;
        if self.flagged {
            out[1] = missing;
        }
        Ok(())
    }
}
