//! What stands between a model and production.

mod rule;
mod verdict;

use serde::Serialize;

pub use rule::{GateError, Rule};
pub use verdict::{Check, Failed, Failure, Passed, Side, Verdict};

use crate::{Evaluation, Metric, MetricValue, SliceEvaluation, Subject};

/// Rules that a model must keep, all of them, to pass.
///
/// A gate fails closed: what is missing or undefined satisfies no rule. A candidate passes only if it is a model;
/// a rule that compares fails without a baseline, or with one that was not evaluated on the same data, rows, labels
/// and slices by the same evaluator; a rule on slices fails where the evaluation is not sliced by its column, or one
/// of the slices has no value for the metric.
///
/// ```
/// use mlops_core::{BinaryEvaluator, DatasetVersion, Fingerprint, Gate, Rule, ScoredRows};
///
/// let data = DatasetVersion(Fingerprint::of(b"validation"));
/// let labels = [false, true, false, true];
/// let candidate = ScoredRows::by_other("the rule in place", vec![0.2, 0.7, 0.4, 0.9], &labels, data)?;
/// let baseline = ScoredRows::by_constant(0.5, &labels, data)?;
/// let evaluator = BinaryEvaluator::default();
/// let (candidate, baseline) = (evaluator.evaluate(&candidate), evaluator.evaluate(&baseline));
///
/// let gate = Gate::builder()
///     .rule(Rule::at_least("roc_auc", 0.7))
///     .rule(Rule::better_than_baseline("log_loss", 0.01))
///     .build()?;
/// // Good, but not a model.
/// let failed = gate.judge(&candidate, Some(&baseline)).passed().unwrap_err();
/// assert!(failed.to_string().contains("the candidate is not a model"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Gate {
    rules: Vec<Rule>,
}

/// Gathers the rules of a [`Gate`].
#[derive(Clone, Debug, Default)]
pub struct GateBuilder {
    rules: Vec<Rule>,
}

impl GateBuilder {
    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The gate.
    ///
    /// # Errors
    /// [`GateError`] where there is no rule, or for the first that is about an unknown metric, compares one that
    /// gets neither better nor worse, or has a bound that can't be one.
    pub fn build(self) -> Result<Gate, GateError> {
        if self.rules.is_empty() {
            return Err(GateError::NoRules);
        }
        self.rules.iter().try_for_each(Rule::check)?;
        Ok(Gate { rules: self.rules })
    }
}

impl Gate {
    /// A gate with these rules.
    ///
    /// # Errors
    /// Those of [`GateBuilder::build`].
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Self, GateError> {
        GateBuilder { rules: rules.into_iter().collect() }.build()
    }

    /// Starts without a rule.
    #[must_use]
    pub fn builder() -> GateBuilder {
        GateBuilder::default()
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Holds a candidate against each rule. Rules that compare want a `baseline`: the model in production, or
    /// what is done without one.
    pub fn judge(&self, candidate: &Evaluation, baseline: Option<&Evaluation>) -> Verdict {
        let mut checks = Vec::new();
        for rule in &self.rules {
            let baseline = if rule.compares() { Some(baseline) } else { None };
            Judged { rule, candidate, baseline }.check(&mut checks);
        }
        let compared = baseline.filter(|_| self.rules.iter().any(Rule::compares)).map(Evaluation::subject);
        Verdict::of(candidate.subject(), candidate.data(), compared, checks)
    }
}

/// A rule and what it is held against.
struct Judged<'a> {
    rule: &'a Rule,
    candidate: &'a Evaluation,
    /// `None` where the rule doesn't compare, `Some(None)` where it does and there is no baseline.
    baseline: Option<Option<&'a Evaluation>>,
}

impl Judged<'_> {
    /// Adds a check, or one for each slice.
    fn check(&self, checks: &mut Vec<Check>) {
        let (metric, obstacle) = (self.rule.metric(), self.obstacle());
        let baseline = self.baseline.flatten();
        let Some(column) = self.rule.slices_of() else {
            let of_baseline = baseline.and_then(|baseline| baseline.metric(metric));
            return checks.push(self.compare(None, self.candidate.metric(metric), of_baseline, obstacle));
        };
        let slices: Vec<_> = self.candidate.slices().iter().filter(|slice| slice.column() == column).collect();
        if slices.is_empty() {
            let failure = obstacle.or(Some(Failure::NoSlices));
            return checks.push(Check { failure, ..self.compare(None, None, None, None) });
        }
        for slice in slices {
            let same = |other: &&SliceEvaluation| other.column() == column && other.value() == slice.value();
            let of_baseline = baseline.and_then(|baseline| baseline.slices().iter().find(same)?.metric(metric));
            checks.push(self.compare(Some(slice.value()), slice.metric(metric), of_baseline, obstacle.clone()));
        }
    }

    /// What keeps the rule from being held against anything.
    fn obstacle(&self) -> Option<Failure> {
        let candidate = self.candidate;
        if !matches!(candidate.subject(), Subject::Model { .. }) {
            return Some(Failure::NotAModel);
        }
        let slicing = match self.rule.slices_of() {
            Some(column) => match candidate.scored().slicing(column) {
                Some(slicing) => Some(slicing),
                None => return Some(Failure::NotSliced { side: Side::Candidate }),
            },
            None => None,
        };
        let Some(baseline) = self.baseline? else { return Some(Failure::NoBaseline) };
        if candidate.data() != baseline.data() {
            return Some(Failure::OtherData);
        }
        if candidate.rows() != baseline.rows() {
            return Some(Failure::OtherRows { candidate: candidate.rows(), baseline: baseline.rows() });
        }
        if candidate.scored().labels() != baseline.scored().labels() {
            return Some(Failure::OtherLabels);
        }
        if candidate.evaluator() != baseline.evaluator() {
            return Some(Failure::OtherEvaluator);
        }
        let slicing = slicing?;
        match self.rule.slices_of().and_then(|column| baseline.scored().slicing(column)) {
            None => Some(Failure::NotSliced { side: Side::Baseline }),
            Some(other) if other != slicing => Some(Failure::OtherSlices),
            Some(_) => None,
        }
    }

    /// One check; `obstacle` fails it, whatever the values are.
    fn compare(
        &self,
        slice: Option<&str>,
        candidate: Option<&Metric>,
        baseline: Option<&Metric>,
        obstacle: Option<Failure>,
    ) -> Check {
        let rule = self.rule;
        let baseline = if rule.compares() { value(Side::Baseline, baseline).map(Some) } else { Ok(None) };
        let value = value(Side::Candidate, candidate);
        let bound = baseline.as_ref().ok().and_then(|baseline| rule.bound(*baseline));
        let failure = obstacle.or_else(|| match (&value, &baseline, bound) {
            (Err(failure), ..) | (_, Err(failure), _) => Some(failure.clone()),
            (Ok(value), Ok(baseline), Some(bound)) if rule.holds(*value, bound, *baseline) => None,
            _ => Some(Failure::OutOfBound),
        });
        let slice = slice.map(Into::into);
        Check { rule: rule.clone(), slice, value: value.ok(), baseline: baseline.ok().flatten(), bound, failure }
    }
}

/// A metric's value, or why a check that wants it fails.
fn value(side: Side, metric: Option<&Metric>) -> Result<f64, Failure> {
    match metric.map(|metric| metric.value) {
        Some(MetricValue::Defined(value)) => Ok(value),
        Some(MetricValue::Undefined { reason }) => Err(Failure::Undefined { side, reason }),
        None => Err(Failure::NoMetric { side }),
    }
}
