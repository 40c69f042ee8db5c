//! Fitted encodings: a value becomes numbers.

mod fit;
mod target;

use mlops_core::{EncodeError, JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use crate::define::feature::{Nulls, Unknown};
use crate::define::function::as_float;

pub(crate) use fit::fit_encoding;
pub(crate) use target::{RowTimes, out_of_fold};

/// An encoding with what was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub(crate) enum FittedEncoding {
    /// `(x − mean) / scale`.
    Number {
        /// Subtracted; 0 where it is not standardised.
        mean: JsonFloat,
        /// Divided by; 1 where it is not standardised.
        scale: JsonFloat,
        /// What a null is taken for; `None` refuses it.
        null: Option<JsonFloat>,
        /// Whether a second number tells that it was null.
        flagged: bool,
    },
    /// One number a code.
    OneHot {
        /// How many codes there are.
        width: usize,
        /// Whether a missing or unseen category is refused.
        refuse: bool,
    },
    /// The mean label of a code.
    Target {
        /// By code.
        means: Vec<JsonFloat>,
        /// That of all rows.
        overall: JsonFloat,
        /// Whether a missing or unseen category is refused.
        refuse: bool,
    },
}

impl FittedEncoding {
    /// How many numbers it gives.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Number { flagged, .. } => 1 + usize::from(*flagged),
            Self::OneHot { width, .. } => *width,
            Self::Target { .. } => 1,
        }
    }

    /// The names of its numbers.
    pub(crate) fn names(&self, feature: &str, vocabulary: Option<&Vocabulary>) -> Vec<String> {
        match self {
            Self::Number { flagged: true, .. } => vec![feature.into(), format!("{feature}.missing")],
            Self::Number { .. } | Self::Target { .. } => vec![feature.into()],
            Self::OneHot { .. } => {
                vocabulary.iter().flat_map(|texts| texts.texts()).map(|text| format!("{feature}={text}")).collect()
            }
        }
    }

    /// The mean of all labels, of a target encoding.
    pub(crate) fn overall(&self) -> Option<f64> {
        match self {
            Self::Target { overall, .. } => Some(overall.0),
            _ => None,
        }
    }

    /// Whether what was stored fits the vocabulary of its column.
    pub(crate) fn fits(&self, vocabulary: Option<&Vocabulary>) -> bool {
        let codes = vocabulary.map_or(0, Vocabulary::len);
        match self {
            Self::Number { .. } => true,
            Self::OneHot { width, .. } => *width == codes,
            Self::Target { means, .. } => means.len() == codes,
        }
    }

    /// The kernel: one value to `width()` numbers.
    #[inline]
    pub(crate) fn apply(&self, feature: &str, value: Value<'_>, out: &mut [f64]) -> Result<(), EncodeError> {
        match self {
            Self::Number { mean, scale, null, flagged } => {
                let (x, missing) = match (as_float(value), null) {
                    (Some(x), _) => (x, 0.0),
                    (None, Some(null)) => (null.0, 1.0),
                    (None, None) => return Err(EncodeError::Null { feature: feature.into() }),
                };
                out[0] = (x - mean.0) / scale.0;
                if *flagged {
                    out[1] = missing;
                }
            }
            Self::OneHot { refuse, .. } => {
                out.fill(0.0);
                if let Some(code) = known(feature, value, *refuse)? {
                    out[code] = 1.0;
                }
            }
            Self::Target { means, overall, refuse } => {
                out[0] = known(feature, value, *refuse)?.map_or(overall.0, |code| means[code].0);
            }
        }
        Ok(())
    }

    /// Many values: `values[row]` to `out[row · stride ..]`, by the same kernel; a row that can't be encoded is
    /// named.
    pub(crate) fn apply_rows(
        &self,
        feature: &str,
        values: &[Value<'_>],
        out: &mut [f64],
        stride: usize,
    ) -> Result<(), (usize, EncodeError)> {
        let width = self.width();
        for (row, (&value, out)) in values.iter().zip(out.chunks_mut(stride)).enumerate() {
            self.apply(feature, value, &mut out[..width]).map_err(|error| (row, error))?;
        }
        Ok(())
    }
}

/// The place of a category that was seen in fitting.
#[inline]
fn known(feature: &str, value: Value<'_>, refuse: bool) -> Result<Option<usize>, EncodeError> {
    match value {
        Value::Category(code) => Ok(Some(code.0 as usize)),
        _ if !refuse => Ok(None),
        Value::Unseen(text) | Value::Text(text) => {
            Err(EncodeError::Unseen { feature: feature.into(), value: text.into() })
        }
        _ => Err(EncodeError::Null { feature: feature.into() }),
    }
}

impl Unknown {
    pub(crate) fn refuses(self) -> bool {
        self == Self::Refuse
    }
}

impl Nulls {
    /// What a null is taken for.
    pub(crate) fn value(self, mean: f64) -> Option<JsonFloat> {
        match self {
            Self::Refuse => None,
            Self::Mean | Self::MeanFlagged => Some(JsonFloat(mean)),
            Self::Constant(x) => Some(x),
        }
    }
}
