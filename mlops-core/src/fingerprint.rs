//! Content digests.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// The SHA-256 digest of some content; 64 hexadecimal digits in text.
///
/// SHA-256 rather than a faster digest because every other tool can check it: the digest of a part of a
/// bundle is what `sha256sum` prints for its file.
///
/// ```
/// use mlops_core::Fingerprint;
///
/// let digest = Fingerprint::of(b"abc");
/// assert!(digest.to_string().starts_with("ba7816bf"));
/// assert_eq!(digest.to_string().parse::<Fingerprint>().unwrap(), digest);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest of `bytes` as they are.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value's JSON text under a name for what kind of thing it is.
    ///
    /// Maps must be ordered (`BTreeMap`), so that the same value has the same text.
    ///
    /// # Errors
    /// When the value has no JSON form, such as a map whose keys are not strings.
    pub fn of_json<T: Serialize + ?Sized>(kind: &str, value: &T) -> Result<Self, serde_json::Error> {
        let mut hasher = FingerprintHasher::new(kind);
        serde_json::to_writer(&mut hasher, value)?;
        Ok(hasher.finish())
    }

    /// A digest that was kept as its 32 bytes.
    ///
    /// ```
    /// use mlops_core::Fingerprint;
    ///
    /// let digest = Fingerprint::of(b"abc");
    /// assert_eq!(Fingerprint::from_bytes(*digest.as_bytes()), digest);
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a fingerprint: 64 hexadecimal digits were expected")]
pub struct ParseFingerprintError {
    /// What was given.
    pub text: String,
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseFingerprintError { text: text.chars().take(80).collect() };
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |d: u8| match d {
                b'0'..=b'9' => Some(d - b'0'),
                b'a'..=b'f' => Some(d - b'a' + 10),
                _ => None,
            };
            let (high, low) = (digit(pair[0]).ok_or_else(wrong)?, digit(pair[1]).ok_or_else(wrong)?);
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Builds a [`Fingerprint`] piece by piece; every piece is framed by its length, so that
/// `"ab", "c"` and `"a", "bc"` differ.
///
/// ```
/// use mlops_core::FingerprintHasher;
///
/// let of = |pieces: [&str; 2]| {
///     let mut hasher = FingerprintHasher::new("example");
///     pieces.iter().for_each(|piece| hasher.text(piece));
///     hasher.finish()
/// };
/// assert_ne!(of(["ab", "c"]), of(["a", "bc"]));
/// ```
#[derive(Clone, Debug)]
pub struct FingerprintHasher(Sha256);

impl FingerprintHasher {
    /// Starts a digest of a kind of thing; the same pieces under two kinds have two digests.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.text(kind);
        hasher
    }

    /// Adds bytes behind their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// Adds a text behind its length in bytes.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds another digest.
    pub fn fingerprint(&mut self, fingerprint: Fingerprint) {
        self.0.update(fingerprint.0);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Adds bytes of a stream, without a frame of their own.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was added.
    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

/// Raw bytes of a stream, without a frame: for writers whose own format says where it ends.
impl io::Write for FingerprintHasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
