//! Challengers held against what is in production.

use std::fmt;

use crate::evaluate::{Better, better};
use crate::{
    Bundle, BundleBuilder, Clock, EncodedMatrix, Evaluation, EvaluationError, Gate, GateError, Metric, ModelPart,
    Passed, RunInProgress, Validation, Verdict,
};

/// Challengers that are evaluated on the same rows, and judged by one gate against one baseline: the champion, or
/// what is done without one.
#[derive(Debug)]
pub struct Challenge<'a> {
    gate: &'a Gate,
    validation: &'a Validation,
    baseline: Evaluation,
    challengers: Vec<Challenger>,
}

/// A model that was trained, evaluated and judged.
#[derive(Clone, Debug)]
pub struct Challenger {
    run: RunInProgress,
    part: ModelPart,
    evaluation: Evaluation,
    verdict: Verdict,
}

/// A challenger that passed the gate.
#[derive(Clone, Debug)]
pub struct Winner {
    run: RunInProgress,
    part: ModelPart,
    evaluation: Evaluation,
    passed: Passed,
}

impl<'a> Challenge<'a> {
    /// A challenge to `baseline`, which must have been evaluated on the same rows.
    #[must_use]
    pub fn new(gate: &'a Gate, validation: &'a Validation, baseline: Evaluation) -> Self {
        Self { gate, validation, baseline, challengers: Vec::new() }
    }

    /// Evaluates a model on the rows, encoded by its own features, and judges it; its run gets the metrics.
    ///
    /// # Errors
    /// Those of [`Validation::of_model`].
    pub fn enter(
        &mut self,
        mut run: RunInProgress,
        part: ModelPart,
        inputs: &EncodedMatrix,
    ) -> Result<&Challenger, EvaluationError> {
        let evaluation = self.validation.of_model(&part, inputs)?;
        let verdict = self.gate.judge(&evaluation, Some(&self.baseline));
        run.evaluation(&evaluation);
        let place = self.challengers.len();
        self.challengers.push(Challenger { run, part, evaluation, verdict });
        Ok(&self.challengers[place])
    }

    /// All that entered, in order.
    #[must_use]
    pub fn challengers(&self) -> &[Challenger] {
        &self.challengers
    }

    /// The challenger that passed the gate and is best by a metric, the first of those that tie; `None` where none
    /// passed, or none that did has a value for the metric.
    ///
    /// # Errors
    /// [`GateError::UnknownMetric`], or [`GateError::NoBetter`] for a metric that rates nothing.
    pub fn best_by(self, metric: &str) -> Result<Option<Winner>, GateError> {
        let higher = match better(metric).ok_or_else(|| GateError::UnknownMetric { metric: metric.into() })? {
            Better::Higher => true,
            Better::Lower => false,
            Better::Neither => return Err(GateError::NoBetter { metric: metric.into() }),
        };
        let mut best: Option<(f64, Winner)> = None;
        for Challenger { run, part, evaluation, verdict } in self.challengers {
            let value = evaluation.metric(metric).and_then(Metric::defined_value);
            let (Some(value), Ok(passed)) = (value, verdict.passed()) else { continue };
            if best.as_ref().is_none_or(|&(other, _)| if higher { value > other } else { value < other }) {
                best = Some((value, Winner { run, part, evaluation, passed }));
            }
        }
        Ok(best.map(|(_, winner)| winner))
    }
}

impl Challenger {
    /// The model.
    #[must_use]
    pub fn part(&self) -> &ModelPart {
        &self.part
    }

    /// What its answers are worth.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Whether it passed.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// What it is, what it is worth, and how each check went.
impl fmt::Display for Challenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.run.name(), self.evaluation, self.verdict)
    }
}

impl Winner {
    /// The model.
    #[must_use]
    pub fn part(&self) -> &ModelPart {
        &self.part
    }

    /// What its answers are worth.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// The proof that it passed.
    pub fn passed(&self) -> &Passed {
        &self.passed
    }

    /// Ends its run, and starts a bundle with the model, its evaluation and its lineage.
    #[must_use]
    pub fn bundle(&self, name: impl Into<String>, clock: &dyn Clock) -> BundleBuilder {
        let run = self.run.clone().finish(clock);
        Bundle::builder(name).model(&self.part).evaluation(&self.evaluation).lineage(&run)
    }
}
