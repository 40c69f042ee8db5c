//! Features as fitted: what travels in a bundle.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use mlops_core::{Fingerprint, SlotSchema, Vocabulary};

use crate::FeatureError;
use crate::define::lineage::Lineage;
use crate::define::plan::{Plan, PlannedSource};
use crate::define::scratch::ScratchPool;
use crate::define::set::{FeatureSet, check_width};
use crate::encode::{Quick, Use, uses};
use crate::read::RowReader;
use crate::transform::Chain;

/// Features with everything that was fitted: the definition, the vocabularies and the parameters.
///
/// Encodes rows (any [`serde::Serialize`] struct or map) through [`Encoder`](mlops_core::Encoder), and batches through
/// [`FittedFeatures::encode_batch`]: the same kernels, the same bits.
#[derive(Clone, Debug)]
pub struct FittedFeatures {
    set: FeatureSet,
    pub(crate) vocabularies: Vocabularies,
    pub(crate) schema: SlotSchema,
    pub(crate) reader: RowReader,
    pub(crate) features: Vec<CompiledFeature>,
    /// The same order, for a row.
    pub(crate) turns: Vec<Quick>,
    /// No vocabulary.
    pub(crate) none: Arc<Vocabulary>,
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

    /// The slot that its value is, if it is a column as it is.
    pub(crate) fn slot(&self) -> Option<usize> {
        match &self.source {
            PlannedSource::Value { value, own_vocabulary: false } => value.slot(),
            _ => None,
        }
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

pub(crate) fn corrupt(problem: String) -> FeatureError {
    FeatureError::Corrupt { problem }
}

impl FittedFeatures {
    /// Puts a checked definition, its plan over the slots with these vocabularies, and what was fitted together.
    pub(crate) fn new(
        set: FeatureSet,
        vocabularies: Vocabularies,
        schema: SlotSchema,
        plan: Plan,
        chains: Vec<Chain>,
    ) -> Result<Self, FeatureError> {
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
            turns: plan.order.iter().map(|&place| Quick::new(place, &features[place])).collect(),
            order: plan.order,
            none,
            features,
            names: names.into(),
            fingerprint: Fingerprint::of(&[]),
        };
        fitted.fingerprint = Fingerprint::of(&fitted.to_bytes());
        Ok(fitted)
    }

    /// The definition that was fitted.
    #[must_use]
    pub fn set(&self) -> &FeatureSet {
        &self.set
    }

    /// The columns of the row and of sources that a number comes from: those of its feature, or of all features with a
    /// number of that name.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow::array::{RecordBatch, StringArray, TimestampMicrosecondArray};
    /// # use mlops_core::Timestamp;
    /// # use mlops_features::{Catalog, Feature, FeatureSet, Label, Labels, Unknown};
    /// # let catalog = Catalog::new();
    /// # let set = FeatureSet::builder("flights", "at").categories(&["carrier"]);
    /// # let set = set.features([Feature::one_hot("carrier", "carrier", Unknown::AsAll)]).build(&catalog)?;
    /// # let at = Arc::new(TimestampMicrosecondArray::from(vec![0, 1])) as _;
    /// # let carriers = Arc::new(StringArray::from(vec!["UA", "AA"])) as _;
    /// # let rows = RecordBatch::try_from_iter([("at", at), ("carrier", carriers)])?;
    /// # let labels = Labels(vec![Some(Label { value: 1.0, available: Timestamp::MIN }); 2]);
    /// # let features = set.fit_encode(&rows, &labels, Timestamp::MAX, &catalog)?.features;
    /// assert_eq!(features.lineage_of("carrier=UA")?.to_string(), "carrier=UA ← carrier");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::NotInSet`] for a name that no number has.
    pub fn lineage_of(&self, number: &str) -> Result<Lineage, FeatureError> {
        let has = |feature: &&CompiledFeature| self.names[feature.numbers()].iter().any(|name| name == number);
        let mut features = self.features.iter().filter(has).peekable();
        if features.peek().is_none() {
            let (set, name) = (self.set.name.clone(), number.into());
            return Err(FeatureError::NotInSet { set, what: "number", name });
        }
        let mut lineage = Lineage::new(number);
        for feature in features {
            lineage.extend(self.set.lineage(&feature.name)?);
        }
        Ok(lineage)
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
    names.into_iter().flatten().collect()
}
