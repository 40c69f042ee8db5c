//! What an encoding learns from rows: sums that are exact, so that no order of rows or batches leaves a trace.

use mlops_core::{JsonFloat, Value};

use super::FittedEncoding;
use super::target::Means;
use crate::FeatureError;
use crate::define::feature::{Encoding, Feature, Nulls};
use crate::define::function::as_float;
use crate::time::ExactSum;

/// Fits an encoding to the values of the rows; `labels` go with them row by row and `codes` is the size of the
/// value's vocabulary.
pub(crate) fn fit_encoding(
    feature: &Feature,
    values: &[Value<'_>],
    labels: &[f64],
    codes: usize,
) -> Result<FittedEncoding, FeatureError> {
    match &feature.encoding {
        Encoding::Number { nulls, standardise } => {
            let (mean, scale) = moments(values);
            let needs_mean = *standardise || matches!(nulls, Nulls::Mean | Nulls::MeanFlagged);
            if needs_mean && mean.is_none() {
                return Err(FeatureError::AllMissing { feature: feature.name.clone() });
            }
            let mean = mean.unwrap_or(0.0);
            let (shift, scale) = if *standardise { (mean, scale) } else { (0.0, 1.0) };
            Ok(FittedEncoding::Number {
                mean: JsonFloat(shift),
                scale: JsonFloat(scale),
                null: nulls.value(mean),
                flagged: *nulls == Nulls::MeanFlagged,
            })
        }
        Encoding::OneHot { unknown } => Ok(FittedEncoding::OneHot { width: codes, refuse: unknown.refuses() }),
        Encoding::Target { unknown, smoothing, .. } => {
            let mut means = Means::new(codes);
            values.iter().zip(labels).for_each(|(&value, &label)| means.add(value, label));
            let overall = means.overall().unwrap_or(f64::NAN);
            let by_code = (0..codes).map(|code| JsonFloat(means.smoothed(code, smoothing.0, overall))).collect();
            Ok(FittedEncoding::Target { means: by_code, overall: JsonFloat(overall), refuse: unknown.refuses() })
        }
    }
}

/// Mean and population standard deviation of the numbers that are finite; a constant has scale 1.
///
/// The sum and the sum of the squared deviations are exact before they are rounded.
fn moments(values: &[Value<'_>]) -> (Option<f64>, f64) {
    let numbers = || values.iter().filter_map(|&value| as_float(value)).filter(|x| x.is_finite());
    let (mut sum, mut count) = (ExactSum::default(), 0_u64);
    for x in numbers() {
        sum.add(x);
        count += 1;
    }
    if count == 0 {
        return (None, 1.0);
    }
    let mean = sum.value() / count as f64;
    let mut squares = ExactSum::default();
    numbers().for_each(|x| squares.add((x - mean) * (x - mean)));
    let deviation = (squares.value() / count as f64).sqrt();
    // As scikit-learn: what rounding alone makes of a constant is no deviation.
    let noise = 10.0 * f64::EPSILON * mean.abs();
    (Some(mean), if deviation > noise { deviation } else { 1.0 })
}
