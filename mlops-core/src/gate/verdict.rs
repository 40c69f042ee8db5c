//! What a gate found.

use std::error::Error;
use std::fmt;

use serde::Serialize;

use super::Rule;
use crate::{DatasetVersion, Fingerprint, Subject, Table, Undefined};

/// Whose evaluation lacks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Side {
    /// The one that wants to pass.
    Candidate,
    /// The one that it is compared with.
    Baseline,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Candidate => "candidate",
            Self::Baseline => "baseline",
        })
    }
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Failure {
    /// The value is on the wrong side of its bound.
    OutOfBound,
    /// Only a model passes a gate.
    NotAModel,
    /// The rule compares, and there is nothing to compare with.
    NoBaseline,
    /// The baseline was evaluated on another version of the data.
    OtherData,
    /// The baseline was evaluated on another number of rows.
    OtherRows {
        /// Rows of the candidate.
        candidate: usize,
        /// Rows of the baseline.
        baseline: usize,
    },
    /// The baseline was evaluated against other outcomes.
    OtherLabels,
    /// The baseline was evaluated with other parameters, so that its numbers mean something else.
    OtherEvaluator,
    /// The baseline's rows are in other slices of the column.
    OtherSlices,
    /// The evaluation is not sliced by the column.
    NotSliced {
        /// Whose.
        side: Side,
    },
    /// The column has no slice, since there is no row.
    NoSlices,
    /// The evaluation has no such metric.
    NoMetric {
        /// Whose.
        side: Side,
    },
    /// The metric has no value.
    Undefined {
        /// Whose.
        side: Side,
        /// Why.
        reason: Undefined,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBound => f.write_str("out of bound"),
            Self::NotAModel => f.write_str("the candidate is not a model"),
            Self::NoBaseline => f.write_str("no baseline was given"),
            Self::OtherData => f.write_str("the baseline was evaluated on other data"),
            Self::OtherRows { candidate, baseline } => {
                write!(f, "the baseline was evaluated on {baseline} rows, the candidate on {candidate}")
            }
            Self::OtherLabels => f.write_str("the baseline was evaluated against other labels"),
            Self::OtherEvaluator => f.write_str("the baseline was evaluated with other parameters"),
            Self::OtherSlices => f.write_str("the baseline's rows are in other slices"),
            Self::NotSliced { side } => write!(f, "the {side} is not sliced by this column"),
            Self::NoSlices => f.write_str("there is no slice"),
            Self::NoMetric { side } => write!(f, "the {side} has no such metric"),
            Self::Undefined { side, reason } => write!(f, "the {side}'s value is undefined: {reason}"),
        }
    }
}

/// How one rule went, over all rows or in one slice.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The rule.
    pub rule: Rule,
    /// The value of the rule's column in the slice that was looked at; `None` over all rows.
    pub slice: Option<String>,
    /// The candidate's value, where it is defined.
    pub value: Option<f64>,
    /// The baseline's value, where the rule compares and it is defined.
    pub baseline: Option<f64>,
    /// What the value was held against.
    pub bound: Option<f64>,
    /// Why the check failed; `None` where it passed.
    pub failure: Option<Failure>,
}

impl Check {
    /// Whether the candidate does what the rule demands.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// The proof that a model passed a gate.
///
/// Only [`Gate::judge`](crate::Gate::judge) makes one, so what asks for it can't be had without a gate. It
/// is bound to the model that was judged, the data that it was judged on and the baseline that it was held
/// against. It can be written, as a record, but never read back:
/// ```
/// use mlops_core::{Fingerprint, Passed};
///
/// fn model_of(real: Passed) -> Fingerprint {
///     real.model()
/// }
/// fn written<T: serde::Serialize>() {}
/// written::<Passed>();
/// ```
/// It can't be put together by hand, not even out of another,
/// ```compile_fail,E0451
/// use mlops_core::{Fingerprint, Passed};
///
/// fn forged(real: Passed, model: Fingerprint) -> Passed {
///     Passed { model, ..real }
/// }
/// ```
/// nor read:
/// ```compile_fail,E0277
/// use mlops_core::Passed;
///
/// fn read<T: serde::de::DeserializeOwned>() {}
/// read::<Passed>();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[must_use = "a model that passed can be promoted"]
pub struct Passed {
    model: Fingerprint,
    data: DatasetVersion,
    baseline: Option<Subject>,
    checks: Vec<Check>,
}

impl Passed {
    /// The digest of the model that passed.
    #[must_use]
    pub fn model(&self) -> Fingerprint {
        self.model
    }

    /// The version of the data that it was evaluated on.
    #[must_use]
    pub fn data(&self) -> DatasetVersion {
        self.data
    }

    /// What it was compared with; `None` where no rule compares.
    #[must_use]
    pub fn baseline(&self) -> Option<&Subject> {
        self.baseline.as_ref()
    }

    /// Each check; all passed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} passed {} checks on the data {}", self.model, self.checks.len(), self.data)?;
        write_checks(f, &self.checks)
    }
}

/// A candidate that did not pass, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failed {
    candidate: Subject,
    checks: Vec<Check>,
}

impl Failed {
    /// What was judged.
    #[must_use]
    pub fn candidate(&self) -> &Subject {
        &self.candidate
    }

    /// Each check, those that passed among them.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passed())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, all) = (self.failures().count(), self.checks.len());
        writeln!(f, "{} failed {failed} of {all} checks", self.candidate)?;
        write_checks(f, &self.checks)
    }
}

impl Error for Failed {}

/// Whether a candidate passed, with every check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[must_use = "a verdict that nobody looks at stops nothing"]
pub enum Verdict {
    /// It passed all checks.
    Passed(Passed),
    /// It failed at least one.
    Failed(Failed),
}

impl Verdict {
    /// Passed exactly where the candidate is a model and there are checks and none failed.
    pub(super) fn of(
        candidate: &Subject,
        data: DatasetVersion,
        baseline: Option<&Subject>,
        checks: Vec<Check>,
    ) -> Self {
        match candidate {
            Subject::Model { digest } if !checks.is_empty() && checks.iter().all(Check::passed) => {
                Self::Passed(Passed { model: *digest, data, baseline: baseline.cloned(), checks })
            }
            _ => Self::Failed(Failed { candidate: candidate.clone(), checks }),
        }
    }

    /// The proof, or why there is none: for the `?` before a promotion.
    ///
    /// # Errors
    /// [`Failed`] where a check failed.
    pub fn passed(self) -> Result<Passed, Failed> {
        match self {
            Self::Passed(passed) => Ok(passed),
            Self::Failed(failed) => Err(failed),
        }
    }

    /// Each check.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        match self {
            Self::Passed(passed) => passed.checks(),
            Self::Failed(failed) => failed.checks(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(passed) => passed.fmt(f),
            Self::Failed(failed) => failed.fmt(f),
        }
    }
}

/// A line a check.
fn write_checks(f: &mut fmt::Formatter<'_>, checks: &[Check]) -> fmt::Result {
    let mut table = Table::new(["", "value", "baseline", "bound", ""]);
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    for check in checks {
        let rule = match &check.slice {
            Some(value) => format!("{} = {value}", check.rule),
            None => check.rule.to_string(),
        };
        let outcome = check.failure.as_ref().map_or("passed".to_owned(), |failure| format!("failed: {failure}"));
        table.row([rule, number(check.value), number(check.baseline), number(check.bound), outcome]);
    }
    write!(f, "{table}")
}
