//! A number for each category.

use mlops_core::{Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError, Unknown, known};

/// A number for each category that was seen in fitting: 1 for the row's, 0 for the others. They are named
/// `feature=category`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
}

/// A [`OneHot`] with the number of its categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneHot {
    width: usize,
    refuse: bool,
}

impl Transform for OneHot {
    const NAME: &'static str = "one_hot";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedOneHot;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        input.category()
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn start(&self) {}

    fn update(&self, (): &mut (), _: &FitRows<'_>) -> Result<(), TransformError> {
        Ok(())
    }

    fn merge(&self, (): &mut (), (): ()) {}

    fn finish(&self, (): (), seen: &Seen) -> Result<FittedOneHot, TransformError> {
        Ok(FittedOneHot { width: seen.vocabulary.len(), refuse: self.unknown == Unknown::Refuse })
    }
}

impl Fitted for FittedOneHot {
    fn width(&self) -> usize {
        self.width
    }

    fn names(&self, of: &str, vocabulary: &Vocabulary) -> Vec<String> {
        vocabulary.texts().map(|text| format!("{of}={text}")).collect()
    }

    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        self.width == vocabulary.len()
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out.fill(0.0);
        if let Some(place) = known(value, self.refuse)? {
            out[place] = 1.0;
        }
        Ok(())
    }

    fn apply_sparse(
        &self,
        value: Value<'_>,
        _: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        if let Some(place) = known(value, self.refuse)? {
            put(place, 1.0);
        }
        Ok(())
    }
}
