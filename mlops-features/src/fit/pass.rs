//! A fit over batches: states that merge, one pass for each level.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{SlotKind, SlotSchema, Value, Vocabulary};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::plan::{Plan, PlannedFeature, PlannedSource, failed};
use crate::define::scratch::Scratch;
use crate::define::set::{FeatureSet, check_width};
use crate::encode::{Given, Use, columns, product_of, refused, rows_at_a_time, uses};
use crate::fitted::{FittedFeatures, Vocabularies};
use crate::read::BatchReader;
use crate::transform::{AnyState, Block, Chain, FitRows, Learns, RowTimes, Seen, Values, text_of};

/// A pass of a fit over the rows.
///
/// Feed it all rows, or feed several (on other threads) a part each and merge them; then [`Fitting::finish`] gives the
/// next pass or the fitted features. A transform that takes the numbers of another that learns is fitted in the pass
/// after that one's.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Float64Array, RecordBatch, TimestampMicrosecondArray};
/// use mlops_features::{Catalog, Feature, FeatureSet, FitProgress, Nulls};
/// use mlops_core::SlotEncoder;
///
/// let catalog = Catalog::new();
/// let x = Feature::standardised("x", "x", Nulls::Median);
/// let set = FeatureSet::builder("set", "at").floats(&["x"]).features([x]).build(&catalog)?;
/// let batch = |x: Vec<f64>| RecordBatch::try_from_iter([
///     ("at", Arc::new(TimestampMicrosecondArray::from(vec![0; x.len()])) as _),
///     ("x", Arc::new(Float64Array::from(x)) as _),
/// ]);
/// let batches = [batch(vec![1.0, 2.0])?, batch(vec![3.0, 4.0])?];
/// let mut pass = set.start_fit(&catalog)?;
/// let features = loop {
///     for rows in &batches {
///         pass.update(rows, &[])?;
///     }
///     match pass.finish()? {
///         FitProgress::Again(next) => pass = next,
///         FitProgress::Done(features) => break features,
///     }
/// };
/// assert_eq!(features.names().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fitting {
    set: FeatureSet,
    catalog: Catalog,
    schema: SlotSchema,
    plan: Plan,
    /// By feature, what has been fitted.
    chains: Vec<Chain>,
    /// By feature, what is gathered in this pass; one state for each number that goes in.
    states: Vec<Vec<State>>,
    /// How many passes are over.
    passes: usize,
    /// By slot and by feature, the texts that are gathered in the first pass.
    slot_texts: Vec<Option<TextCounts>>,
    own_texts: Vec<Option<TextCounts>>,
    slot_seen: Vec<Option<Arc<Seen>>>,
    own_seen: Vec<Option<Arc<Seen>>>,
    nothing_seen: Arc<Seen>,
    rows: u64,
}

/// A transform's state, which has no debug form.
struct State(AnyState);

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("State")
    }
}

/// What [`Fitting::finish`] gives.
#[derive(Debug)]
pub enum FitProgress {
    /// The next pass, which wants the same rows.
    Again(Fitting),
    /// Everything is fitted.
    Done(FittedFeatures),
}

/// How often each text was seen.
#[derive(Clone, Debug, Default)]
struct TextCounts {
    counts: HashMap<Box<str>, u64, foldhash::fast::FixedState>,
    rows: u64,
    missing: u64,
}

impl TextCounts {
    fn add(&mut self, text: &str) {
        match self.counts.get_mut(text) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(text.into(), 1);
            }
        }
    }

    /// A row: a text, or the different texts of a list.
    fn add_value(&mut self, value: Value<'_>) {
        self.rows += 1;
        match value {
            Value::Texts(texts) => {
                let mut texts: Vec<&str> = texts.iter().collect();
                texts.sort_unstable();
                texts.dedup();
                texts.into_iter().for_each(|text| self.add(text));
            }
            value => match text_of(value) {
                Some(text) => self.add(text),
                None => self.missing += 1,
            },
        }
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.missing += other.missing;
        for (text, count) in other.counts {
            *self.counts.entry(text).or_default() += count;
        }
    }

    fn finish(self) -> Arc<Seen> {
        let vocabulary = Vocabulary::new(self.counts.keys().map(AsRef::as_ref));
        let counts = vocabulary.texts().map(|text| self.counts.get(text).copied().unwrap_or(0)).collect();
        Arc::new(Seen { vocabulary: Arc::new(vocabulary), counts, rows: self.rows, missing: self.missing })
    }
}

