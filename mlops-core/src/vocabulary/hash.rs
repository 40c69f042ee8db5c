//! The hash and the comparison of short texts.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

/// The hash of a text; short ones are hashed by their words, since each branch on the length is dear.
#[inline]
pub(super) fn hash(text: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    if let Some([first, middle, last]) = words(text) {
        hasher.write_u64(first ^ text.len() as u64);
        hasher.write_u64(middle);
        hasher.write_u64(last);
    } else if let Some(word) = word(text) {
        hasher.write_u64(word);
    } else {
        hasher.write(text);
    }
    hasher.finish()
}

/// Three words that overlap and hold all of a text of 8 to 24 bytes; of texts of one length only the same has them.
#[inline]
fn words(text: &[u8]) -> Option<[u64; 3]> {
    let length = text.len();
    if !(8..=24).contains(&length) {
        return None;
    }
    let word = |at: usize| Some(u64::from_ne_bytes(*text.get(at..)?.first_chunk()?));
    Some([word(0)?, word((length - 8) / 2)?, word(length - 8)?])
}

/// The word that holds all of a text of up to 7 bytes; of texts of one length only the same has it.
#[inline]
fn word(text: &[u8]) -> Option<u64> {
    match *text {
        [] => Some(0),
        [first, .., last] if text.len() < 4 => {
            Some(u64::from(first) | u64::from(text[text.len() / 2]) << 8 | u64::from(last) << 16)
        }
        [byte] => Some(byte.into()),
        _ if text.len() < 8 => {
            let half = |bytes: &[u8; 4]| u64::from(u32::from_ne_bytes(*bytes));
            Some(half(text.first_chunk()?) | half(text.last_chunk()?) << 32)
        }
        _ => None,
    }
}

/// Whether two texts of one length are the same; short ones without a call.
#[inline]
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    if let (Some([a, b, c]), Some([x, y, z])) = (words(one), words(other)) {
        return (a ^ x) | (b ^ y) | (c ^ z) == 0;
    }
    match (word(one), word(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
