//! Means of labels by category, and how the rows that they were fitted on are encoded.

mod fold;
mod group;

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::{
    FitRows, Fitted, InputKind, Learns, Refusal, Seen, Transform, TransformError, Unknown, is_false, known,
};
use group::{Encoding, LabelGroups};

pub use fold::Folds;

/// The mean label of the category's rows, drawn towards that of all rows:
/// `(sum + smoothing · mean of all) / (count + smoothing)`.
///
/// With [`Smoothing::Auto`] it is `λ · mean + (1 − λ) · mean of all`, where `λ = v · n / (v · n + w / n)`, with `n` the
/// category's rows, `w / n` the variance of their labels, and `v` that of all labels (both of the population): empirical
/// Bayes. With [`Classes::Each`] there is a number for each label that there is, named `feature=label`, in the order of
/// labels: the same of labels that are 1 where the label is it, else 0.
///
/// The rows that it was fitted on are encoded out of fold, by [`Folds`]: each by what the other rows say, or the earlier
/// ones. A category that these don't have gets their mean.
///
/// It is scikit-learn's `TargetEncoder`; sums are exact here. Where that shuffles folds by default, here they are in the
/// order of time, or of rows. A label of two classes is taken as the number that it is, where scikit-learn takes the
/// larger one as 1. Two classes give two numbers by [`Classes::Each`]. A null is unknown here unless it is made a
/// category. Source: Micci-Barreca 2001, doi:10.1145/507533.507538.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
    /// How far categories are drawn towards the mean of all.
    pub smoothing: Smoothing,
    /// How the rows that it was fitted on are encoded.
    pub folds: Folds,
    /// What the label is.
    #[serde(default, skip_serializing_if = "Classes::is_number")]
    pub classes: Classes,
    /// Whether a null is a category of its own, if there was one in the rows to fit on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null_category: bool,
}

/// How far categories are drawn towards the mean of all labels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Smoothing {
    /// Each category is given so many rows of the mean of all.
    Fixed(JsonFloat),
    /// By how much labels vary within the category, and among all.
    Auto,
}

/// What labels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Classes {
    /// A number: a measure, or 0 and 1.
    #[default]
    Number,
    /// One of several classes; each gets a number. There may be [`Target::MAX_CLASSES`] of them.
    Each,
}

impl Classes {
    fn is_number(&self) -> bool {
        *self == Self::Number
    }
}

impl Target {
    /// How many different labels there may be for [`Classes::Each`].
    pub const MAX_CLASSES: usize = 1024;

    /// In five folds in the order of time.
    #[must_use]
    pub fn new(smoothing: f64, unknown: Unknown) -> Self {
        Self {
            unknown,
            smoothing: Smoothing::Fixed(JsonFloat(smoothing)),
            folds: Folds::Time(5),
            classes: Classes::Number,
            null_category: false,
        }
    }

    /// In five folds in the order of time, drawn towards the mean of all by how labels vary.
    #[must_use]
    pub fn auto(unknown: Unknown) -> Self {
        Self { smoothing: Smoothing::Auto, ..Self::new(0.0, unknown) }
    }

    /// Says by which labels the rows that it was fitted on are encoded.
    #[must_use]
    pub fn folds(self, folds: Folds) -> Self {
        Self { folds, ..self }
    }

    /// Gives each class a number.
    #[must_use]
    pub fn each_class(self) -> Self {
        Self { classes: Classes::Each, ..self }
    }

    /// Makes a null a category of its own.
    #[must_use]
    pub fn null_category(self) -> Self {
        Self { null_category: true, ..self }
    }
}