impl FeatureSet {
    /// Starts a fit: its first pass.
    ///
    /// # Errors
    /// Those of [`FeatureSetBuilder::build`](crate::FeatureSetBuilder::build), with this catalog.
    pub fn start_fit(&self, catalog: &Catalog) -> Result<Fitting, FeatureError> {
        let (schema, plan) = self.planned(&BTreeMap::new(), catalog)?;
        let texts = |wanted: bool| wanted.then(TextCounts::default);
        let nothing_seen =
            Seen { vocabulary: Arc::new(Vocabulary::new([""; 0])), counts: Vec::new(), rows: 0, missing: 0 };
        let mut fitting = Fitting {
            slot_texts: schema.fields.iter().map(|field| texts(field.kind == SlotKind::Category)).collect(),
            own_texts: plan.features.iter().map(|feature| texts(feature.has_own_vocabulary())).collect(),
            slot_seen: vec![None; schema.fields.len()],
            own_seen: vec![None; plan.features.len()],
            nothing_seen: Arc::new(nothing_seen),
            chains: Vec::new(),
            states: plan.features.iter().map(|_| Vec::new()).collect(),
            set: self.clone(),
            catalog: catalog.clone(),
            schema,
            plan,
            passes: 0,
            rows: 0,
        };
        fitting.chains = vec![Chain::new(None); fitting.plan.features.len()];
        fitting.advance()?;
        Ok(fitting)
    }

    /// Fits the features on batches that can be gone through again and again, as often as the fit has passes.
    ///
    /// # Errors
    /// What `batches` says, or [`FeatureError`] where a table doesn't fit or there is nothing to fit on.
    #[tracing::instrument(skip_all, fields(set = self.name))]
    pub fn fit<B, E>(&self, mut batches: impl FnMut() -> B, catalog: &Catalog) -> Result<FittedFeatures, E>
    where
        B: IntoIterator<Item = Result<RecordBatch, E>>,
        E: From<FeatureError>,
    {
        let mut pass = self.start_fit(catalog)?;
        loop {
            for batch in batches() {
                pass.update(&batch?, &[])?;
            }
            match pass.finish()? {
                FitProgress::Again(next) => pass = next,
                FitProgress::Done(features) => return Ok(features),
            }
        }
    }
}

impl Fitting {
    /// Looks at some rows; `labels` has one a row, or none where no transform learns from labels.
    ///
    /// # Errors
    /// [`FeatureError`] where the table doesn't fit, labels are missing, or a value can't be learnt from. The pass is
    /// then of no use.
    pub fn update(&mut self, batch: &RecordBatch, labels: &[f64]) -> Result<(), FeatureError> {
        self.update_with_times(batch, labels, &[])
    }

    pub(super) fn update_with_times(
        &mut self,
        batch: &RecordBatch,
        labels: &[f64],
        times: &[RowTimes],
    ) -> Result<(), FeatureError> {
        if !labels.is_empty() && labels.len() != batch.num_rows() {
            return Err(FeatureError::WrongLength { got: labels.len(), wanted: batch.num_rows() });
        }
        let reader = BatchReader::new(&self.schema.fields, batch, "the rows to fit on")?;
        let needed = self.needed();
        let uses = self.uses(&needed);
        let chunk = self.chunk();
        let mut scratch = Scratch::default();
        for start in (0..reader.rows()).step_by(chunk) {
            let range = start..(start + chunk).min(reader.rows());
            let rows = range.len();
            let columns = columns(&reader, &self.schema.fields, &uses, &range);
            if self.passes == 0 {
                for (texts, column) in self.slot_texts.iter_mut().zip(&columns.values) {
                    if let Some(texts) = texts {
                        column.iter().for_each(|&value| texts.add_value(value));
                    }
                }
            }
            let of_chunk = |all: usize| if all == 0 { 0..0 } else { range.clone() };
            let (labels, times) = (&labels[of_chunk(labels.len())], &times[of_chunk(times.len())]);
            let mut blocks: Vec<Block> = vec![Block::default(); self.plan.features.len()];
            for &place in self.plan.order.iter().filter(|&&place| needed[place]) {
                let feature = &self.plan.features[place];
                let values = match &feature.source {
                    PlannedSource::Value { value, .. } => columns.given(value, rows, &scratch),
                    PlannedSource::Product(_) => Given::Numbers(&[]),
                };
                let own = self.own_seen[place].as_ref();
                let values = values.resolved(own.map(|seen| &*seen.vocabulary));
                if self.passes == 0
                    && let Some(texts) = &mut self.own_texts[place]
                {
                    values.values().iter().for_each(|value| texts.add_value(value));
                }
                let chain = &self.chains[place];
                let vocabulary =
                    &seen_by(feature, place, &self.slot_seen, &self.own_seen, &self.nothing_seen).vocabulary;
                let block = match &feature.source {
                    PlannedSource::Value { .. } if chain.steps().is_empty() => Ok(Block::default()),
                    PlannedSource::Value { .. } => chain.rows(values.values(), vocabulary),
                    PlannedSource::Product(factors) => {
                        chain.rows_from_numbers(product_of(factors, &blocks, rows), rows, vocabulary)
                    }
                };
                let block = block.map_err(|(row, refusal)| FeatureError::Row {
                    row: range.start + row,
                    source: refused(&feature.name, refusal, values.get(row)),
                })?;
                let transform = feature.transforms.get(chain.steps().len());
                for (number, state) in self.states[place].iter_mut().enumerate() {
                    let Some(transform) = transform else { break };
                    if transform.learns_from() == Learns::FromLabels && labels.len() != rows {
                        return Err(FeatureError::NoLabels { feature: feature.name.clone() });
                    }
                    let column;
                    let values = if block.width == 0 {
                        values.values()
                    } else if block.width == 1 {
                        Values::Numbers(&block.numbers)
                    } else {
                        column = block.column(number);
                        Values::Numbers(&column)
                    };
                    let name = &self.set.features[place].transforms[chain.steps().len()].name;
                    transform
                        .update_state(&mut state.0, &FitRows { values, labels, times })
                        .map_err(|source| failed(&feature.name, name, source))?;
                }
                blocks[place] = block;
            }
            drop(columns);
            scratch.clear();
        }
        self.rows += reader.rows() as u64;
        Ok(())
    }

