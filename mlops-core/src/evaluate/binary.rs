//! The evaluator of binary classifiers.

use serde::Serialize;

use super::calibration::{self, Resampling};
use super::metric::{KNOWN_METRICS, Metric, Metrics, Undefined};
use super::scored::Row;
use super::{Evaluation, EvaluationError, ScoredRows, SliceEvaluation, classification, loss};

/// Measures what the probabilities of a binary classifier are worth, over all rows and over each slice.
///
/// ```
/// use mlops_core::{BinaryEvaluator, DatasetVersion, Fingerprint, ScoredRows};
///
/// let data = DatasetVersion(Fingerprint::of(b"validation"));
/// let labels = [false, false, true, true];
/// let rows = ScoredRows::by_other("the rule in place", vec![0.1, 0.4, 0.35, 0.8], &labels, data)?;
/// let evaluation = BinaryEvaluator::default().evaluate(&rows);
/// assert_eq!(evaluation.metric("roc_auc").and_then(|auc| auc.defined_value()), Some(0.75));
/// # Ok::<(), mlops_core::EvaluationError>(())
/// ```
///
/// # Metrics
/// Row *i* of *n* has the probability *pᵢ* and the outcome *yᵢ*, 1 for a positive row and 0 for a negative one;
/// *P* rows are positive, *N* negative.
///
/// | name | is | better | interval |
/// |---|---|---|---|
/// | `roc_auc` | the share of the *P·N* pairs of a positive and a negative row in which the positive has the higher *p*, ties for half | higher | DeLong |
/// | `log_loss` | the mean of −ln *pᵢ* where *yᵢ* = 1 and −ln(1 − *pᵢ*) where *yᵢ* = 0, in nats | lower | normal |
/// | `brier` | the mean of (*pᵢ* − *yᵢ*)² | lower | normal |
/// | `ece` | Σ over bins of \|Σ (*yᵢ* − *pᵢ*)\| / *n*; bins of equal width over [0, 1], the last with 1 in it | lower | bootstrap |
/// | `ece_equal_mass` | the same over bins of equal numbers of rows by rank of *p*; rows that tie share a bin | lower | bootstrap |
/// | `average_precision` | Σ over distinct *p* from the highest down of the step in recall times the precision there | higher | |
/// | `base_rate` | *P* / *n* | | |
/// | `mean_score` | the mean of *pᵢ* | | |
///
/// **Edge cases.** Without rows everything is undefined; `roc_auc` is where one class is absent,
/// `average_precision` where no row is positive. Scores that all tie have a `roc_auc` of 0.5. `log_loss` clips
/// its probabilities to [ε, 1 − ε] with ε = 2⁻⁵², so a row that is wholly wrong costs 36.04. NaN never gets here:
/// [`ScoredRows`] turns it away. Rows are summed in the order of their scores, so theirs leaves no trace.
///
/// **Against scikit-learn 1.9.** `roc_auc_score`, `log_loss`, `brier_score_loss` and `average_precision_score`
/// give the same numbers where all are defined; it answers NaN for the area of one class and 0 for the average
/// precision of no positive, where this is undefined. It has no calibration error; its
/// `calibration_curve(strategy="quantile")` puts bin edges on quantiles of *p*, which may leave bins of ties empty.
///
/// # Intervals
/// * `roc_auc`: the variance of DeLong, DeLong and Clarke-Pearson (1988), <https://doi.org/10.2307/2531595>, by
///   midranks as in Sun and Xu (2014), <https://doi.org/10.1109/LSP.2014.2337313>; the normal interval on the logit
///   scale (as `ci.auc` of pROC has it on the plain one), so that it stays within (0, 1). None with fewer than two
///   rows of a class, nor for an area of 0 or 1, of whose spread the rows say nothing.
/// * `log_loss` and `brier`: the normal interval of a mean, from the standard deviation of the rows' losses
///   (*n* − 1 in its divisor), cut at 0 (and 1). None with fewer than two rows.
/// * `ece`, `ece_equal_mass`: the multiplier bootstrap over the sums of the bins, 2000 seeded draws with normal
///   weights (van der Vaart and Wellner 1996, <https://doi.org/10.1007/978-1-4757-2545-2>, section 3.6), bins held
///   fixed. Calibration error is biased upwards, and so are its draws: near perfect calibration the percentile
///   interval lies above the true value. So the upper end is that of the basic interval (Davison and Hinkley
///   1997, <https://doi.org/10.1017/CBO9780511802843>, section 5.2), which takes the bias off, or the estimate if
///   that is higher; and the lower end is the estimate less what the bins' sums stray in all, which by the
///   triangle inequality is too low sooner than too high. Cut at 0 and 1. None with fewer than two rows.
///
/// # Parameters
/// | name | default | unit | range |
/// |---|---|---|---|
/// | `confidence` | 0.95 | share | (0, 1) |
/// | `calibration_bins` | 10 | bins | 1 to 1000 |
/// | `minimum_slice_rows` | 100 | rows | 1 and more |
/// | `seed` | 0 | | any |
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BinaryEvaluator {
    confidence: f64,
    calibration_bins: usize,
    minimum_slice_rows: usize,
    seed: u64,
}

