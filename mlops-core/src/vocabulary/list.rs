//! Texts on their way into a vocabulary, and its serde form.

use std::fmt;

use hashbrown::HashTable;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::hash::hash;
use super::{Entry, Vocabulary};

/// A list of the texts, in order.
impl Serialize for Vocabulary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.texts())
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListOfTexts)
    }
}

struct ListOfTexts;

impl<'de> Visitor<'de> for ListOfTexts {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vocabulary, A::Error> {
        let (mut list, mut sorted, mut count) = (TextList::with_room_for(0, 0), true, 0);
        while seq.next_element_seed(PushText(&mut list))?.is_some() {
            sorted &= count == 0 || list.at(count - 1) < list.at(count);
            count += 1;
        }
        Ok(if sorted { list.indexed() } else { Vocabulary::new(list.iter()) })
    }
}

/// Appends a text to a list without a `String` of its own.
struct PushText<'a>(&'a mut TextList);

impl<'de> serde::de::DeserializeSeed<'de> for PushText<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for PushText<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.push(text).ok_or_else(|| E::custom("the texts have 2^32 bytes or more"))
    }
}

/// Texts without their look-up.
pub(super) struct TextList {
    pub(super) blob: String,
    pub(super) starts: Vec<u32>,
}

impl TextList {
    pub(super) fn with_room_for(texts: usize, bytes: usize) -> Self {
        let mut starts = Vec::with_capacity(texts + 1);
        starts.push(0);
        Self { blob: String::with_capacity(bytes), starts }
    }

    /// Appends a text where there is room for it.
    pub(super) fn push(&mut self, text: &str) -> Option<()> {
        let end = u32::try_from(self.blob.len() + text.len()).ok()?;
        self.blob.push_str(text);
        self.starts.push(end);
        Some(())
    }

    pub(super) fn at(&self, place: usize) -> &str {
        &self.blob[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.starts.len() - 1).map(|place| self.at(place))
    }

    /// The vocabulary of these texts, which are sorted and distinct.
    pub(super) fn indexed(self) -> Vocabulary {
        let mut codes = HashTable::with_capacity(self.starts.len() - 1);
        let hash_at = |entry: &Entry| hash(self.at(entry.code as usize).as_bytes());
        for (code, ends) in (0..).zip(self.starts.windows(2)) {
            let entry = Entry { start: ends[0], length: ends[1] - ends[0], code };
            codes.insert_unique(hash_at(&entry), entry, hash_at);
        }
        Vocabulary { blob: self.blob, starts: self.starts, codes }
    }
}
