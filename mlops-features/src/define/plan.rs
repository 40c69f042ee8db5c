//! A set of features with everything found that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlops_core::{SlotKind, SlotSchema};

use super::catalog::Catalog;
use super::compile::{CompiledExpr, compile};
use super::feature::{Feature, Input};
use crate::FeatureError;
use crate::transform::{AnyTransform, InputKind, TransformError};

/// The features of a set over the slots of a schema.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) features: Vec<PlannedFeature>,
    /// In which order they are computed: those that others are made of come first.
    pub(crate) order: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct PlannedFeature {
    pub(crate) name: String,
    pub(crate) source: PlannedSource,
    pub(crate) transforms: Vec<Arc<dyn AnyTransform>>,
}

#[derive(Clone, Debug)]
pub(crate) enum PlannedSource {
    /// A value of the row; texts that are no plain column of categories may have a vocabulary of their own.
    Value { value: CompiledExpr, own_vocabulary: bool },
    /// The places of features whose numbers are multiplied.
    Product(Vec<usize>),
}

impl PlannedFeature {
    pub(crate) fn factors(&self) -> &[usize] {
        match &self.source {
            PlannedSource::Value { .. } => &[],
            PlannedSource::Product(factors) => factors,
        }
    }

    /// The slot that its categories come from.
    pub(crate) fn category_slot(&self) -> Option<usize> {
        match &self.source {
            PlannedSource::Value { value, .. } => value.category_slot(),
            PlannedSource::Product(_) => None,
        }
    }

    pub(crate) fn has_own_vocabulary(&self) -> bool {
        matches!(self.source, PlannedSource::Value { own_vocabulary: true, .. })
    }
}

impl Plan {
    /// Finds columns, functions, transforms and features, and checks that each takes what it is given.
    pub(crate) fn new(features: &[Feature], schema: &SlotSchema, catalog: &Catalog) -> Result<Self, FeatureError> {
        let places: BTreeMap<&str, usize> =
            features.iter().enumerate().map(|(place, feature)| (feature.name.as_str(), place)).collect();
        let columns = schema.places();
        let plan = |feature: &Feature| plan_feature(feature, schema, &columns, &places, catalog);
        let planned = features.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
        let order = in_order(&planned)?;
        Ok(Self { features: planned, order })
    }

    /// How many numbers there are, at the least, before anything is fitted.
    pub(crate) fn known_width(&self) -> usize {
        let mut widths: Vec<Option<usize>> = vec![None; self.features.len()];
        for &place in &self.order {
            let feature = &self.features[place];
            let factors = feature.factors().iter().map(|&factor| widths[factor]);
            let mut steps = factors.chain(feature.transforms.iter().map(|transform| transform.width_beforehand()));
            widths[place] = steps.try_fold(1_usize, |all, width| Some(all.saturating_mul(width?)));
        }
        widths.into_iter().flatten().fold(0, usize::saturating_add)
    }
}

fn plan_feature(
    feature: &Feature,
    schema: &SlotSchema,
    columns: &BTreeMap<&str, usize>,
    places: &BTreeMap<&str, usize>,
    catalog: &Catalog,
) -> Result<PlannedFeature, FeatureError> {
    let name = &feature.name;
    let mut transforms = Vec::new();
    for step in &feature.transforms {
        let (transform, version) = (&step.name, step.version);
        let read = catalog.transform(transform, version).ok_or_else(|| FeatureError::UnknownTransform {
            transform: transform.clone(),
            version,
            user: name.clone(),
        })?;
        transforms.push(read(&step.parameters).map_err(|source| failed(name, transform, source))?);
    }
    let (source, first) = match &feature.input {
        Input::Value(value) => {
            let value = compile(value, schema, columns, catalog, name)?;
            let Some(first) = transforms.first() else {
                return Err(FeatureError::NoTransform { feature: name.clone() });
            };
            let is_text = matches!(value.kind(), SlotKind::Text | SlotKind::Texts);
            let kind = InputKind::Value(value.kind());
            let own_vocabulary = is_text && first.wants_categories();
            (PlannedSource::Value { value, own_vocabulary }, kind)
        }
        Input::Product(factors) => {
            let place = |factor: &String| {
                places.get(factor.as_str()).copied().ok_or_else(|| FeatureError::Unknown {
                    what: "feature",
                    name: factor.clone(),
                    user: name.clone(),
                })
            };
            (PlannedSource::Product(factors.iter().map(place).collect::<Result<_, _>>()?), InputKind::Number)
        }
    };
    let inputs = std::iter::once(first).chain(std::iter::repeat(InputKind::Number));
    for ((transform, step), input) in transforms.iter().zip(&feature.transforms).zip(inputs) {
        transform.check_input(input).map_err(|source| failed(name, &step.name, source))?;
    }
    Ok(PlannedFeature { name: name.clone(), source, transforms })
}

pub(crate) fn failed(feature: &str, transform: &str, source: TransformError) -> FeatureError {
    FeatureError::Transform { feature: feature.into(), transform: transform.into(), source }
}

/// Features behind those that they are made of.
fn in_order(features: &[PlannedFeature]) -> Result<Vec<usize>, FeatureError> {
    let mut order = Vec::with_capacity(features.len());
    let mut done = vec![false; features.len()];
    while order.len() < features.len() {
        let before = order.len();
        for (place, feature) in features.iter().enumerate() {
            if !done[place] && feature.factors().iter().all(|&factor| done[factor]) {
                done[place] = true;
                order.push(place);
            }
        }
        if order.len() == before {
            let cycle = features.iter().zip(&done).filter(|(_, done)| !**done).map(|(f, _)| f.name.clone());
            return Err(FeatureError::Cycle { features: cycle.collect() });
        }
    }
    Ok(order)
}
