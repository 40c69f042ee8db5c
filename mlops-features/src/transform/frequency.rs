//! How often a category was seen.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError, Unknown, is_false, known};

/// The share of the rows to fit on that have the row's category: `rows with it / all rows`, nulls included in all.
///
/// It is what pandas gives by `value_counts() / len(rows)`. A missing or unseen category was in no row, so as
/// [`Unknown::AsAll`] it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frequency {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
    /// Whether a null is a category of its own, if there was one in the rows to fit on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null_category: bool,
}

/// In how many of the rows to fit on the row's category is; otherwise as [`Frequency`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryCount {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
    /// Whether a null is a category of its own, if there was one in the rows to fit on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null_category: bool,
}

/// A number of each category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfCategory {
    /// By code.
    numbers: Vec<JsonFloat>,
    /// That of a null, if it is a category.
    null: Option<JsonFloat>,
    refuse: bool,
}

impl OfCategory {
    fn new(unknown: Unknown, null_category: bool, seen: &Seen, number: impl Fn(u64) -> f64) -> Self {
        let null = (null_category && seen.missing > 0).then(|| JsonFloat(number(seen.missing)));
        let numbers = seen.counts.iter().map(|&count| JsonFloat(number(count))).collect();
        Self { numbers, null, refuse: unknown == Unknown::Refuse }
    }
}

impl Fitted for OfCategory {
    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        self.numbers.len() == vocabulary.len()
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out[0] = match (value, self.null) {
            (Value::Missing, Some(null)) => null.0,
            _ => known(value, self.refuse)?.map_or(0.0, |code| self.numbers[code].0),
        };
        Ok(())
    }
}

macro_rules! learns_no_more_than_counts {
    ($transform:ident, $name:literal, $number:expr) => {
        impl $transform {
            /// Without a category of nulls.
            #[must_use]
            pub fn new(unknown: Unknown) -> Self {
                Self { unknown, null_category: false }
            }

            /// Makes a null a category of its own.
            #[must_use]
            pub fn null_category(self) -> Self {
                Self { null_category: true, ..self }
            }
        }

        impl Transform for $transform {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            type State = ();
            type Fitted = OfCategory;

            fn check(&self, input: InputKind) -> Result<(), TransformError> {
                self.unknown.not_infrequent()?;
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

            fn finish(&self, (): (), seen: &Seen) -> Result<OfCategory, TransformError> {
                Ok(OfCategory::new(self.unknown, self.null_category, seen, |count| ($number)(count, seen.rows)))
            }
        }
    };
}

learns_no_more_than_counts!(Frequency, "frequency", |count: u64, rows: u64| count as f64 / rows as f64);
learns_no_more_than_counts!(CategoryCount, "category_count", |count: u64, _: u64| count as f64);
