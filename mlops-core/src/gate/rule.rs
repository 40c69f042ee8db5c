//! What a gate demands.

use std::fmt;

use serde::Serialize;

use crate::evaluate::{Better, KNOWN_METRICS, better};

/// One demand on one metric, over all rows or in each slice of a column.
///
/// ```
/// use mlops_core::Rule;
///
/// let rule = Rule::at_most("log_loss", 0.6).in_each_slice_of("carrier");
/// assert_eq!(rule.to_string(), "log_loss ≤ 0.6 in each slice of carrier");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    metric: String,
    demand: Demand,
    #[serde(skip_serializing_if = "Option::is_none")]
    each_slice_of: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Demand {
    AtLeast(f64),
    AtMost(f64),
    NoWorseThanBaseline { margin: f64 },
    BetterThanBaseline { by: f64 },
}

/// Why a gate can't be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// A gate that demands nothing would let everything pass.
    #[error("a gate needs at least one rule")]
    NoRules,
    /// A metric that no evaluator has.
    #[error("`{metric}` is not a metric; those are {}", KNOWN_METRICS.map(|(name, _)| name).join(", "))]
    UnknownMetric {
        /// The metric.
        metric: String,
    },
    /// A comparison by a metric that has no better and worse.
    #[error("`{metric}` gets neither better nor worse, so it can't be compared with a baseline's")]
    NoBetter {
        /// The metric.
        metric: String,
    },
    /// A bound, margin or improvement that can't be one.
    #[error("the {what} of the rule on `{metric}` is {got}; it must be {allowed}")]
    BadBound {
        /// The metric.
        metric: String,
        /// `bound`, `margin` or `improvement`.
        what: &'static str,
        /// What was given.
        got: f64,
        /// What it may be.
        allowed: &'static str,
    },
}

impl Rule {
    fn new(metric: &str, demand: Demand) -> Self {
        Self { metric: metric.into(), demand, each_slice_of: None }
    }

    /// The metric is `bound` or more.
    #[must_use]
    pub fn at_least(metric: &str, bound: f64) -> Self {
        Self::new(metric, Demand::AtLeast(bound))
    }

    /// The metric is `bound` or less.
    #[must_use]
    pub fn at_most(metric: &str, bound: f64) -> Self {
        Self::new(metric, Demand::AtMost(bound))
    }

    /// The metric is as good as the baseline's, or worse by `margin` at most (in the metric's unit, 0 or more).
    #[must_use]
    pub fn no_worse_than_baseline(metric: &str, margin: f64) -> Self {
        Self::new(metric, Demand::NoWorseThanBaseline { margin })
    }

    /// The metric is better than the baseline's, by `by` at least (in the metric's unit, 0 or more; 0 still
    /// wants it strictly better).
    #[must_use]
    pub fn better_than_baseline(metric: &str, by: f64) -> Self {
        Self::new(metric, Demand::BetterThanBaseline { by })
    }

    /// The same demand in each slice of a column, rather than over all rows.
    #[must_use]
    pub fn in_each_slice_of(mut self, column: &str) -> Self {
        self.each_slice_of = Some(column.into());
        self
    }

    /// The metric that the rule is about.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The column in each of whose slices the rule holds; `None` where it is about all rows.
    #[must_use]
    pub fn slices_of(&self) -> Option<&str> {
        self.each_slice_of.as_deref()
    }

    /// Whether the rule wants a baseline.
    #[must_use]
    pub fn compares(&self) -> bool {
        matches!(self.demand, Demand::NoWorseThanBaseline { .. } | Demand::BetterThanBaseline { .. })
    }

    pub(super) fn check(&self) -> Result<(), GateError> {
        let metric = || self.metric.clone();
        let better = better(&self.metric).ok_or_else(|| GateError::UnknownMetric { metric: metric() })?;
        if self.compares() && better == Better::Neither {
            return Err(GateError::NoBetter { metric: metric() });
        }
        let (what, got, least, allowed) = match self.demand {
            Demand::AtLeast(bound) | Demand::AtMost(bound) => ("bound", bound, f64::MIN, "finite"),
            Demand::NoWorseThanBaseline { margin } => ("margin", margin, 0.0, "finite and 0 or more"),
            Demand::BetterThanBaseline { by } => ("improvement", by, 0.0, "finite and 0 or more"),
        };
        if least <= got && got <= f64::MAX {
            Ok(())
        } else {
            Err(GateError::BadBound { metric: metric(), what, got, allowed })
        }
    }

