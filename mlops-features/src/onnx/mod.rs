//! Fitted features as a graph of ONNX.

mod category;
mod graph;
mod number;
mod proto;
mod value;

use mlops_core::SlotEncoder;
use prost::Message;

use crate::FeatureError;
use crate::define::feature::{Feature, Input};
use crate::define::plan::PlannedSource;
use crate::fitted::{CompiledFeature, FittedFeatures};
use graph::{Graph, ML, Tensor};
use number::{Block, Started};
use proto::{Entry, Model, OperatorSet};
use value::OnnxValue;

/// What ONNX 1.13 has: runtimes of 2023 and later know it.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 18;
const ML_OPERATORS: i64 = 3;

/// A graph knows how many rows there are by its inputs.
const NO_ROWS: &str = "rows without a column";

/// A feature as nodes.
#[derive(Clone, Debug, Default)]
struct OnnxFeature {
    /// Its numbers, the flags last; `None` where it has none.
    numbers: Option<Block>,
    /// Where the row is refused.
    refused: Option<Tensor>,
}

impl FittedFeatures {
    /// The features as a model of ONNX, in IR version 8 with operators of version 18 and those of `ai.onnx.ml` of
    /// version 3: for programs in other languages, which get the same numbers by any runtime of ONNX.
    ///
    /// # Inputs
    /// One for each column of the row that a feature reads, under its name and of shape `[rows, 1]`: doubles for floats and
    /// integers, strings for categories and texts. What views and windows give comes in as columns, as
    /// [`gather_history`](crate::gather_history) makes them. Null is NaN, or the empty string: a NaN that is no null can't
    /// come in, and a category of the empty text is an error here. Integers come as doubles so that they may be null, and
    /// are rounded as all features round them.
    ///
    /// # Output
    /// `numbers`, doubles of shape `[rows, width]`, in the order of the names. A graph can't refuse a row, so one that
    /// [`SlotEncoder::encode`] refuses is NaN throughout.
    ///
    /// Under `metadata_props` are `mlops.set`, the set's name; `mlops.numbers`, a JSON list of the numbers' names; and
    /// `mlops.fingerprint`, [`SlotEncoder::fingerprint`].
    ///
    /// # What is written
    /// | | |
    /// |---|---|
    /// | functions of numbers | `plus` `minus` `times` `over` `power` `negative` `absolute` `square_root` `exp` `ln` `round` `floor` `ceiling` `least` `greatest` `clip` `cycle_sin` `cycle_cos` `greater` `at_least` `less` `at_most` `equal` `is_nan` `and` `or` `not` |
    /// | of any value but times and lists | `is_missing` `or_else` `if_else` |
    /// | transforms of values | [`Number`](crate::Number), [`OneHot`](crate::OneHot), [`Ordinal`](crate::Ordinal), [`Frequency`](crate::Frequency), [`CategoryCount`](crate::CategoryCount), [`Target`](crate::Target) |
    /// | transforms of numbers | [`Standard`](crate::Standard), [`MinMax`](crate::MinMax), [`MaxAbs`](crate::MaxAbs), [`Robust`](crate::Robust), [`ClipToQuantiles`](crate::ClipToQuantiles), [`Impute`](crate::Impute), [`Bucketise`](crate::Bucketise), [`DropConstant`](crate::DropConstant), [`DropMissing`](crate::DropMissing) |
    /// | products | [`Feature::interaction`](crate::Feature::interaction) |
    ///
    /// Everything is computed in doubles by the same operations in the same order, so numbers are the same to the last
    /// bit, but for powers, exponentials, logarithms, sines and cosines, which are the runtime's own, and the sign of a
    /// zero.
    ///
    /// A function is known by its name and its version 1, whatever catalog it came from.
    ///
    /// # Errors
    /// [`FeatureError::NotInOnnx`] for the first feature that uses what isn't in this table, or for the set where all its
    /// numbers were dropped or it reads no column.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow::array::{Float64Array, RecordBatch, TimestampMicrosecondArray};
    /// # use mlops_core::Timestamp;
    /// # use mlops_features::{Catalog, Feature, FeatureSet, Label, Labels, Nulls};
    /// # let catalog = Catalog::new();
    /// let set = FeatureSet::builder("hours", "at").floats(&["hour"]);
    /// let set = set.features([Feature::standardised("hour", "hour", Nulls::Mean)]).build(&catalog)?;
    /// # let at = Arc::new(TimestampMicrosecondArray::from(vec![0, 1])) as _;
    /// # let hours = Arc::new(Float64Array::from(vec![0.0, 6.0])) as _;
    /// # let rows = RecordBatch::try_from_iter([("at", at), ("hour", hours)])?;
    /// # let labels = Labels(vec![Some(Label { value: 1.0, available: Timestamp::MIN }); 2]);
    /// let features = set.fit_encode(&rows, &labels, Timestamp::MAX, &catalog)?.features;
    /// let model = features.to_onnx()?;
    /// assert!(model.windows(5).any(|bytes| bytes == b"IsNaN"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_onnx(&self) -> Result<Vec<u8>, FeatureError> {
        let mut graph = Graph::default();
        let columns = self.set().features().iter().flat_map(Feature::columns);
        columns.for_each(|name| drop(value::column(&mut graph, name, &self.schema)));
        let mut features = vec![OnnxFeature::default(); self.features.len()];
        for &place in &self.order {
            let lacks = |what| FeatureError::NotInOnnx { feature: self.features[place].name.clone(), what };
            features[place] = self.feature(&mut graph, place, &features).map_err(lacks)?;
        }
        let lacks = |what: &str| FeatureError::NotInOnnx { feature: self.set().name.clone(), what: what.into() };
        let mut blocks = Vec::new();
        for block in features.iter().filter_map(|feature| feature.numbers.as_ref()) {
            blocks.push(graph.in_rows(&block.numbers).ok_or_else(|| lacks(NO_ROWS))?);
        }
        if blocks.is_empty() {
            return Err(lacks("rows without a number"));
        }
        let mut numbers = graph.beside(&blocks.iter().collect::<Vec<_>>());
        let refused = features.into_iter().fold(None, |all, feature| graph.either(all, feature.refused));
        if let Some(refused) = refused {
            let nan = graph.float(f64::NAN);
            numbers = graph.node("Where", &[&refused, &nan, &numbers]);
        }
        let graph = graph.finish(&self.set().name, &numbers, self.names.len());
        let names = serde_json::to_string(&*self.names).expect("texts have a JSON form");
        let entry = |key: &str, value| Entry { key: key.into(), value };
        let operators = |domain: &str, version| OperatorSet { domain: domain.into(), version };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            opset_import: vec![operators("", OPERATORS), operators(ML, ML_OPERATORS)],
            metadata_props: vec![
                entry("mlops.set", self.set().name.clone()),
                entry("mlops.numbers", names),
                entry("mlops.fingerprint", self.fingerprint().to_string()),
            ],
            ..Model::default()
        };
        Ok(model.encode_to_vec())
    }

    /// A feature, from those before it.
    fn feature(&self, graph: &mut Graph, place: usize, before: &[OnnxFeature]) -> Result<OnnxFeature, String> {
        let (feature, definition) = (&self.features[place], &self.set().features()[place]);
        let lacks = |step: usize| format!("the transform `{}`", definition.transforms[step].name);
        let (mut started, done) = match (&feature.source, &definition.input) {
            (PlannedSource::Value { .. }, Input::Value(value)) => {
                let value = value::value(graph, value, &self.schema)?;
                (first(graph, feature, value, || lacks(0))?, 1)
            }
            (PlannedSource::Product(factors), _) => {
                let factors: Vec<_> = factors.iter().map(|&factor| before[factor].numbers.clone()).collect();
                (Started { numbers: number::product(graph, &factors), ..Started::default() }, 0)
            }
            (PlannedSource::Value { .. }, Input::Product(_)) => unreachable!("a product is planned as one"),
        };
        for (step, fitted) in feature.chain.steps().iter().enumerate().skip(done) {
            if let Some(block) = started.numbers {
                let further = number::further(graph, &block, fitted, &mut started.refused);
                started.numbers = further.ok_or_else(|| lacks(step))?;
            }
        }
        let Started { numbers, flag, refused } = started;
        let numbers = match (numbers, flag) {
            (Some(block), Some(flag)) => Block::new(graph.beside(&[&block.numbers, &flag]), block.width + 1),
            (None, Some(flag)) => Block::new(flag, 1),
            (numbers, None) => numbers,
        };
        Ok(OnnxFeature { numbers, refused })
    }
}

/// What the first transform makes of a value.
fn first(
    graph: &mut Graph,
    feature: &CompiledFeature,
    value: OnnxValue,
    lacks: impl Fn() -> String,
) -> Result<Started, String> {
    let [fitted] = feature.chain.steps().first().map(Vec::as_slice).unwrap_or_default() else {
        return Err(lacks());
    };
    let no_rows = || NO_ROWS.to_owned();
    match value {
        OnnxValue::Number(mut x) => {
            x.value = graph.in_rows(&x.value).ok_or_else(no_rows)?;
            number::start(graph, x, fitted.as_ref()).ok_or_else(lacks)
        }
        OnnxValue::Text(text) => {
            let text = graph.in_rows(&text).ok_or_else(no_rows)?;
            category::encode(graph, &text, fitted.as_ref(), &feature.vocabulary, lacks)
        }
    }
}
