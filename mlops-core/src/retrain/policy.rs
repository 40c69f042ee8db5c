//! When signals are reason enough to train again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Signal, SignalKind};
use crate::Timestamp;

/// When to train again, from the [`Signal`]s of monitors and the age of the model.
///
/// Only signals raised after the last training count: earlier ones speak of a model that was replaced. A signal
/// of [`SignalKind::DataQuality`] is never a reason, because training on broken data makes a worse model; it
/// is for people to look at.
///
/// | parameter | default | unit | range |
/// |---|---|---|---|
/// | `drifted_columns` | 3 | columns with a drift signal | 1 and more, or [`without`](RetrainPolicyBuilder::without_drifted_columns) |
/// | `strong_drift` | 2.5 | times a signal's own threshold | 1 and more, or [`without`](RetrainPolicyBuilder::without_strong_drift) |
/// | `on_performance` | true | | |
/// | `max_age` | none | time since the last training | over 0 |
/// | `age_alone` | true | | |
/// | `cool_down` | 1 day | time since the last training | 0 and more |
/// | `limit` | none | trainings after the first | |
///
/// ```
/// use std::time::Duration;
/// use mlops_core::{Decision, RetrainPolicy, Timestamp, TrainingState};
///
/// let day = Duration::from_secs(86_400);
/// let policy = RetrainPolicy::builder().max_age(30 * day).cool_down(7 * day).build().unwrap();
/// let state = TrainingState { last_trained: Timestamp::from_date(2013, 1, 1), retrained: 0 };
///
/// let decision = policy.decide(Timestamp::from_date(2013, 1, 20), &state, &[]);
/// assert_eq!(decision.to_string(), "wait: no signal is reason enough");
/// let decision = policy.decide(Timestamp::from_date(2013, 2, 1), &state, &[]);
/// assert_eq!(decision.to_string(), "train again: the model is 31 days old, the limit is 30");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetrainPolicy {
    drifted_columns: Option<usize>,
    strong_drift: Option<f64>,
    performance: bool,
    max_age: Option<Duration>,
    age_alone: bool,
    cool_down: Duration,
    limit: Option<u32>,
}

/// Sets up a [`RetrainPolicy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RetrainPolicyBuilder(RetrainPolicy);

/// A [`RetrainPolicy`] that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RetrainPolicyError {
    /// A parameter out of its range.
    #[error("`{parameter}` is {got}; {allowed} is allowed")]
    OutOfRange {
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        got: String,
        /// What may be.
        allowed: &'static str,
    },
    /// Nothing is ever a reason.
    #[error("the policy would never train again: no drift, performance or age is a reason")]
    NoTrigger,
}

/// What a policy needs to know of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingState {
    /// When the model was trained last.
    pub last_trained: Timestamp,
    /// How often it was trained again so far.
    pub retrained: u32,
}

/// Why to train again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
#[non_exhaustive]
pub enum Reason {
    /// Enough columns have drifted.
    DriftedColumns {
        /// One signal a column, the strongest.
        signals: Vec<Signal>,
        /// How many were enough.
        enough: usize,
    },
    /// A column has drifted so far that it is enough alone.
    StrongDrift {
        /// What was said of it.
        signal: Signal,
    },
    /// The model answers worse.
    Performance {
        /// What was said of it.
        signal: Signal,
    },
    /// The model is old; where age alone is not enough, with the signals that came to it.
    Age {
        /// The time since the last training.
        age: Duration,
        /// What it is over.
        max: Duration,
        /// The signals; none where age alone is enough.
        signals: Vec<Signal>,
    },
}

/// Why not to train.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "because")]
#[non_exhaustive]
pub enum Waiting {
    /// The last training was too short a time ago.
    CoolDown {
        /// When that will be over.
        until: Timestamp,
    },
    /// It was done as often as is allowed.
    LimitReached {
        /// How often that is.
        limit: u32,
    },
    /// No reason, or not enough of it.
    NotEnough {
        /// How many columns have drifted.
        drifted: usize,
        /// How many would be enough, if any number is.
        enough: Option<usize>,
    },
}

/// What a [`RetrainPolicy`] decided, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
#[must_use]
pub enum Decision {
    /// Train again.
    Retrain {
        /// All reasons; at least one.
        reasons: Vec<Reason>,
    },
    /// Don't.
    Wait {
        /// Why not.
        because: Waiting,
    },
}

impl Decision {
    /// Whether to train again.
    #[must_use]
    pub fn is_retrain(&self) -> bool {
        matches!(self, Self::Retrain { .. })
    }
}

