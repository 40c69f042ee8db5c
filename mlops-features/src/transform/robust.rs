//! Scores by order statistics, which outliers don't move.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::extremes::scale_or_one;
use super::normal::normal_quantile;
use super::order::Ordered;
use super::standard::Linear;
use super::{FitRows, InputKind, Seen, Transform, TransformError};

/// `(x − median) / (q(high) − q(low))`, with quantiles of the rows to fit on by linear interpolation, as scikit-learn's
/// `RobustScaler` has it: NaN is passed over in fitting and goes through, all NaN gives NaN, and a distance of quantiles
/// below 10 machine epsilons is taken for 1.
///
/// With `unit_variance` the distance is divided by that of the standard normal distribution's quantiles, so that numbers
/// which are normally distributed get a variance of 1. An infinity in the rows to fit on is an error; one that is
/// encoded stays one. Fitting keeps the numbers: up to 16 Mi in memory, the rest in a temporary file.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `low_quantile`, `high_quantile` | 0.25, 0.75 | 0 to 1, low below high; with `unit_variance` neither 0 nor 1 |
/// | `center`, `scale` | yes | whether the median is taken off; whether it is divided |
/// | `unit_variance` | no | |
///
/// scikit-learn gives quantiles in percent, and takes a low one that equals the high one.
///
/// ```
/// use mlops_features::{Feature, Nulls, Robust};
///
/// let feature = Feature::number("price", "price", Nulls::Median).then(Robust::between(0.1, 0.9));
/// assert_eq!(feature.transforms[1].transform, "robust");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robust {
    /// The level of the lower quantile.
    pub low_quantile: JsonFloat,
    /// The level of the upper quantile.
    pub high_quantile: JsonFloat,
    /// Whether the median is taken off.
    pub center: bool,
    /// Whether it is divided by the distance of the quantiles.
    pub scale: bool,
    /// Whether a normal distribution is to get a variance of 1.
    pub unit_variance: bool,
}

impl Default for Robust {
    /// Median and quartiles.
    fn default() -> Self {
        Self::between(0.25, 0.75)
    }
}

impl Robust {
    /// Centered and scaled by the distance of two quantiles.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        let (low_quantile, high_quantile) = (JsonFloat(low), JsonFloat(high));
        Self { low_quantile, high_quantile, center: true, scale: true, unit_variance: false }
    }
}

impl Transform for Robust {
    const NAME: &'static str = "robust";
    const VERSION: u32 = 1;
    type State = Ordered;
    type Fitted = Linear;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let (low, high) = (self.low_quantile.0, self.high_quantile.0);
        check_levels(low, high)?;
        if self.unit_variance && !(0.0 < low && high < 1.0) {
            let (got, allowed) = (format!("{low} to {high}"), "above 0 and below 1 for a unit variance");
            return Err(TransformError::Parameter { parameter: "low_quantile to high_quantile", got, allowed });
        }
        input.number()
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

    fn finish(&self, mut state: Ordered, _: &Seen) -> Result<Linear, TransformError> {
        let shift = if self.center { state.median()?.unwrap_or(f64::NAN) } else { 0.0 };
        let scale = if self.scale {
            let (low, high) = (self.low_quantile.0, self.high_quantile.0);
            let distance = match state.quantiles(&[low, high])?.as_deref() {
                Some([low, high]) => scale_or_one(high - low),
                _ => f64::NAN,
            };
            let of_normal = || normal_quantile(high) - normal_quantile(low);
            if self.unit_variance { distance / of_normal() } else { distance }
        } else {
            1.0
        };
        Ok(Linear { shift: JsonFloat(shift), scale: JsonFloat(scale) })
    }
}

/// Two levels of quantiles, one below the other.
pub(crate) fn check_levels(low: f64, high: f64) -> Result<(), TransformError> {
    if 0.0 <= low && low < high && high <= 1.0 {
        return Ok(());
    }
    let (got, allowed) = (format!("{low} to {high}"), "from 0 to 1, the low one below the high one");
    Err(TransformError::Parameter { parameter: "low to high quantile", got, allowed })
}
