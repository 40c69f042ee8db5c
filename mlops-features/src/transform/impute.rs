//! Numbers in the place of NaN.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::fill::{Fill, FillState};
use super::{FitRows, Fitted, InputKind, Learns, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// A number in the place of NaN: scikit-learn's `SimpleImputer` with `missing_values=nan`.
///
/// With `flagged` a second number `feature.nan` is 1 for NaN and else 0, which a further transform takes as it takes any
/// other; scikit-learn's `add_indicator` leaves it out where the rows to fit on had none. Where all of them were NaN,
/// scikit-learn drops the column; here there is nothing to learn, which is an error. An infinity in the rows to fit on is
/// an error too; one that is encoded stays one.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `with` | none | mean, median, most frequent (the least of several), or a number that isn't NaN |
/// | `flagged` | no | |
///
/// A median or a most frequent number keeps the numbers of a fit: up to 16 Mi in memory, the rest in a temporary file.
///
/// ```
/// use mlops_features::{Feature, Impute, MinMax, Nulls};
///
/// let income = Feature::number("income", "income", Nulls::NaN);
/// let feature = income.then(Impute::median()).then(MinMax::default());
/// assert_eq!(feature.transforms.len(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impute {
    /// What stands in for NaN.
    pub with: Fill,
    /// Whether a second number tells that it was NaN.
    pub flagged: bool,
}

impl Impute {
    /// The mean.
    #[must_use]
    pub fn mean() -> Self {
        Self { with: Fill::Mean, flagged: false }
    }

    /// The median.
    #[must_use]
    pub fn median() -> Self {
        Self { with: Fill::Median, flagged: false }
    }

    /// The most frequent number.
    #[must_use]
    pub fn most_frequent() -> Self {
        Self { with: Fill::MostFrequent, flagged: false }
    }

    /// A number.
    #[must_use]
    pub fn constant(x: f64) -> Self {
        Self { with: Fill::Constant(JsonFloat(x)), flagged: false }
    }

    /// With a second number that tells that it was NaN.
    #[must_use]
    pub fn flagged(self) -> Self {
        Self { flagged: true, ..self }
    }
}

/// An [`Impute`] with what it has learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedImpute {
    pub(crate) fill: JsonFloat,
    pub(crate) flagged: bool,
}

impl Transform for Impute {
    const NAME: &'static str = "impute";
    const VERSION: u32 = 1;
    type State = FillState;
    type Fitted = FittedImpute;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        match self.with {
            Fill::Constant(JsonFloat(x)) if x.is_nan() => {
                let (parameter, allowed) = ("with", "a number that isn't NaN");
                Err(TransformError::Parameter { parameter, got: x.to_string(), allowed })
            }
            _ => input.number(),
        }
    }

    fn learns(&self) -> Learns {
        if matches!(self.with, Fill::Constant(_)) { Learns::Nothing } else { Learns::FromRows }
    }

    fn known_width(&self) -> Option<usize> {
        Some(1 + usize::from(self.flagged))
    }

    fn start(&self) -> FillState {
        self.with.start()
    }

    fn update(&self, state: &mut FillState, rows: &FitRows<'_>) -> Result<(), TransformError> {
        rows.plain_numbers().iter().try_for_each(|&x| state.add(x))
    }

    fn merge(&self, state: &mut FillState, other: FillState) {
        state.merge(other);
    }

    fn finish(&self, state: FillState, _: &Seen) -> Result<FittedImpute, TransformError> {
        Ok(FittedImpute { fill: JsonFloat(self.with.finish(state)?), flagged: self.flagged })
    }
}

impl Fitted for FittedImpute {
    fn width(&self) -> usize {
        1 + usize::from(self.flagged)
    }

    fn names(&self, of: &str, _: &Vocabulary) -> Vec<String> {
        if self.flagged { vec![of.into(), format!("{of}.nan")] } else { vec![of.into()] }
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let x = as_float(value).ok_or(Refusal::Null)?;
        out[0] = if x.is_nan() { self.fill.0 } else { x };
        if self.flagged {
            out[1] = f64::from(u8::from(x.is_nan()));
        }
        Ok(())
    }
}
