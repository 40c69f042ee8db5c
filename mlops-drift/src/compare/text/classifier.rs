//! Whether a classifier can tell two samples of texts apart.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;

use super::words::words;
use crate::DriftError;
use crate::compare::embedding::{DomainOptions, RocAuc, Scaling, out_of_fold};
use crate::error::out_of_range;

/// How well a classifier tells two samples of texts apart. Made by [`text_domain_classifier`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TextDomainDrift {
    /// The area under the curve of scores that each text was given by a model that wasn't trained on it.
    pub auc: RocAuc,
    /// Which words speak, by the falling size of their coefficients, all words of the vocabulary once.
    pub weights: Vec<WordWeight>,
    /// Texts of the reference.
    pub reference_rows: u64,
    /// Current texts.
    pub current_rows: u64,
}

/// How a word speaks for a side.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WordWeight {
    /// The word, in lower case.
    pub word: String,
    /// The coefficient of its weight in a text; above 0 where it speaks for the current side.
    pub coefficient: f64,
}

/// How well a logistic regression of word weights tells the current texts from the reference's.
///
/// The vocabulary is of both sides: the `most_words` words that the most texts have, the first in order where as many
/// have them. A text's weight of a word is its count of the word times ln((1 + N) / (1 + f)) + 1, where f of all N texts
/// have the word, and the weights of a text are scaled to length 1; the vocabulary and f look at no label. That is
/// scikit-learn's `TfidfVectorizer(max_features=…)` with [`TextReference`](crate::TextReference)'s words, but that scikit-learn chooses words
/// by their counts and not by their texts. Folds, training and the area are
/// [`domain_classifier`](crate::domain_classifier)'s, without standardising. Weights of all texts and words lie in memory,
/// 8 bytes each.
///
/// # Errors
/// [`DriftError::Empty`] for a side without a text, [`DriftError::TooFewRows`] for fewer texts than folds,
/// [`DriftError::OutOfRange`] for no word, [`DriftError::Undefined`] where no text has a word,
/// [`DriftError::NotTrained`] where the training fails.
///
/// ```
/// use mlops_drift::{DomainOptions, text_domain_classifier};
///
/// let reference: Vec<String> = (0..40).map(|i| format!("my order {i} is late")).collect();
/// let current: Vec<String> = (0..40).map(|i| format!("my refund {i} is late")).collect();
/// let drift = text_domain_classifier(&reference, &current, 1000, &DomainOptions::default())?;
/// assert_eq!(drift.auc.value, 1.0);
/// assert!(["refund", "order"].contains(&drift.weights[0].word.as_str()));
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
pub fn text_domain_classifier<T: AsRef<str>>(
    reference: &[T],
    current: &[T],
    most_words: usize,
    options: &DomainOptions,
) -> Result<TextDomainDrift, DriftError> {
    if most_words == 0 {
        return out_of_range("most_words", &0, "at least 1");
    }
    for (side, texts) in [("reference", reference), ("current", current)] {
        if texts.is_empty() {
            return Err(DriftError::Empty { side });
        }
        if texts.len() < options.folds() {
            return Err(DriftError::TooFewRows { side, rows: texts.len(), least: options.folds() });
        }
    }
    let texts: Vec<Vec<String>> =
        reference.iter().chain(current).map(|text| words(text.as_ref()).collect()).collect();
    let mut having: BTreeMap<&str, u64> = BTreeMap::new();
    for text in &texts {
        for word in text.iter().map(String::as_str).collect::<BTreeSet<_>>() {
            *having.entry(word).or_default() += 1;
        }
    }
    if having.is_empty() {
        return Err(DriftError::Undefined { statistic: "domain classifier", cause: "no text has a word" });
    }
    let mut vocabulary: Vec<(&str, u64)> = having.into_iter().collect();
    // Stable: the first in order come first.
    vocabulary.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    vocabulary.truncate(most_words);
    let places: BTreeMap<&str, usize> = vocabulary.iter().enumerate().map(|(i, &(word, _))| (word, i)).collect();
    let total = texts.len() as f64;
    let rarity: Vec<f64> =
        vocabulary.iter().map(|&(_, count)| ((1.0 + total) / (1.0 + count as f64)).ln() + 1.0).collect();
    let mut rows = Array2::<f64>::zeros((texts.len(), vocabulary.len()));
    for (mut row, text) in rows.rows_mut().into_iter().zip(&texts) {
        for &place in text.iter().filter_map(|word| places.get(word.as_str())) {
            row[place] += rarity[place];
        }
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row.mapv_inplace(|x| x / length);
        }
    }
    let (auc, coefficients) = out_of_fold(&rows, reference.len(), options, Scaling::None)?;
    let mut weights: Vec<WordWeight> = (vocabulary.iter().zip(coefficients))
        .map(|(&(word, _), coefficient)| WordWeight { word: word.to_owned(), coefficient })
        .collect();
    weights.sort_by(|a, b| b.coefficient.abs().total_cmp(&a.coefficient.abs()));
    Ok(TextDomainDrift { auc, weights, reference_rows: reference.len() as u64, current_rows: current.len() as u64 })
}
