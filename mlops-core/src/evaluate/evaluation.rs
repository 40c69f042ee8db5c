//! What an evaluation found.

use std::fmt;

use serde::Serialize;

use super::metric::Metrics;
use super::{BinaryEvaluator, Metric, ScoredRows, Subject, Undefined};
use crate::{DatasetVersion, MetricValue, Table};

/// What a [`BinaryEvaluator`] found: evidence about one subject on one version of data.
///
/// Only an evaluator makes one. It can be written, as a record for people and bundles, but never read back, so
/// whoever holds one holds what was computed in this process:
/// ```
/// use mlops_core::{Evaluation, Subject};
///
/// fn subject_of(real: Evaluation) -> Subject {
///     real.subject().clone()
/// }
/// fn written<T: serde::Serialize>() {}
/// written::<Evaluation>();
/// ```
/// It can't be put together by hand,
/// ```compile_fail,E0451
/// use mlops_core::{Evaluation, Subject};
///
/// fn forged(real: Evaluation, subject: Subject) -> Evaluation {
///     Evaluation { subject, ..real }
/// }
/// ```
/// nor read:
/// ```compile_fail,E0277
/// use mlops_core::Evaluation;
///
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<Evaluation>();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    subject: Subject,
    data: DatasetVersion,
    rows: usize,
    positives: usize,
    evaluator: BinaryEvaluator,
    metrics: Metrics,
    slices: Vec<SliceEvaluation>,
    /// What a comparison row by row needs.
    #[serde(skip)]
    scored: ScoredRows,
}

/// The metrics of the rows that have one value in one column.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SliceEvaluation {
    pub(super) column: String,
    pub(super) value: String,
    pub(super) rows: usize,
    pub(super) positives: usize,
    pub(super) metrics: Metrics,
}

impl Evaluation {
    pub(super) fn new(
        evaluator: BinaryEvaluator,
        scored: ScoredRows,
        metrics: Metrics,
        slices: Vec<SliceEvaluation>,
    ) -> Self {
        Self {
            subject: scored.subject().clone(),
            data: scored.data(),
            rows: scored.len(),
            positives: scored.labels().iter().filter(|label| **label).count(),
            evaluator,
            metrics,
            slices,
            scored,
        }
    }

    /// What was evaluated.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The version of the dataset that the rows came from.
    #[must_use]
    pub fn data(&self) -> DatasetVersion {
        self.data
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many of the rows are positive.
    #[must_use]
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// What evaluated the rows, with its parameters.
    #[must_use]
    pub fn evaluator(&self) -> &BinaryEvaluator {
        &self.evaluator
    }

    /// The metric of this name over all rows; `None` where the evaluator has no such metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.get(name)
    }

    /// Each metric over all rows by its name.
    pub fn metrics(&self) -> impl ExactSizeIterator<Item = (&'static str, &Metric)> {
        self.metrics.iter()
    }

    /// Each slice: the columns as they were given, the values of a column in order.
    #[must_use]
    pub fn slices(&self) -> &[SliceEvaluation] {
        &self.slices
    }

    pub(crate) fn scored(&self) -> &ScoredRows {
        &self.scored
    }
}

impl SliceEvaluation {
    /// The column.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The value that the slice's rows have in the column.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many of the rows are positive.
    #[must_use]
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// The metric of this name over the slice's rows; `None` where the evaluator has no such metric.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.get(name)
    }

    /// Each metric over the slice's rows by its name.
    pub fn metrics(&self) -> impl ExactSizeIterator<Item = (&'static str, &Metric)> {
        self.metrics.iter()
    }
}

/// A table: all rows with the ends of their intervals, a line a slice, and why a metric has no value.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, data, rows, positives, .. } = self;
        writeln!(f, "{subject} on the data {data}: {positives} of {rows} rows are positive")?;
        let line = |name: String, rows: usize, metrics: &Metrics| {
            let cells = metrics.iter().map(|(_, metric)| metric.to_string());
            [name, rows.to_string()].into_iter().chain(cells).collect::<Vec<_>>()
        };
        let end = |name: &str, of: fn(&super::Interval) -> f64| {
            let cell = |metric: &Metric| metric.interval.as_ref().map(|interval| format!("{:.4}", of(interval)));
            let cells = self.metrics().map(|(_, metric)| cell(metric).unwrap_or_default());
            [name.to_owned(), String::new()].into_iter().chain(cells).collect::<Vec<_>>()
        };
        let names = self.metrics().map(|(name, _)| name);
        let mut table = Table::new(["", "rows"].into_iter().chain(names));
        table.row(line("all".into(), *rows, &self.metrics));
        table.row(end("  from", |interval| interval.low));
        table.row(end("  to", |interval| interval.high));
        let name = |slice: &SliceEvaluation| format!("{} = {}", slice.column, slice.value);
        for slice in &self.slices {
            table.row(line(name(slice), slice.rows, &slice.metrics));
        }
        write!(f, "{table}")?;
        write_reasons(f, "all", &self.metrics)?;
        self.slices.iter().try_for_each(|slice| write_reasons(f, &name(slice), &slice.metrics))
    }
}

/// A line for each reason why metrics of some rows have no value.
fn write_reasons(f: &mut fmt::Formatter<'_>, name: &str, metrics: &Metrics) -> fmt::Result {
    let mut reasons: Vec<(Undefined, Vec<&str>)> = Vec::new();
    for (metric, found) in metrics.iter() {
        let MetricValue::Undefined { reason } = found.value else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, of)) => of.push(metric),
            None => reasons.push((reason, vec![metric])),
        }
    }
    reasons.iter().try_for_each(|(reason, of)| match of.len() == metrics.iter().len() {
        true => writeln!(f, "{name}: {reason}"),
        false => writeln!(f, "{name}: {reason} ({})", of.join(", ")),
    })
}
