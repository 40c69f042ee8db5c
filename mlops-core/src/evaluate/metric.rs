//! A metric's value, or why it has none.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Interval;

/// Why a metric has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Undefined {
    /// There is no row.
    NoRows,
    /// Rows of one class don't say how well two are told apart.
    OneClass {
        /// The rows.
        rows: usize,
        /// The positive ones among them: all or none.
        positives: usize,
    },
    /// No row is positive.
    NoPositives {
        /// The rows.
        rows: usize,
    },
    /// A slice of fewer rows than the evaluator's minimum.
    TooFewRows {
        /// The rows.
        rows: usize,
        /// The minimum.
        minimum: usize,
    },
    /// The arithmetic gave NaN or an infinity.
    NotFinite {
        /// The rows.
        rows: usize,
    },
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRows => f.write_str("there is no row"),
            Self::OneClass { rows, positives } => write!(f, "{positives} of {rows} rows are positive: one class"),
            Self::NoPositives { rows } => write!(f, "none of {rows} rows is positive"),
            Self::TooFewRows { rows, minimum } => write!(f, "{rows} rows are fewer than {minimum}"),
            Self::NotFinite { rows } => write!(f, "the arithmetic over {rows} rows is not finite"),
        }
    }
}

/// A finite value, or the reason why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricValue {
    /// The value; finite.
    Defined(f64),
    /// There is no value. It satisfies no threshold.
    Undefined {
        /// Why.
        reason: Undefined,
    },
}

/// What was measured: a value, and an interval where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Metric {
    /// The value.
    pub value: MetricValue,
    /// Where the true value may lie. `None` where the value is undefined, the metric has no interval here, or
    /// the rows don't say how much it varies (one row of a class; a ROC AUC of 0 or 1).
    pub interval: Option<Interval>,
}

impl Metric {
    pub(super) fn defined(value: f64, rows: usize, interval: Option<Interval>) -> Self {
        if value.is_finite() {
            Self { value: MetricValue::Defined(value), interval }
        } else {
            Self::undefined(Undefined::NotFinite { rows })
        }
    }

    pub(super) fn undefined(reason: Undefined) -> Self {
        Self { value: MetricValue::Undefined { reason }, interval: None }
    }

    /// The value, where it is defined.
    #[must_use]
    pub fn defined_value(&self) -> Option<f64> {
        match self.value {
            MetricValue::Defined(value) => Some(value),
            MetricValue::Undefined { .. } => None,
        }
    }
}

/// Four decimals, or a dash.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            MetricValue::Defined(value) => write!(f, "{value:.4}"),
            MetricValue::Undefined { .. } => f.write_str("–"),
        }
    }
}

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
    /// It describes; it doesn't rate.
    Neither,
}

/// Each metric and which way it gets better, in the order in which they are shown.
pub(crate) const KNOWN_METRICS: [(&str, Better); 8] = [
    ("roc_auc", Better::Higher),
    ("log_loss", Better::Lower),
    ("brier", Better::Lower),
    ("ece", Better::Lower),
    ("ece_equal_mass", Better::Lower),
    ("average_precision", Better::Higher),
    ("base_rate", Better::Neither),
    ("mean_score", Better::Neither),
];

/// Which way a metric gets better; `None` where it isn't known.
pub(crate) fn better(metric: &str) -> Option<Better> {
    KNOWN_METRICS.iter().find(|(name, _)| *name == metric).map(|(_, better)| *better)
}

/// The metrics of one set of rows, in the order of [`KNOWN_METRICS`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Metrics(pub(super) [Metric; KNOWN_METRICS.len()]);

impl Metrics {
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &Metric)> {
        KNOWN_METRICS.iter().zip(&self.0).map(|((name, _), metric)| (*name, metric))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Metric> {
        self.iter().find(|(known, _)| *known == name).map(|(_, metric)| metric)
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, metric) in self.iter() {
            map.serialize_entry(name, metric)?;
        }
        map.end()
    }
}
