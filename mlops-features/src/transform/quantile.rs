//! Numbers by their place in a distribution.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::min_max::clipped;
use super::normal::normal_quantile;
use super::order::Ordered;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// The place of a number in the distribution of the rows to fit on, from 0 to 1, or the quantile of the standard normal
/// distribution that belongs to it: scikit-learn's `QuantileTransformer` with `subsample=None`. All rows are used.
///
/// References are `i / (n − 1)` for `n` quantiles, or as many as there are rows if these are fewer. A number is placed by
/// linear interpolation between the quantiles of these levels: the mean of an interpolation from below and one from above,
/// which differ where quantiles are equal. What is outside of the quantiles is 0 or 1. For a normal output, a number
/// within 1e-7 of an end or beyond it gets that of 1e-7, ±5.1993.
///
/// NaN is passed over in fitting and goes through; all NaN gives NaN; a constant becomes 0, or −5.1993. An infinity in
/// the rows to fit on is an error. Fitting keeps the numbers: up to 16 Mi in memory, the rest in a temporary file.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `quantiles` | 1000 | 1 to 1,000,000 |
/// | `output` | uniform | uniform or normal |
///
/// ```
/// use mlops_features::{Feature, Nulls, Quantile};
///
/// let feature = Feature::number("income", "income", Nulls::NaN).then(Quantile::normal(100));
/// assert_eq!(feature.transforms[1].transform, "quantile");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// How many quantiles are learnt.
    pub quantiles: u32,
    /// The distribution of what comes out.
    pub output: Distribution,
}

/// A distribution that numbers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Distribution {
    /// From 0 to 1.
    Uniform,
    /// The standard normal one.
    Normal,
}

impl Default for Quantile {
    /// 1000 quantiles, a uniform output.
    fn default() -> Self {
        Self::uniform(1000)
    }
}

impl Quantile {
    /// So many quantiles, a uniform output.
    #[must_use]
    pub fn uniform(quantiles: u32) -> Self {
        Self { quantiles, output: Distribution::Uniform }
    }

    /// So many quantiles, a normal output.
    #[must_use]
    pub fn normal(quantiles: u32) -> Self {
        Self { quantiles, output: Distribution::Normal }
    }
}

/// What a [`Quantile`] gathers.
#[derive(Debug, Default)]
pub struct QuantileState {
    numbers: Ordered,
    rows: u64,
}

/// A [`Quantile`] with its quantiles, ascending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedQuantile {
    quantiles: Vec<JsonFloat>,
    output: Distribution,
}

/// The levels from 0 to `top` in `steps` equal steps, as numpy's `linspace` rounds them.
pub(crate) fn levels(top: f64, steps: usize) -> Vec<f64> {
    let step = top / steps.max(1) as f64;
    let mut levels: Vec<f64> = (0..=steps).map(|i| i as f64 * step).collect();
    if steps > 0 {
        levels[steps] = top;
    }
    levels
}

impl Transform for Quantile {
    const NAME: &'static str = "quantile";
    const VERSION: u32 = 1;
    type State = QuantileState;
    type Fitted = FittedQuantile;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        if !(1..=1_000_000).contains(&self.quantiles) {
            let (parameter, got) = ("quantiles", self.quantiles.to_string());
            return Err(TransformError::Parameter { parameter, got, allowed: "1 to 1,000,000" });
        }
        input.number()
    }

    fn start(&self) -> QuantileState {
        QuantileState::default()
    }

    fn update(&self, state: &mut QuantileState, rows: &FitRows<'_>) -> Result<(), TransformError> {
        state.rows += rows.plain_numbers().len() as u64;
        state.numbers.add_all(rows.plain_numbers())
    }

    fn merge(&self, state: &mut QuantileState, other: QuantileState) {
        state.rows += other.rows;
        state.numbers.merge(other.numbers);
    }

    fn finish(&self, mut state: QuantileState, _: &Seen) -> Result<FittedQuantile, TransformError> {
        let count = u64::from(self.quantiles).min(state.rows).max(1) as usize;
        // By way of percent, as scikit-learn has it, to round as it does.
        let levels: Vec<f64> = levels(1.0, count - 1).iter().map(|level| level * 100.0 / 100.0).collect();
        let quantiles = state.numbers.quantiles(&levels)?.unwrap_or_else(|| vec![f64::NAN; count]);
        Ok(FittedQuantile { quantiles: quantiles.into_iter().map(JsonFloat).collect(), output: self.output })
    }
}

/// How near to an end a number counts as that end, for a normal output.
const NEAR: f64 = 1e-7;

/// What the ends become, for a normal output: scipy's `norm.ppf` of 1e-7 and of 1 − 1e-7, each less an epsilon.
const ENDS: (f64, f64) = (-5.199_337_582_605_575, 5.199_337_582_703_42);

impl FittedQuantile {
    /// The level of a quantile.
    fn level(&self, place: usize) -> f64 {
        let last = self.quantiles.len() - 1;
        if place == last && last > 0 { 1.0 } else { place as f64 * (1.0 / last.max(1) as f64) }
    }

    /// The interpolated level, towards the quantiles above where several are equal, or else below.
    fn interpolated(&self, x: f64, above: bool) -> f64 {
        let last = self.quantiles.len() - 1;
        // The nearest quantile on the side of which it is interpolated, and the one on the other side.
        let (near, far) = if above {
            let place = self.quantiles.partition_point(|quantile| quantile.0 <= x);
            (place.checked_sub(1), Some(place))
        } else {
            let place = self.quantiles.partition_point(|quantile| quantile.0 < x);
            (Some(place), place.checked_sub(1))
        };
        match (near, far) {
            (None, _) => 0.0,
            (Some(near), _) if near > last => self.level(last),
            (Some(near), Some(far)) if far <= last && self.quantiles[near].0 != x => {
                let (a, b) = (self.quantiles[near].0, self.quantiles[far].0);
                let slope = (self.level(far) - self.level(near)) / (b - a);
                // A step below the least normal float may overflow.
                clipped(slope * (x - a) + self.level(near), 0.0, 1.0)
            }
            (Some(near), _) => self.level(near),
        }
    }
}

impl Fitted for FittedQuantile {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let x = as_float(value).ok_or(Refusal::Null)?;
        out[0] = f64::NAN;
        let (Some(&JsonFloat(low)), Some(&JsonFloat(high))) = (self.quantiles.first(), self.quantiles.last())
        else {
            return Ok(());
        };
        if x.is_nan() || low.is_nan() {
            return Ok(());
        }
        let (is_low, is_high) = match self.output {
            Distribution::Uniform => (x == low, x == high),
            Distribution::Normal => (x - NEAR < low, x + NEAR > high),
        };
        let level = if is_low {
            0.0
        } else if is_high {
            1.0
        } else {
            0.5 * (self.interpolated(x, true) + self.interpolated(x, false))
        };
        out[0] = match self.output {
            Distribution::Uniform => level,
            Distribution::Normal => clipped(normal_quantile(level), ENDS.0, ENDS.1),
        };
        Ok(())
    }
}
