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

    /// 1 if this is as great or greater, else 0.
    #[must_use]
    pub fn at_least(self, other: impl Into<Self>) -> Self {
        call("at_least", 1, [self, other.into()])
    }

    /// 1 if this is less, else 0.
    #[must_use]
    pub fn less(self, other: impl Into<Self>) -> Self {
        call("less", 1, [self, other.into()])
    }

    /// 1 if this is as little or less, else 0.
    #[must_use]
    pub fn at_most(self, other: impl Into<Self>) -> Self {
        call("at_most", 1, [self, other.into()])
    }

    /// 1 if the two are equal as floats, else 0 (NaN equals nothing).
    #[must_use]
    pub fn equal(self, other: impl Into<Self>) -> Self {
        call("equal", 1, [self, other.into()])
    }

    /// 1 if both are true (a number but 0), 0 if one is not, missing where a missing or NaN one would decide.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        call("and", 1, [self, other.into()])
    }

    /// 1 if one is true (a number but 0), 0 if none is, missing where a missing or NaN one would decide.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        call("or", 1, [self, other.into()])
    }

    /// 1 if this is 0, 0 if it is another number; missing for missing and NaN.
    #[must_use]
    pub fn negated(self) -> Self {
        call("not", 1, [self])
    }

    /// 1 if this is missing, else 0; NaN is a value.
    #[must_use]
    pub fn is_missing(self) -> Self {
        call("is_missing", 1, [self])
    }

    /// 1 if this is NaN, else 0; missing where it is missing.
    #[must_use]
    pub fn is_nan(self) -> Self {
        call("is_nan", 1, [self])
    }

    /// This, or another value where this is missing.
    #[must_use]
    pub fn or_else(self, other: impl Into<Self>) -> Self {
        call("or_else", 1, [self, other.into()])
    }

    /// `yes` where this is true (a number but 0), `no` where it is 0, missing where it is missing or NaN.
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let fare = column("distance").less(500.0).if_else("short_fare", column("distance").times(0.2));
    /// assert_eq!(fare.to_string(), "if_else(less(distance, 500), short_fare, times(distance, 0.2))");
    /// ```
    #[must_use]
    pub fn if_else(self, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        call("if_else", 1, [self, yes.into(), no.into()])
    }

    /// −x.
    #[must_use]
    pub fn negative(self) -> Self {
        call("negative", 1, [self])
    }

    /// |x|.
    #[must_use]
    pub fn absolute(self) -> Self {
        call("absolute", 1, [self])
    }

    /// xʸ.
    #[must_use]
    pub fn power(self, exponent: impl Into<Self>) -> Self {
        call("power", 1, [self, exponent.into()])
    }

    /// √x; NaN below 0.
    #[must_use]
    pub fn square_root(self) -> Self {
        call("square_root", 1, [self])
    }

    /// eˣ.
    #[must_use]
    pub fn exp(self) -> Self {
        call("exp", 1, [self])
    }

    /// ln x; −∞ at 0, NaN below.
    #[must_use]
    pub fn ln(self) -> Self {
        call("ln", 1, [self])
    }

    /// log₁₀ x; −∞ at 0, NaN below.
    #[must_use]
    pub fn log10(self) -> Self {
        call("log10", 1, [self])
    }

    /// The nearest whole number, the even one of two as near.
    #[must_use]
    pub fn round(self) -> Self {
        call("round", 1, [self])
    }

    /// The greatest whole number that is not greater.
    #[must_use]
    pub fn floor(self) -> Self {
        call("floor", 1, [self])
    }

    /// The least whole number that is not less.
    #[must_use]
    pub fn ceiling(self) -> Self {
        call("ceiling", 1, [self])
    }

    /// The lesser of two; NaN where one is.
    #[must_use]
    pub fn least(self, other: impl Into<Self>) -> Self {
        call("least", 1, [self, other.into()])
    }

    /// The greater of two; NaN where one is.
    #[must_use]
    pub fn greatest(self, other: impl Into<Self>) -> Self {
        call("greatest", 1, [self, other.into()])
    }

    /// At least `low` and at most `high`, which wins where it is below `low`; NaN where one is.
    #[must_use]
    pub fn clip(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
        call("clip", 1, [self, low.into(), high.into()])
    }

    /// The hour of an instant in UTC, 0 to 23.
    #[must_use]
    pub fn hour_utc(self) -> Self {
        call("hour_utc", 1, [self])
    }

    /// The weekday of an instant in UTC; 0 is Monday.
    #[must_use]
    pub fn weekday_utc(self) -> Self {
        call("weekday_utc", 1, [self])
    }

    /// The month of an instant in UTC, 1 to 12.
    #[must_use]
    pub fn month_utc(self) -> Self {
        call("month_utc", 1, [self])
    }

    /// The seconds from an earlier instant to this one; negative if that was later.
    #[must_use]
    pub fn seconds_since(self, earlier: impl Into<Self>) -> Self {
        call("seconds_since", 1, [self, earlier.into()])
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
            Self::Number(_) | Self::Text(_) | Self::Numbers(_) | Self::Texts(_) => Vec::new(),
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

/// The great-circle distance in kilometres of two places given by latitude and longitude in degrees, on a sphere with the
/// Earth's mean radius of 6371.0088 km.
///
/// ```
/// use mlops_features::haversine;
///
/// let leg = haversine(["origin_lat", "origin_lon"], ["dest_lat", "dest_lon"]);
/// assert_eq!(leg.to_string(), "haversine(origin_lat, origin_lon, dest_lat, dest_lon)");
/// ```
#[must_use]
pub fn haversine<E: Into<Expr>>([latitude, longitude]: [E; 2], [other_latitude, other_longitude]: [E; 2]) -> Expr {
    let places = [latitude, longitude, other_latitude, other_longitude];
    call("haversine", 1, places.map(Into::into))
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
