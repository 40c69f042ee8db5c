//! Transforms: values become numbers, by parameters that were learnt from rows.

mod bucketise;
mod chain;
mod clip;
mod drop_constant;
mod drop_missing;
mod erased;
mod extremes;
mod fill;
mod frequency;
mod hashing;
mod impute;
mod infrequent;
mod max_abs;
mod min_max;
pub(crate) mod moments;
mod normal;
mod number;
mod one_hot;
mod optimise;
mod order;
mod ordinal;
mod power;
mod quantile;
mod robust;
mod standard;
mod target;
mod tf_idf;

use std::fmt;
use std::sync::Arc;

use mlops_core::{SlotKind, Timestamp, Value, Vocabulary};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "onnx")]
pub(crate) use {
    bucketise::FittedBucketise, clip::Bounds, drop_constant::Kept, frequency::OfCategory, impute::FittedImpute,
    min_max::FittedMinMax, one_hot::FittedOneHot, target::FittedTarget,
};

pub use bucketise::{BucketEncoding, Bucketise, Edges, NaNs};
pub(crate) use chain::{Block, Chain, Room};
pub use clip::ClipToQuantiles;
pub use drop_constant::DropConstant;
pub use drop_missing::DropMissing;
pub(crate) use erased::{AnyFitted, AnyState, AnyTransform, ReadTransform, built_in, kind_of};
pub use fill::Fill;
pub use frequency::{CategoryCount, Frequency};
pub use hashing::Hashing;
pub use impute::Impute;
pub use infrequent::Infrequent;
pub use max_abs::MaxAbs;
pub use min_max::MinMax;
pub(crate) use number::FittedNumber;
pub use number::{Nulls, Number};
pub use one_hot::{Dropped, OneHot};
pub(crate) use ordinal::FittedOrdinal;
pub use ordinal::{NullPlace, Ordinal};
pub use power::{Power, PowerMethod};
pub use quantile::{Distribution, Quantile};
pub use robust::Robust;
pub(crate) use standard::Linear;
pub use standard::Standard;
pub use target::{Classes, Folds, Smoothing, Target};
pub use tf_idf::{Norm, TfIdf};

/// A transform as it is defined: its parameters, and how it learns from rows.
///
/// Its fields are its parameters; they are written into the definition by serde, and read back where the transform is
/// registered in the [`Catalog`](crate::Catalog). The built-in transforms are such types too.
///
/// # Contract
/// - What is learnt doesn't depend on the order of rows, nor on how they were split over states that were merged.
/// - `update` looks at labels only if [`Transform::learns`] says so.
/// - Whoever changes what is learnt or applied gives it another version.
///
/// ```
/// use mlops_features::{Catalog, Feature, Fitted, FitRows, InputKind, Nulls, Refusal, Seen, Transform, TransformError};
/// use mlops_core::{Value, Vocabulary};
/// use serde::{Deserialize, Serialize};
///
/// /// The share of the largest value.
/// #[derive(Debug, Serialize, Deserialize)]
/// struct OfLargest;
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Largest(f64);
///
/// impl Transform for OfLargest {
///     const NAME: &'static str = "of_largest";
///     const VERSION: u32 = 1;
///     type State = f64;
///     type Fitted = Largest;
///
///     fn check(&self, input: InputKind) -> Result<(), TransformError> { input.number() }
///     fn start(&self) -> f64 { 0.0 }
///     fn update(&self, largest: &mut f64, rows: &FitRows<'_>) -> Result<(), TransformError> {
///         *largest = rows.numbers().fold(*largest, f64::max);
///         Ok(())
///     }
///     fn merge(&self, largest: &mut f64, other: f64) { *largest = largest.max(other) }
///     fn finish(&self, largest: f64, _: &Seen) -> Result<Largest, TransformError> { Ok(Largest(largest)) }
/// }
///
/// impl Fitted for Largest {
///     fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
///         if let Value::Float(x) = value { out[0] = x / self.0 }
///         Ok(())
///     }
/// }
///
/// let catalog = Catalog::new().with_transform::<OfLargest>();
/// let feature = Feature::number("share", "amount", Nulls::Refuse).then(OfLargest);
/// ```
pub trait Transform: fmt::Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Its name in the catalog.
    const NAME: &'static str;

    /// Its version in the catalog.
    const VERSION: u32;

    /// What it gathers from rows.
    type State: Send + 'static;

    /// What it has learnt in the end.
    type Fitted: Fitted;

    /// Checks the parameters, and that it takes what it is given.
    ///
    /// # Errors
    /// [`TransformError`] that names the parameter or the input.
    fn check(&self, input: InputKind) -> Result<(), TransformError>;

    /// What it learns from. What learns nothing is never updated.
    fn learns(&self) -> Learns {
        Learns::FromRows
    }

    /// Whether it works on categories. Its texts are then gathered into a vocabulary, and [`Fitted::apply`] gets codes.
    fn takes_categories(&self) -> bool {
        false
    }

    /// How many numbers it makes of one, flags not counted (see [`Fitted::flags`]), where its parameters alone say so:
    /// a set that is too wide is then refused when it is built, and not only when it is fitted.
    fn known_width(&self) -> Option<usize> {
        None
    }

    /// A state that has seen nothing.
    fn start(&self) -> Self::State;

    /// Looks at some rows. Categories have no codes yet: they come as texts, see [`text_of`].
    ///
    /// # Errors
    /// [`TransformError`] for a value that it can't learn from.
    fn update(&self, state: &mut Self::State, rows: &FitRows<'_>) -> Result<(), TransformError>;

    /// Takes in what another state has seen.
    fn merge(&self, state: &mut Self::State, other: Self::State);

    /// What was learnt; `seen` holds the categories that there were.
    ///
    /// # Errors
    /// [`TransformError`] where what was seen is not enough.
    fn finish(&self, state: Self::State, seen: &Seen) -> Result<Self::Fitted, TransformError>;

    /// The numbers that the very rows which it has learnt from are given for training, row by row, where these must
    /// differ from what all others get, because labels were learnt from. (Here categories have their codes.)
    fn out_of_fold(&self, _fitted: &Self::Fitted, _rows: &FitRows<'_>, _: &Vocabulary) -> Option<Vec<f64>> {
        None
    }
}

