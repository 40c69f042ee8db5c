//! Texts, patterns, crosses and look-ups.

use super::{Expr, call, text};

impl Expr {
    /// A text in lower case, character by character as Unicode maps them: a Σ is σ, at the end of a word too, where Python
    /// has ς. Which characters have another case is as of the Unicode version of the compiler.
    #[must_use]
    pub fn lower(self) -> Self {
        call("lower", 1, [self])
    }

    /// A text in upper case, character by character as Unicode maps them; ß is SS.
    #[must_use]
    pub fn upper(self) -> Self {
        call("upper", 1, [self])
    }

    /// A text without the spaces around it, as Python's `strip` has it.
    #[must_use]
    pub fn trim(self) -> Self {
        call("trim", 1, [self])
    }

    /// How many characters a text has: code points of Unicode, as Python counts.
    #[must_use]
    pub fn length(self) -> Self {
        call("length", 1, [self])
    }

    /// A hash of a text, from −2³¹ to 2³¹ − 1: MurmurHash3 x86 32 with seed 0 of its UTF-8 bytes, as scikit-learn's
    /// `murmurhash3_32`.
    #[must_use]
    pub fn hash(self) -> Self {
        call("hash", 1, [self])
    }

    /// 1 if a text begins with another, else 0. A plain name is a column: a prefix that stands in the definition is
    /// `text("UA")`.
    #[must_use]
    pub fn starts_with(self, prefix: impl Into<Self>) -> Self {
        call("starts_with", 1, [self, prefix.into()])
    }

    /// 1 if another text is somewhere in this one, else 0.
    #[must_use]
    pub fn contains_text(self, part: impl Into<Self>) -> Self {
        call("contains_text", 1, [self, part.into()])
    }

    /// 1 if a regular expression matches somewhere in a text, else 0. Patterns are those of the crate `regex`, which run in
    /// time linear in the text: Python's without look-around and back-references; compiled, they take 1 MiB at most.
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let is_jet = column("model").matches("^(7[0-9]7|A3[0-9]{2})");
    /// assert_eq!(is_jet.to_string(), "matches(model, \"^(7[0-9]7|A3[0-9]{2})\")");
    /// ```
    #[must_use]
    pub fn matches(self, pattern: impl Into<String>) -> Self {
        call("matches", 1, [self, text(pattern)])
    }

    /// What a group of a regular expression holds where that first matches in a text: group 0 is the whole match. Missing
    /// where it doesn't match, and for a group that takes no part. Patterns are those of [`Expr::matches`].
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let family = column("model").extract("^([0-9A-Z]+)-", 1);
    /// assert_eq!(family.to_string(), "extract(model, \"^([0-9A-Z]+)-\", 1)");
    /// ```
    #[must_use]
    pub fn extract(self, pattern: impl Into<String>, group: u32) -> Self {
        call("extract", 1, [self, text(pattern), f64::from(group).into()])
    }

    /// The words of a text, of two characters and more: runs of letters, numbers and `_`, as the `token_pattern`
    /// `(?u)\b\w\w+\b` of scikit-learn's `CountVectorizer`, which also lowers them. The two differ in characters that one
    /// of them doesn't know yet, by the Unicode versions of the crate `regex` and of Python.
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let pairs = column("review").lower().words().ngrams(1, 2);
    /// assert_eq!(pairs.to_string(), "ngrams(words(lower(review)), 1, 2)");
    /// ```
    #[must_use]
    pub fn words(self) -> Self {
        call("words", 1, [self])
    }

    /// Runs of `least` to `most` characters of a text, or of texts of a list with a space between them: the short runs first,
    /// each in the order of the text. As scikit-learn's `CountVectorizer` with `analyzer="char"` and `"word"`; as there, two
    /// spaces or more in a text count as one. Both lengths are 1 to 16.
    #[must_use]
    pub fn ngrams(self, least: u8, most: u8) -> Self {
        call("ngrams", 1, [self, f64::from(least).into(), f64::from(most).into()])
    }

    /// The value in a list beside the key that equals this text, and missing where none does. Both lists stand in the
    /// definition: as many values as keys, numbers or texts, and each key once.
    ///
    /// ```
    /// use mlops_features::{column, numbers, texts};
    ///
    /// let alliance = column("carrier").lookup(texts(["UA", "AA"]), texts(["Star Alliance", "oneworld"]));
    /// let seats = column("model").lookup(texts(["737-800", "A320"]), numbers([189.0, 180.0])).or_else(150.0);
    /// assert_eq!(seats.to_string(), "or_else(lookup(model, [\"737-800\", \"A320\"], [189.0, 180.0]), 150)");
    /// # let _ = alliance;
    /// ```
    #[must_use]
    pub fn lookup(self, keys: Self, values: Self) -> Self {
        call("lookup", 1, [self, keys, values])
    }
}

/// Two to eight texts, one behind another; missing where one is.
#[must_use]
pub fn concat<E: Into<Expr>>(parts: impl IntoIterator<Item = E>) -> Expr {
    call("concat", 1, parts.into_iter().map(Into::into))
}

/// Two to eight texts, categories or integers as one text, as `UA×JFK`: one for each combination of values, since `×` and `\`
/// in a text have a `\` before them. Missing where one is.
///
/// ```
/// use mlops_features::cross;
///
/// let route = cross(["carrier", "origin"]).hash();
/// assert_eq!(route.to_string(), "hash(cross(carrier, origin))");
/// ```
#[must_use]
pub fn cross<E: Into<Expr>>(parts: impl IntoIterator<Item = E>) -> Expr {
    call("cross", 1, parts.into_iter().map(Into::into))
}