    /// The same pass with nothing seen yet, for another thread; see [`Fitting::merge`].
    #[must_use]
    pub fn fork(&self) -> Self {
        let fresh = |texts: &Vec<Option<TextCounts>>| {
            texts.iter().map(|texts| texts.as_ref().map(|_| TextCounts::default())).collect()
        };
        let states = |(place, states): (usize, &Vec<State>)| {
            let transform = self.plan.features[place].transforms.get(self.chains[place].steps().len());
            let states = states.iter().zip(transform.into_iter().cycle());
            states.map(|(_, transform)| State(transform.new_state())).collect()
        };
        Self {
            set: self.set.clone(),
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
            plan: self.plan.clone(),
            chains: self.chains.clone(),
            states: self.states.iter().enumerate().map(states).collect(),
            passes: self.passes,
            slot_texts: fresh(&self.slot_texts),
            own_texts: fresh(&self.own_texts),
            slot_seen: self.slot_seen.clone(),
            own_seen: self.own_seen.clone(),
            nothing_seen: Arc::clone(&self.nothing_seen),
            rows: 0,
        }
    }

    /// Takes in what another pass of the same fit has seen.
    ///
    /// # Errors
    /// [`FeatureError::OtherFit`] for a pass of another definition, or another pass.
    pub fn merge(&mut self, other: Self) -> Result<(), FeatureError> {
        // A definition with NaN in it isn't equal to itself; as a text it is.
        if self.set.fingerprint() != other.set.fingerprint() || self.passes != other.passes {
            let of = |fitting: &Self| format!("pass {} of `{}`", fitting.passes + 1, fitting.set.name);
            return Err(FeatureError::OtherFit { got: of(&other), wanted: of(self) });
        }
        self.rows += other.rows;
        let texts = self.slot_texts.iter_mut().chain(&mut self.own_texts);
        for (texts, other) in texts.zip(other.slot_texts.into_iter().chain(other.own_texts)) {
            if let (Some(texts), Some(other)) = (texts, other) {
                texts.merge(other);
            }
        }
        for (place, others) in other.states.into_iter().enumerate() {
            let step = self.chains[place].steps().len();
            let Some(transform) = self.plan.features[place].transforms.get(step) else { continue };
            for (state, other) in self.states[place].iter_mut().zip(others) {
                transform.merge_states(&mut state.0, other.0);
            }
        }
        Ok(())
    }

    /// Ends the pass.
    ///
    /// # Errors
    /// [`FeatureError::NoRows`] after a pass over nothing, [`FeatureError::Transform`] where what was seen is not enough.
    pub fn finish(mut self) -> Result<FitProgress, FeatureError> {
        if self.rows == 0 {
            return Err(FeatureError::NoRows { set: self.set.name.clone() });
        }
        if self.passes == 0 {
            let finish = |texts: &mut Option<TextCounts>| texts.take().map(TextCounts::finish);
            self.slot_seen = self.slot_texts.iter_mut().map(finish).collect();
            self.own_seen = self.own_texts.iter_mut().map(finish).collect();
            self.schema = self.set.slot_schema(&self.vocabularies().columns, &self.catalog)?;
            self.plan = Plan::new(&self.set.features, &self.schema, &self.catalog)?;
        }
        for place in 0..self.plan.features.len() {
            let states = std::mem::take(&mut self.states[place]);
            if !states.is_empty() {
                self.finish_step(place, states)?;
            }
        }
        self.passes += 1;
        self.rows = 0;
        if self.advance()? {
            return Ok(FitProgress::Again(self));
        }
        let vocabularies = self.vocabularies();
        FittedFeatures::new(self.set, vocabularies, self.schema, self.plan, self.chains).map(FitProgress::Done)
    }