/// A transform with what it has learnt: one value becomes `width` numbers.
///
/// # Contract
/// The same value gives the same bits, on every platform; nothing is allocated, and any number of threads may call.
/// What was stored by serde applies as it did before.
pub trait Fitted: fmt::Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// How many numbers it gives.
    fn width(&self) -> usize {
        1
    }

    /// How many of these, the last ones, tell something about the value and are no numbers to transform any further.
    fn flags(&self) -> usize {
        0
    }

    /// The names of the numbers, `width` of them; `of` is what goes in.
    fn names(&self, of: &str, _vocabulary: &Vocabulary) -> Vec<String> {
        vec![of.into(); self.width()]
    }

    /// Whether what was stored goes with this vocabulary.
    fn fits(&self, _vocabulary: &Vocabulary) -> bool {
        true
    }

    /// The kernel: one value to `out`, which has `width` places.
    ///
    /// # Errors
    /// [`Refusal`] of a value by the policy of the definition.
    fn apply(&self, value: Value<'_>, vocabulary: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal>;

    /// The numbers that are not 0, by their place, in order (−0 is one): for wide encodings, which should have it without going
    /// through all their numbers, as this does where it isn't overridden.
    ///
    /// # Errors
    /// Those of [`Fitted::apply`].
    fn apply_sparse(
        &self,
        value: Value<'_>,
        vocabulary: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        let mut out = vec![0.0; self.width()];
        self.apply(value, vocabulary, &mut out)?;
        out.into_iter().enumerate().filter(|(_, x)| x.to_bits() != 0).for_each(|(place, x)| put(place, x));
        Ok(())
    }
}

/// What goes into a transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A value of the row, of this kind, null or not.
    Value(SlotKind),
    /// A number that another transform gave; never null.
    Number,
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(kind) => write!(f, "a value ({kind}) that may be null"),
            Self::Number => f.write_str("a number that another transform gave"),
        }
    }
}

impl InputKind {
    /// Accepts numbers that another transform gave, such as [`Number`], which has the policy for nulls.
    ///
    /// # Errors
    /// [`TransformError::Input`] for anything else.
    pub fn number(self) -> Result<(), TransformError> {
        let wanted = "the number that another transform gave";
        if self == Self::Number { Ok(()) } else { Err(TransformError::Input { got: self, wanted }) }
    }

    /// Accepts categories and texts.
    ///
    /// # Errors
    /// [`TransformError::Input`] for anything else.
    pub fn category(self) -> Result<(), TransformError> {
        match self {
            Self::Value(SlotKind::Category | SlotKind::Text) => Ok(()),
            _ => Err(TransformError::Input { got: self, wanted: "a category or a text" }),
        }
    }
}

/// What a transform learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learns {
    /// Nothing: its parameters say all.
    Nothing,
    /// The rows.
    FromRows,
    /// The rows and their labels.
    FromLabels,
}

/// Rows to learn from.
#[derive(Clone, Copy, Debug)]
pub struct FitRows<'a> {
    /// What goes in.
    pub values: Values<'a>,
    /// A label a row; empty where there are none.
    pub labels: &'a [f64],
    /// The times of each row, and its fold if it was given one; empty where labels have none.
    pub times: &'a [RowTimes],
}

/// When a row was asked for and when its label was known, and the fold that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTimes {
    /// The time of the row.
    pub at: Timestamp,
    /// When its label could be known.
    pub label_available: Timestamp,
    /// The fold that it was given, to be encoded by the labels of others.
    pub fold: Option<u32>,
}

