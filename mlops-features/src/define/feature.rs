//! A named value and how it becomes numbers.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::expression::Expr;

/// What a null number becomes. There is no default: nothing is imputed in silence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nulls {
    /// An error that names the feature.
    Refuse,
    /// The mean of the rows that it was fitted on.
    Mean,
    /// The mean, and a second number `feature.missing` that is 1 for a null and else 0.
    MeanFlagged,
    /// A number.
    Constant(JsonFloat),
}

/// What a category becomes that was missing, or not seen in fitting. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unknown {
    /// An error that names the feature and the value.
    Refuse,
    /// What is known of all: no one's number in a one-hot encoding, the mean of all labels in a target encoding.
    AsAll,
}

/// How a value becomes numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// One number as it is, or standardised.
    Number {
        /// What a null becomes.
        nulls: Nulls,
        /// Whether it is scaled to mean 0 and standard deviation 1 (population, over the values that aren't
        /// null or NaN; a constant gets scale 1, so 0).
        standardise: bool,
    },
    /// A number for each category that was seen in fitting: 1 for the row's, 0 for the others.
    OneHot {
        /// What a missing or unseen category becomes.
        unknown: Unknown,
    },
    /// The mean label of the category's rows, drawn towards that of all rows:
    /// `(sum + smoothing · mean of all) / (count + smoothing)`.
    ///
    /// The rows that it was fitted on are encoded out of fold, in the order of time.
    Target {
        /// What a missing or unseen category becomes.
        unknown: Unknown,
        /// How many rows of the mean of all each category is given.
        smoothing: JsonFloat,
        /// How many folds, at least 2.
        folds: u32,
    },
}

/// A named value of a row and its encoding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name; a one-hot number is named `feature=category`.
    pub name: String,
    /// The value.
    pub value: Expr,
    /// How it becomes numbers.
    pub encoding: Encoding,
}

impl Feature {
    /// A number as it is.
    #[must_use]
    pub fn number(name: &str, value: impl Into<Expr>, nulls: Nulls) -> Self {
        let encoding = Encoding::Number { nulls, standardise: false };
        Self { name: name.into(), value: value.into(), encoding }
    }

    /// A number, standardised.
    #[must_use]
    pub fn standardised(name: &str, value: impl Into<Expr>, nulls: Nulls) -> Self {
        let encoding = Encoding::Number { nulls, standardise: true };
        Self { name: name.into(), value: value.into(), encoding }
    }

    /// A number that comes round, such as the hour of a day, as its place on a circle: two features, the sine and the
    /// cosine, whose names end in `_sin` and `_cos`.
    #[must_use]
    pub fn cycle(name: &str, value: impl Into<Expr>, period: f64, nulls: Nulls) -> [Self; 2] {
        let value = value.into();
        let sine = Self::number(&format!("{name}_sin"), value.clone().cycle_sin(period), nulls);
        [sine, Self::number(&format!("{name}_cos"), value.cycle_cos(period), nulls)]
    }

    /// A category column as one number a category.
    #[must_use]
    pub fn one_hot(name: &str, value: impl Into<Expr>, unknown: Unknown) -> Self {
        Self { name: name.into(), value: value.into(), encoding: Encoding::OneHot { unknown } }
    }

    /// A category column as the mean label of its rows, in five folds.
    #[must_use]
    pub fn target(name: &str, value: impl Into<Expr>, smoothing: f64, unknown: Unknown) -> Self {
        let encoding = Encoding::Target { unknown, smoothing: JsonFloat(smoothing), folds: 5 };
        Self { name: name.into(), value: value.into(), encoding }
    }
}
