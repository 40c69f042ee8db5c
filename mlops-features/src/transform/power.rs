//! Numbers raised to a power that makes them more like normally distributed ones.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::optimise::{minimum_between, minimum_from};
use super::order::Ordered;
use super::standard::{deviation, is_constant};
use super::{FitRows, Fitted, InputKind, Learns, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// A power of a number, then standardised: scikit-learn's `PowerTransformer`.
///
/// Yeo–Johnson (Biometrika 87, 2000, doi:10.1093/biomet/87.4.954), for any number:
/// `((x + 1)^λ − 1) / λ` from 0 on, `ln(x + 1)` for λ = 0; `−((1 − x)^(2−λ) − 1) / (2 − λ)` below 0, `−ln(1 − x)` for
/// λ = 2. Box–Cox (Journal of the Royal Statistical Society B 26, 1964, doi:10.1111/j.2517-6161.1964.tb00553.x), for
/// numbers above 0: `(x^λ − 1) / λ`, `ln x` for λ = 0.
///
/// λ is the one under which the rows to fit on are most likely to be normally distributed. It is searched for by Brent's
/// method from where scipy searches, so it is as near to scipy's as a likelihood in floats is to its flat top: within 1e-6
/// of its size, 1e-5 for numbers around 1e-12. Of numbers whose spread is a billionth of their size, any λ is as good,
/// and the one that is found is rounding. A `lambda` that is given is taken.
///
/// NaN is passed over in fitting and goes through; none but NaN is an error where anything is learnt, and so are an
/// infinity and a given λ that makes one; no λ is learnt under which a number would be beyond 1e150. A constant has a λ of 1, where scikit-learn refuses it for Box–Cox. Under Box–Cox a number
/// to fit on that isn't above 0 is an error; one that is encoded becomes NaN, where scikit-learn refuses the table.
///
/// The search goes through the numbers some fifty times, so a fit keeps them: up to 16 Mi in memory, the rest in a
/// temporary file.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `method` | Yeo–Johnson | Yeo–Johnson or Box–Cox |
/// | `standardise` | yes | whether the mean is taken off and it is divided by the standard deviation |
/// | `lambda` | learnt | finite |
///
/// ```
/// use mlops_features::{Feature, Nulls, Power};
///
/// let feature = Feature::number("price", "price", Nulls::NaN).then(Power::box_cox());
/// assert_eq!(feature.transforms[1].transform, "power");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Power {
    /// Which power.
    pub method: PowerMethod,
    /// Whether the mean is taken off and it is divided by the standard deviation.
    pub standardise: bool,
    /// The exponent, where it isn't to be learnt.
    pub lambda: Option<JsonFloat>,
}

/// Which power a [`Power`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PowerMethod {
    /// For any number.
    YeoJohnson,
    /// For numbers above 0.
    BoxCox,
}

impl Default for Power {
    /// Yeo–Johnson, standardised, with a λ that is learnt.
    fn default() -> Self {
        Self { method: PowerMethod::YeoJohnson, standardise: true, lambda: None }
    }
}

impl Power {
    /// Box–Cox, standardised, with a λ that is learnt.
    #[must_use]
    pub fn box_cox() -> Self {
        Self { method: PowerMethod::BoxCox, ..Self::default() }
    }

    /// With a λ that is given.
    #[must_use]
    pub fn with_lambda(self, lambda: f64) -> Self {
        Self { lambda: Some(JsonFloat(lambda)), ..self }
    }
}

/// A [`Power`] with what it has learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPower {
    method: PowerMethod,
    lambda: JsonFloat,
    shift: JsonFloat,
    scale: JsonFloat,
}

impl PowerMethod {
    #[inline]
    fn apply(self, x: f64, lambda: f64) -> f64 {
        // Powers by way of exponentials less one keep the digits where they are near to one.
        let grown = |log: f64, lambda: f64| {
            if lambda.abs() < f64::EPSILON { log } else { libm::expm1(lambda * log) / lambda }
        };
        match self {
            Self::YeoJohnson if x >= 0.0 => grown(libm::log1p(x), lambda),
            Self::YeoJohnson => -grown(libm::log1p(-x), 2.0 - lambda),
            Self::BoxCox if x > 0.0 => grown(libm::log(x), lambda),
            Self::BoxCox => f64::NAN,
        }
    }

    /// The logarithm of the derivative of the power by `x`, but for the factor `lambda − 1`.
    fn log_slope(self, x: f64) -> f64 {
        match self {
            Self::YeoJohnson => libm::log1p(x.abs()).copysign(x),
            Self::BoxCox => libm::log(x),
        }
    }
}

