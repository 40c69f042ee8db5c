//! How far a window of rows is from the reference.

use mlops_core::{Signal, SignalKind, Timestamp};

use super::DriftThresholds;
use crate::{ColumnDrift, ColumnKind, Moments};

/// How far a window of rows is from the reference. Made by [`InputMonitor::evaluate`](crate::InputMonitor::evaluate).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WindowDrift {
    /// The version that answered.
    pub version: u64,
    /// The start of the window; of a window of rows, the time of its earliest row.
    pub since: Timestamp,
    /// Its end; of a window of rows, the time of its latest row.
    pub until: Timestamp,
    /// The rows that were counted in it.
    pub rows: u64,
    /// The columns, inputs first.
    pub columns: Vec<ColumnDrift>,
    /// The moments of the numbers that were counted, one for each of `columns`; `None` where it isn't numeric.
    pub moments: Vec<Option<Moments>>,
}

impl WindowDrift {
    /// The column with the largest population stability index.
    #[must_use]
    pub fn worst(&self) -> Option<&ColumnDrift> {
        self.columns.iter().max_by(|a, b| a.psi.statistic.total_cmp(&b.psi.statistic))
    }

    /// What passed its threshold: at most one drift signal a column, by the measure that is the most times its
    /// threshold, and at most one of data quality. None below `min_rows`.
    ///
    /// Thresholds are on effects, not on p-values, so traffic a hundred times as large gives no more signals. A
    /// reading must also be over twice what it is expected to be without drift, which matters for small
    /// references only.
    #[must_use]
    pub fn signals(&self, thresholds: &DriftThresholds) -> Vec<Signal> {
        if self.rows < thresholds.min_rows {
            return Vec::new();
        }
        self.columns.iter().flat_map(|column| self.column_signals(column, thresholds)).collect()
    }

    fn column_signals(&self, column: &ColumnDrift, thresholds: &DriftThresholds) -> Vec<Signal> {
        let kind = match column.kind {
            ColumnKind::Input => SignalKind::InputDrift,
            ColumnKind::Output => SignalKind::OutputDrift,
        };
        let signal = |kind, measure: &str, effect: f64, threshold: f64| {
            let passed = effect >= threshold;
            passed.then(|| Signal {
                kind,
                subject: column.column.clone(),
                measure: measure.into(),
                effect,
                threshold,
                interval: None,
                since: self.since,
                at: self.until,
                version: self.version,
                rows: self.rows,
            })
        };
        let by_distance = thresholds.jensen_shannon.and_then(|threshold| {
            signal(kind, "Jensen–Shannon distance", column.jensen_shannon.distance(), threshold)
        });
        let drift = [signal(kind, "PSI", column.psi.statistic, thresholds.psi), by_distance]
            .into_iter()
            .flatten()
            .filter(|_| column.psi.statistic >= 2.0 * column.psi.expected_without_drift)
            .max_by(|a, b| a.strength().total_cmp(&b.strength()));
        let increase = column.current_without_value - column.reference_without_value;
        let worse = "increase in the share without a value";
        drift
            .into_iter()
            .chain(signal(SignalKind::DataQuality, worse, increase, thresholds.without_value))
            .collect()
    }
}
