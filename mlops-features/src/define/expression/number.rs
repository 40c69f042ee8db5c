//! Arithmetic and elementary functions.

use super::{Expr, call};

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
}
