//! A set of features: the definition that training and serving share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mlops_core::{Column, Fingerprint, Schema, SlotField, SlotKind, SlotSchema, Vocabulary};
use serde::{Deserialize, Serialize};

use super::aggregate::AnyAggregate;
use super::catalog::Catalog;
use super::compile::{CompiledExpr, compile};
use super::feature::Feature;
use super::plan::Plan;
use super::source::{Availability, Source, View, Window};
use super::step::Step;
use crate::FeatureError;
use crate::time::check_unique;

/// A definition of features, checked and serialisable.
///
/// The row brings the `columns`; `views` and `windows` are gathered as of the time in the column `time`; from
/// these slots the `features` are computed, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureSet {
    pub(crate) name: String,
    pub(crate) time: String,
    pub(crate) columns: Schema,
    pub(crate) sources: Vec<Source>,
    pub(crate) views: Vec<View>,
    pub(crate) windows: Vec<Window>,
    pub(crate) features: Vec<Feature>,
    /// Whether it may make more numbers than a matrix of all of them may have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sparse: bool,
}

/// Builds a [`FeatureSet`]. A column named `customer.age` is the field `age` inside of the row's field `customer`, or the
/// row's field of that very name.
#[derive(Clone, Debug)]
#[must_use]
pub struct FeatureSetBuilder(FeatureSet);

impl FeatureSetBuilder {
    /// Columns of floats in the row.
    pub fn floats(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Float)
    }

    /// Columns of integers in the row.
    pub fn ints(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Int)
    }

    /// Columns of categories in the row.
    pub fn categories(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Category)
    }

    /// Columns of texts in the row, which are kept as they come.
    pub fn texts(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Text)
    }

    /// Columns of lists of floats in the row.
    pub fn number_lists(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Numbers)
    }

    /// Columns of lists of texts in the row.
    pub fn text_lists(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Texts)
    }

    /// Columns of times in the row.
    pub fn times(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Time)
    }

    fn columns(mut self, names: &[&str], kind: SlotKind) -> Self {
        let columns = names.iter().map(|&name| Column { name: name.into(), kind });
        self.0.columns.columns.extend(columns);
        self
    }

    /// Streams of events.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.0.sources.extend(sources);
        self
    }

    /// Look-ups of the latest event.
    pub fn views(mut self, views: impl IntoIterator<Item = View>) -> Self {
        self.0.views.extend(views);
        self
    }

    /// Aggregates over the last events.
    pub fn windows(mut self, windows: impl IntoIterator<Item = Window>) -> Self {
        self.0.windows.extend(windows);
        self
    }

    /// Features; their numbers come in this order.
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.0.features.extend(features);
        self
    }

    /// Lets the set be wider than [`FeatureSet::WIDEST_DENSE`]: rows are then encoded by
    /// [`FittedFeatures::encode_batch_sparse`](crate::FittedFeatures::encode_batch_sparse).
    pub fn sparse(mut self) -> Self {
        self.0.sparse = true;
        self
    }

    /// Checks the set.
    ///
    /// # Errors
    /// [`FeatureError`] that names what is used and isn't there, is there twice, or is of a kind that doesn't fit.
    pub fn build(self, catalog: &Catalog) -> Result<FeatureSet, FeatureError> {
        self.0.check(catalog)?;
        Ok(self.0)
    }
}

fn unknown(what: &'static str, name: &str, user: &str) -> FeatureError {
    FeatureError::Unknown { what, name: name.into(), user: user.into() }
}

fn distinct<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), FeatureError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(FeatureError::Duplicate { what, name: name.into() });
        }
    }
    Ok(())
}

/// Checks that a set, or a feature on its way, has no more numbers than can be named.
pub(crate) fn check_width(name: &str, width: usize) -> Result<(), FeatureError> {
    if width > FeatureSet::WIDEST {
        let (got, allowed) = (format!("{width} numbers"), "16,777,216 numbers or fewer");
        return Err(FeatureError::Parameter { name: name.into(), parameter: "width", got, allowed });
    }
    Ok(())
}

impl FeatureSet {
    /// How many numbers a row may have in a matrix of all of them. What is wider is encoded by
    /// [`FittedFeatures::encode_batch_sparse`](crate::FittedFeatures::encode_batch_sparse).
    pub const WIDEST_DENSE: usize = 65_536;

    /// How many numbers a row may have at all, 0 or not: each has a name.
    pub const WIDEST: usize = 16_777_216;

    /// Starts a set of features of rows whose time is in the column `time`.
    pub fn builder(name: &str, time: &str) -> FeatureSetBuilder {
        FeatureSetBuilder(Self {
            name: name.into(),
            time: time.into(),
            columns: Schema::new([(time, SlotKind::Time)]),
            sources: Vec::new(),
            views: Vec::new(),
            windows: Vec::new(),
            features: Vec::new(),
            sparse: false,
        })
    }

