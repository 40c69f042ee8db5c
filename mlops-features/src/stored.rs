//! Fitted features as bytes: a JSON text that people and other programs can read, then the vocabularies, which are long.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_core::{Bundle, Part, Vocabulary};
use serde::{Deserialize, Serialize};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::plan::{Plan, PlannedSource};
use crate::define::set::{FeatureSet, check_width};
use crate::fitted::{FittedFeatures, Vocabularies, corrupt};
use crate::transform::{AnyFitted, Chain};

/// The media type of a features part.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.mlops.features";
const FORMAT: u32 = 1;

/// The JSON form of fitted features.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    format: u32,
    set: Cow<'a, FeatureSet>,
    /// By feature, by transform, by number that goes in.
    fitted: Vec<Vec<Vec<serde_json::Value>>>,
    /// Whose vocabularies come behind the JSON, in this order.
    vocabularies: Owners,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owners {
    columns: Vec<String>,
    features: Vec<String>,
}

impl FittedFeatures {
    /// The features as bytes: a JSON text with the definition and what was fitted, a line feed, and the vocabularies of
    /// [`Vocabulary::to_bytes`], each behind its length in eight bytes, the least first. Every float comes back bit for
    /// bit.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let step = |step: &Vec<Arc<dyn AnyFitted>>| step.iter().map(|fitted| fitted.to_stored()).collect();
        let fitted = self.features.iter().map(|feature| feature.chain.steps().iter().map(step).collect());
        let Vocabularies { columns, features } = &self.vocabularies;
        let stored = Stored {
            format: FORMAT,
            set: Cow::Borrowed(self.set()),
            fitted: fitted.collect(),
            vocabularies: Owners {
                columns: columns.keys().cloned().collect(),
                features: features.keys().cloned().collect(),
            },
        };
        let mut bytes =
            serde_json::to_vec(&stored).expect("definitions have text keys and finite or quoted floats");
        bytes.push(b'\n');
        for vocabulary in columns.values().chain(features.values()) {
            let texts = vocabulary.to_bytes();
            bytes.extend_from_slice(&(texts.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&texts);
        }
        bytes
    }

    /// The features that some bytes hold. However their JSON is laid out, they are the same features.
    ///
    /// # Errors
    /// [`FeatureError::NewerFormat`], [`FeatureError::Corrupt`] with what is wrong and where, or what a definition
    /// that doesn't hold together says, one that names what the catalog lacks included.
    pub fn from_bytes(bytes: &[u8], catalog: &Catalog) -> Result<Self, FeatureError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        // Another format may look like anything but for its number.
        let read: Result<(Stored<'_>, _), _> = json_at_start(bytes);
        let format = match &read {
            Ok((stored, _)) => stored.format,
            Err(_) => json_at_start::<OnlyFormat>(bytes)?.0.format,
        };
        if format != FORMAT {
            return Err(FeatureError::NewerFormat { got: format, known: FORMAT });
        }
        let (stored, rest) = read?;
        let mut rest = rest.strip_prefix(b"\n").ok_or_else(|| corrupt("no line ends the JSON".into()))?;
        let Owners { columns, features } = stored.vocabularies;
        let vocabularies = Vocabularies {
            columns: vocabularies(columns, &mut rest)?,
            features: vocabularies(features, &mut rest)?,
        };
        if !rest.is_empty() {
            return Err(corrupt(format!("{} bytes behind the last vocabulary", rest.len())));
        }
        let (schema, plan) = stored.set.planned(&vocabularies.columns, catalog)?;
        let chains = chains(&plan, stored.fitted)?;
        Self::new(stored.set.into_owned(), vocabularies, schema, plan, chains)
    }

    /// The features as a part of a bundle.
    #[must_use]
    pub fn to_part(&self) -> Part {
        Part { media_type: MEDIA_TYPE.into(), bytes: self.to_bytes().into() }
    }

    /// The features of a bundle.
    ///
    /// # Errors
    /// [`FeatureError::Corrupt`] for a bundle without such a part, or those of [`FittedFeatures::from_bytes`].
    pub fn from_bundle(bundle: &Bundle, catalog: &Catalog) -> Result<Self, FeatureError> {
        let part = bundle.part("features").map_err(|error| corrupt(error.to_string()))?;
        if part.media_type != MEDIA_TYPE {
            return Err(corrupt(format!("media type `{}`, not `{MEDIA_TYPE}`", part.media_type)));
        }
        Self::from_bytes(&part.bytes, catalog)
    }
}

/// The JSON value that some bytes begin with, and what comes behind it.
fn json_at_start<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), FeatureError> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    let value = values.next().ok_or_else(|| corrupt("there are no bytes".into()))?;
    let value = value.map_err(|error| corrupt(error.to_string()))?;
    let end = values.byte_offset();
    Ok((value, bytes.get(end..).unwrap_or_default()))
}

/// The vocabularies of these owners, which `rest` begins with.
fn vocabularies(owners: Vec<String>, rest: &mut &[u8]) -> Result<BTreeMap<String, Arc<Vocabulary>>, FeatureError> {
    let mut vocabularies = BTreeMap::new();
    for owner in owners {
        let short = || corrupt(format!("the bytes end before the vocabulary of `{owner}`"));
        let (length, tail) = rest.split_first_chunk().ok_or_else(short)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| short())?;
        let (texts, tail) = tail.split_at_checked(length).ok_or_else(short)?;
        let vocabulary = Vocabulary::from_bytes(texts)
            .map_err(|error| corrupt(format!("the vocabulary of `{owner}`: {error}")))?;
        *rest = tail;
        if vocabularies.insert(owner.clone(), Arc::new(vocabulary)).is_some() {
            return Err(corrupt(format!("two vocabularies of `{owner}`")));
        }
    }
    Ok(vocabularies)
}

/// What was fitted, as it was stored, for the features of a plan.
fn chains(plan: &Plan, stored: Vec<Vec<Vec<serde_json::Value>>>) -> Result<Vec<Chain>, FeatureError> {
    if stored.len() != plan.features.len() {
        return Err(corrupt(format!("{} features were fitted of {}", stored.len(), plan.features.len())));
    }
    let mut stored: Vec<_> = stored.into_iter().map(Some).collect();
    let mut chains = vec![Chain::new(None); plan.features.len()];
    for &place in &plan.order {
        let feature = &plan.features[place];
        let steps = stored[place].take().unwrap_or_default();
        let bad = |problem: String| corrupt(format!("`{}`: {problem}", feature.name));
        if steps.len() != feature.transforms.len() {
            return Err(bad(format!("{} of its {} transforms were fitted", steps.len(), feature.transforms.len())));
        }
        let product = match &feature.source {
            PlannedSource::Value { .. } => None,
            PlannedSource::Product(factors) => {
                let width = factors.iter().map(|&factor| chains[factor].width()).fold(1, usize::saturating_mul);
                check_width(&feature.name, width).map(|()| Some(width))?
            }
        };
        let mut chain = Chain::new(product);
        for (transform, step) in feature.transforms.iter().zip(steps) {
            if step.len() != chain.inputs() {
                return Err(bad(format!("{} were fitted for {} numbers", step.len(), chain.inputs())));
            }
            let fitted = step.into_iter().map(|stored| transform.load(stored)).collect::<Result<_, _>>();
            chain.push(fitted.map_err(|error| bad(error.to_string()))?);
            check_width(&feature.name, chain.width())?;
        }
        chains[place] = chain;
    }
    Ok(chains)
}
