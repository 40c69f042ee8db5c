//! Texts of a list, weighed by how rare they are.

use std::collections::HashMap;

use mlops_core::{JsonFloat, SlotKind, Texts, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{FitRows, Fitted, InputKind, NullTexts, Refusal, Seen, Transform, TransformError};

/// A number for each text of the lists that were seen in fitting: how often it is in the row's list, times how rare it
/// is in all lists.
///
/// With `n` rows, `df` of which have the text, and `tf` its count in the row, the number is `tf · idf`, over the norm of
/// all numbers of the row:
/// - `idf = ln((1 + n) / (1 + df)) + 1`, or not smooth, `ln(n / df) + 1`;
/// - sublinear, `1 + ln(tf)` is in the place of `tf`.
///
/// Texts that weren't seen in fitting, or are left out, are passed over, so a row may be all zeros; a row of no text is.
/// Numbers are named `feature=text`, in the order of the texts' bytes.
///
/// It is scikit-learn's `TfidfVectorizer(analyzer=list)`: `min_documents` is `min_df`, `max_share` is `max_df`, `max_texts`
/// is `max_features`. Of texts that are as frequent as each other at the limit of `max_texts`, the first by their bytes
/// stay; scikit-learn leaves that open. Rows of nulls, where they aren't refused, count as empty lists.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TfIdf {
    /// What a null becomes.
    pub nulls: NullTexts,
    /// Whether repeats count by their logarithm.
    pub sublinear: bool,
    /// What a row is divided by.
    pub norm: Norm,
    /// Whether one more row is counted that has every text.
    pub smooth: bool,
    /// In how many rows a text must be.
    pub min_documents: u64,
    /// In which share of the rows a text may be, above 0, 1 at most.
    pub max_share: JsonFloat,
    /// How many texts there are at most, the most frequent ones by all their counts; `None` for all.
    pub max_texts: Option<u32>,
}

/// What the numbers of a row are divided by, if it isn't 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Norm {
    /// The square root of the sum of their squares.
    L2,
    /// Their sum.
    L1,
    /// Nothing.
    None,
}

impl TfIdf {
    /// As scikit-learn has it by default: counts as they are, smooth, divided by [`Norm::L2`], all texts.
    #[must_use]
    pub fn new(nulls: NullTexts) -> Self {
        let (sublinear, norm, smooth) = (false, Norm::L2, true);
        Self { nulls, sublinear, norm, smooth, min_documents: 1, max_share: JsonFloat(1.0), max_texts: None }
    }
}

/// How often each text was seen, repeats included.
#[derive(Clone, Debug, Default)]
pub struct TextFrequencies(HashMap<Box<str>, u64, foldhash::fast::FixedState>);

impl Transform for TfIdf {
    const NAME: &'static str = "tf_idf";
    const VERSION: u32 = 1;
    type State = TextFrequencies;
    type Fitted = FittedTfIdf;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let JsonFloat(share) = self.max_share;
        if !(0.0 < share && share <= 1.0) {
            let allowed = "above 0, 1 at most";
            return Err(TransformError::Parameter { parameter: "max_share", got: share.to_string(), allowed });
        }
        if self.max_texts == Some(0) {
            let (got, allowed) = ("0".into(), "1 or more");
            return Err(TransformError::Parameter { parameter: "max_texts", got, allowed });
        }
        match input {
            InputKind::Value(SlotKind::Texts) => Ok(()),
            got => Err(TransformError::Input { got, wanted: "a list of texts" }),
        }
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn start(&self) -> TextFrequencies {
        TextFrequencies::default()
    }