    /// The set with only the features that `keep` names, and the views, windows and sources that these use. The
    /// columns of the row stay.
    ///
    /// # Errors
    /// [`FeatureError::NoFeature`] where none is kept.
    pub fn select(&self, keep: impl Fn(&str) -> bool, catalog: &Catalog) -> Result<Self, FeatureError> {
        let mut set = self.clone();
        set.features.retain(|feature| keep(&feature.name));
        let used: BTreeSet<String> = set.features.iter().flat_map(Feature::columns).map(str::to_owned).collect();
        set.windows.retain(|window| used.contains(&window.name));
        for view in &mut set.views {
            view.fields.retain(|field| used.contains(&format!("{}.{field}", view.name)));
        }
        set.views.retain(|view| !view.fields.is_empty());
        let sources =
            set.views.iter().map(|view| &view.source).chain(set.windows.iter().map(|window| &window.source));
        let sources: BTreeSet<String> = sources.cloned().collect();
        set.sources.retain(|source| sources.contains(&source.name));
        set.check(catalog)?;
        Ok(set)
    }

    /// The columns that a row brings, the time first.
    #[must_use]
    pub fn columns(&self) -> &Schema {
        &self.columns
    }

    /// The features, in order.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The streams that its views and windows read.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The fingerprint of what is gathered: sources, views and windows. State that was built from events is bound
    /// to it, and outlives a change of features or a new fit.
    #[must_use]
    pub fn view_fingerprint(&self) -> Fingerprint {
        Fingerprint::of_json("views", &(&self.sources, &self.views, &self.windows))
            .expect("definitions have text keys and finite or quoted floats")
    }

