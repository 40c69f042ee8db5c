//! The texts of a category column, and their codes.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A category's place in its [`Vocabulary`], from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub u32);

/// The texts that a category column may hold, sorted by their bytes; a text's place is its [`Code`].
///
/// One vocabulary belongs to one column of one bundle. Features, monitors and logs all speak its codes, so a
/// text is hashed once for each row. It holds only texts that were seen; whether a value is missing or unseen
/// is said by the [`Slot`].
///
/// ```
/// use mlops_core::{Code, Vocabulary};
///
/// let carriers = Vocabulary::new(["UA", "AA", "UA"]);
/// assert_eq!(carriers.len(), 2);
/// assert_eq!(carriers.code("UA"), Some(Code(1)));
/// assert_eq!(carriers.text(Code(0)), Some("AA"));
/// assert_eq!(carriers.code("ZZ"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    texts: Vec<Arc<str>>,
    codes: HashMap<Arc<str>, Code, foldhash::fast::FixedState>,
}

impl Vocabulary {
    /// The vocabulary of these texts; repeats count once.
    ///
    /// # Panics
    /// Never for fewer than 2^32 different texts.
    #[must_use]
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut texts: Vec<Arc<str>> = texts.into_iter().map(|text| text.into().into()).collect();
        texts.sort_unstable();
        texts.dedup();
        let codes = texts.iter().zip(0..).map(|(text, code)| (Arc::clone(text), Code(code))).collect();
        Self { texts, codes }
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The code of a text that is in the vocabulary.
    #[must_use]
    pub fn code(&self, text: &str) -> Option<Code> {
        self.codes.get(text).copied()
    }

    /// The text of a code.
    #[must_use]
    pub fn text(&self, code: Code) -> Option<&str> {
        self.texts.get(code.0 as usize).map(AsRef::as_ref)
    }

    /// All texts in the order of their codes.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}

impl From<Vec<String>> for Vocabulary {
    fn from(texts: Vec<String>) -> Self {
        Self::new(texts)
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.texts().map(str::to_owned).collect()
    }
}
