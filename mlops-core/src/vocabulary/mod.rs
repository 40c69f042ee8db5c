//! The texts of a category column, and their codes.

mod bytes;
#[cfg(feature = "testing")]
mod contract;
mod hash;
mod list;

use std::fmt;

use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

pub use self::bytes::VocabularyError;
#[cfg(feature = "testing")]
pub use self::contract::{CategoryCase, category_cases};
use self::hash::{equal, hash};
use self::list::TextList;

/// A category's place in its [`Vocabulary`], from 0.
///
/// # Contract
/// Of a category column's row, whoever writes it and whoever reads it: a text that the vocabulary holds, byte for byte, is
/// [`Slot::Category`](crate::Slot::Category) with its place among the vocabulary's sorted texts; any other text, the empty one
/// too, is [`Slot::Unseen`](crate::Slot::Unseen) with its bytes; null is [`Slot::Missing`](crate::Slot::Missing). So the code that
/// features are encoded by is the one that a reference is binned by and that drift is told of. `category_cases`, of the feature
/// `testing`, has what tests of both sides go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub u32);

/// The texts that a category column may hold, sorted by their bytes; a text's place is its [`Code`].
///
/// One vocabulary belongs to one column of one bundle. Features, monitors and logs all speak its codes, so a
/// text is hashed once for each row. It holds only texts that were seen; whether a value is missing or unseen
/// is said by the [`Slot`](crate::Slot).
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
#[derive(Clone)]
pub struct Vocabulary {
    /// All texts, one behind another.
    blob: String,
    /// Where each text begins, and where the last one ends.
    starts: Vec<u32>,
    codes: HashTable<Entry>,
}

/// A text's place in the blob and its code: with both at hand, a look-up goes to memory once less.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    length: u32,
    code: u32,
}

impl Vocabulary {
    /// The vocabulary of these texts; repeats count once.
    ///
    /// # Panics
    /// Never for texts of fewer than 2^32 bytes together, each counted once.
    #[must_use]
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut list = TextList::with_room_for(texts.len(), texts.iter().map(String::len).sum());
        texts.iter().for_each(|text| list.push(text).expect("the texts have fewer than 2^32 bytes"));
        list.indexed()
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of a text that is in the vocabulary.
    #[inline]
    #[must_use]
    pub fn code(&self, text: &str) -> Option<Code> {
        let (text, blob) = (text.as_bytes(), self.blob.as_bytes());
        let same = |entry: &Entry| {
            let start = entry.start as usize;
            entry.length as usize == text.len()
                && blob.get(start..start + text.len()).is_some_and(|known| equal(known, text))
        };
        self.codes.find(hash(text), same).map(|entry| Code(entry.code))
    }

    /// The text of a code.
    #[inline]
    #[must_use]
    pub fn text(&self, code: Code) -> Option<&str> {
        let place = code.0 as usize;
        self.blob.get(*self.starts.get(place)? as usize..*self.starts.get(place + 1)? as usize)
    }

    /// All texts in the order of their codes.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.starts.windows(2).map(|ends| &self.blob[ends[0] as usize..ends[1] as usize])
    }
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.texts()).finish()
    }
}

/// Of the same texts.
impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.starts == other.starts && self.blob == other.blob
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
