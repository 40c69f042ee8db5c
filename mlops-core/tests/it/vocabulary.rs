//! Vocabularies: every text is found, nothing else is, and their bytes are read as they were written or not at all.

use std::collections::BTreeSet;

use mlops_core::{Code, Vocabulary, VocabularyError};
use proptest::prelude::*;

fn texts() -> impl Strategy<Value = Vec<String>> {
    // Of every length that is looked up in a way of its own, and alike, so that only some bytes tell them apart.
    prop::collection::vec(prop_oneof!["[ab]{0,40}", "a{0,30}[bä]a{0,30}", ".{0,6}"], 0..60)
}

/// The bytes of a vocabulary with these lengths and texts, in order or not.
fn bytes_of(texts: &[&str]) -> Vec<u8> {
    let lengths = texts.iter().map(|text| text.len() as u8);
    let texts_in_a_row = texts.iter().flat_map(|text| text.bytes());
    std::iter::once(texts.len() as u8).chain(lengths).chain(texts_in_a_row).collect()
}

proptest! {
    #[test]
    fn every_text_is_found_and_nothing_else(texts in texts(), others in texts()) {
        let vocabulary = Vocabulary::new(texts.clone());
        let sorted: BTreeSet<&String> = texts.iter().collect();
        prop_assert_eq!(vocabulary.len(), sorted.len());
        prop_assert_eq!(vocabulary.is_empty(), texts.is_empty());
        prop_assert!(vocabulary.texts().eq(sorted.iter().map(|text| text.as_str())));
        for (code, text) in (0..).map(Code).zip(&sorted) {
            prop_assert_eq!(vocabulary.code(text), Some(code));
            prop_assert_eq!(vocabulary.text(code), Some(text.as_str()));
        }
        prop_assert_eq!(vocabulary.text(Code(sorted.len() as u32)), None);
        prop_assert_eq!(vocabulary.text(Code(u32::MAX)), None);
        for other in &others {
            prop_assert_eq!(vocabulary.code(other).is_some(), sorted.contains(other));
        }
    }

    #[test]
    fn its_bytes_and_its_json_come_back(texts in texts()) {
        let vocabulary = Vocabulary::new(texts.clone());
        let bytes = vocabulary.to_bytes();
        let back = Vocabulary::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&back, &vocabulary);
        prop_assert!(vocabulary.texts().all(|text| back.code(text) == vocabulary.code(text)));

        let json = serde_json::to_string(&vocabulary).unwrap();
        let sorted: BTreeSet<String> = texts.iter().cloned().collect();
        prop_assert_eq!(&json, &serde_json::to_string(&sorted).unwrap());
        prop_assert_eq!(&serde_json::from_str::<Vocabulary>(&json).unwrap(), &vocabulary);
        // In any order, and more than once.
        let json = serde_json::to_string(&texts).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Vocabulary>(&json).unwrap(), &vocabulary);
    }

    #[test]
    fn other_bytes_are_an_error_or_another_vocabulary(
        texts in texts(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()
    ) {
        let bytes = Vocabulary::new(texts).to_bytes();
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] = byte;
        // There is one form of each vocabulary.
        if let Ok(other) = Vocabulary::from_bytes(&changed) {
            prop_assert_eq!(other.to_bytes(), changed);
        }
        let cut = Vocabulary::from_bytes(&bytes[..cut.index(bytes.len())]);
        prop_assert!(matches!(cut, Err(VocabularyError::Truncated { .. })), "{cut:?}");
    }

    #[test]
    fn any_bytes_are_an_error_or_a_vocabulary(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(vocabulary) = Vocabulary::from_bytes(&bytes) {
            prop_assert_eq!(vocabulary.to_bytes(), bytes);
        }
    }
}

#[test]
fn bad_bytes_say_what_and_where() {
    for (bytes, wanted) in [
        (vec![], "the bytes end at 0, before the number of texts that they should hold"),
        (vec![0x80], "the bytes end at 1, before the number of texts that they should hold"),
        (vec![0x80, 0], "the number of texts at byte 0 is not in its shortest form, or too large"),
        (vec![0xff; 9], "the number of texts at byte 0 is not in its shortest form, or too large"),
        // A forged count of 2^32 - 1 texts, and a forged length.
        (vec![0xff, 0xff, 0xff, 0xff, 0x0f, 1], "the bytes end at 6, before the lengths that they should hold"),
        (vec![1, 0xff, 0xff, 0xff, 0xff, 0x0f], "the bytes end at 6, before the texts that they should hold"),
        (
            vec![2, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
            "the length at byte 6 is not in its shortest form, or too large",
        ),
        (bytes_of(&["a", "b", "b"]), "text 2 is not behind the one before it"),
        (bytes_of(&["b", "a"]), "text 1 is not behind the one before it"),
        (vec![1, 2, b'a', 0xff], "the texts are no UTF-8 at byte 3"),
        // A character that is cut in two.
        (vec![2, 1, 1, 0xc3, 0xa4], "the texts are no UTF-8 at byte 4"),
        (vec![1, 1, b'a', b'b', b'c'], "2 bytes follow behind the last text"),
    ] {
        assert_eq!(Vocabulary::from_bytes(&bytes).unwrap_err().to_string(), wanted, "{bytes:?}");
    }
    assert_eq!(Vocabulary::from_bytes(&bytes_of(&["", "a", "ab"])).unwrap(), Vocabulary::new(["ab", "", "a"]));
    assert!(serde_json::from_str::<Vocabulary>("[\"a\", 1]").is_err());
    assert!(serde_json::from_str::<Vocabulary>("{}").is_err());
}
