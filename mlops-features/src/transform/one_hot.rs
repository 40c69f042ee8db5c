//! A number for each category.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::infrequent::Infrequent;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError, Unknown, is_false};

/// A number for each category that was seen in fitting: 1 for the row's, 0 for the others. They are named
/// `feature=category`, in the order of the categories' bytes; then `feature.missing`, that of nulls; then
/// `feature=infrequent…`, which infrequent categories share.
///
/// It is scikit-learn's `OneHotEncoder`. It differs where an unknown category would be told by zeros alone while a
/// category that was dropped is all zeros too: there scikit-learn warns, here it is refused, when the set is built or,
/// for [`Unknown::Infrequent`] where no category turned out to be infrequent, when the row comes. A column of nulls alone
/// gives no number unless nulls are a category.
///
/// ```
/// use mlops_features::{Feature, OneHot, Unknown};
///
/// let carrier = OneHot::new(Unknown::Infrequent).min_count(100).drop_first();
/// let feature = Feature::one_hot("carrier", "carrier", carrier);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneHot {
    /// What a missing or unseen category becomes.
    pub unknown: Unknown,
    /// Which category has no number.
    #[serde(default, skip_serializing_if = "Dropped::is_none")]
    pub drop: Dropped,
    /// Which categories share a number.
    #[serde(default, skip_serializing_if = "Infrequent::is_nothing")]
    pub infrequent: Infrequent,
    /// Whether a null is a category of its own, behind all others, if there was one in the rows to fit on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null_category: bool,
}

/// Which category has no number and is told by zeros, as models without regularisation need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dropped {
    /// None.
    #[default]
    Keep,
    /// The first, after infrequent ones were put together.
    First,
    /// The first of just two.
    IfBinary,
}

impl Dropped {
    fn is_none(&self) -> bool {
        *self == Self::Keep
    }
}

impl OneHot {
    /// A number for each category.
    #[must_use]
    pub fn new(unknown: Unknown) -> Self {
        Self { unknown, drop: Dropped::Keep, infrequent: Infrequent::default(), null_category: false }
    }

    /// Gives the first category no number.
    #[must_use]
    pub fn drop_first(self) -> Self {
        Self { drop: Dropped::First, ..self }
    }

    /// Gives the first category no number if there are just two.
    #[must_use]
    pub fn drop_if_binary(self) -> Self {
        Self { drop: Dropped::IfBinary, ..self }
    }

    /// Categories in fewer rows share a number.
    #[must_use]
    pub fn min_count(mut self, rows: u64) -> Self {
        self.infrequent.min_count = Some(rows);
        self
    }

    /// Categories in a smaller share of the rows share a number.
    #[must_use]
    pub fn min_share(mut self, share: f64) -> Self {
        self.infrequent.min_share = Some(JsonFloat(share));
        self
    }

    /// The rarest categories share a number, so that there are so many numbers at most before one is dropped.
    #[must_use]
    pub fn max_categories(mut self, numbers: u32) -> Self {
        self.infrequent.max_categories = Some(numbers);
        self
    }

    /// Makes a null a category of its own.
    #[must_use]
    pub fn null_category(self) -> Self {
        Self { null_category: true, ..self }
    }
}

impl From<Unknown> for OneHot {
    fn from(unknown: Unknown) -> Self {
        Self::new(unknown)
    }
}

/// A [`OneHot`] with the place of each category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneHot {
    width: usize,
    /// By code, `None` for one that was dropped; nothing where each code is its place.
    places: Option<Vec<Option<u32>>>,
    /// That of a null, if it is a category.
    null: Option<Lit>,
    /// That of infrequent categories.
    infrequent: Option<u32>,
    unknown: Option<Lit>,
}

/// Which number is 1, if any is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Lit {
    None,
    Place(u32),
}

impl From<Option<u32>> for Lit {
    fn from(place: Option<u32>) -> Self {
        place.map_or(Self::None, Self::Place)
    }
}

impl Lit {
    fn place(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Place(place) => Some(place),
        }
    }
}

