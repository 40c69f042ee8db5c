//! Means of labels by category, and how the rows that they were fitted on are encoded.

use mlops_core::{Timestamp, Value};

use crate::time::ExactSum;

/// Sums and counts of labels, by code and of all.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    by_code: Vec<(ExactSum, u64)>,
    all: (ExactSum, u64),
}

impl Means {
    pub(crate) fn new(codes: usize) -> Self {
        Self { by_code: vec![Default::default(); codes], all: Default::default() }
    }

    pub(crate) fn add(&mut self, value: Value<'_>, label: f64) {
        let of_code = match value {
            Value::Category(code) => self.by_code.get_mut(code.0 as usize),
            _ => None,
        };
        for (sum, count) in of_code.into_iter().chain([&mut self.all]) {
            sum.add(label);
            *count += 1;
        }
    }

    /// The mean of all labels.
    pub(crate) fn overall(&self) -> Option<f64> {
        let (sum, count) = &self.all;
        (*count > 0).then(|| sum.value() / *count as f64)
    }

    /// `(sum + smoothing · overall) / (count + smoothing)`; the overall mean where both are 0.
    pub(crate) fn smoothed(&self, code: usize, smoothing: f64, overall: f64) -> f64 {
        let (sum, count) = &self.by_code[code];
        let weight = *count as f64 + smoothing;
        if weight > 0.0 { (sum.value() + smoothing * overall) / weight } else { overall }
    }
}

/// When a row was asked for and when its label was known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowTimes {
    pub(crate) at: Timestamp,
    pub(crate) label_available: Timestamp,
}

/// Encodes each row by the labels that were available when its fold began: folds are in the order of time, of
/// equal counts (rows of one time may fall into two). Rows of the first fold, before which nothing is known, and
/// unknown categories get the mean of all labels that were fitted.
pub(crate) fn out_of_fold(
    values: &[Value<'_>],
    labels: &[f64],
    times: &[RowTimes],
    codes: usize,
    (folds, smoothing): (usize, f64),
    fitted_overall: f64,
) -> Vec<f64> {
    let order_by = |key: fn(&RowTimes) -> Timestamp| {
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by_key(|&row| key(&times[row]));
        order
    };
    let by_time = order_by(|row| row.at);
    let mut by_label = order_by(|row| row.label_available).into_iter().peekable();
    let mut means = Means::new(codes);
    let mut encoded = vec![fitted_overall; values.len()];
    for fold in by_time.chunks(times.len().div_ceil(folds).max(1)) {
        let begins = times[fold[0]].at;
        while let Some(row) = by_label.next_if(|&row| times[row].label_available <= begins) {
            means.add(values[row], labels[row]);
        }
        let Some(overall) = means.overall() else { continue };
        for &row in fold {
            encoded[row] = match values[row] {
                Value::Category(code) => means.smoothed(code.0 as usize, smoothing, overall),
                _ => overall,
            };
        }
    }
    encoded
}
