//! What stands in for a value that isn't there.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::TransformError;
use super::moments::Moments;
use super::order::Ordered;

/// What stands in for a number that is missing. Of what is learnt, NaN is passed over and an infinity is an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fill {
    /// The mean.
    Mean,
    /// The median; of an even count the mean of the two in the middle.
    Median,
    /// The most frequent number, the least of several.
    MostFrequent,
    /// A number.
    Constant(JsonFloat),
}

/// What [`Fill`] gathers.
#[derive(Debug)]
pub struct FillState(Gathered);

#[derive(Debug)]
enum Gathered {
    Moments(Moments),
    Ordered(Ordered),
    Nothing,
}

impl Fill {
    pub(crate) fn start(self) -> FillState {
        FillState(match self {
            Self::Mean => Gathered::Moments(Moments::default()),
            Self::Median | Self::MostFrequent => Gathered::Ordered(Ordered::default()),
            Self::Constant(_) => Gathered::Nothing,
        })
    }

    pub(crate) fn finish(self, state: FillState) -> Result<f64, TransformError> {
        match (self, state.0) {
            (Self::Constant(x), _) => Ok(x.0),
            (_, Gathered::Moments(moments)) => moments.mean().ok_or(TransformError::NoValue { wanted: "mean" }),
            (Self::Median, Gathered::Ordered(mut ordered)) => {
                ordered.median()?.ok_or(TransformError::NoValue { wanted: "median" })
            }
            (_, Gathered::Ordered(mut ordered)) => {
                ordered.mode()?.ok_or(TransformError::NoValue { wanted: "most frequent value" })
            }
            (_, Gathered::Nothing) => Err(TransformError::NoValue { wanted: "value" }),
        }
    }
}

impl FillState {
    /// A state of what learns nothing.
    pub(crate) fn nothing() -> Self {
        Self(Gathered::Nothing)
    }

    /// Takes in a number; NaN is passed over, and an infinity is an error.
    pub(crate) fn add(&mut self, x: f64) -> Result<(), TransformError> {
        if x.is_infinite() {
            return Err(TransformError::Infinite { got: x });
        }
        match &mut self.0 {
            Gathered::Moments(moments) => moments.add(x),
            Gathered::Ordered(ordered) => return ordered.add(x),
            Gathered::Nothing => {}
        }
        Ok(())
    }

    pub(crate) fn merge(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (Gathered::Moments(moments), Gathered::Moments(other)) => moments.merge(&other),
            (Gathered::Ordered(ordered), Gathered::Ordered(other)) => ordered.merge(other),
            _ => {}
        }
    }
}
