//! How well two classes are told apart.

use super::metric::{Metric, Undefined};
use super::scored::Row;
use super::{Interval, interval};

/// The rows of each score, from the lowest score up.
fn ties(rows: &[Row]) -> impl DoubleEndedIterator<Item = Tie> {
    rows.chunk_by(|a, b| a.score == b.score).map(|tied| {
        let positives = tied.iter().filter(|row| row.label).count();
        Tie { positives: positives as u64, negatives: (tied.len() - positives) as u64 }
    })
}

/// How many rows of each class have one score.
struct Tie {
    positives: u64,
    negatives: u64,
}

/// The area under the ROC curve and its interval, from rows sorted by score.
pub(super) fn roc_auc(rows: &[Row], positives: usize, confidence: f64) -> Metric {
    if rows.is_empty() {
        return Metric::undefined(Undefined::NoRows);
    }
    if positives == 0 || positives == rows.len() {
        return Metric::undefined(Undefined::OneClass { rows: rows.len(), positives });
    }
    let (p, n) = (positives as f64, (rows.len() - positives) as f64);
    // Twice the pairs that are in order, ties for half: whole numbers, so the sum is exact in any order.
    let (mut twice_won, mut below) = (0, 0);
    for tie in ties(rows) {
        twice_won += tie.positives * (2 * below + tie.negatives);
        below += tie.negatives;
    }
    let auc = twice_won as f64 / (2.0 * p * n);
    Metric::defined(auc, rows.len(), delong(rows, auc, p, n, confidence))
}

/// `DeLong`'s variance of an area and the interval that it gives on the logit scale.
fn delong(rows: &[Row], auc: f64, p: f64, n: f64, confidence: f64) -> Option<Interval> {
    if !(p >= 2.0 && n >= 2.0 && 0.0 < auc && auc < 1.0) {
        return None;
    }
    let (mut of_positives, mut of_negatives) = (0.0, 0.0);
    let (mut below, mut above) = (0.0, p);
    for tie in ties(rows) {
        let (tied_p, tied_n) = (tie.positives as f64, tie.negatives as f64);
        above -= tied_p;
        of_positives += tied_p * ((below + tied_n / 2.0) / n - auc).powi(2);
        of_negatives += tied_n * ((above + tied_p / 2.0) / p - auc).powi(2);
        below += tied_n;
    }
    let variance = of_positives / (p - 1.0) / p + of_negatives / (n - 1.0) / n;
    let reach = interval::normal_reach(confidence) * variance.sqrt() / (auc * (1.0 - auc));
    let logit = (auc / (1.0 - auc)).ln();
    let area = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    Interval::within(area(logit - reach), area(logit + reach), 0.0, 1.0)
}

/// Average precision, from rows sorted by score.
pub(super) fn average_precision(rows: &[Row], positives: usize) -> Metric {
    if rows.is_empty() {
        return Metric::undefined(Undefined::NoRows);
    }
    if positives == 0 {
        return Metric::undefined(Undefined::NoPositives { rows: rows.len() });
    }
    let (mut sum, mut found, mut taken) = (0.0, 0, 0);
    for tie in ties(rows).rev() {
        found += tie.positives;
        taken += tie.positives + tie.negatives;
        sum += tie.positives as f64 * (found as f64 / taken as f64);
    }
    Metric::defined(sum / positives as f64, rows.len(), None)
}
