//! Features as fitted: what travels in a bundle.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use mlops_core::{Bundle, Fingerprint, Part, SlotSchema, Vocabulary};
use serde::{Deserialize, Serialize};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::plan::{Plan, PlannedSource};
use crate::define::scratch::ScratchPool;
use crate::define::set::{FeatureSet, check_width};
use crate::encode::{Use, uses};
use crate::read::RowReader;
use crate::transform::{AnyFitted, Chain};

/// The media type of a features part.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.mlops.features+json";
const FORMAT: u32 = 1;

/// Features with everything that was fitted: the definition, the vocabularies and the parameters.
///
/// Encodes rows (any [`serde::Serialize`] struct or map) through [`Encoder`], and batches through
/// [`FittedFeatures::encode_batch`]: the same kernels, the same bits.
#[derive(Clone, Debug)]
pub struct FittedFeatures {
    set: FeatureSet,
    vocabularies: Vocabularies,
    pub(crate) schema: SlotSchema,
    pub(crate) reader: RowReader,
    pub(crate) features: Vec<CompiledFeature>,
    /// In which order they are computed.
    pub(crate) order: Vec<usize>,
    /// By slot.
    pub(crate) uses: Vec<Use>,
    /// Whether a row needs room beside its numbers.
    pub(crate) makes: bool,
    pub(crate) scratches: ScratchPool,
    pub(crate) names: Arc<[String]>,
    pub(crate) fingerprint: Fingerprint,
}

/// A feature over the slots, as fitted.
#[derive(Clone, Debug)]
pub(crate) struct CompiledFeature {
    pub(crate) name: String,
    pub(crate) source: PlannedSource,
    /// The categories of its value; empty where it has none.
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) chain: Chain,
    offset: usize,
}

impl CompiledFeature {
    pub(crate) fn width(&self) -> usize {
        self.chain.width()
    }

    /// Which of all numbers are its own.
    pub(crate) fn numbers(&self) -> Range<usize> {
        self.offset..self.offset + self.width()
    }

    /// The vocabulary that its texts are looked up in, if they are no plain column of categories.
    pub(crate) fn own_vocabulary(&self) -> Option<&Vocabulary> {
        match &self.source {
            PlannedSource::Value { own_vocabulary: true, .. } => Some(&self.vocabulary),
            _ => None,
        }
    }
}

/// The categories that were seen in fitting.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabularies {
    /// Of columns of categories.
    pub(crate) columns: BTreeMap<String, Arc<Vocabulary>>,
    /// Of features whose value is another text, by the feature.
    pub(crate) features: BTreeMap<String, Arc<Vocabulary>>,
}

/// The JSON form of fitted features.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    set: FeatureSet,
    vocabularies: StoredVocabularies,
    /// By feature, by transform, by number that goes in.
    fitted: Vec<Vec<Vec<serde_json::Value>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredVocabularies {
    columns: BTreeMap<String, Vocabulary>,
    features: BTreeMap<String, Vocabulary>,
}

fn corrupt(problem: String) -> FeatureError {
    FeatureError::Corrupt { problem }
}

impl FittedFeatures {
    /// Puts a checked definition and what was fitted together.
    pub(crate) fn new(
        set: FeatureSet,
        vocabularies: Vocabularies,
        chains: Vec<Chain>,
        catalog: &Catalog,
    ) -> Result<Self, FeatureError> {
        let schema = set.slot_schema(&vocabularies.columns)?;
        let plan = Plan::new(&set.features, &schema, catalog)?;
        let none = Arc::new(Vocabulary::new([""; 0]));
        let mut features: Vec<CompiledFeature> = Vec::new();
        let mut offset = 0;
        for (feature, chain) in plan.features.into_iter().zip(chains) {
            let own = feature.has_own_vocabulary().then(|| vocabularies.features.get(&feature.name)).flatten();
            let of_slot = feature.category_slot().and_then(|slot| schema.fields[slot].vocabulary.as_ref());
            let vocabulary = Arc::clone(own.or(of_slot).unwrap_or(&none));
            if let Some([first]) = chain.steps().first().map(Vec::as_slice)
                && !first.goes_with(&vocabulary)
            {
                return Err(corrupt(format!("what was fitted of `{}` doesn't fit its vocabulary", feature.name)));
            }
            let width = chain.width();
            features.push(CompiledFeature {
                name: feature.name,
                source: feature.source,
                vocabulary,
                chain,
                offset,
            });
            offset = usize::saturating_add(offset, width);
        }
        check_width(&set.name, offset)?;
        let names = names(&features, &plan.order);
        let makes = |feature: &CompiledFeature| match &feature.source {
            PlannedSource::Value { value, .. } => value.makes() || feature.chain.needs_scratch(),
            PlannedSource::Product(_) => true,
        };
        let mut fitted = Self {
            reader: RowReader::new(&schema),
            uses: uses(set.features.iter(), &schema.fields),
            makes: features.iter().any(makes),
            scratches: ScratchPool::default(),
            set,
            vocabularies,
            schema,
            order: plan.order,
            features,
            names: names.into(),
            fingerprint: Fingerprint::of(&[]),
        };
        fitted.fingerprint = Fingerprint::of(&fitted.to_json());
        Ok(fitted)
    }

