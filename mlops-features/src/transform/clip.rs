//! Numbers without their extremes.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::min_max::clipped;
use super::order::Ordered;
use super::robust::check_levels;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// `min(max(x, q(low)), q(high))`, with quantiles of the rows to fit on by linear interpolation, as
/// `numpy.nanquantile` has them: numbers are winsorised.
///
/// NaN is passed over in fitting and goes through; none but NaN is an error, and so is an infinity in the rows to fit on.
/// One that is encoded is clipped. Fitting keeps the numbers: up to 16 Mi in memory, the rest in a temporary file.
///
/// `low` and `high` are from 0 to 1, `low` below `high`.
///
/// ```
/// use mlops_features::{ClipToQuantiles, Feature, Nulls};
///
/// let feature = Feature::number("fare", "fare", Nulls::Refuse).then(ClipToQuantiles::between(0.01, 0.99));
/// assert_eq!(feature.transforms[1].name, "clip_to_quantiles");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipToQuantiles {
    /// The level of the lower quantile.
    pub low: JsonFloat,
    /// The level of the upper quantile.
    pub high: JsonFloat,
}

impl ClipToQuantiles {
    /// Between the quantiles of two levels of 0 to 1.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        Self { low: JsonFloat(low), high: JsonFloat(high) }
    }
}

/// Two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub(crate) low: JsonFloat,
    pub(crate) high: JsonFloat,
}

impl Transform for ClipToQuantiles {
    const NAME: &'static str = "clip_to_quantiles";
    const VERSION: u32 = 1;
    type State = Ordered;
    type Fitted = Bounds;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        check_levels(self.low.0, self.high.0)?;
        input.number()
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) -> Ordered {
        Ordered::default()
    }

    fn update(&self, state: &mut Ordered, rows: &FitRows<'_>) -> Result<(), TransformError> {
        state.add_all(rows.plain_numbers())
    }

    fn merge(&self, state: &mut Ordered, other: Ordered) {
        state.merge(other);
    }

    fn finish(&self, mut state: Ordered, _: &Seen) -> Result<Bounds, TransformError> {
        match state.quantiles(&[self.low.0, self.high.0])?.as_deref() {
            Some(&[low, high]) => Ok(Bounds { low: JsonFloat(low), high: JsonFloat(high) }),
            _ => Err(TransformError::NoValue { wanted: "quantile" }),
        }
    }
}

impl Fitted for Bounds {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = clipped(as_float(value).ok_or(Refusal::Null)?, self.low.0, self.high.0);
        Ok(())
    }
}
