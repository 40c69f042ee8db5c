//! Values as data: columns, literals and calls.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

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
    /// The sum of the two, as floats.
    #[must_use]
    pub fn plus(self, other: impl Into<Self>) -> Self {
        call("plus", 1, [self, other.into()])
    }

    /// The difference of the two, as floats.
    #[must_use]
    pub fn minus(self, other: impl Into<Self>) -> Self {
        call("minus", 1, [self, other.into()])
    }

    /// The product of the two, as floats.
    #[must_use]
    pub fn times(self, other: impl Into<Self>) -> Self {
        call("times", 1, [self, other.into()])
    }

    /// The quotient of the two, as floats; a division by zero is an infinity or NaN, as IEEE 754 has it.
    #[must_use]
    pub fn over(self, other: impl Into<Self>) -> Self {
        call("over", 1, [self, other.into()])
    }

    /// 1 if this is greater, else 0 (NaN is greater than nothing).
    #[must_use]
    pub fn greater(self, other: impl Into<Self>) -> Self {
        call("greater", 1, [self, other.into()])
    }

    /// ln(1 + x).
    #[must_use]
    pub fn ln_1p(self) -> Self {
        call("ln_1p", 1, [self])
    }

    /// sin(x / period · 2π): with [`Expr::cycle_cos`] a point on a circle, so that the end of a cycle is next
    /// to its beginning.
    #[must_use]
    pub fn cycle_sin(self, period: f64) -> Self {
        call("cycle_sin", 1, [self, period.into()])
    }

    /// cos(x / period · 2π).
    #[must_use]
    pub fn cycle_cos(self, period: f64) -> Self {
        call("cycle_cos", 1, [self, period.into()])
    }

    /// The columns that it reads, in order, repeats included.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Column(name) => vec![name],
            Self::Number(_) => Vec::new(),
            Self::Call { arguments, .. } => arguments.iter().flat_map(Self::columns).collect(),
        }
    }
}

/// The weekday of a date of the Gregorian calendar, from three columns: 0 is Monday. Missing where the month is not
/// 1 to 12, the day not 1 to 31 or the year beyond 9999; a day past the end of its month runs on into the next.
#[must_use]
pub fn weekday(year: impl Into<Expr>, month: impl Into<Expr>, day: impl Into<Expr>) -> Expr {
    call("weekday", 1, [year.into(), month.into(), day.into()])
}

impl std::fmt::Display for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Number(number) => write!(f, "{}", number.0),
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
