//! Keys of entities as bytes.

use mlops_core::{SlotSchema, Slots, Value};

/// A key, on the stack while it is short.
#[derive(Debug)]
pub(crate) struct Key {
    inline: [u8; Self::INLINE],
    len: usize,
    spilled: Vec<u8>,
}

impl Key {
    const INLINE: usize = 64;

    /// The key that some slots hold; `None` where one is missing. Each part tells its type and length, so that no
    /// two keys have the same bytes; integers are 64 bits whatever they were stored as.
    pub(crate) fn of(slots: &Slots, schema: &SlotSchema, columns: &[usize]) -> Option<Self> {
        let mut key = Self { inline: [0; Self::INLINE], len: 0, spilled: Vec::new() };
        for &column in columns {
            match slots.value(column) {
                Value::Int(x) => key.int(x),
                Value::Text(text) | Value::Unseen(text) => key.text(text),
                Value::Category(code) => key.text(schema.fields[column].vocabulary.as_ref()?.text(code)?),
                _ => return None,
            }
        }
        Some(key)
    }

    /// The key of one value that is no category; `None` where it is none of a key.
    pub(crate) fn of_value(value: Value<'_>) -> Option<Self> {
        let mut key = Self { inline: [0; Self::INLINE], len: 0, spilled: Vec::new() };
        match value {
            Value::Int(x) => key.int(x),
            Value::Text(text) | Value::Unseen(text) => key.text(text),
            _ => return None,
        }
        Some(key)
    }

    fn int(&mut self, x: i64) {
        self.push(b"i");
        self.push(&x.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.push(b"t");
        self.push(&(text.len() as u32).to_le_bytes());
        self.push(text.as_bytes());
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if self.spilled.is_empty() && end <= Self::INLINE {
            self.inline[self.len..end].copy_from_slice(bytes);
        } else {
            if self.spilled.is_empty() {
                self.spilled.extend_from_slice(&self.inline[..self.len]);
            }
            self.spilled.extend_from_slice(bytes);
        }
        self.len = end;
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.spilled.is_empty() { &self.inline[..self.len] } else { &self.spilled }
    }
}