    /// The definition that was fitted.
    #[must_use]
    pub fn set(&self) -> &FeatureSet {
        &self.set
    }

    /// The features as JSON: definition, vocabularies, parameters; every float comes back bit for bit.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let step = |step: &Vec<Arc<dyn AnyFitted>>| step.iter().map(|fitted| fitted.to_stored()).collect();
        let fitted = self.features.iter().map(|feature| feature.chain.steps().iter().map(step).collect());
        let texts = |of: &BTreeMap<String, Arc<Vocabulary>>| {
            of.iter().map(|(name, texts)| (name.clone(), (**texts).clone())).collect()
        };
        let Vocabularies { columns, features } = &self.vocabularies;
        let vocabularies = StoredVocabularies { columns: texts(columns), features: texts(features) };
        let stored = Stored { format: FORMAT, set: self.set.clone(), vocabularies, fitted: fitted.collect() };
        serde_json::to_vec(&stored).expect("definitions have text keys and finite or quoted floats")
    }

    /// The features that a JSON text holds.
    ///
    /// # Errors
    /// [`FeatureError::NewerFormat`], [`FeatureError::Corrupt`] with what is wrong and where, or what a definition
    /// that doesn't hold together says, a function that the catalog lacks included.
    pub fn from_json(json: &[u8], catalog: &Catalog) -> Result<Self, FeatureError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        let corrupt = |error: serde_json::Error| FeatureError::Corrupt { problem: error.to_string() };
        let OnlyFormat { format } = serde_json::from_slice(json).map_err(corrupt)?;
        if format != FORMAT {
            return Err(FeatureError::NewerFormat { got: format, known: FORMAT });
        }
        let stored: Stored = serde_json::from_slice(json).map_err(corrupt)?;
        stored.set.check(catalog)?;
        let texts = |of: BTreeMap<String, Vocabulary>| {
            of.into_iter().map(|(name, texts)| (name, Arc::new(texts))).collect()
        };
        let StoredVocabularies { columns, features } = stored.vocabularies;
        let vocabularies = Vocabularies { columns: texts(columns), features: texts(features) };
        let schema = stored.set.slot_schema(&vocabularies.columns)?;
        let plan = Plan::new(&stored.set.features, &schema, catalog)?;
        let chains = load(&plan, stored.fitted)?;
        Self::new(stored.set, vocabularies, chains, catalog)
    }

    /// The features as a part of a bundle.
    #[must_use]
    pub fn to_part(&self) -> Part {
        Part { media_type: MEDIA_TYPE.into(), bytes: self.to_json().into() }
    }

    /// The features of a bundle.
    ///
    /// # Errors
    /// [`FeatureError::Corrupt`] for a bundle without such a part, or those of [`FittedFeatures::from_json`].
    pub fn from_bundle(bundle: &Bundle, catalog: &Catalog) -> Result<Self, FeatureError> {
        let part = bundle.part("features").map_err(|error| FeatureError::Corrupt { problem: error.to_string() })?;
        if part.media_type != MEDIA_TYPE {
            let problem = format!("media type `{}`, not `{MEDIA_TYPE}`", part.media_type);
            return Err(FeatureError::Corrupt { problem });
        }
        Self::from_json(&part.bytes, catalog)
    }
}

/// The names of all numbers; those of a product are made of its factors'.
fn names(features: &[CompiledFeature], order: &[usize]) -> Vec<String> {
    let mut names: Vec<Vec<String>> = vec![Vec::new(); features.len()];
    for &place in order {
        let feature = &features[place];
        let inputs = match &feature.source {
            PlannedSource::Value { .. } => vec![feature.name.clone()],
            PlannedSource::Product(factors) => {
                let products = factors.iter().fold(vec![String::new()], |products, &factor| {
                    let with = |left: &String, right: &String| {
                        if left.is_empty() { right.clone() } else { format!("{left}×{right}") }
                    };
                    products
                        .iter()
                        .flat_map(|left| names[factor].iter().map(move |right| with(left, right)))
                        .collect()
                });
                products.into_iter().map(|product| format!("{}:{product}", feature.name)).collect()
            }
        };
        names[place] = feature.chain.names(inputs, &feature.vocabulary);
    }
    names.concat()
}

/// What was fitted, as it was stored, for the features of a plan.
fn load(plan: &Plan, stored: Vec<Vec<Vec<serde_json::Value>>>) -> Result<Vec<Chain>, FeatureError> {
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