impl RetrainPolicyBuilder {
    /// So many columns, inputs and outputs together, with a drift signal are a reason.
    pub fn drifted_columns(mut self, enough: usize) -> Self {
        self.0.drifted_columns = Some(enough);
        self
    }

    /// No number of drifted columns is a reason.
    pub fn without_drifted_columns(mut self) -> Self {
        self.0.drifted_columns = None;
        self
    }

    /// One drift signal is a reason if its effect is so many times its own threshold. (A multiple, because
    /// effects of different measures can't be compared.)
    pub fn strong_drift(mut self, times: f64) -> Self {
        self.0.strong_drift = Some(times);
        self
    }

    /// No single drift signal is a reason.
    pub fn without_strong_drift(mut self) -> Self {
        self.0.strong_drift = None;
        self
    }

    /// Whether a performance signal is a reason.
    pub fn on_performance(mut self, yes: bool) -> Self {
        self.0.performance = yes;
        self
    }

    /// A model that is this old is to be trained again.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.0.max_age = Some(age);
        self
    }

    /// Whether age is a reason alone, or only together with at least one signal of drift or performance.
    pub fn age_alone(mut self, yes: bool) -> Self {
        self.0.age_alone = yes;
        self
    }

    /// The time that must pass from one training to the next, whatever is said.
    pub fn cool_down(mut self, duration: Duration) -> Self {
        self.0.cool_down = duration;
        self
    }

    /// How often to train again at most.
    pub fn limit(mut self, times: u32) -> Self {
        self.0.limit = Some(times);
        self
    }

    /// Checks it.
    ///
    /// # Errors
    /// [`RetrainPolicyError`] that names the parameter.
    pub fn build(self) -> Result<RetrainPolicy, RetrainPolicyError> {
        let policy = self.0;
        let refuse =
            |parameter, got: String, allowed| Err(RetrainPolicyError::OutOfRange { parameter, got, allowed });
        if policy.drifted_columns == Some(0) {
            return refuse("drifted_columns", "0".into(), "1 and more");
        }
        if let Some(times) = policy.strong_drift
            && !(times >= 1.0 && times.is_finite())
        {
            return refuse("strong_drift", times.to_string(), "1 and more");
        }
        if policy.max_age == Some(Duration::ZERO) {
            return refuse("max_age", "0".into(), "over 0");
        }
        let drift = policy.drifted_columns.is_some() || policy.strong_drift.is_some();
        if !(drift || policy.performance || policy.max_age.is_some()) {
            return Err(RetrainPolicyError::NoTrigger);
        }
        Ok(policy)
    }
}

impl RetrainPolicy {
    /// Starts a policy with the defaults above.
    pub fn builder() -> RetrainPolicyBuilder {
        RetrainPolicyBuilder(Self {
            drifted_columns: Some(3),
            strong_drift: Some(2.5),
            performance: true,
            max_age: None,
            age_alone: true,
            cool_down: Duration::from_secs(86_400),
            limit: None,
        })
    }

    /// Whether to train again at `now`, and why.
    ///
    /// Never within the cool-down after the last training, which a `now` before it counts as; never more often
    /// than the limit. The order of the signals doesn't matter but for that of the reasons.
    pub fn decide(&self, now: Timestamp, state: &TrainingState, signals: &[Signal]) -> Decision {
        let age = now.since(state.last_trained);
        if now < state.last_trained || age < self.cool_down {
            return wait(Waiting::CoolDown { until: state.last_trained + self.cool_down });
        }
        if let Some(limit) = self.limit
            && state.retrained >= limit
        {
            return wait(Waiting::LimitReached { limit });
        }
        let signals: Vec<&Signal> = signals.iter().filter(|signal| signal.at > state.last_trained).collect();
        let drifted = strongest_by_column(&signals);
        let performance: Vec<&Signal> =
            signals.into_iter().filter(|signal| signal.kind == SignalKind::PerformanceDrop).collect();

        let mut reasons = Vec::new();
        if self.performance {
            reasons.extend(performance.iter().map(|&signal| Reason::Performance { signal: signal.clone() }));
        }
        if let Some(enough) = self.drifted_columns
            && drifted.len() >= enough
        {
            let signals = drifted.iter().map(|&signal| signal.clone()).collect();
            reasons.push(Reason::DriftedColumns { signals, enough });
        }
        if let Some(times) = self.strong_drift {
            let strong = drifted.iter().filter(|signal| signal.strength() >= times);
            reasons.extend(strong.map(|&signal| Reason::StrongDrift { signal: signal.clone() }));
        }
        if let Some(max) = self.max_age
            && age >= max
        {
            if self.age_alone {
                reasons.push(Reason::Age { age, max, signals: Vec::new() });
            } else if !(drifted.is_empty() && performance.is_empty()) {
                let signals = drifted.iter().chain(&performance).map(|&signal| signal.clone()).collect();
                reasons.push(Reason::Age { age, max, signals });
            }
        }
        if reasons.is_empty() {
            wait(Waiting::NotEnough { drifted: drifted.len(), enough: self.drifted_columns })
        } else {
            Decision::Retrain { reasons }
        }
    }
}

