//! What the crates that write and read codes test in common.

use crate::{Code, Slots, Value, Vocabulary};

/// A text, or null, of a category column, and how a row holds it. Made by [`category_cases`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryCase {
    /// The text; `None` for null.
    pub text: Option<String>,
    /// Its code; `None` for null and for a text that the vocabulary doesn't hold.
    pub code: Option<Code>,
}

/// Every text of a vocabulary, some that it may not hold, and null: what tests both of whoever writes slots (they are to
/// hold each case, [`CategoryCase::is_held`]) and of whoever reads them (each is to be taken for its text,
/// [`CategoryCase::put`]).
///
/// The contract is that of [`Code`].
///
/// ```
/// use mlops_core::{Slots, Vocabulary, category_cases};
///
/// let carriers = Vocabulary::new(["UA", "AA"]);
/// let mut row = Slots::new(1);
/// for case in category_cases(&carriers) {
///     case.put(&mut row, 0);
///     assert!(case.is_held(&row, 0));
/// }
/// ```
#[must_use]
pub fn category_cases(vocabulary: &Vocabulary) -> Vec<CategoryCase> {
    let known = vocabulary.texts().map(str::to_owned);
    // Near to what is known: no look-up may trim, fold case or stop at a NUL.
    let near = vocabulary.texts().flat_map(|text| {
        [format!("{text} "), format!("{text}\0"), text.to_lowercase(), text.to_uppercase(), text[..0].to_owned()]
    });
    let other = ["", " ", "null", "NaN", "0", "é", "e\u{301}", "\u{10FFFF}"].map(str::to_owned);
    let mut texts: Vec<String> = known.chain(near).chain(other).collect();
    texts.sort();
    texts.dedup();
    let cases = texts.into_iter().map(|text| CategoryCase { code: vocabulary.code(&text), text: Some(text) });
    cases.chain([CategoryCase { text: None, code: None }]).collect()
}

impl CategoryCase {
    /// Writes it into a row.
    pub fn put(&self, row: &mut Slots, index: usize) {
        match (&self.text, self.code) {
            (_, Some(code)) => row.set_value(index, Value::Category(code)),
            (Some(text), None) => row.set_unseen(index, text),
            (None, None) => row.set_value(index, Value::Missing),
        }
    }

    /// Whether a row holds it.
    #[must_use]
    pub fn is_held(&self, row: &Slots, index: usize) -> bool {
        match (&self.text, self.code) {
            (_, Some(code)) => row.value(index) == Value::Category(code),
            (Some(text), None) => row.value(index) == Value::Unseen(text),
            (None, None) => row.value(index) == Value::Missing,
        }
    }
}
