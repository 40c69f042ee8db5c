//! What a row is after it was read: one slot for each field, of a kind each.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The kind of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SlotKind {
    /// A 64-bit float.
    Float,
    /// A 64-bit signed integer; booleans are 0 and 1.
    Int,
    /// An instant, in microseconds since 1970 UTC.
    Time,
    /// A text out of a vocabulary, held as a [`Code`].
    Category,
    /// A text that is kept as it came.
    Text,
}

impl std::fmt::Display for SlotKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int => "int",
            Self::Time => "time",
            Self::Category => "category",
            Self::Text => "text",
        })
    }
}

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

/// One field of a [`SlotSchema`].
#[derive(Clone, Debug, PartialEq)]
pub struct SlotField {
    /// The column's name; a field that is gathered is named `view.field`.
    pub name: String,
    /// What the slot holds.
    pub kind: SlotKind,
    /// The texts of a category column; `None` for every other kind.
    pub vocabulary: Option<Arc<Vocabulary>>,
}

/// The slots of a row, in order: first those that the request brings, then those that are gathered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SlotSchema {
    /// The fields.
    pub fields: Vec<SlotField>,
    /// How many of them the request itself brings.
    pub request: usize,
}

impl SlotSchema {
    /// The place of a field.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// A stretch of the side buffer of [`Slots`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

/// One value of a row, 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Slot {
    /// Null, which is not NaN.
    #[default]
    Missing,
    /// Not given yet: what a reader finds here when it is done, the row lacks. Read as missing.
    Absent,
    /// A float, NaN and infinities included.
    Float(f64),
    /// An integer or a boolean.
    Int(i64),
    /// An instant.
    Time(Timestamp),
    /// A text that the column's vocabulary holds.
    Category(Code),
    /// A text that the column's vocabulary doesn't hold; its bytes lie in the side buffer.
    Unseen(Span),
    /// A text; its bytes lie in the side buffer.
    Text(Span),
}

/// A [`Slot`] with its text at hand: what functions and transforms see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Null, which is not NaN.
    Missing,
    /// A float, NaN and infinities included.
    Float(f64),
    /// An integer or a boolean.
    Int(i64),
    /// An instant.
    Time(Timestamp),
    /// A text that the column's vocabulary holds.
    Category(Code),
    /// A text that the column's vocabulary doesn't hold.
    Unseen(&'a str),
    /// A text.
    Text(&'a str),
}

/// A row as slots. Reused from row to row, it allocates nothing once its side buffer has grown to the texts
/// that come.
///
/// The side buffer holds at most [`Slots::SIDE_LIMIT`] bytes a row; a text that finds no room is cut at a
/// character's boundary and counted by [`Slots::cut`].
///
/// ```
/// use mlops_core::{Slot, Slots, Value};
///
/// let mut slots = Slots::new(2);
/// slots.set(0, Slot::Float(1.5));
/// slots.set_unseen(1, "ZZ");
/// assert_eq!(slots.value(1), Value::Unseen("ZZ"));
/// slots.clear();
/// assert_eq!(slots.value(1), Value::Missing);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Slots {
    slots: Vec<Slot>,
    side: String,
    cut: u64,
}

impl Slots {
    /// How many bytes of text a row may keep.
    pub const SIDE_LIMIT: usize = 1 << 16;

    /// A row of `len` missing values.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { slots: vec![Slot::Missing; len], side: String::with_capacity(256), cut: 0 }
    }

    /// Makes every value missing; what was allocated stays.
    pub fn clear(&mut self) {
        self.slots.fill(Slot::Missing);
        self.side.clear();
        self.cut = 0;
    }

    /// Makes it a row of `len` missing values.
    pub fn reset(&mut self, len: usize) {
        self.slots.resize(len, Slot::Missing);
        self.clear();
    }

    /// Makes it a row of `len` values of which the first `request` are absent, for a reader to fill in.
    pub fn expect(&mut self, request: usize, len: usize) {
        self.reset(len);
        self.slots.iter_mut().take(request).for_each(|slot| *slot = Slot::Absent);
    }

    /// The first value that is absent.
    #[must_use]
    pub fn first_absent(&self) -> Option<usize> {
        self.slots.iter().position(|slot| matches!(slot, Slot::Absent))
    }

    /// How many values the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether the row has no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many texts of this row were cut because the side buffer was full.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// All slots in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Slot] {
        &self.slots
    }

    /// Sets the slot at `index`; a place past the end is left alone.
    pub fn set(&mut self, index: usize, slot: Slot) {
        if let Some(place) = self.slots.get_mut(index) {
            *place = slot;
        }
    }

    /// Sets a text that its vocabulary doesn't hold.
    pub fn set_unseen(&mut self, index: usize, text: &str) {
        let span = self.keep(text);
        self.set(index, Slot::Unseen(span));
    }

    /// Sets a text.
    pub fn set_text(&mut self, index: usize, text: &str) {
        let span = self.keep(text);
        self.set(index, Slot::Text(span));
    }

    /// Sets a category by its text: its code if the vocabulary holds it, else as unseen.
    pub fn set_category(&mut self, index: usize, text: &str, vocabulary: &Vocabulary) {
        match vocabulary.code(text) {
            Some(code) => self.set(index, Slot::Category(code)),
            None => self.set_unseen(index, text),
        }
    }

    /// Sets a value; the bytes of a text are kept.
    pub fn set_value(&mut self, index: usize, value: Value<'_>) {
        match value {
            Value::Missing => self.set(index, Slot::Missing),
            Value::Float(x) => self.set(index, Slot::Float(x)),
            Value::Int(x) => self.set(index, Slot::Int(x)),
            Value::Time(t) => self.set(index, Slot::Time(t)),
            Value::Category(code) => self.set(index, Slot::Category(code)),
            Value::Unseen(text) => self.set_unseen(index, text),
            Value::Text(text) => self.set_text(index, text),
        }
    }

    /// The value at `index`; missing past the end.
    #[must_use]
    pub fn value(&self, index: usize) -> Value<'_> {
        match self.slots.get(index).copied().unwrap_or_default() {
            Slot::Missing | Slot::Absent => Value::Missing,
            Slot::Float(x) => Value::Float(x),
            Slot::Int(x) => Value::Int(x),
            Slot::Time(t) => Value::Time(t),
            Slot::Category(code) => Value::Category(code),
            Slot::Unseen(span) => Value::Unseen(self.text(span)),
            Slot::Text(span) => Value::Text(self.text(span)),
        }
    }

    fn keep(&mut self, text: &str) -> Span {
        let mut len = text.len().min(Self::SIDE_LIMIT - self.side.len());
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.cut += u64::from(len < text.len());
        let start = self.side.len();
        self.side.push_str(&text[..len]);
        Span { start: start as u32, len: len as u32 }
    }

    fn text(&self, span: Span) -> &str {
        let (start, len) = (span.start as usize, span.len as usize);
        self.side.get(start..start + len).unwrap_or_default()
    }
}
