//! How well a score tells two samples apart.

use crate::DriftError;
use crate::compare::Interval;

/// An area under the receiver operating characteristic. Made by [`roc_auc`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RocAuc {
    /// The area: ½ for scores that tell nothing, 1 where each current score is above each of the reference.
    pub value: f64,
    /// Its standard error; `None` where a side has one score.
    pub standard_error: Option<f64>,
    /// Where the area in what the scores were drawn from may lie, at 95 %; `None` where a side has one score.
    pub interval: Option<Interval>,
}

/// The area under the receiver operating characteristic of scores that should be higher on the current side, with
/// DeLong's interval.
///
/// AUC = P(X < Y) + ½ P(X = Y) over all pairs of a reference score x and a current score y. Its variance is
/// s²(V₁₀) / n + s²(V₀₁) / m, with V₁₀ of a reference score the share of current scores above it, ties by half, V₀₁ of a
/// current score the share of reference scores below it, and s² their variances divided by n − 1 and m − 1 (DeLong,
/// DeLong and Clarke-Pearson, 1988, doi:10.2307/2531595), by ranks (Sun and Xu, 2014, doi:10.1109/LSP.2014.2337313).
/// The interval is AUC ± 1.96 standard errors, cut to [0, 1]. At an area of 0 or 1 the error is 0, which says too much
/// where scores are few. Infinities are scores like others. `sklearn.metrics.roc_auc_score` gives the same area.
///
/// # Errors
/// [`DriftError::Empty`] for a side without a score, [`DriftError::NotFinite`] for one that is NaN.
///
/// ```
/// use mlops_drift::roc_auc;
///
/// let auc = roc_auc(&[0.1, 0.4, 0.35], &[0.8, 0.4])?;
/// assert!((auc.value - 5.5 / 6.0).abs() < 1e-15);
/// assert!(auc.interval.is_some_and(|interval| interval.low > 0.68 && interval.high == 1.0));
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn roc_auc(reference: &[f64], current: &[f64]) -> Result<RocAuc, DriftError> {
    for (side, scores) in [("reference", reference), ("current", current)] {
        if scores.is_empty() {
            return Err(DriftError::Empty { side });
        }
        if let Some(row) = scores.iter().position(|score| score.is_nan()) {
            return Err(DriftError::NotFinite { side, row, column: 0 });
        }
    }
    let sorted = |scores: &[f64]| {
        let mut scores: Vec<f64> = scores.iter().map(|x| x + 0.0).collect();
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let (x, y) = (sorted(reference), sorted(current));
    // Of each score of one side the share of the other's below it, ties by half.
    let below = |of: &[f64], among: &[f64]| -> Vec<f64> {
        let (mut less, mut at_most) = (0, 0);
        of.iter()
            .map(|&score| {
                less += among[less..].iter().take_while(|&&other| other < score).count();
                at_most = at_most.max(less);
                at_most += among[at_most..].iter().take_while(|&&other| other <= score).count();
                (less + at_most) as f64 * 0.5 / among.len() as f64
            })
            .collect()
    };
    let (of_reference, of_current) = (below(&x, &y), below(&y, &x));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let value = mean(&of_current);
    let error = |values: &[f64]| {
        let centre = mean(values);
        let squares: f64 = values.iter().map(|v| (v - centre) * (v - centre)).sum();
        squares / (values.len() - 1) as f64 / values.len() as f64
    };
    let standard_error = (x.len() > 1 && y.len() > 1).then(|| (error(&of_reference) + error(&of_current)).sqrt());
    let interval = standard_error.map(|error| Interval {
        low: (value - 1.959_963_984_540_054 * error).max(0.0),
        high: (value + 1.959_963_984_540_054 * error).min(1.0),
    });
    Ok(RocAuc { value, standard_error, interval })
}
