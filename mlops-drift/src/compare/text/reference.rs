//! What a reference's texts are like.

use std::collections::{BTreeSet, HashMap};

use super::script::Script;
use super::words::words;
use crate::DriftError;
use crate::compare::{Sample, SampleTest, ks_two_sample};

/// What a reference's texts are like: their lengths, words, digits and scripts.
///
/// A text's length is its number of characters (Unicode scalar values). Words are the longest runs of letters and
/// digits, in lower case; scripts without spaces so have long ones, and their share of unseen words says little. A word
/// is unseen if no text of the reference has it; of the reference's own texts, if no *other* text has it, so that the
/// shares on both sides are of the same kind. The share of digits is of a text's characters, and they are all that Unicode
/// calls numbers; the scripts' shares
/// are of all letters of a side (see [`Script`]). A text without words or characters has shares of 0.
///
/// ```
/// use mlops_drift::{Script, TextReference};
///
/// let reference = TextReference::of(["my order is late", "my order is lost", "the order is late"])?;
/// let drift = reference.compare(["где мой заказ", "order 12345 is late"])?;
/// assert_eq!(drift.current_unseen_words, 0.625); // the mean of 1 and ¼
/// assert_eq!(drift.scripts[0].script, Script::Latin);
/// assert!(drift.scripts[0].difference() < -0.3);
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TextReference {
    vocabulary: HashMap<String, u64>,
    texts: Texts,
}

/// What was seen of some texts.
#[derive(Clone, Debug, PartialEq)]
struct Texts {
    lengths: Sample,
    words: Sample,
    unseen: Sample,
    digits: Sample,
    letters: [u64; Script::COUNT],
}

/// How texts differ from a reference's. Made by [`TextReference::compare`].
///
/// Each test is [`ks_two_sample`] of a number of each text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextDrift {
    /// Of the texts' lengths, in characters.
    pub length: SampleTest,
    /// Of their numbers of words.
    pub words: SampleTest,
    /// Of the share of a text's words that are unseen.
    pub unseen_words: SampleTest,
    /// Of the share of a text's characters that are digits.
    pub digits: SampleTest,
    /// The mean share of unseen words of the reference's texts.
    pub reference_unseen_words: f64,
    /// The mean share of unseen words of the current texts.
    pub current_unseen_words: f64,
    /// The mean share of digits of the reference's texts.
    pub reference_digits: f64,
    /// The mean share of digits of the current texts.
    pub current_digits: f64,
    /// The scripts that any letter is of, those first whose shares differ most.
    pub scripts: Vec<ScriptShare>,
}

/// The share of letters that are of a script.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScriptShare {
    /// The script.
    pub script: Script,
    /// Its share of the reference's letters; 0 where there are none.
    pub reference: f64,
    /// Its share of the current texts' letters; 0 where there are none.
    pub current: f64,
}

impl ScriptShare {
    /// How much larger the share is in the current texts.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.current - self.reference
    }
}

impl TextReference {
    /// Reads the reference's texts.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without a text.
    pub fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, DriftError> {
        let texts: Vec<T> = texts.into_iter().collect();
        let mut vocabulary = HashMap::new();
        for text in &texts {
            for word in words(text.as_ref()).collect::<BTreeSet<_>>() {
                *vocabulary.entry(word).or_insert(0) += 1;
            }
        }
        // A word that one text alone has would be unseen without it.
        let texts = Texts::of("reference", &texts, |word| vocabulary.get(word).is_none_or(|&count| count < 2))?;
        Ok(Self { vocabulary, texts })
    }

    /// How many different words the reference has.
    #[must_use]
    pub fn vocabulary_len(&self) -> usize {
        self.vocabulary.len()
    }

    /// Compares texts with the reference's.
    ///
    /// # Errors
    /// [`DriftError::Empty`] without a text.
    pub fn compare<T: AsRef<str>>(&self, current: impl IntoIterator<Item = T>) -> Result<TextDrift, DriftError> {
        let texts: Vec<T> = current.into_iter().collect();
        let current = Texts::of("current", &texts, |word| !self.vocabulary.contains_key(word))?;
        let reference = &self.texts;
        let mean = |sample: &Sample| sample.values().iter().sum::<f64>() / sample.values().len() as f64;
        let share = |letters: &[u64], of: u64| of as f64 / letters.iter().sum::<u64>().max(1) as f64;
        let mut scripts: Vec<ScriptShare> = (Script::ALL.into_iter().zip(reference.letters).zip(current.letters))
            .filter(|((_, a), b)| a + b > 0)
            .map(|((script, a), b)| ScriptShare {
                script,
                reference: share(&reference.letters, a),
                current: share(&current.letters, b),
            })
            .collect();
        scripts.sort_by(|a, b| b.difference().abs().total_cmp(&a.difference().abs()));
        Ok(TextDrift {
            length: ks_two_sample(&reference.lengths, &current.lengths)?,
            words: ks_two_sample(&reference.words, &current.words)?,
            unseen_words: ks_two_sample(&reference.unseen, &current.unseen)?,
            digits: ks_two_sample(&reference.digits, &current.digits)?,
            reference_unseen_words: mean(&reference.unseen),
            current_unseen_words: mean(&current.unseen),
            reference_digits: mean(&reference.digits),
            current_digits: mean(&current.digits),
            scripts,
        })
    }
}

impl Texts {
    fn of<T: AsRef<str>>(
        side: &'static str,
        texts: &[T],
        is_unseen: impl Fn(&str) -> bool,
    ) -> Result<Self, DriftError> {
        if texts.is_empty() {
            return Err(DriftError::Empty { side });
        }
        let mut letters = [0; Script::COUNT];
        let [mut lengths, mut counts, mut unseen, mut digits] = [const { Vec::new() }; 4];
        for text in texts {
            let text = text.as_ref();
            let (mut length, mut of_digits) = (0_u64, 0_u64);
            for c in text.chars() {
                length += 1;
                of_digits += u64::from(c.is_numeric());
                if let Some(script) = Script::of(c) {
                    letters[script as usize] += 1;
                }
            }
            let (mut count, mut of_unseen) = (0_u64, 0_u64);
            for word in words(text) {
                count += 1;
                of_unseen += u64::from(is_unseen(&word));
            }
            lengths.push(length as f64);
            counts.push(count as f64);
            unseen.push(of_unseen as f64 / count.max(1) as f64);
            digits.push(of_digits as f64 / length.max(1) as f64);
        }
        Ok(Self {
            lengths: Sample::of(&lengths),
            words: Sample::of(&counts),
            unseen: Sample::of(&unseen),
            digits: Sample::of(&digits),
            letters,
        })
    }
}
