//! Numbers between two bounds.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::extremes::{Extremes, scale_or_one};
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// `(x − min) / (max − min) · (high − low) + low`, with the least and the greatest number of the rows to fit on, as
/// scikit-learn's `MinMaxScaler` has it: NaN is passed over in fitting and goes through, all NaN gives NaN, and a range
/// below 10 machine epsilons is taken for 1, so that a constant becomes `low`.
///
/// scikit-learn multiplies before it takes the least off, so far from zero it loses digits that are kept here. An
/// infinity in the rows to fit on is an error, and so is a range beyond the floats; an infinity that is encoded stays
/// one, or is clipped.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `low`, `high` | 0, 1 | finite, `low` below `high` |
/// | `clip` | no | what is outside of the range that was seen becomes `low` or `high` |
///
/// ```
/// use mlops_features::{Feature, MinMax, Nulls};
///
/// let feature = Feature::number("share", "share", Nulls::Mean).then(MinMax::between(-1.0, 1.0).clipped());
/// assert_eq!(feature.transforms.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinMax {
    /// What the least number becomes.
    pub low: JsonFloat,
    /// What the greatest number becomes.
    pub high: JsonFloat,
    /// Whether numbers outside of the range that was seen are clipped.
    pub clip: bool,
}

impl Default for MinMax {
    /// From 0 to 1, not clipped.
    fn default() -> Self {
        Self::between(0.0, 1.0)
    }
}

impl MinMax {
    /// Between two bounds, not clipped.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        Self { low: JsonFloat(low), high: JsonFloat(high), clip: false }
    }

    /// Clips what is outside of the range that was seen.
    #[must_use]
    pub fn clipped(self) -> Self {
        Self { clip: true, ..self }
    }
}

/// A [`MinMax`] with the range that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMinMax {
    pub(crate) least: JsonFloat,
    pub(crate) range: JsonFloat,
    pub(crate) to: MinMax,
}

impl Transform for MinMax {
    const NAME: &'static str = "min_max";
    const VERSION: u32 = 1;
    type State = Extremes;
    type Fitted = FittedMinMax;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let (low, high) = (self.low.0, self.high.0);
        if !(low < high && low.is_finite() && high.is_finite() && (high - low).is_finite()) {
            let (got, allowed) = (format!("{low} to {high}"), "finite, from a number to a greater one");
            return Err(TransformError::Parameter { parameter: "low to high", got, allowed });
        }
        input.number()
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) -> Extremes {
        Extremes::default()
    }

    fn update(&self, state: &mut Extremes, rows: &FitRows<'_>) -> Result<(), TransformError> {
        state.add_all(rows.plain_numbers())
    }

    fn merge(&self, state: &mut Extremes, other: Extremes) {
        state.merge(other);
    }

    fn finish(&self, state: Extremes, _: &Seen) -> Result<FittedMinMax, TransformError> {
        let (least, greatest) = state.get().unwrap_or((f64::NAN, f64::NAN));
        let range = greatest - least;
        if range.is_infinite() {
            return Err(TransformError::OutOfRange {
                got: least,
                wanted: "all have to be in a range of finite width",
            });
        }
        Ok(FittedMinMax { least: JsonFloat(least), range: JsonFloat(scale_or_one(range)), to: *self })
    }
}

impl Fitted for FittedMinMax {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let (low, high) = (self.to.low.0, self.to.high.0);
        let x = (as_float(value).ok_or(Refusal::Null)? - self.least.0) / self.range.0 * (high - low) + low;
        out[0] = if self.to.clip { clipped(x, low, high) } else { x };
        Ok(())
    }
}

/// What is below `low` or above `high` becomes that; NaN stays.
#[inline]
pub(crate) fn clipped(x: f64, low: f64, high: f64) -> f64 {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}