impl Transform for Target {
    const NAME: &'static str = "target";
    const VERSION: u32 = 1;
    type State = LabelGroups;
    type Fitted = FittedTarget;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        if let Smoothing::Fixed(JsonFloat(smoothing)) = self.smoothing
            && !(0.0 <= smoothing && smoothing.is_finite())
        {
            let (parameter, allowed) = ("smoothing", "0 or more, and finite");
            return Err(TransformError::Parameter { parameter, got: smoothing.to_string(), allowed });
        }
        self.folds.check()?;
        self.unknown.not_infrequent()?;
        input.category()
    }

    fn learns(&self) -> Learns {
        Learns::FromLabels
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn start(&self) -> LabelGroups {
        LabelGroups::default()
    }

    fn update(&self, state: &mut LabelGroups, rows: &FitRows<'_>) -> Result<(), TransformError> {
        if self.folds == Folds::Given && rows.times.iter().any(|row| row.fold.is_none()) {
            return Err(TransformError::NoFold);
        }
        state.update(rows, self.wants())
    }

    fn merge(&self, state: &mut LabelGroups, other: LabelGroups) {
        state.merge(other);
    }

    fn finish(&self, state: LabelGroups, seen: &Seen) -> Result<FittedTarget, TransformError> {
        if state.all().count == 0 {
            return Err(TransformError::NoValue { wanted: "mean label" });
        }
        let classes = if self.classes == Classes::Each { state.all().labels() } else { Vec::new() };
        if classes.len() > Self::MAX_CLASSES {
            let (parameter, got) = ("classes", format!("{} different labels", classes.len()));
            return Err(TransformError::Parameter { parameter, got, allowed: "1,024 different labels at most" });
        }
        let encoding = Encoding { smoothing: self.smoothing, classes: &classes };
        let overall = encoding.overall(state.all());
        let has_null = self.null_category && seen.missing > 0;
        let groups = seen.vocabulary.texts().map(|text| state.of(text));
        let groups = groups.chain(has_null.then(|| state.of_null()));
        let means: Vec<f64> = groups.flat_map(|group| encoding.group(group, &overall)).collect();
        let floats = |numbers: &[f64]| numbers.iter().copied().map(JsonFloat).collect();
        Ok(FittedTarget {
            means: floats(&means),
            overall: overall.iter().map(|overall| JsonFloat(overall.mean)).collect(),
            classes: floats(&classes),
            has_null,
            refuse: self.unknown == Unknown::Refuse,
        })
    }

    fn out_of_fold(&self, fitted: &FittedTarget, rows: &FitRows<'_>, vocabulary: &Vocabulary) -> Option<Vec<f64>> {
        Some(fold::out_of_fold(self, fitted, rows, vocabulary.len()))
    }
}

/// A [`Target`] with the mean labels of each code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTarget {
    /// By code, last that of a null if it is a category, then by class.
    means: Vec<JsonFloat>,
    /// By class.
    overall: Vec<JsonFloat>,
    /// None where the label is a number.
    classes: Vec<JsonFloat>,
    has_null: bool,
    refuse: bool,
}

impl FittedTarget {
    /// The group of a value; `None` for one that is unknown.
    #[inline]
    fn group(&self, value: Value<'_>) -> Result<Option<usize>, Refusal> {
        match value {
            Value::Missing if self.has_null => Ok(Some(self.means.len() / self.overall.len() - 1)),
            _ => known(value, self.refuse),
        }
    }
}

impl Fitted for FittedTarget {
    fn width(&self) -> usize {
        self.overall.len()
    }

    fn names(&self, of: &str, _: &Vocabulary) -> Vec<String> {
        match self.classes.as_slice() {
            [] => vec![of.into()],
            classes => classes.iter().map(|class| format!("{of}={}", class.0)).collect(),
        }
    }

    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        let width = self.classes.len().max(1);
        self.overall.len() == width && self.means.len() == (vocabulary.len() + usize::from(self.has_null)) * width
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let means = match self.group(value)? {
            Some(group) => &self.means[group * out.len()..][..out.len()],
            None => &self.overall,
        };
        out.iter_mut().zip(means).for_each(|(out, mean)| *out = mean.0);
        Ok(())
    }
}