    /// What the value is held against: the bound itself, or the baseline with the margin on the right side.
    /// `None` without the baseline that the rule wants.
    pub(super) fn bound(&self, baseline: Option<f64>) -> Option<f64> {
        let toward_better = match better(&self.metric)? {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
            Better::Neither => 0.0,
        };
        match self.demand {
            Demand::AtLeast(bound) | Demand::AtMost(bound) => Some(bound),
            Demand::NoWorseThanBaseline { margin } => Some(baseline? - toward_better * margin),
            Demand::BetterThanBaseline { by } => Some(baseline? + toward_better * by),
        }
    }

    /// Whether a value is on the right side of its bound. NaN never is.
    pub(super) fn holds(&self, value: f64, bound: f64, baseline: Option<f64>) -> bool {
        let reaches = |better: Better| match better {
            Better::Higher => value >= bound,
            Better::Lower => value <= bound,
            Better::Neither => false,
        };
        let finite = value.is_finite() && bound.is_finite();
        let holds = match (self.demand, better(&self.metric), baseline) {
            (Demand::AtLeast(_), ..) => value >= bound,
            (Demand::AtMost(_), ..) => value <= bound,
            (Demand::NoWorseThanBaseline { .. }, Some(better), Some(_)) => reaches(better),
            (Demand::BetterThanBaseline { .. }, Some(better), Some(baseline)) => {
                reaches(better) && value != baseline
            }
            _ => false,
        };
        finite && holds
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = &self.metric;
        match self.demand {
            Demand::AtLeast(bound) => write!(f, "{metric} ≥ {bound}")?,
            Demand::AtMost(bound) => write!(f, "{metric} ≤ {bound}")?,
            Demand::NoWorseThanBaseline { margin: 0.0 } => write!(f, "{metric} no worse than the baseline")?,
            Demand::NoWorseThanBaseline { margin } => write!(f, "{metric} within {margin} of the baseline")?,
            Demand::BetterThanBaseline { by: 0.0 } => write!(f, "{metric} better than the baseline")?,
            Demand::BetterThanBaseline { by } => write!(f, "{metric} better than the baseline by {by}")?,
        }
        self.each_slice_of.as_ref().map_or(Ok(()), |column| write!(f, " in each slice of {column}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fail_closed_on_nan_and_infinities_on_either_side() {
        let rules = [
            Rule::at_least("roc_auc", 0.5),
            Rule::at_most("log_loss", 0.5),
            Rule::no_worse_than_baseline("roc_auc", 0.1),
            Rule::no_worse_than_baseline("log_loss", 0.1),
            Rule::better_than_baseline("roc_auc", 0.0),
            Rule::better_than_baseline("log_loss", 0.0),
        ];
        for rule in &rules {
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert!(!rule.holds(bad, 0.5, Some(0.5)), "{rule}: value {bad}");
                let bound = rule.bound(Some(bad)).unwrap_or(f64::NAN);
                assert!(!rule.compares() || !rule.holds(0.5, bound, Some(bad)), "{rule}: baseline {bad}");
                assert!(!rule.holds(0.5, bad, Some(0.5)), "{rule}: bound {bad}");
            }
            assert!(!rule.compares() || !rule.holds(0.5, 0.5, None), "{rule}: no baseline");
        }
    }

    #[test]
    fn a_bound_lies_on_the_worse_side_for_a_margin_and_on_the_better_for_an_improvement() {
        let bound = |rule: &Rule| rule.bound(Some(0.5));
        assert_eq!(bound(&Rule::no_worse_than_baseline("roc_auc", 0.25)), Some(0.25));
        assert_eq!(bound(&Rule::no_worse_than_baseline("log_loss", 0.25)), Some(0.75));
        assert_eq!(bound(&Rule::better_than_baseline("roc_auc", 0.25)), Some(0.75));
        assert_eq!(bound(&Rule::better_than_baseline("log_loss", 0.25)), Some(0.25));
    }

    #[test]
    fn no_worse_takes_the_same_and_better_does_not() {
        assert!(Rule::no_worse_than_baseline("brier", 0.0).holds(0.5, 0.5, Some(0.5)));
        assert!(!Rule::better_than_baseline("brier", 0.0).holds(0.5, 0.5, Some(0.5)));
    }
}