impl Default for BinaryEvaluator {
    fn default() -> Self {
        Self { confidence: 0.95, calibration_bins: 10, minimum_slice_rows: 100, seed: 0 }
    }
}

/// Sets the parameters of a [`BinaryEvaluator`].
#[derive(Clone, Debug, Default)]
pub struct BinaryEvaluatorBuilder(BinaryEvaluator);

impl BinaryEvaluatorBuilder {
    /// How often intervals should hold the true value, in (0, 1).
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.0.confidence = confidence;
        self
    }

    /// How many bins calibration error has, 1 to 1000.
    #[must_use]
    pub fn calibration_bins(mut self, bins: usize) -> Self {
        self.0.calibration_bins = bins;
        self
    }

    /// How many rows a slice must have for its metrics to be defined, at least 1.
    #[must_use]
    pub fn minimum_slice_rows(mut self, rows: usize) -> Self {
        self.0.minimum_slice_rows = rows;
        self
    }

    /// What resampling starts from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// The evaluator.
    ///
    /// # Errors
    /// [`EvaluationError::BadParameter`] for the first parameter out of its range.
    pub fn build(self) -> Result<BinaryEvaluator, EvaluationError> {
        let bad = |parameter, got, allowed| Err(EvaluationError::BadParameter { parameter, got, allowed });
        let BinaryEvaluator { confidence, calibration_bins, minimum_slice_rows, .. } = self.0;
        // Confidence so near 1 that the normal quantile is infinite is out of range, too.
        if !(0.0 < confidence && 0.5 + confidence / 2.0 < 1.0) {
            return bad("confidence", confidence, "more than 0 and less than 1");
        }
        if !(1..=1000).contains(&calibration_bins) {
            return bad("calibration_bins", calibration_bins as f64, "1 to 1000");
        }
        if minimum_slice_rows == 0 {
            return bad("minimum_slice_rows", 0.0, "1 or more");
        }
        Ok(self.0)
    }
}

impl BinaryEvaluator {
    /// Starts from the default parameters.
    #[must_use]
    pub fn builder() -> BinaryEvaluatorBuilder {
        BinaryEvaluatorBuilder::default()
    }

    /// How often intervals should hold the true value.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// Evaluates rows and each of their slices. One sort serves all.
    #[must_use]
    pub fn evaluate(&self, scored: &ScoredRows) -> Evaluation {
        let span = tracing::debug_span!("evaluate", subject = %scored.subject(), rows = scored.len());
        let _entered = span.enter();
        let row = |at: usize| Row { score: scored.scores()[at], label: scored.labels()[at] };
        let mut order: Vec<usize> = (0..scored.len()).collect();
        order.sort_unstable_by(|a, b| {
            let (a, b) = (row(*a), row(*b));
            a.score.total_cmp(&b.score).then(a.label.cmp(&b.label))
        });
        let sorted: Vec<Row> = order.iter().map(|at| row(*at)).collect();
        let mut slices = Vec::new();
        for slicing in scored.slicings() {
            let mut parts: Vec<Vec<Row>> = slicing.values.iter().map(|_| Vec::new()).collect();
            for (at, row) in order.iter().zip(&sorted) {
                parts[slicing.codes[*at]].push(*row);
            }
            slices.extend(slicing.values.iter().zip(&parts).map(|(value, rows)| SliceEvaluation {
                column: slicing.column.clone(),
                value: value.clone(),
                rows: rows.len(),
                positives: positives(rows),
                metrics: self.measure_slice(rows),
            }));
        }
        Evaluation::new(self.clone(), scored.clone(), self.measure(&sorted), slices)
    }

    fn measure_slice(&self, rows: &[Row]) -> Metrics {
        let minimum = self.minimum_slice_rows;
        if rows.len() >= minimum {
            return self.measure(rows);
        }
        let reason = Undefined::TooFewRows { rows: rows.len(), minimum };
        Metrics([Metric::undefined(reason); KNOWN_METRICS.len()])
    }

    /// The metrics of sorted rows, in the order of [`KNOWN_METRICS`].
    fn measure(&self, rows: &[Row]) -> Metrics {
        let (confidence, bins, positives) = (self.confidence, self.calibration_bins, positives(rows));
        let resampling = Resampling { seed: self.seed, confidence };
        Metrics([
            classification::roc_auc(rows, positives, confidence),
            loss::log_loss(rows, confidence),
            loss::brier(rows, confidence),
            calibration::equal_width(rows, bins, resampling),
            calibration::equal_mass(rows, bins, resampling),
            classification::average_precision(rows, positives),
            loss::mean(rows, |row| f64::from(u8::from(row.label))),
            loss::mean(rows, |row| row.score),
        ])
    }
}

fn positives(rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.label).count()
}