fn wait(because: Waiting) -> Decision {
    Decision::Wait { because }
}

/// The strongest drift signal of each column, by the columns' names.
fn strongest_by_column<'a>(signals: &[&'a Signal]) -> Vec<&'a Signal> {
    let mut columns: BTreeMap<(&str, bool), &Signal> = BTreeMap::new();
    for &signal in signals {
        let output = match signal.kind {
            SignalKind::InputDrift => false,
            SignalKind::OutputDrift => true,
            _ => continue,
        };
        let kept = columns.entry((&signal.subject, output)).or_insert(signal);
        if signal.strength() > kept.strength() || kept.strength().is_nan() {
            *kept = signal;
        }
    }
    columns.into_values().collect()
}

struct Days(Duration);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.as_secs_f64() / 86_400.0;
        write!(f, "{}", (days * 10.0).round() / 10.0)
    }
}

fn list(f: &mut fmt::Formatter<'_>, signals: &[Signal]) -> fmt::Result {
    for (i, signal) in signals.iter().enumerate() {
        write!(f, "{}{signal}", if i == 0 { "" } else { ", " })?;
    }
    Ok(())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DriftedColumns { signals, enough } => {
                write!(f, "{} columns have drifted, {enough} are enough: ", signals.len())?;
                list(f, signals)
            }
            Self::StrongDrift { signal } | Self::Performance { signal } => signal.fmt(f),
            Self::Age { age, max, signals } => {
                write!(f, "the model is {} days old, the limit is {}", Days(*age), Days(*max))?;
                if !signals.is_empty() {
                    f.write_str(", and ")?;
                }
                list(f, signals)
            }
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoolDown { until } => write!(f, "the last training is too recent, until {until}"),
            Self::LimitReached { limit } => write!(f, "it was trained again {limit} times, which is the limit"),
            Self::NotEnough { drifted: 0, .. } | Self::NotEnough { enough: None, .. } => {
                f.write_str("no signal is reason enough")
            }
            Self::NotEnough { drifted, enough: Some(enough) } => {
                write!(f, "{drifted} drifted columns are not reason enough, {enough} would be")
            }
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retrain { reasons } => {
                f.write_str("train again: ")?;
                for (i, reason) in reasons.iter().enumerate() {
                    write!(f, "{}{reason}", if i == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Wait { because } => write!(f, "wait: {because}"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn trained() -> TrainingState {
        TrainingState { last_trained: Timestamp::from_date(2013, 1, 1), retrained: 0 }
    }

    fn signal(kind: SignalKind, subject: &str, effect: f64) -> Signal {
        let (since, at) = (Timestamp::from_date(2013, 1, 8), Timestamp::from_date(2013, 1, 9));
        let (subject, measure) = (subject.to_owned(), "PSI".to_owned());
        Signal { kind, subject, measure, effect, threshold: 0.2, interval: None, since, at, version: 1, rows: 100 }
    }

    fn later() -> Timestamp {
        Timestamp::from_date(2013, 1, 10)
    }

    #[test]
    fn a_column_counts_once_however_many_signals_it_has() {
        let policy = RetrainPolicy::builder().drifted_columns(2).build().unwrap();
        let one = [signal(SignalKind::InputDrift, "a", 0.3), signal(SignalKind::InputDrift, "a", 0.4)];
        let decision = policy.decide(later(), &trained(), &one);
        assert_eq!(decision, wait(Waiting::NotEnough { drifted: 1, enough: Some(2) }));
        let two = [one[0].clone(), one[1].clone(), signal(SignalKind::OutputDrift, "p", 0.3)];
        let reasons = vec![Reason::DriftedColumns { signals: vec![two[1].clone(), two[2].clone()], enough: 2 }];
        assert_eq!(policy.decide(later(), &trained(), &two), Decision::Retrain { reasons });
    }

    #[test]
    fn one_strong_drift_is_enough_and_is_named() {
        let policy = RetrainPolicy::builder().build().unwrap();
        let decision = policy.decide(later(), &trained(), &[signal(SignalKind::InputDrift, "wind", 0.5)]);
        assert!(decision.is_retrain());
        assert!(decision.to_string().contains("the input `wind` has drifted: PSI 0.5 is over 0.2"), "{decision}");
    }

    #[test]
    fn age_can_be_made_to_need_a_signal() {
        let policy = RetrainPolicy::builder().max_age(5 * DAY).age_alone(false).build().unwrap();
        assert!(!policy.decide(later(), &trained(), &[]).is_retrain());
        let weak = [signal(SignalKind::InputDrift, "a", 0.3)];
        assert!(policy.decide(later(), &trained(), &weak).is_retrain());
        let quality = [signal(SignalKind::DataQuality, "a", 0.3)];
        assert!(!policy.decide(later(), &trained(), &quality).is_retrain());
    }

    #[test]
    fn signals_from_before_the_last_training_do_not_count() {
        let policy = RetrainPolicy::builder().cool_down(Duration::ZERO).build().unwrap();
        let state = TrainingState { last_trained: Timestamp::from_date(2013, 1, 9), retrained: 1 };
        let old = [signal(SignalKind::PerformanceDrop, "log loss", 0.5)];
        assert!(!policy.decide(later(), &state, &old).is_retrain());
    }

    #[test]
    fn the_limit_holds() {
        let policy = RetrainPolicy::builder().limit(2).build().unwrap();
        let bad = [signal(SignalKind::PerformanceDrop, "log loss", 0.5)];
        let state = |retrained| TrainingState { retrained, ..trained() };
        assert!(policy.decide(later(), &state(1), &bad).is_retrain());
        let decision = policy.decide(later(), &state(2), &bad);
        assert_eq!(decision, wait(Waiting::LimitReached { limit: 2 }));
    }

    #[test]
    fn parameters_are_checked() {
        assert!(RetrainPolicy::builder().strong_drift(f64::NAN).build().is_err());
        assert!(RetrainPolicy::builder().drifted_columns(0).build().is_err());
        assert!(RetrainPolicy::builder().max_age(Duration::ZERO).build().is_err());
        let nothing = RetrainPolicy::builder().without_drifted_columns().without_strong_drift();
        assert_eq!(nothing.on_performance(false).build(), Err(RetrainPolicyError::NoTrigger));
    }

    fn kinds() -> impl Strategy<Value = SignalKind> {
        prop_oneof![
            Just(SignalKind::InputDrift),
            Just(SignalKind::OutputDrift),
            Just(SignalKind::PerformanceDrop),
            Just(SignalKind::DataQuality),
        ]
    }

    proptest! {
        #[test]
        fn never_within_the_cool_down(
            cool_down in 0_u64..1_000_000,
            passed in -1_000_000_i64..2_000_000,
            kinds in prop::collection::vec((kinds(), "[a-e]", 0.2..5.0), 0..8),
        ) {
            let policy = RetrainPolicy::builder()
                .cool_down(Duration::from_micros(cool_down))
                .max_age(Duration::from_micros(1))
                .build()
                .unwrap();
            let state = trained();
            let now = Timestamp::from_micros(state.last_trained.as_micros() + passed);
            let signals: Vec<_> = kinds.iter().map(|(kind, name, effect)| signal(*kind, name, *effect)).collect();
            let decision = policy.decide(now, &state, &signals);
            prop_assert!(!decision.is_retrain() || passed >= i64::try_from(cool_down).unwrap());
        }

        #[test]
        fn reasons_name_only_given_signals_and_their_order_does_not_decide(
            kinds in prop::collection::vec((kinds(), "[a-e]", 0.2..5.0), 0..8),
        ) {
            let policy = RetrainPolicy::builder().build().unwrap();
            let mut signals: Vec<_> =
                kinds.iter().map(|(kind, name, effect)| signal(*kind, name, *effect)).collect();
            let decision = policy.decide(later(), &trained(), &signals);
            if let Decision::Retrain { reasons } = &decision {
                prop_assert!(!reasons.is_empty());
                for reason in reasons {
                    let named = match reason {
                        Reason::DriftedColumns { signals, .. } | Reason::Age { signals, .. } => signals.clone(),
                        Reason::StrongDrift { signal } | Reason::Performance { signal } => vec![signal.clone()],
                    };
                    prop_assert!(named.iter().all(|signal| signals.contains(signal)));
                }
            }
            signals.reverse();
            prop_assert_eq!(policy.decide(later(), &trained(), &signals).is_retrain(), decision.is_retrain());
        }
    }
}
