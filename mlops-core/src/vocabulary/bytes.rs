//! The binary form of a vocabulary.

use super::Vocabulary;
use super::list::TextList;

/// Bytes that hold no [`Vocabulary`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// The bytes end too early, or say that there are more texts than they have room for.
    #[error("the bytes end at {at}, before the {what} that they should hold")]
    Truncated {
        /// How many bytes there are.
        at: usize,
        /// What is not whole.
        what: &'static str,
    },
    /// A number that is not in its shortest form, or that makes it 2^32 texts or bytes of text.
    #[error("the {what} at byte {at} is not in its shortest form, or too large")]
    BadNumber {
        /// Where it begins.
        at: usize,
        /// What it should be.
        what: &'static str,
    },
    /// Texts that are no UTF-8.
    #[error("the texts are no UTF-8 at byte {at}")]
    NotText {
        /// Where.
        at: usize,
    },
    /// A text that doesn't come behind the one before it.
    #[error("text {place} is not behind the one before it")]
    OutOfOrder {
        /// Its place, from 0.
        place: usize,
    },
    /// Bytes behind the last text.
    #[error("{count} bytes follow behind the last text")]
    Trailing {
        /// How many.
        count: usize,
    },
}

impl Vocabulary {
    /// A stable binary form, which [`Vocabulary::from_bytes`] reads.
    ///
    /// How many texts there are, then the length of each in bytes, then all texts one behind another in UTF-8, sorted
    /// by their bytes. Numbers are unsigned LEB128 in its shortest form: seven bits a byte, the lowest first, the
    /// highest bit set in all bytes but the last.
    ///
    /// ```
    /// use mlops_core::Vocabulary;
    ///
    /// let bytes = Vocabulary::new(["UA", "", "AAL"]).to_bytes();
    /// assert_eq!(bytes, b"\x03\x00\x03\x02AALUA");
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.blob.len() + 2 * self.starts.len() + 8);
        push_number(&mut bytes, self.len() as u32);
        self.starts.windows(2).for_each(|ends| push_number(&mut bytes, ends[1] - ends[0]));
        bytes.extend_from_slice(self.blob.as_bytes());
        bytes
    }

    /// The vocabulary that [`Vocabulary::to_bytes`] wrote. Any other bytes are an error, and nothing is allocated that
    /// is larger than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`VocabularyError`] that says what is wrong and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VocabularyError> {
        let mut rest = bytes;
        let count = take_number(bytes, &mut rest, "number of texts")? as usize;
        // Each text has a byte of length at least.
        if count > rest.len() {
            return Err(VocabularyError::Truncated { at: bytes.len(), what: "lengths" });
        }
        let (mut starts, mut end) = (Vec::with_capacity(count + 1), 0_u32);
        starts.push(end);
        for _ in 0..count {
            let at = bytes.len() - rest.len();
            let length = take_number(bytes, &mut rest, "length")?;
            end = end.checked_add(length).ok_or(VocabularyError::BadNumber { at, what: "length" })?;
            starts.push(end);
        }
        let not_text = |at| VocabularyError::NotText { at: bytes.len() - rest.len() + at };
        let Some((texts, trailing)) = rest.split_at_checked(end as usize) else {
            return Err(VocabularyError::Truncated { at: bytes.len(), what: "texts" });
        };
        if !trailing.is_empty() {
            return Err(VocabularyError::Trailing { count: trailing.len() });
        }
        let blob = std::str::from_utf8(texts).map_err(|error| not_text(error.valid_up_to()))?;
        if let Some(&at) = starts.iter().find(|&&at| !blob.is_char_boundary(at as usize)) {
            return Err(not_text(at as usize));
        }
        let list = TextList { blob: blob.to_owned(), starts };
        match (1..count).find(|&place| list.at(place - 1) >= list.at(place)) {
            Some(place) => Err(VocabularyError::OutOfOrder { place }),
            None => Ok(list.indexed()),
        }
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads a number from `rest`, which is the end of `whole`.
fn take_number(whole: &[u8], rest: &mut &[u8], what: &'static str) -> Result<u32, VocabularyError> {
    let at = whole.len() - rest.len();
    let mut number = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, tail) = rest.split_first().ok_or(VocabularyError::Truncated { at: whole.len(), what })?;
        *rest = tail;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let shortest = shift == 0 || byte > 0;
            return u32::try_from(number).ok().filter(|_| shortest).ok_or(VocabularyError::BadNumber { at, what });
        }
    }
    Err(VocabularyError::BadNumber { at, what })
}
