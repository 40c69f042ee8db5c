//! A named value and how it becomes numbers.

use serde::{Deserialize, Serialize};

use super::expression::Expr;
use super::step::Step;
use crate::transform::{Number, OneHot, Ordinal, Standard, Target, Transform, Unknown};

/// Where a feature's numbers come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Input {
    /// A value of the row.
    Value(Expr),
    /// The products of the numbers of other features: each of the first with each of the second, and so on.
    Product(Vec<String>),
}

/// A named value of a row and the transforms that make numbers of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Its name; a one-hot number is named `feature=category`.
    pub name: String,
    /// Where its numbers come from.
    pub input: Input,
    /// What is done, one after another. The first takes the value, and each further one every number on its own.
    pub transforms: Vec<Step>,
}

impl Feature {
    /// A value, to be made into numbers by [`Feature::then`].
    #[must_use]
    pub fn new(name: &str, value: impl Into<Expr>) -> Self {
        Self { name: name.into(), input: Input::Value(value.into()), transforms: Vec::new() }
    }

    /// A number as it is.
    #[must_use]
    pub fn number(name: &str, value: impl Into<Expr>, nulls: impl Into<Number>) -> Self {
        Self::new(name, value).then(nulls.into())
    }

    /// A number, standardised.
    #[must_use]
    pub fn standardised(name: &str, value: impl Into<Expr>, nulls: impl Into<Number>) -> Self {
        Self::number(name, value, nulls).then(Standard::default())
    }

    /// A number that comes round, such as the hour of a day, as its place on a circle: two features, the sine and the
    /// cosine, whose names end in `_sin` and `_cos`.
    #[must_use]
    pub fn cycle(name: &str, value: impl Into<Expr>, period: f64, nulls: impl Into<Number>) -> [Self; 2] {
        let (value, nulls) = (value.into(), nulls.into());
        let sine = Self::number(&format!("{name}_sin"), value.clone().cycle_sin(period), nulls);
        [sine, Self::number(&format!("{name}_cos"), value.cycle_cos(period), nulls)]
    }

    /// A category as one number for each category; `encoding` may be just what an unknown one becomes.
    #[must_use]
    pub fn one_hot(name: &str, value: impl Into<Expr>, encoding: impl Into<OneHot>) -> Self {
        Self::new(name, value).then(encoding.into())
    }

    /// A category as its place among all, in the order of their bytes; a missing or unseen one becomes `unknown`.
    #[must_use]
    pub fn ordinal(name: &str, value: impl Into<Expr>, unknown: f64) -> Self {
        Self::new(name, value).then(Ordinal::unknown(unknown))
    }

    /// A category as the mean label of its rows, in five folds in the order of time.
    #[must_use]
    pub fn target(name: &str, value: impl Into<Expr>, smoothing: f64, unknown: Unknown) -> Self {
        Self::new(name, value).then(Target::new(smoothing, unknown))
    }

    /// The products of the numbers of other features: each of the first with each of the second, and so on.
    ///
    /// A product is 0 where a factor is 0, be the other NaN or an infinity: in a product with one-hot numbers, only that
    /// of the row's category shows what the other factor is.
    #[must_use]
    pub fn interaction(name: &str, features: &[&str]) -> Self {
        let input = Input::Product(features.iter().map(ToString::to_string).collect());
        Self { name: name.into(), input, transforms: Vec::new() }
    }

    /// A further transform.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a definition reads better without borrowing")]
    pub fn then<T: Transform>(mut self, transform: T) -> Self {
        self.transforms.push(Step::of_transform(&transform));
        self
    }

    /// The columns of the row, fields of views and windows that it reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match &self.input {
            Input::Value(value) => value.columns(),
            Input::Product(_) => Vec::new(),
        }
    }
}
