//! Welch's t test.

use super::moments::Moments;
use super::sample::Sides;
use super::special::{student_quantile, student_two_sided};
use super::{Effect, EffectMeasure, Interval, Method, Sample, SampleTest};
use crate::DriftError;

/// Welch's t test, two-sided: whether the means differ, whatever the variances.
///
/// t = (x̄ − ȳ) / √(s²/n + r²/m), of the reference's mean and variance x̄ and s² and those of the current sample, with the degrees of
/// freedom of Welch and Satterthwaite (Welch, 1947, doi:10.1093/biomet/34.1-2.28). `scipy.stats.ttest_ind(equal_var=False)` gives
/// the same numbers. NaN and infinities are left out.
///
/// The effect is the current mean less the reference's in units of √((s² + r²) / 2), with the interval of the difference
/// of means in the same unit, which is taken for known.
///
/// # Errors
/// [`DriftError::Empty`] for a sample without rows, [`DriftError::TooFewValues`] where fewer than two are finite,
/// [`DriftError::Undefined`] where both samples are constant.
///
/// ```
/// use mlops_drift::{Sample, welch_t};
///
/// let test = welch_t(&Sample::of(&[1.0, 2.0, 3.0, 4.0]), &Sample::of(&[3.0, 5.0, 7.0])).unwrap();
/// assert!((test.statistic + 1.889_822_365_046_136).abs() < 1e-14);
/// assert!(test.effect.value > 1.0);
/// ```
pub fn welch_t(reference: &Sample, current: &Sample) -> Result<SampleTest, DriftError> {
    let sides = Sides::finite(reference, current, 2)?;
    let (a, b) = (Moments::of(sides.reference), Moments::of(sides.current));
    let (error_a, error_b) = (a.variance() / a.n, b.variance() / b.n);
    let error = error_a + error_b;
    if error == 0.0 {
        return Err(DriftError::Undefined { statistic: "t statistic", cause: "both samples are constant" });
    }
    let statistic = a.less(&b) / error.sqrt();
    let degrees = 1.0
        / ((error_a / error) * (error_a / error) / (a.n - 1.0)
            + (error_b / error) * (error_b / error) / (b.n - 1.0));
    let unit = (0.5 * (a.variance() + b.variance())).sqrt();
    let value = b.less(&a) / unit;
    let reach = student_quantile(degrees) * error.sqrt() / unit;
    let measure = EffectMeasure::StandardizedMeanDifference;
    let effect = Effect { measure, value, interval: Some(Interval { low: value - reach, high: value + reach }) };
    let p_value = student_two_sided(statistic, degrees);
    let answer = sides.answer(statistic, Some(p_value), Method::Asymptotic, effect);
    Ok(SampleTest { degrees_of_freedom: Some(degrees), ..answer })
}