    fn update(&self, state: &mut TextFrequencies, rows: &FitRows<'_>) -> Result<(), TransformError> {
        // In how many rows each is comes with the vocabulary.
        if self.max_texts.is_none() {
            return Ok(());
        }
        for value in rows.values.iter() {
            let Value::Texts(texts) = value else { continue };
            for text in texts.iter() {
                match state.0.get_mut(text) {
                    Some(count) => *count += 1,
                    None => {
                        state.0.insert(text.into(), 1);
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&self, state: &mut TextFrequencies, other: TextFrequencies) {
        for (text, count) in other.0 {
            *state.0.entry(text).or_default() += count;
        }
    }

    fn finish(&self, state: TextFrequencies, seen: &Seen) -> Result<FittedTfIdf, TransformError> {
        let rows = seen.rows as f64;
        let most = self.max_share.0 * rows;
        let is_kept = |count: u64| count >= self.min_documents && count as f64 <= most;
        let counts = || seen.counts.iter().copied();
        let mut codes: Vec<u32> =
            (0..).zip(counts()).filter(|&(_, count)| is_kept(count)).map(|(code, _)| code).collect();
        if codes.is_empty() {
            return Err(TransformError::NoValue { wanted: "text that is neither too rare nor too frequent" });
        }
        if let Some(limit) = self.max_texts {
            let texts: Vec<&str> = seen.vocabulary.texts().collect();
            let frequency = |code: &u32| state.0.get(texts[*code as usize]).copied().unwrap_or(0);
            codes.sort_by_key(|code| std::cmp::Reverse(frequency(code)));
            codes.truncate(limit as usize);
            codes.sort_unstable();
        }
        let more = if self.smooth { 1.0 } else { 0.0 };
        let idf = |count: u64| JsonFloat(libm::log((rows + more) / (count as f64 + more)) + 1.0);
        let idf = codes.iter().map(|&code| idf(seen.counts[code as usize])).collect();
        let refuse = self.nulls == NullTexts::Refuse;
        Ok(FittedTfIdf { codes, idf, sublinear: self.sublinear, norm: self.norm, refuse })
    }
}

/// A [`TfIdf`] with what each text weighs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTfIdf {
    /// The codes that have a number, ascending.
    codes: Vec<u32>,
    /// What each of them weighs.
    idf: Vec<JsonFloat>,
    sublinear: bool,
    norm: Norm,
    refuse: bool,
}

impl FittedTfIdf {
    /// The place of a text that has one.
    #[inline]
    fn place(&self, text: &str, vocabulary: &Vocabulary) -> Option<usize> {
        let code = vocabulary.code(text)?.0;
        // Where no text is left out, codes are places.
        match self.codes.get(code as usize) {
            Some(&here) if here == code => Some(code as usize),
            _ => self.codes.binary_search(&code).ok(),
        }
    }

    #[inline]
    fn weighed(&self, place: usize, count: f64) -> f64 {
        (if self.sublinear { 1.0 + libm::log(count) } else { count }) * self.idf[place].0
    }

    /// What the numbers, in the order of their places, are divided by.
    #[inline]
    fn divisor(&self, numbers: impl Iterator<Item = f64>) -> f64 {
        let norm = match self.norm {
            Norm::L2 => numbers.fold(0.0, |sum, x| sum + x * x).sqrt(),
            Norm::L1 => numbers.fold(0.0, |sum, x| sum + x.abs()),
            Norm::None => 1.0,
        };
        if norm > 0.0 { norm } else { 1.0 }
    }

    fn texts<'a>(&self, value: Value<'a>) -> Result<Texts<'a>, Refusal> {
        match value {
            Value::Texts(texts) => Ok(texts),
            _ if self.refuse => Err(Refusal::Null),
            _ => Ok(Texts::default()),
        }
    }
}

impl Fitted for FittedTfIdf {
    fn width(&self) -> usize {
        self.codes.len()
    }

    fn names(&self, of: &str, vocabulary: &Vocabulary) -> Vec<String> {
        let texts: Vec<&str> = vocabulary.texts().collect();
        self.codes.iter().map(|&code| format!("{of}={}", texts[code as usize])).collect()
    }

    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        self.idf.len() == self.codes.len()
            && self.codes.is_sorted_by(|a, b| a < b)
            && self.codes.last().is_none_or(|&last| (last as usize) < vocabulary.len())
    }

    fn apply(&self, value: Value<'_>, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out.fill(0.0);
        let texts = self.texts(value)?;
        let mut any = false;
        for place in texts.iter().filter_map(|text| self.place(text, vocabulary)) {
            out[place] += 1.0;
            any = true;
        }
        if any {
            for (place, x) in out.iter_mut().enumerate().filter(|(_, x)| **x > 0.0) {
                *x = self.weighed(place, *x);
            }
            // Zeros change no sum.
            let divisor = self.divisor(out.iter().copied());
            out.iter_mut().for_each(|x| *x /= divisor);
        }
        Ok(())
    }

    fn apply_sparse(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        let texts = self.texts(value)?;
        let mut places: Vec<usize> = texts.iter().filter_map(|text| self.place(text, vocabulary)).collect();
        places.sort_unstable();
        let runs = places.chunk_by(|a, b| a == b);
        let numbers: Vec<(usize, f64)> = runs.map(|run| (run[0], self.weighed(run[0], run.len() as f64))).collect();
        let divisor = self.divisor(numbers.iter().map(|(_, x)| *x));
        numbers.into_iter().for_each(|(place, x)| put(place, x / divisor));
        Ok(())
    }
}
