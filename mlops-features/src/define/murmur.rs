//! A hash of bytes that other libraries compute too.

/// MurmurHash3 x86 32 (Appleby 2011, public domain), as the signed integer that scikit-learn's `FeatureHasher` takes.
pub(crate) fn murmur3_32(bytes: &[u8], seed: u32) -> i32 {
    const FIRST: u32 = 0xcc9e_2d51;
    const SECOND: u32 = 0x1b87_3593;
    let scrambled = |block: u32| block.wrapping_mul(FIRST).rotate_left(15).wrapping_mul(SECOND);
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for block in blocks {
        hash ^= scrambled(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    if !tail.is_empty() {
        hash ^= scrambled(tail.iter().rev().fold(0, |block, byte| block << 8 | u32::from(*byte)));
    }
    // The reference takes the length as 32 bits.
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    (hash ^ hash >> 16) as i32
}

#[cfg(test)]
mod tests {
    use super::murmur3_32;

    #[test]
    fn it_is_that_of_scikit_learn() {
        // sklearn.utils.murmurhash3_32(text, seed), scikit-learn 1.9.1: see tests/oracle/functions_text.py.
        let text = include_str!("../../tests/data/functions_text.json");
        let cases: serde_json::Value = serde_json::from_str(text).expect("a fixture is JSON");
        let cases = cases["murmur"].as_array().expect("a list");
        assert!(cases.len() > 40);
        for case in cases {
            let text = case[0].as_str().expect("a text");
            let seed = case[1].as_u64().expect("a seed") as u32;
            assert_eq!(Some(i64::from(murmur3_32(text.as_bytes(), seed))), case[2].as_i64(), "{text:?} {seed}");
        }
    }
}