impl Transform for OneHot {
    const NAME: &'static str = "one_hot";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedOneHot;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        self.infrequent.check()?;
        let bad =
            |got: &str, allowed| Err(TransformError::Parameter { parameter: "unknown", got: got.into(), allowed });
        match self.unknown {
            Unknown::AsAll if self.drop != Dropped::Keep => {
                bad("as_all, all zeros", "refuse or infrequent where a category is dropped, which is all zeros")
            }
            Unknown::Infrequent if self.infrequent.is_nothing() => {
                bad("infrequent", "refuse or as_all where no rule makes a category infrequent")
            }
            _ => input.category(),
        }
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
        let has_null = self.null_category && seen.missing > 0;
        let mut counts = seen.counts.clone();
        counts.extend(has_null.then_some(seen.missing));
        let grouped = self.infrequent.group(&counts, seen.rows);
        let drops = match self.drop {
            Dropped::Keep => false,
            Dropped::First => grouped.groups > 0,
            Dropped::IfBinary => grouped.groups == 2,
        };
        let kept = |place: u32| place.checked_sub(u32::from(drops));
        let mut places: Vec<Option<u32>> = grouped.places.into_iter().map(kept).collect();
        let null = has_null.then(|| places.pop().flatten().into());
        let unknown = match (self.unknown, grouped.infrequent) {
            (Unknown::Refuse, _) => None,
            (Unknown::Infrequent, Some(place)) => Some(kept(place).into()),
            (Unknown::Infrequent, None) if drops => None,
            _ => Some(Lit::None),
        };
        let infrequent = grouped.infrequent.and_then(kept);
        let places = (drops || infrequent.is_some()).then_some(places);
        Ok(FittedOneHot { width: (grouped.groups - u32::from(drops)) as usize, places, null, infrequent, unknown })
    }
}

impl FittedOneHot {
    /// The number that is 1, if any is.
    #[inline]
    fn lit(&self, value: Value<'_>) -> Result<Option<usize>, Refusal> {
        let place = match (value, self.null, self.unknown) {
            (Value::Category(code), ..) => match &self.places {
                None => Some(code.0),
                Some(places) => places[code.0 as usize],
            },
            (Value::Missing, Some(null), _) => null.place(),
            (_, _, Some(unknown)) => unknown.place(),
            (Value::Unseen(_) | Value::Text(_), ..) => return Err(Refusal::Unseen),
            _ => return Err(Refusal::Null),
        };
        Ok(place.map(|place| place as usize))
    }
}

impl Fitted for FittedOneHot {
    fn width(&self) -> usize {
        self.width
    }

    fn names(&self, of: &str, vocabulary: &Vocabulary) -> Vec<String> {
        let mut names = vec![String::new(); self.width];
        for (code, text) in vocabulary.texts().enumerate() {
            let place = self.places.as_ref().map_or(Some(code), |places| places[code].map(|place| place as usize));
            if let Some(place) = place {
                names[place] = format!("{of}={text}");
            }
        }
        if let Some(Lit::Place(place)) = self.null {
            names[place as usize] = format!("{of}.missing");
        }
        if let Some(place) = self.infrequent {
            names[place as usize] = format!("{of}=infrequent…");
        }
        names
    }

    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        let others = [self.null, self.unknown].into_iter().flatten().filter_map(Lit::place);
        let places = self.places.iter().flatten().flatten().copied();
        let nulls = usize::from(matches!(self.null, Some(Lit::Place(_))));
        let has_all = match &self.places {
            None => self.width == vocabulary.len() + nulls,
            Some(places) => places.len() == vocabulary.len() && self.width <= vocabulary.len() + nulls,
        };
        has_all && places.chain(self.infrequent).chain(others).all(|place| (place as usize) < self.width)
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        out.fill(0.0);
        if let Some(place) = self.lit(value)? {
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
        if let Some(place) = self.lit(value)? {
            put(place, 1.0);
        }
        Ok(())
    }
}
