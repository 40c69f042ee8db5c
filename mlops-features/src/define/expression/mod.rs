//! Values as data: columns, literals and calls.

mod list;
mod logic;
mod number;
mod place;
mod text;
mod time;

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

pub use place::{geohash, haversine};
pub use text::{concat, cross};
pub use time::weekday;

/// A value computed from a row: an expression that serialises, prints and is compared like any data.
///
/// ```
/// use mlops_features::column;
///
/// let late = column("arr_delay").greater(15.0);
/// assert_eq!(late.to_string(), "greater(arr_delay, 15)");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expr {
    /// A column of the row; what is gathered is named `view.field`, or by the window's name.
    Column(String),
    /// A number.
    Number(JsonFloat),
    /// A text.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<JsonFloat>),
    /// A list of texts.
    Texts(Vec<String>),
    /// A function of other values.
    Call {
        /// Its name in the catalog.
        function: String,
        /// Its version in the catalog.
        version: u32,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
}

/// A column of the row, a field of a view (`view.field`) or a window by its name.
#[must_use]
pub fn column(name: impl Into<String>) -> Expr {
    Expr::Column(name.into())
}

/// A call of a function in the catalog.
#[must_use]
pub fn call(function: &str, version: u32, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Call { function: function.into(), version, arguments: arguments.into_iter().collect() }
}

/// A text.
#[must_use]
pub fn text(text: impl Into<String>) -> Expr {
    Expr::Text(text.into())
}

/// A list of numbers.
#[must_use]
pub fn numbers(numbers: impl IntoIterator<Item = f64>) -> Expr {
    Expr::Numbers(numbers.into_iter().map(JsonFloat).collect())
}

/// A list of texts.
#[must_use]
pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Expr {
    Expr::Texts(texts.into_iter().map(Into::into).collect())
}

impl From<f64> for Expr {
    fn from(number: f64) -> Self {
        Self::Number(JsonFloat(number))
    }
}

impl From<&str> for Expr {
    fn from(name: &str) -> Self {
        column(name)
    }
}

impl Expr {
    /// The columns that it reads, in order, repeats included.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column(name) => vec![name],
            Self::Number(_) | Self::Text(_) | Self::Numbers(_) | Self::Texts(_) => Vec::new(),
            Self::Call { arguments, .. } => arguments.iter().flat_map(Self::columns).collect(),
        }
    }
}

impl std::fmt::Display for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Number(number) => write!(f, "{}", number.0),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Numbers(numbers) => f.debug_list().entries(numbers.iter().map(|number| number.0)).finish(),
            Self::Texts(texts) => f.debug_list().entries(texts).finish(),
            Self::Call { function, arguments, .. } => {
                write!(f, "{function}(")?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}
