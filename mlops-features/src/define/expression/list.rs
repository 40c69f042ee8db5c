//! Lists.

use super::{Expr, call};

impl Expr {
    /// How many items a list has.
    #[must_use]
    pub fn list_length(self) -> Self {
        call("list_length", 1, [self])
    }

    /// The sum of a list of floats, added up in the order in which numpy does; 0 for an empty one, NaN where one is.
    #[must_use]
    pub fn list_sum(self) -> Self {
        call("list_sum", 1, [self])
    }

    /// The mean of a list of floats, by the sum of [`Expr::list_sum`]; missing for an empty one, NaN where one is.
    #[must_use]
    pub fn list_mean(self) -> Self {
        call("list_mean", 1, [self])
    }

    /// The least of a list of floats; missing for an empty one, NaN where one is.
    #[must_use]
    pub fn list_min(self) -> Self {
        call("list_min", 1, [self])
    }

    /// The greatest of a list of floats; missing for an empty one, NaN where one is.
    #[must_use]
    pub fn list_max(self) -> Self {
        call("list_max", 1, [self])
    }

    /// 1 if an item is in a list, else 0: a text in a list of texts, a number in one of floats, where NaN equals nothing.
    ///
    /// ```
    /// use mlops_features::{column, text, texts};
    ///
    /// let is_tagged = column("tags").list_contains(text("sale"));
    /// let is_hub = texts(["EWR", "ORD"]).list_contains("origin");
    /// assert_eq!(is_tagged.to_string(), "list_contains(tags, \"sale\")");
    /// assert_eq!(is_hub.to_string(), "list_contains([\"EWR\", \"ORD\"], origin)");
    /// ```
    #[must_use]
    pub fn list_contains(self, item: impl Into<Self>) -> Self {
        call("list_contains", 1, [self, item.into()])
    }
}
