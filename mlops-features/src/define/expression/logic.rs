//! Comparisons, logic, conditions and nulls.

use super::{Expr, call};

impl Expr {
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
}