impl Transform for Power {
    const NAME: &'static str = "power";
    const VERSION: u32 = 1;
    type State = Ordered;
    type Fitted = FittedPower;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        match self.lambda {
            Some(JsonFloat(lambda)) if !lambda.is_finite() => {
                let (parameter, got) = ("lambda", lambda.to_string());
                Err(TransformError::Parameter { parameter, got, allowed: "finite" })
            }
            _ => input.number(),
        }
    }

    fn learns(&self) -> Learns {
        if self.lambda.is_some() && !self.standardise { Learns::Nothing } else { Learns::FromRows }
    }

    fn start(&self) -> Ordered {
        Ordered::default()
    }

    fn update(&self, state: &mut Ordered, rows: &FitRows<'_>) -> Result<(), TransformError> {
        let numbers = rows.plain_numbers();
        if self.method == PowerMethod::BoxCox
            && let Some(&got) = numbers.iter().find(|x| **x <= 0.0)
        {
            return Err(TransformError::OutOfRange { got, wanted: "all have to be above 0" });
        }
        state.add_all(numbers)
    }

    fn merge(&self, state: &mut Ordered, other: Ordered) {
        state.merge(other);
    }

    fn finish(&self, mut state: Ordered, _: &Seen) -> Result<FittedPower, TransformError> {
        let lambda = match self.lambda {
            Some(JsonFloat(lambda)) => lambda,
            None => learnt(self.method, &mut state)?,
        };
        let (mut shift, mut scale) = (0.0, 1.0);
        if self.standardise {
            let moments = moments(&mut state, |x| self.method.apply(x, lambda))?;
            let (parameter, allowed) = ("lambda", "one under which no number to fit on overflows");
            let overflow = || TransformError::Parameter { parameter, got: lambda.to_string(), allowed };
            let moments = moments.ok_or_else(overflow)?;
            let none = TransformError::NoValue { wanted: "mean" };
            shift = moments.mean().ok_or(none.clone())?;
            scale = deviation(&moments).ok_or(none)?;
        }
        let (lambda, shift, scale) = (JsonFloat(lambda), JsonFloat(shift), JsonFloat(scale));
        Ok(FittedPower { method: self.method, lambda, shift, scale })
    }
}

/// The moments of what a function makes of the numbers; `None` if it makes an infinity or NaN of any.
fn moments(numbers: &mut Ordered, of: impl Fn(f64) -> f64) -> Result<Option<Moments>, TransformError> {
    let (mut moments, mut finite) = (Moments::default(), true);
    numbers.visit(|x| {
        let y = of(x);
        finite &= y.is_finite();
        if finite {
            moments.add(y);
        }
    })?;
    Ok(finite.then_some(moments))
}

/// The logarithm of the greatest number that a power may make, so that its square doesn't overflow.
const MOST: f64 = 345.0;

/// The λ of the greatest likelihood `(λ − 1) · Σ log slope − n / 2 · ln variance`.
fn learnt(method: PowerMethod, numbers: &mut Ordered) -> Result<f64, TransformError> {
    let none = TransformError::NoValue { wanted: "power" };
    let extremes = numbers.quantiles(&[0.0, 1.0])?;
    let &[least, greatest] = extremes.as_deref().unwrap_or_default() else { return Err(none) };
    if moments(numbers, |x| x)?.is_none_or(|moments| is_constant(&moments)) {
        return Ok(1.0);
    }
    let slopes = moments(numbers, |x| method.log_slope(x))?.and_then(|slopes| slopes.mean()).ok_or(none)?;
    // Per number, so as not to lose digits to their count; what has no variance is no candidate.
    let unlikelihood = |lambda: f64, log_variance: Option<f64>| match log_variance {
        Some(log_variance) if log_variance.is_finite() => 0.5 * log_variance - (lambda - 1.0) * slopes,
        _ => f64::INFINITY,
    };
    match method {
        PowerMethod::BoxCox => {
            let logs = [libm::log(least), libm::log(greatest)];
            let first = (MOST / logs[0].abs().max(logs[1].abs())).min(2.0);
            minimum_from(-first, first, |lambda| {
                Ok(unlikelihood(lambda, box_cox_log_variance(numbers, lambda, logs)?))
            })
        }
        PowerMethod::YeoJohnson => {
            let (low, high) = yeo_johnson_bounds(least, greatest);
            minimum_between(low, high, |lambda| {
                let variance =
                    moments(numbers, |x| method.apply(x, lambda))?.and_then(|moments| moments.variance());
                Ok(unlikelihood(lambda, variance.filter(|variance| *variance >= f64::MIN_POSITIVE).map(libm::log)))
            })
        }
    }
}

/// `ln variance(x^λ / λ)`, by powers of shares of the greatest so that none overflows, less one so that none is lost in
/// the others; `logs` are those of the least and the greatest number.
fn box_cox_log_variance(numbers: &mut Ordered, lambda: f64, logs: [f64; 2]) -> Result<Option<f64>, TransformError> {
    if lambda == 0.0 {
        return Ok(moments(numbers, libm::log)?.and_then(|moments| moments.variance()).map(libm::log));
    }
    let most = if lambda > 0.0 { logs[1] } else { logs[0] };
    if lambda * most > MOST {
        return Ok(None);
    }
    let variance = moments(numbers, |x| libm::expm1(lambda * (libm::log(x) - most)))?.and_then(|of| of.variance());
    Ok(variance.map(|variance| libm::log(variance) + 2.0 * (lambda * most - libm::log(lambda.abs()))))
}

/// Between which λ the power of twenty times the greatest magnitude and its variance are sure to be in the range of
/// floats: those of scipy's `yeojohnson_normmax`.
fn yeo_johnson_bounds(least: f64, greatest: f64) -> (f64, f64) {
    let log_most = libm::log1p(20.0 * least.abs().max(greatest.abs())).min(f64::MAX);
    let log_epsilon = libm::log(f64::EPSILON);
    let low = (libm::log(f64::MIN_POSITIVE) - log_epsilon) / 2.0 / log_most;
    let high = (libm::log(f64::MAX) + log_epsilon) / 2.0 / log_most;
    if greatest < 0.0 {
        (2.0 - high, 2.0 - low)
    } else if least < 0.0 {
        (low.max(2.0 - high), high.min(2.0 - low))
    } else {
        (low, high)
    }
}

impl Fitted for FittedPower {
    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let x = as_float(value).ok_or(Refusal::Null)?;
        out[0] = (self.method.apply(x, self.lambda.0) - self.shift.0) / self.scale.0;
        Ok(())
    }
}