    /// The fingerprint of the whole definition.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_json("feature set", self).expect("definitions have text keys and finite or quoted floats")
    }

    pub(crate) fn source(&self, name: &str, user: &str) -> Result<&Source, FeatureError> {
        self.sources.iter().find(|source| source.name == name).ok_or_else(|| unknown("source", name, user))
    }

    /// The slots of the columns that a row brings; category columns get the vocabularies that are given for them, else
    /// empty ones.
    pub(crate) fn request_fields(&self, vocabularies: &BTreeMap<String, Arc<Vocabulary>>) -> Vec<SlotField> {
        let field = |column: &Column| slot_field(column.name.clone(), column.kind, vocabularies);
        self.columns.columns.iter().map(field).collect()
    }

    /// The slots of a row and of what is gathered for it, with the vocabularies of category columns.
    pub(crate) fn slot_schema(
        &self,
        vocabularies: &BTreeMap<String, Arc<Vocabulary>>,
        catalog: &Catalog,
    ) -> Result<SlotSchema, FeatureError> {
        let mut fields = self.request_fields(vocabularies);
        let mut push = |name: String, kind: SlotKind| fields.push(slot_field(name, kind, vocabularies));
        for view in &self.views {
            let source = self.source(&view.source, &view.name)?;
            for name in &view.fields {
                let kind = kind_in(&source.columns, name, &view.name)?;
                // What is looked up as a text can be encoded as a category.
                let kind = if kind == SlotKind::Text { SlotKind::Category } else { kind };
                push(format!("{}.{name}", view.name), kind);
            }
        }
        for window in &self.windows {
            let (value, aggregate) = self.event_value(window, catalog)?;
            push(window.name.clone(), aggregate.kind_of(value.kind()));
        }
        Ok(SlotSchema { fields, request: self.columns.columns.len() })
    }

    /// Every check that [`FeatureSetBuilder::build`] makes; a set that was deserialised goes through it too.
    pub(crate) fn check(&self, catalog: &Catalog) -> Result<(), FeatureError> {
        self.planned(&BTreeMap::new(), catalog).map(drop)
    }

    /// The slots and the features, found and checked, with the vocabularies of columns that are known.
    pub(crate) fn planned(
        &self,
        vocabularies: &BTreeMap<String, Arc<Vocabulary>>,
        catalog: &Catalog,
    ) -> Result<(SlotSchema, Plan), FeatureError> {
        if self.features.is_empty() {
            return Err(FeatureError::NoFeature { set: self.name.clone() });
        }
        match self.columns.columns.first() {
            Some(Column { name, kind: SlotKind::Time }) if *name == self.time => {}
            _ => {
                let (got, allowed) = (format!("`{}`", self.time), "the first of the columns, which holds times");
                return Err(FeatureError::Parameter { name: self.name.clone(), parameter: "time", got, allowed });
            }
        }
        distinct("sources", self.sources.iter().map(|source| source.name.as_str()))?;
        distinct("features", self.features.iter().map(|feature| feature.name.as_str()))?;
        for source in &self.sources {
            if let Availability::Column(column) = &source.availability
                && *column == source.event_time
            {
                continue;
            }
            distinct("columns", source.columns.columns.iter().map(|column| column.name.as_str()))?;
        }
        let of_lists = |column: &&Column| matches!(column.kind, SlotKind::Numbers | SlotKind::Texts);
        for source in &self.sources {
            if let Some(Column { name: column, kind }) = source.columns.columns.iter().find(of_lists) {
                let (name, column) = (source.name.clone(), column.clone());
                return Err(FeatureError::ListInEvent { name, column, kind: *kind });
            }
        }
        for source in &self.sources {
            check_unique(source, &source_schema(source))?;
        }
        for (name, source, key) in self
            .views
            .iter()
            .map(|view| (&view.name, &view.source, &view.key))
            .chain(self.windows.iter().map(|window| (&window.name, &window.source, &window.key)))
        {
            self.check_key(name, self.source(source, name)?, key)?;
        }
        if let Some(view) = self.views.iter().find(|view| view.ttl.is_some_and(|ttl| ttl.is_zero())) {
            let (name, got, allowed) = (view.name.clone(), "0".into(), "more than 0");
            return Err(FeatureError::Parameter { name, parameter: "ttl", got, allowed });
        }
        let schema = self.slot_schema(vocabularies, catalog)?;
        distinct("columns", schema.fields.iter().map(|field| field.name.as_str()))?;
        let plan = Plan::new(&self.features, &schema, catalog)?;
        let width = plan.known_width();
        check_width(&self.name, width)?;
        if !self.sparse {
            self.check_dense(width)?;
        }
        Ok((schema, plan))
    }

    /// Checks that a matrix of so many numbers a row may be made.
    pub(crate) fn check_dense(&self, width: usize) -> Result<(), FeatureError> {
        let (set, allowed) = (self.name.clone(), Self::WIDEST_DENSE);
        if width > allowed { Err(FeatureError::TooWide { set, width, allowed }) } else { Ok(()) }
    }

    /// A window's value of an event, compiled over the source's columns, and what is made of it.
    pub(crate) fn event_value(
        &self,
        window: &Window,
        catalog: &Catalog,
    ) -> Result<(CompiledExpr, Arc<dyn AnyAggregate>), FeatureError> {
        let source = self.source(&window.source, &window.name)?;
        let schema = source_schema(source);
        let compiled = compile(&window.value, &schema, &schema.places(), catalog, &window.name)?;
        let Step { name, version, parameters } = &window.aggregate;
        let read = catalog.aggregate(name, *version).ok_or_else(|| FeatureError::UnknownAggregate {
            aggregate: name.clone(),
            version: *version,
            user: window.name.clone(),
        })?;
        let aggregate = read(parameters).and_then(|aggregate| {
            aggregate.check_kind(compiled.kind())?;
            Ok(aggregate)
        });
        let failed =
            |source| FeatureError::Aggregate { window: window.name.clone(), aggregate: name.clone(), source };
        let aggregate = aggregate.map_err(failed)?;
        window.check(aggregate.removes())?;
        Ok((compiled, aggregate))
    }

    fn check_key(&self, user: &str, source: &Source, key: &[String]) -> Result<(), FeatureError> {
        if key.is_empty() {
            let (got, allowed) = ("no column".into(), "one column at least");
            return Err(FeatureError::Parameter { name: user.into(), parameter: "key", got, allowed });
        }
        for name in key {
            let row = kind_in(&self.columns, name, user)?;
            let event = kind_in(&source.columns, name, user)?;
            let is_text = |kind| matches!(kind, SlotKind::Text | SlotKind::Category);
            let meets = (is_text(row) && is_text(event)) || (row == SlotKind::Int && event == SlotKind::Int);
            if !meets {
                let wanted = "a text or an integer on both sides, for a key";
                return Err(FeatureError::WrongKind { feature: format!("{user}: {name}"), got: row, wanted });
            }
        }
        Ok(())
    }
}

fn slot_field(name: String, kind: SlotKind, vocabularies: &BTreeMap<String, Arc<Vocabulary>>) -> SlotField {
    let vocabulary = (kind == SlotKind::Category)
        .then(|| vocabularies.get(&name).cloned().unwrap_or_else(|| Arc::new(Vocabulary::new([""; 0]))));
    SlotField { name, kind, vocabulary }
}

/// The slots of a source's events: texts are kept as they came.
pub(crate) fn source_schema(source: &Source) -> SlotSchema {
    let fields: Vec<_> = source
        .columns
        .columns
        .iter()
        .map(|column| SlotField { name: column.name.clone(), kind: column.kind, vocabulary: None })
        .collect();
    SlotSchema { request: fields.len(), fields }
}

fn kind_in(schema: &Schema, name: &str, user: &str) -> Result<SlotKind, FeatureError> {
    let found = schema.columns.iter().find(|column| column.name == name);
    found.map(|column| column.kind).ok_or_else(|| unknown("column", name, user))
}
