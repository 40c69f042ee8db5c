//! Numbers that are NaN too often are dropped.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::drop_constant::Kept;
use super::{FitRows, InputKind, Seen, Transform, TransformError};

/// Drops a number of which more than a share was NaN in the rows to fit on: `NaNs / rows > share`.
///
/// Nulls are counted where they have become NaN before. The share is from 0, which drops what was NaN once, to 1, which
/// drops nothing. An infinity is a number as any other. scikit-learn has no such transform.
///
/// ```
/// use mlops_features::{DropMissing, Feature, Impute, Nulls};
///
/// let feature = Feature::number("fax", "fax", Nulls::NaN).then(DropMissing::above(0.5)).then(Impute::mean());
/// assert_eq!(feature.transforms[1].transform, "drop_missing");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropMissing {
    /// The greatest share of NaN that is kept.
    pub share: JsonFloat,
}

impl DropMissing {
    /// Drops what is NaN in more than this share of the rows.
    #[must_use]
    pub fn above(share: f64) -> Self {
        Self { share: JsonFloat(share) }
    }
}

/// How many rows there were, and how many of them were NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct MissingCounts {
    rows: u64,
    missing: u64,
}

impl Transform for DropMissing {
    const NAME: &'static str = "drop_missing";
    const VERSION: u32 = 1;
    type State = MissingCounts;
    type Fitted = Kept;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        if !(0.0..=1.0).contains(&self.share.0) {
            let (parameter, got) = ("share", self.share.0.to_string());
            return Err(TransformError::Parameter { parameter, got, allowed: "0 to 1" });
        }
        input.number()
    }

    fn start(&self) -> MissingCounts {
        MissingCounts::default()
    }

    fn update(&self, state: &mut MissingCounts, rows: &FitRows<'_>) -> Result<(), TransformError> {
        let numbers = rows.plain_numbers();
        state.rows += numbers.len() as u64;
        state.missing += numbers.iter().filter(|x| x.is_nan()).count() as u64;
        Ok(())
    }

    fn merge(&self, state: &mut MissingCounts, other: MissingCounts) {
        state.rows += other.rows;
        state.missing += other.missing;
    }

    fn finish(&self, state: MissingCounts, _: &Seen) -> Result<Kept, TransformError> {
        let share = state.missing as f64 / state.rows as f64;
        Ok(Kept { kept: state.missing == 0 || share <= self.share.0 })
    }
}
