//! What a monitor says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a [`Signal`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignalKind {
    /// An input is distributed otherwise than in the reference.
    InputDrift,
    /// An output is distributed otherwise than in the reference.
    OutputDrift,
    /// Outcomes show that the model answers worse than in the reference.
    PerformanceDrop,
    /// Values are missing, NaN, unseen or of another kind more often than in the reference.
    DataQuality,
}

/// Where the true effect may lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectInterval {
    /// Its lower end.
    #[serde(with = "float")]
    pub low: f64,
    /// Its upper end.
    #[serde(with = "float")]
    pub high: f64,
}

/// What a monitor says: an effect that passed its threshold, and over which rows it was seen.
///
/// An effect, not a p-value: a p-value shrinks with the number of rows however small the change is.
///
/// ```
/// use mlops_core::{Signal, SignalKind, Timestamp};
///
/// let signal = Signal {
///     kind: SignalKind::InputDrift,
///     subject: "wind_speed".into(),
///     measure: "PSI".into(),
///     effect: 0.41251,
///     threshold: 0.2,
///     interval: None,
///     since: Timestamp::from_date(2013, 4, 1),
///     at: Timestamp::from_date(2013, 4, 8),
///     version: 3,
///     rows: 5_012,
/// };
/// assert_eq!(
///     signal.to_string(),
///     "the input `wind_speed` has drifted: PSI 0.4125 is over 0.2 in 5012 rows of version 3 \
///      from 2013-04-01T00:00:00Z to 2013-04-08T00:00:00Z",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// What it is about.
    pub kind: SignalKind,
    /// The column or metric.
    pub subject: String,
    /// What the effect is, such as `PSI`.
    pub measure: String,
    /// How large it is.
    #[serde(with = "float")]
    pub effect: f64,
    /// What it passed, in the same measure.
    #[serde(with = "float")]
    pub threshold: f64,
    /// Where the true effect may lie, where that is known.
    pub interval: Option<EffectInterval>,
    /// The start of the rows that it was seen in.
    pub since: Timestamp,
    /// Their end: the time of the signal.
    pub at: Timestamp,
    /// The version of the model that is watched.
    pub version: u64,
    /// How many rows it was seen in.
    pub rows: u64,
}

impl Signal {
    /// How many times its threshold the effect is; not a number where the threshold is not over 0.
    #[must_use]
    pub fn strength(&self) -> f64 {
        if self.threshold > 0.0 { self.effect / self.threshold } else { f64::NAN }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, measure, .. } = self;
        match self.kind {
            SignalKind::InputDrift => write!(f, "the input `{subject}` has drifted")?,
            SignalKind::OutputDrift => write!(f, "the output `{subject}` has drifted")?,
            SignalKind::PerformanceDrop => write!(f, "the model answers worse by its {subject}")?,
            SignalKind::DataQuality => write!(f, "the values of `{subject}` are worse")?,
        }
        write!(f, ": {measure} {} is over {}", Short(self.effect), Short(self.threshold))?;
        if let Some(EffectInterval { low, high }) = self.interval {
            write!(f, " (between {} and {})", Short(low), Short(high))?;
        }
        write!(f, " in {} rows of version {} from {} to {}", self.rows, self.version, self.since, self.at)
    }
}

/// A float with four significant digits.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_finite() || self.0 == 0.0 {
            return write!(f, "{}", self.0);
        }
        // The exponent is within ±324, so both casts keep it.
        let decimals = (3 - self.0.abs().log10().floor() as i32).clamp(0, 12) as usize;
        let text = format!("{:.decimals$}", self.0);
        let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        f.write_str(text)
    }
}

mod float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::JsonFloat;

    pub(super) fn serialize<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        JsonFloat(*x).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(JsonFloat::deserialize(deserializer)?.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{EffectInterval, Short, Signal, SignalKind};
    use crate::Timestamp;

    #[test]
    fn a_signal_comes_back_from_json_with_an_infinite_effect() {
        let signal = Signal {
            kind: SignalKind::PerformanceDrop,
            subject: "log loss".into(),
            measure: "increase".into(),
            effect: f64::INFINITY,
            threshold: 0.1,
            interval: Some(EffectInterval { low: 0.3, high: f64::INFINITY }),
            since: Timestamp::from_date(2013, 1, 1),
            at: Timestamp::from_date(2013, 1, 2),
            version: 1,
            rows: 9,
        };
        let text = serde_json::to_string(&signal).unwrap();
        assert_eq!(serde_json::from_str::<Signal>(&text).unwrap(), signal);
    }

    #[test]
    fn floats_are_shown_with_four_digits() {
        let shown = |x: f64| Short(x).to_string();
        assert_eq!(shown(0.2), "0.2");
        assert_eq!(shown(0.000_123_456), "0.0001235");
        assert_eq!(shown(1234.56), "1235");
        assert_eq!(shown(100.0), "100");
        assert_eq!(shown(-1.5), "-1.5");
        assert_eq!(shown(f64::NAN), "NaN");
        assert_eq!(shown(0.0), "0");
    }
}