    fn finish_step(&mut self, place: usize, states: Vec<State>) -> Result<(), FeatureError> {
        let (feature, step) = (&self.plan.features[place], self.chains[place].steps().len());
        let seen = seen_by(feature, place, &self.slot_seen, &self.own_seen, &self.nothing_seen);
        let finish = |state: State| feature.transforms[step].finish_state(state.0, seen);
        let fitted = states.into_iter().map(finish).collect::<Result<_, _>>();
        let name = &self.set.features[place].transforms[step].name;
        self.chains[place].push(fitted.map_err(|source| failed(&feature.name, name, source))?);
        check_width(&feature.name, self.chains[place].width())
    }

    /// Goes on with each feature as far as no rows are needed, and begins what needs them; says whether any does.
    fn advance(&mut self) -> Result<bool, FeatureError> {
        let is_whole = |fitting: &Self, place: usize| {
            fitting.chains[place].steps().len() == fitting.plan.features[place].transforms.len()
        };
        for index in 0..self.plan.order.len() {
            let place = self.plan.order[index];
            let factors = self.plan.features[place].factors();
            if !factors.iter().all(|&factor| is_whole(self, factor)) {
                continue;
            }
            if !factors.is_empty() && self.chains[place].steps().is_empty() {
                let width =
                    factors.iter().map(|&factor| self.chains[factor].width()).fold(1, usize::saturating_mul);
                check_width(&self.set.features[place].name, width)?;
                self.chains[place] = Chain::new(Some(width));
            }
            while self.states[place].is_empty() && !is_whole(self, place) {
                let step = self.chains[place].steps().len();
                let transform = &self.plan.features[place].transforms[step];
                let inputs = self.chains[place].inputs();
                let states = (0..inputs).map(|_| State(transform.new_state())).collect::<Vec<_>>();
                let learns = transform.learns_from() != Learns::Nothing || transform.wants_categories();
                if learns && !states.is_empty() {
                    self.states[place] = states;
                } else {
                    self.finish_step(place, states)?;
                }
            }
        }
        let wants_texts = self.passes == 0 && self.slot_texts.iter().chain(&self.own_texts).any(Option::is_some);
        Ok(wants_texts || self.states.iter().any(|states| !states.is_empty()))
    }

    /// The features that this pass computes: those that learn, and those that these are made of.
    fn needed(&self) -> Vec<bool> {
        let mut needed: Vec<bool> = self.states.iter().map(|states| !states.is_empty()).collect();
        for &place in self.plan.order.iter().rev() {
            if needed[place] {
                self.plan.features[place].factors().iter().for_each(|&factor| needed[factor] = true);
            }
        }
        needed
    }

    fn uses(&self, needed: &[bool]) -> Vec<Use> {
        let needed = self.set.features.iter().zip(needed).filter(|(_, needed)| **needed);
        let mut uses = uses(needed.map(|(feature, _)| feature), &self.schema.fields);
        if self.passes == 0 {
            let gathers = uses.iter_mut().zip(&self.slot_texts).filter(|(_, texts)| texts.is_some());
            gathers.for_each(|(used, _)| *used = Use::Computed);
        }
        uses
    }

    /// How many rows are looked at at a time.
    pub(super) fn chunk(&self) -> usize {
        rows_at_a_time(self.chains.iter().map(Chain::width).fold(0, usize::saturating_add))
    }

    fn vocabularies(&self) -> Vocabularies {
        let fields = self.schema.fields.iter().map(|field| &field.name).zip(&self.slot_seen);
        let features = self.plan.features.iter().map(|feature| &feature.name).zip(&self.own_seen);
        let known = |(name, seen): (&String, &Option<Arc<Seen>>)| {
            Some((name.clone(), Arc::clone(&seen.as_ref()?.vocabulary)))
        };
        Vocabularies { columns: fields.filter_map(known).collect(), features: features.filter_map(known).collect() }
    }
}

/// The categories of a feature's value.
fn seen_by<'a>(
    feature: &PlannedFeature,
    place: usize,
    slots: &'a [Option<Arc<Seen>>],
    own: &'a [Option<Arc<Seen>>],
    nothing: &'a Arc<Seen>,
) -> &'a Seen {
    let of_slot = feature.category_slot().and_then(|slot| slots[slot].as_ref());
    own[place].as_ref().or(of_slot).unwrap_or(nothing)
}
