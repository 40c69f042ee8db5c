//! Numbers as shares of the greatest magnitude.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::extremes::{Extremes, scale_or_one};
use super::standard::Linear;
use super::{FitRows, InputKind, Seen, Transform, TransformError};

/// `x / max |x|`, with the greatest magnitude of the rows to fit on, as scikit-learn's `MaxAbsScaler` has it: NaN is
/// passed over in fitting and goes through, all NaN gives NaN, and a magnitude below 10 machine epsilons is taken for 1.
///
/// An infinity in the rows to fit on is an error; one that is encoded stays one.
///
/// ```
/// use mlops_features::{Feature, MaxAbs, Nulls};
///
/// let feature = Feature::number("change", "change", Nulls::Refuse).then(MaxAbs {});
/// assert_eq!(feature.transforms[1].transform, "max_abs");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxAbs {}

impl Transform for MaxAbs {
    const NAME: &'static str = "max_abs";
    const VERSION: u32 = 1;
    type State = Extremes;
    type Fitted = Linear;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        input.number()
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

    fn finish(&self, state: Extremes, _: &Seen) -> Result<Linear, TransformError> {
        let magnitude = state.get().map_or(f64::NAN, |(least, greatest)| least.abs().max(greatest.abs()));
        Ok(Linear { shift: JsonFloat(0.0), scale: JsonFloat(scale_or_one(magnitude)) })
    }
}
