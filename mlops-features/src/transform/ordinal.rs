//! A category's place among all.

use std::collections::BTreeMap;

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::infrequent::Infrequent;
use super::{FitRows, Fitted, InputKind, Refusal, Seen, Transform, TransformError};

/// The place of a category among those that were seen in fitting, from 0, in the order of their bytes or in one that is
/// given; infrequent ones share the last place.
///
/// It is scikit-learn's `OrdinalEncoder`: a category that isn't given is unknown, and where that is refused, one among
/// the rows to fit on is an error of the fit. With [`NullPlace::Last`] a null is what `None` is
/// there: a category that may be infrequent; with [`NullPlace::Number`] it is what NaN is there.
///
/// ```
/// use mlops_features::{Feature, NullPlace, Ordinal};
///
/// let size = Ordinal::refusing().given(&["small", "medium", "large"]).nulls(NullPlace::number(-1.0));
/// let feature = Feature::new("size", "size").then(size);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ordinal {
    /// What an unseen category becomes: no place that a category has; `None` refuses it.
    pub unknown: Option<JsonFloat>,
    /// What a null becomes.
    #[serde(default, skip_serializing_if = "NullPlace::is_unknown")]
    pub nulls: NullPlace,
    /// All categories in their order, of which each is there once; `None` is the order of bytes of those that were seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Vec<String>>,
    /// Which categories share the last place.
    #[serde(default, skip_serializing_if = "Infrequent::is_nothing")]
    pub infrequent: Infrequent,
}

/// What a null becomes in an [`Ordinal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NullPlace {
    /// What an unseen category becomes.
    #[default]
    Unknown,
    /// A category behind all others; what an unseen one becomes where there was no null in the rows to fit on.
    Last,
    /// A number that is no place.
    Number(JsonFloat),
}

impl NullPlace {
    /// A number that is no place: below 0, broken or NaN.
    #[must_use]
    pub fn number(x: f64) -> Self {
        Self::Number(JsonFloat(x))
    }

    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

impl Ordinal {
    /// A missing or unseen category is refused.
    #[must_use]
    pub fn refusing() -> Self {
        Self { unknown: None, nulls: NullPlace::Unknown, given: None, infrequent: Infrequent::default() }
    }

    /// A missing or unseen category becomes a number that is no place: below 0, broken or NaN.
    #[must_use]
    pub fn unknown(number: f64) -> Self {
        Self { unknown: Some(JsonFloat(number)), ..Self::refusing() }
    }

    /// Puts the categories in this order.
    #[must_use]
    pub fn given(self, categories: &[&str]) -> Self {
        Self { given: Some(categories.iter().map(ToString::to_string).collect()), ..self }
    }

    /// Says what a null becomes.
    #[must_use]
    pub fn nulls(self, nulls: NullPlace) -> Self {
        Self { nulls, ..self }
    }

    /// Gives infrequent categories the last place.
    #[must_use]
    pub fn infrequent(self, infrequent: Infrequent) -> Self {
        Self { infrequent, ..self }
    }
}

/// An [`Ordinal`] with the place of each category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOrdinal {
    /// By code, `None` for one that wasn't given; nothing where each code is its place.
    places: Option<Vec<Option<u32>>>,
    /// Of categories that were given and not seen.
    pub(crate) unseen: BTreeMap<String, u32>,
    null: Option<JsonFloat>,
    unknown: Option<JsonFloat>,
}

fn no_place(parameter: &'static str, number: Option<JsonFloat>) -> Result<(), TransformError> {
    match number {
        Some(JsonFloat(x)) if x >= 0.0 && x.fract() == 0.0 => {
            let allowed = "no place of a category: below 0, broken or NaN";
            Err(TransformError::Parameter { parameter, got: x.to_string(), allowed })
        }
        _ => Ok(()),
    }
}

impl Transform for Ordinal {
    const NAME: &'static str = "ordinal";
    const VERSION: u32 = 1;
    type State = ();
    type Fitted = FittedOrdinal;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        self.infrequent.check()?;
        no_place("unknown", self.unknown)?;
        if let NullPlace::Number(number) = self.nulls {
            no_place("nulls", Some(number))?;
        }
        if let Some(given) = &self.given {
            let mut sorted: Vec<&String> = given.iter().collect();
            sorted.sort_unstable();
            if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                let (got, allowed) =
                    (format!("a list with `{}` twice", twice[0]), "a list of different categories");
                return Err(TransformError::Parameter { parameter: "given", got, allowed });
            }
        }
        input.category()
    }

    fn takes_categories(&self) -> bool {
        true
    }

    fn known_width(&self) -> Option<usize> {
        Some(1)
    }

    fn start(&self) {}

    fn update(&self, (): &mut (), _: &FitRows<'_>) -> Result<(), TransformError> {
        Ok(())
    }

    fn merge(&self, (): &mut (), (): ()) {}

    fn finish(&self, (): (), seen: &Seen) -> Result<FittedOrdinal, TransformError> {
        let vocabulary = &seen.vocabulary;
        let code = |text: &str| vocabulary.code(text).map(|code| code.0 as usize);
        let texts: Vec<&str> = match &self.given {
            Some(given) => given.iter().map(String::as_str).collect(),
            None => vocabulary.texts().collect(),
        };
        let has_null = self.nulls == NullPlace::Last && seen.missing > 0;
        let count = |text: &&str| code(text).map_or(0, |code| seen.counts[code]);
        let counts: Vec<u64> = texts.iter().map(count).chain(has_null.then_some(seen.missing)).collect();
        let mut grouped = self.infrequent.group(&counts, seen.rows);
        let null = match self.nulls {
            NullPlace::Number(number) => Some(number),
            _ if has_null => grouped.places.pop().map(|place| JsonFloat(f64::from(place))),
            _ => self.unknown,
        };
        let (mut places, mut unseen) = (vec![None; vocabulary.len()], BTreeMap::new());
        for (text, place) in texts.into_iter().zip(grouped.places) {
            match code(text) {
                Some(code) => places[code] = Some(place),
                None => {
                    unseen.insert(text.to_owned(), place);
                }
            }
        }
        if let (None, Some((_, text))) =
            (self.unknown, places.iter().zip(vocabulary.texts()).find(|(place, _)| place.is_none()))
        {
            let (got, allowed) = (format!("a list without `{text}`"), "a list of all categories that there are");
            return Err(TransformError::Parameter { parameter: "given", got, allowed });
        }
        let is_code = |(code, place): (u32, &Option<u32>)| *place == Some(code);
        let places = (!(0..).zip(&places).all(is_code)).then_some(places);
        Ok(FittedOrdinal { places, unseen, null, unknown: self.unknown })
    }
}

impl Fitted for FittedOrdinal {
    fn fits(&self, vocabulary: &Vocabulary) -> bool {
        self.places.as_ref().is_none_or(|places| places.len() == vocabulary.len())
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let place = match value {
            Value::Category(code) => match &self.places {
                None => Some(code.0),
                Some(places) => places[code.0 as usize],
            },
            Value::Unseen(text) | Value::Text(text) => self.unseen.get(text).copied(),
            _ => {
                out[0] = self.null.ok_or(Refusal::Null)?.0;
                return Ok(());
            }
        };
        out[0] = match (place, self.unknown) {
            (Some(place), _) => f64::from(place),
            (None, Some(unknown)) => unknown.0,
            (None, None) => return Err(Refusal::Unseen),
        };
        Ok(())
    }
}
