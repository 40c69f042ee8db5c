//! Standard scores.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// `(x − mean) / standard deviation`, of the population (no degree of freedom is taken off), as scikit-learn's
/// `StandardScaler` has it: NaN is passed over in fitting and goes through, a constant has deviation 1.
///
/// Sums are exact here, so far from zero, where scikit-learn loses digits, scores differ by what it lost. An infinity in
/// the rows to fit on is an error; one that is encoded stays one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// Whether the mean is taken off.
    pub mean: bool,
    /// Whether it is divided by the standard deviation.
    pub deviation: bool,
}

impl Default for Standard {
    /// Both.
    fn default() -> Self {
        Self { mean: true, deviation: true }
    }
}

/// `(x − shift) / scale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    pub(crate) shift: JsonFloat,
    pub(crate) scale: JsonFloat,
}

impl Linear {
    #[inline]
    pub(crate) fn number(&self, x: f64) -> f64 {
        (x - self.shift.0) / self.scale.0
    }
}

impl Fitted for Linear {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = self.number(as_float(value).ok_or(Refusal::Null)?);
        Ok(())
    }
}

impl Transform for Standard {
    const NAME: &'static str = "standard";
    const VERSION: u32 = 1;
    type State = Moments;
    type Fitted = Linear;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        input.number()
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) -> Moments {
        Moments::default()
    }

    fn update(&self, state: &mut Moments, rows: &FitRows<'_>) -> Result<(), TransformError> {
        state.add_all(rows.plain_numbers())
    }

    fn merge(&self, state: &mut Moments, other: Moments) {
        state.merge(&other);
    }

    fn finish(&self, state: Moments, _: &Seen) -> Result<Linear, TransformError> {
        let (Some(mean), Some(deviation)) = (state.mean(), deviation(&state)) else {
            return Err(TransformError::NoValue { wanted: "mean" });
        };
        let shift = JsonFloat(if self.mean { mean } else { 0.0 });
        Ok(Linear { shift, scale: JsonFloat(if self.deviation { deviation } else { 1.0 }) })
    }
}

/// The standard deviation, 1 for a constant; `None` of nothing.
pub(super) fn deviation(moments: &Moments) -> Option<f64> {
    moments.variance().map(|variance| if is_constant(moments) { 1.0 } else { variance.sqrt() })
}

/// scikit-learn's rule for what rounding alone makes of a constant.
pub(super) fn is_constant(moments: &Moments) -> bool {
    let (Some(mean), Some(variance)) = (moments.mean(), moments.variance()) else { return false };
    let count = moments.count() as f64;
    variance <= count * f64::EPSILON * variance + (count * mean * f64::EPSILON).powi(2)
}
