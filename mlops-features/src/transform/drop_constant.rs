//! Numbers that don't vary are dropped.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// Drops a number whose variance in the rows to fit on is at most a threshold, as scikit-learn's `VarianceThreshold` has
/// it: `mean((x − mean)²)`, NaN passed over. What was NaN alone is dropped.
///
/// The variance is exact but for the last rounding, so a threshold of 0 drops just what is constant, or varies by less
/// than 1e-162; scikit-learn needs the range to tell. It makes an error of it if all columns are dropped; here a feature
/// is on its own, and has no number then. An infinity in the rows to fit on is an error.
///
/// The threshold is 0 or more; the default is 0.
///
/// ```
/// use mlops_features::{DropConstant, Feature, Nulls};
///
/// let feature = Feature::number("version", "version", Nulls::NaN).then(DropConstant::default());
/// assert_eq!(feature.transforms[1].name, "drop_constant");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropConstant {
    /// The greatest variance that is dropped.
    pub variance: JsonFloat,
}

impl DropConstant {
    /// Drops what has a variance of at most this.
    #[must_use]
    pub fn at_most(variance: f64) -> Self {
        Self { variance: JsonFloat(variance) }
    }
}

/// Whether a number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub(crate) kept: bool,
}

impl Transform for DropConstant {
    const NAME: &'static str = "drop_constant";
    const VERSION: u32 = 1;
    type State = Moments;
    type Fitted = Kept;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let variance = self.variance.0;
        if !(0.0 <= variance && variance.is_finite()) {
            let (parameter, got) = ("variance", variance.to_string());
            return Err(TransformError::Parameter { parameter, got, allowed: "0 or more, and finite" });
        }
        input.number()
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

    fn finish(&self, state: Moments, _: &Seen) -> Result<Kept, TransformError> {
        Ok(Kept { kept: state.variance().is_some_and(|variance| variance > self.variance.0) })
    }
}

impl Fitted for Kept {
    fn width(&self) -> usize {
        usize::from(self.kept)
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        if let Some(out) = out.first_mut() {
            *out = as_float(value).ok_or(Refusal::Null)?;
        }
        Ok(())
    }
}
