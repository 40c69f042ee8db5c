//! Categories, texts and lists of texts by a hash, without any vocabulary.

use mlops_core::{SlotKind, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{FitRows, Fitted, InputKind, Learns, NullTexts, Refusal, Seen, Transform, TransformError};
use crate::define::murmur::murmur3_32;

/// Signed feature hashing: each text adds 1 or −1 to the number that its hash says, of a fixed count of numbers.
///
/// With `h` the signed 32 bits of MurmurHash3 (seed 0) of the text's bytes, the number is `|h| mod numbers`, and the sign
/// is that of `h` (0 counts as positive), so that texts that meet in one number cancel out on average. A category or a
/// text is one token, a list has one for each item, repeats included. The numbers are named `feature#0`, `feature#1`…
///
/// It is scikit-learn's `FeatureHasher(n_features, input_type="string", alternate_sign)`. It learns nothing.
/// Source: Weinberger et al. 2009, doi:10.1145/1553374.1553516.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashing {
    /// How many numbers there are, 1 to [`Hashing::MAX_NUMBERS`].
    pub numbers: u32,
    /// Whether a half of the texts counts as −1; otherwise all count as 1.
    pub signed: bool,
    /// What a null becomes.
    pub nulls: NullTexts,
}

impl Hashing {
    /// How many numbers there may be.
    pub const MAX_NUMBERS: u32 = 1 << 20;

    /// Signed.
    #[must_use]
    pub fn new(numbers: u32, nulls: NullTexts) -> Self {
        Self { numbers, signed: true, nulls }
    }

    /// All texts count as 1.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self { signed: false, ..self }
    }
}

impl Transform for Hashing {
    const NAME: &'static str = "hashing";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedHashing;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        if !(1..=Self::MAX_NUMBERS).contains(&self.numbers) {
            let (parameter, allowed) = ("numbers", "1 to 1,048,576");
            return Err(TransformError::Parameter { parameter, got: self.numbers.to_string(), allowed });
        }
        match input {
            InputKind::Value(SlotKind::Category | SlotKind::Text | SlotKind::Texts) => Ok(()),
            got => Err(TransformError::Input { got, wanted: "a category, a text or a list of texts" }),
        }
    }

    fn learns(&self) -> Learns {
        Learns::Nothing
    }

    fn known_width(&self) -> Option<usize> {
        Some(self.numbers as usize)
    }

    fn start(&self) {}

    fn update(&self, (): &mut (), _: &FitRows<'_>) -> Result<(), TransformError> {
        Ok(())
    }

    fn merge(&self, (): &mut (), (): ()) {}

    fn finish(&self, (): (), _: &Seen) -> Result<FittedHashing, TransformError> {
        Ok(FittedHashing { numbers: self.numbers, signed: self.signed, refuse: self.nulls == NullTexts::Refuse })
    }
}

/// A [`Hashing`], which learns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedHashing {
    numbers: u32,
    signed: bool,
    refuse: bool,
}

impl FittedHashing {
    /// The place of a text and what it adds there.
    #[inline]
    fn token(&self, text: &str) -> (u32, f64) {
        let hash = murmur3_32(text.as_bytes(), 0);
        (hash.unsigned_abs() % self.numbers, if self.signed && hash < 0 { -1.0 } else { 1.0 })
    }

    /// Refuses a value that is none, where the policy says so.
    fn none(&self) -> Result<(), Refusal> {
        if self.refuse { Err(Refusal::Null) } else { Ok(()) }
    }
}

/// The text of a single value.
#[inline]
fn one_text<'a>(value: Value<'a>, vocabulary: &'a Vocabulary) -> Option<&'a str> {
    match value {
        Value::Category(code) => vocabulary.text(code),
        Value::Unseen(text) | Value::Text(text) => Some(text),
        _ => None,
    }
}

impl Fitted for FittedHashing {
    fn width(&self) -> usize {
        self.numbers as usize
    }

    fn names(&self, of: &str, _: &Vocabulary) -> Vec<String> {
        (0..self.numbers).map(|number| format!("{of}#{number}")).collect()
    }

    fn fits(&self, _: &Vocabulary) -> bool {
        (1..=Hashing::MAX_NUMBERS).contains(&self.numbers)
    }

    #[inline]
    fn apply(&self, value: Value<'_>, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out.fill(0.0);
        let mut add = |text| {
            let (place, one) = self.token(text);
            out[place as usize] += one;
        };
        match (value, one_text(value, vocabulary)) {
            (Value::Texts(texts), _) => texts.iter().for_each(add),
            (_, Some(text)) => add(text),
            _ => self.none()?,
        }
        Ok(())
    }

    fn apply_sparse(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        match (value, one_text(value, vocabulary)) {
            (Value::Texts(texts), _) => {
                let mut tokens: Vec<(u32, f64)> = texts.iter().map(|text| self.token(text)).collect();
                tokens.sort_unstable_by_key(|&(place, _)| place);
                for tokens in tokens.chunk_by(|(a, _), (b, _)| a == b) {
                    let sum: f64 = tokens.iter().map(|(_, one)| one).sum();
                    if sum != 0.0 {
                        put(tokens[0].0 as usize, sum);
                    }
                }
            }
            (_, Some(text)) => {
                let (place, one) = self.token(text);
                put(place as usize, one);
            }
            _ => self.none()?,
        }
        Ok(())
    }
}
