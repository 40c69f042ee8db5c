//! Means of labels by category, and how the rows that they were fitted on are encoded.

use std::collections::HashMap;

use mlops_core::{JsonFloat, Timestamp, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{
    FitRows, Fitted, InputKind, Learns, Refusal, RowTimes, Seen, Transform, TransformError, Unknown, known, text_of,
};
use crate::time::ExactSum;

/// The mean label of the category's rows, drawn towards that of all rows:
/// `(sum + smoothing · mean of all) / (count + smoothing)`.
///
/// The rows that it was fitted on are encoded out of fold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
    /// How many rows of the mean of all each category is given.
    pub smoothing: JsonFloat,
    /// How the rows that it was fitted on are encoded.
    pub folds: Folds,
}

/// Which labels the rows that an encoding was fitted on are encoded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Folds {
    /// So many folds in the order of time, each by the labels that were available when it began.
    Time(u32),
}

impl Target {
    /// In five folds in the order of time.
    #[must_use]
    pub fn new(smoothing: f64, unknown: Unknown) -> Self {
        Self { unknown, smoothing: JsonFloat(smoothing), folds: Folds::Time(5) }
    }
}

/// A [`Target`] with the mean label of each code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTarget {
    means: Vec<JsonFloat>,
    overall: JsonFloat,
    refuse: bool,
}

/// Sums and counts of labels, by text and of all.
#[derive(Clone, Debug, Default)]
pub struct LabelSums {
    by_text: HashMap<Box<str>, Mean, foldhash::fast::FixedState>,
    all: Mean,
}

#[derive(Clone, Debug, Default)]
struct Mean {
    sum: ExactSum,
    count: u64,
}

impl Mean {
    fn add(&mut self, label: f64) {
        self.sum.add(label);
        self.count += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.count += other.count;
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.value() / self.count as f64)
    }

    /// `(sum + smoothing · overall) / (count + smoothing)`; the overall mean where both are 0.
    fn smoothed(&self, smoothing: f64, overall: f64) -> f64 {
        let weight = self.count as f64 + smoothing;
        if weight > 0.0 { (self.sum.value() + smoothing * overall) / weight } else { overall }
    }
}

impl Transform for Target {
    const NAME: &'static str = "target";
    const VERSION: u32 = 1;
    type State = LabelSums;
    type Fitted = FittedTarget;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let smoothing = self.smoothing.0;
        if !(0.0 <= smoothing && smoothing.is_finite()) {
            let (parameter, allowed) = ("smoothing", "0 or more, and finite");
            return Err(TransformError::Parameter { parameter, got: smoothing.to_string(), allowed });
        }
        match self.folds {
            Folds::Time(folds) if folds < 2 => {
                let (parameter, allowed) = ("folds", "2 or more");
                Err(TransformError::Parameter { parameter, got: folds.to_string(), allowed })
            }
            Folds::Time(_) => input.category(),
        }
    }

    fn learns(&self) -> Learns {
        Learns::FromLabels
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) -> LabelSums {
        LabelSums::default()
    }

    fn update(&self, state: &mut LabelSums, rows: &FitRows<'_>) -> Result<(), TransformError> {
        for (value, &label) in rows.values.iter().zip(rows.labels) {
            state.all.add(label);
            let Some(text) = text_of(value) else { continue };
            match state.by_text.get_mut(text) {
                Some(mean) => mean.add(label),
                None => state.by_text.entry(text.into()).or_default().add(label),
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut LabelSums, other: LabelSums) {
        state.all.merge(&other.all);
        for (text, mean) in other.by_text {
            state.by_text.entry(text).or_default().merge(&mean);
        }
    }

    fn finish(&self, state: LabelSums, seen: &Seen) -> Result<FittedTarget, TransformError> {
        let overall = state.all.value().ok_or(TransformError::NoValue { wanted: "mean label" })?;
        let mean = |text| state.by_text.get(text).map_or(overall, |mean| mean.smoothed(self.smoothing.0, overall));
        let means = seen.vocabulary.texts().map(|text| JsonFloat(mean(text))).collect();
        Ok(FittedTarget { means, overall: JsonFloat(overall), refuse: self.unknown == Unknown::Refuse })
    }

    fn out_of_fold(&self, fitted: &FittedTarget, rows: &FitRows<'_>, vocabulary: &Vocabulary) -> Option<Vec<f64>> {
        let Folds::Time(folds) = self.folds;
        let values: Vec<_> = rows.values.iter().collect();
        let parameters = (folds as usize, self.smoothing.0);
        let codes = vocabulary.len();
        Some(in_order_of_time(&values, rows.labels, rows.times, codes, parameters, fitted.overall.0))
    }
}

impl Fitted for FittedTarget {
    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        self.means.len() == vocabulary.len()
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = known(value, self.refuse)?.map_or(self.overall.0, |code| self.means[code].0);
        Ok(())
    }
}

/// Encodes each row by the labels that were available when its fold began: folds are in the order of time, of
/// equal counts (rows of one time may fall into two). Rows of the first fold, before which nothing is known, and
/// unknown categories get the mean of all labels that were fitted.
fn in_order_of_time(
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
    let (mut means, mut all) = (vec![Mean::default(); codes], Mean::default());
    let mut encoded = vec![fitted_overall; values.len()];
    for fold in by_time.chunks(times.len().div_ceil(folds).max(1)) {
        let begins = times[fold[0]].at;
        while let Some(row) = by_label.next_if(|&row| times[row].label_available <= begins) {
            all.add(labels[row]);
            if let Value::Category(code) = values[row] {
                means[code.0 as usize].add(labels[row]);
            }
        }
        let Some(overall) = all.value() else { continue };
        for &row in fold {
            encoded[row] = match values[row] {
                Value::Category(code) => means[code.0 as usize].smoothed(smoothing, overall),
                _ => overall,
            };
        }
    }
    encoded
}