/// Values of one kind, row by row.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Any values.
    Any(&'a [Value<'a>]),
    /// Numbers, none of them null.
    Numbers(&'a [f64]),
}

impl<'a> Values<'a> {
    /// How many rows there are.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Any(values) => values.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The values.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> {
        let (values, numbers): (&[Value<'a>], &[f64]) = match self {
            Self::Any(values) => (values, &[]),
            Self::Numbers(numbers) => (&[], numbers),
        };
        values.iter().copied().chain(numbers.iter().map(|&x| Value::Float(x)))
    }
}

impl<'a> FitRows<'a> {
    /// The numbers among the values.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + use<'a> {
        self.values.iter().filter_map(crate::define::function::as_float)
    }

    /// Where all values are numbers that another transform gave, these.
    pub(crate) fn plain_numbers(&self) -> &'a [f64] {
        match self.values {
            Values::Numbers(numbers) => numbers,
            Values::Any(_) => &[],
        }
    }
}

/// The text of a category while rows are learnt from.
#[must_use]
pub fn text_of(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Unseen(text) => Some(text),
        _ => None,
    }
}

/// The categories that a fit has seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// All of them, which gives each its code; of lists of texts, all texts in them.
    pub vocabulary: Arc<Vocabulary>,
    /// By code, in how many rows it was.
    pub counts: Vec<u64>,
    /// How many rows there were.
    pub rows: u64,
    /// How many of them had none.
    pub missing: u64,
}

/// Why a value isn't encoded: a policy of the definition refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A null.
    Null,
    /// A category that was not seen in fitting.
    Unseen,
}

/// Why a transform can't be used, fitted or loaded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TransformError {
    /// It doesn't take what it is given.
    #[error("it takes {wanted}, not {got}")]
    Input {
        /// What it is given.
        got: InputKind,
        /// What it takes.
        wanted: &'static str,
    },
    /// A parameter out of its range.
    #[error("{parameter} is {got}; it must be {allowed}")]
    Parameter {
        /// Which.
        parameter: &'static str,
        /// What it is.
        got: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// Nothing to learn from.
    #[error("there is no value in the rows to fit on, so there is no {wanted}")]
    NoValue {
        /// What should be learnt.
        wanted: &'static str,
    },
    /// A row without a fold where folds are given.
    #[error("folds are to be given, and the rows to fit on have none")]
    NoFold,
    /// An infinity to learn from.
    #[error("there is {got} in the rows to fit on")]
    Infinite {
        /// Which of the two.
        got: f64,
    },
    /// A number that can't be learnt from.
    #[error("there is {got} in the rows to fit on, where {wanted}")]
    OutOfRange {
        /// The number.
        got: f64,
        /// What has to be there.
        wanted: &'static str,
    },
    /// Numbers that couldn't be put aside in a temporary file, or not be read again.
    #[error("numbers to fit on can't be put aside in a temporary file: {problem}")]
    Aside {
        /// What the system said.
        problem: String,
    },
    /// Parameters, or what was learnt, that can't be read.
    #[error("what was stored is bad: {problem}")]
    Stored {
        /// What is wrong.
        problem: String,
    },
}

/// What a category becomes that was missing, or not seen in fitting. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unknown {
    /// An error that names the feature and the value.
    Refuse,
    /// What is known of all: no one's number in a one-hot encoding, the mean of all labels in a target encoding, 0 rows
    /// in a count.
    AsAll,
    /// In a one-hot encoding, the number that infrequent categories share; no one's if no category was infrequent.
    Infrequent,
}

impl Unknown {
    /// Refuses [`Unknown::Infrequent`], for encodings in which infrequent categories share nothing.
    fn not_infrequent(self) -> Result<(), TransformError> {
        match self {
            Self::Infrequent => {
                let allowed = "refuse or as_all, since infrequent categories share nothing here";
                Err(TransformError::Parameter { parameter: "unknown", got: "infrequent".into(), allowed })
            }
            Self::Refuse | Self::AsAll => Ok(()),
        }
    }
}

/// What a null becomes where there should be a text or a list of texts. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullTexts {
    /// An error that names the feature.
    Refuse,
    /// An empty list, which gives zeros.
    Empty,
}

/// Whether a parameter stands at its default, `false`, and isn't written down.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(parameter: &bool) -> bool {
    !parameter
}

/// The place of a category that was seen in fitting; `None` for one that wasn't, where that isn't refused.
#[inline]
fn known(value: Value<'_>, refuse: bool) -> Result<Option<usize>, Refusal> {
    match value {
        Value::Category(code) => Ok(Some(code.0 as usize)),
        _ if !refuse => Ok(None),
        Value::Unseen(_) | Value::Text(_) => Err(Refusal::Unseen),
        _ => Err(Refusal::Null),
    }
}
