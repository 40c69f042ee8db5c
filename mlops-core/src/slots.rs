//! What a row is after it was read: one slot for each field, of a kind each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Code, Texts, Timestamp, Vocabulary};

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
    /// A list of floats.
    Numbers,
    /// A list of texts.
    Texts,
}

impl std::fmt::Display for SlotKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int => "int",
            Self::Time => "time",
            Self::Category => "category",
            Self::Text => "text",
            Self::Numbers => "list of floats",
            Self::Texts => "list of texts",
        })
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
    /// The places of all fields, by name.
    #[must_use]
    pub fn places(&self) -> BTreeMap<&str, usize> {
        self.fields.iter().enumerate().map(|(place, field)| (field.name.as_str(), place)).collect()
    }

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
    /// A list of floats, which lie in the side list.
    Numbers(Span),
    /// A list of texts, whose bytes lie in the side buffer.
    Texts(Span),
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
    /// A list of floats.
    Numbers(&'a [f64]),
    /// A list of texts.
    Texts(Texts<'a>),
}

/// A row as slots. Reused from row to row, it allocates nothing once its side buffer has grown to the texts
/// that come.
///
/// The side buffer holds at most [`Slots::SIDE_LIMIT`] bytes a row, and its lists of floats at most
/// [`Slots::NUMBERS_LIMIT`] floats; a text that finds no room is cut at a character's boundary, the item of a list is left
/// out, and both are counted by [`Slots::cut`].
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
    numbers: Vec<f64>,
    cut: u64,
}

impl Slots {
    /// How many bytes of text a row may keep.
    pub const SIDE_LIMIT: usize = 1 << 16;

    /// How many floats the lists of a row may keep.
    pub const NUMBERS_LIMIT: usize = 1 << 14;

    /// A row of `len` missing values.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { slots: vec![Slot::Missing; len], side: String::with_capacity(256), numbers: Vec::new(), cut: 0 }
    }

    /// Makes every value missing; what was allocated stays.
    pub fn clear(&mut self) {
        self.slots.fill(Slot::Missing);
        self.clear_side();
    }

    fn clear_side(&mut self) {
        self.side.clear();
        self.numbers.clear();
        self.cut = 0;
    }

    /// Makes it a row of `len` missing values.
    pub fn reset(&mut self, len: usize) {
        self.slots.resize(len, Slot::Missing);
        self.clear();
    }

    /// Makes it a row of `len` values of which the first `request` are absent, for a reader to fill in.
    pub fn expect(&mut self, request: usize, len: usize) {
        self.slots.resize(len, Slot::Missing);
        let (expected, others) = self.slots.split_at_mut(request.min(len));
        expected.fill(Slot::Absent);
        others.fill(Slot::Missing);
        self.clear_side();
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

    /// How many texts of this row were cut, and items of lists left out, because there was no room.
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
    #[inline]
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

    /// Makes a slot an empty list of floats, to be filled by [`Slots::push_number`].
    pub fn set_no_numbers(&mut self, index: usize) {
        let start = self.numbers.len() as u32;
        self.set(index, Slot::Numbers(Span { start, len: 0 }));
    }

    /// Appends to the list of floats that was begun last, in the slot at `index`.
    pub fn push_number(&mut self, index: usize, x: f64) {
        if let Some(Slot::Numbers(span)) = self.slots.get_mut(index)
            && (span.start + span.len) as usize == self.numbers.len()
            && self.numbers.len() < Self::NUMBERS_LIMIT
        {
            span.len += 1;
            self.numbers.push(x);
        } else {
            self.cut += 1;
        }
    }

    /// Makes a slot an empty list of texts, to be filled by [`Slots::push_text`].
    pub fn set_no_texts(&mut self, index: usize) {
        let start = self.side.len() as u32;
        self.set(index, Slot::Texts(Span { start, len: 0 }));
    }

    /// Appends to the list of texts that was begun last, in the slot at `index`; no other text may have been set since.
    pub fn push_text(&mut self, index: usize, text: &str) {
        if let Some(Slot::Texts(span)) = self.slots.get_mut(index)
            && (span.start + span.len) as usize == self.side.len()
            && self.side.len() + Texts::item_bytes(text) <= Self::SIDE_LIMIT
        {
            Texts::push(&mut self.side, text);
            span.len = self.side.len() as u32 - span.start;
        } else {
            self.cut += 1;
        }
    }

    /// Sets a category by its text: its code if the vocabulary holds it, else as unseen.
    #[inline]
    pub fn set_category(&mut self, index: usize, text: &str, vocabulary: &Vocabulary) {
        match vocabulary.code(text) {
            Some(code) => self.set(index, Slot::Category(code)),
            None => self.set_unseen(index, text),
        }
    }

    /// Sets a value; the bytes of texts and the items of lists are kept.
    pub fn set_value(&mut self, index: usize, value: Value<'_>) {
        match value {
            Value::Missing => self.set(index, Slot::Missing),
            Value::Float(x) => self.set(index, Slot::Float(x)),
            Value::Int(x) => self.set(index, Slot::Int(x)),
            Value::Time(t) => self.set(index, Slot::Time(t)),
            Value::Category(code) => self.set(index, Slot::Category(code)),
            Value::Unseen(text) => self.set_unseen(index, text),
            Value::Text(text) => self.set_text(index, text),
            Value::Numbers(numbers) => {
                self.set_no_numbers(index);
                numbers.iter().for_each(|&x| self.push_number(index, x));
            }
            Value::Texts(texts) => {
                self.set_no_texts(index);
                texts.iter().for_each(|text| self.push_text(index, text));
            }
        }
    }

    /// The value at `index`; missing past the end.
    #[inline]
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
            Slot::Numbers(Span { start, len }) => {
                let range = start as usize..(start + len) as usize;
                Value::Numbers(self.numbers.get(range).unwrap_or_default())
            }
            Slot::Texts(span) => Value::Texts(Texts::of(self.text(span))),
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

    #[inline]
    fn text(&self, span: Span) -> &str {
        let (start, len) = (span.start as usize, span.len as usize);
        self.side.get(start..start + len).unwrap_or_default()
    }
}
