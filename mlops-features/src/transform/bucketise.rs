//! Numbers by the bucket that they fall into.

use mlops_core::{JsonFloat, Value, Vocabulary};
use serde::{Deserialize, Serialize};

use super::extremes::Extremes;
use super::order::Ordered;
use super::quantile::levels;
use super::{FitRows, Fitted, InputKind, Learns, Refusal, Seen, Transform, TransformError};
use crate::define::function::as_float;

/// The bucket `[low, high)` of a number, as its place from 0 or as one number for each bucket: scikit-learn's
/// `KBinsDiscretizer` with `strategy="uniform"` or `strategy="quantile"` and `quantile_method="linear"`, on all rows.
///
/// What is below the first edge is in the first bucket, the last edge and what is above it in the last one. Of quantiles,
/// an edge that is at most 1e-8 above the one before is left out. A constant has one bucket, `[-inf, inf)`; so has what
/// has no two quantiles left, where scikit-learn has none.
///
/// scikit-learn refuses NaN; here it has a policy, for which there is no default. An infinity in the rows to learn edges
/// from is an error, and so are none but NaN. Quantiles keep the numbers of a fit: up to 16 Mi in memory, the rest in a
/// temporary file.
///
/// | parameter | range |
/// |---|---|
/// | `edges` | 2 to 65,536 buckets, or 2 to 65,537 edges in ascending order, infinite at most at the ends |
/// | `encode` | ordinal, or one-hot with the names `feature=[low, high)` and `feature=NaN` |
/// | `nan` | refused, or a last bucket of its own |
///
/// ```
/// use mlops_features::{Bucketise, Feature, NaNs, Nulls};
///
/// let ages = Bucketise::at(&[0.0, 18.0, 65.0, f64::INFINITY], NaNs::Bucket).one_hot();
/// let feature = Feature::number("age", "age", Nulls::NaN).then(ages);
/// assert_eq!(feature.transforms[1].name, "bucketise");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucketise {
    /// Where buckets begin and end.
    pub edges: Edges,
    /// What a bucket becomes.
    pub encode: BucketEncoding,
    /// What NaN becomes.
    pub nan: NaNs,
}

/// Where buckets begin and end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Edges {
    /// So many buckets of equal width, from the least to the greatest number.
    Uniform(u32),
    /// So many buckets with as many numbers in each, but for ties.
    Quantile(u32),
    /// These, the first and the last one included.
    Given(Vec<JsonFloat>),
}

/// What a bucket becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BucketEncoding {
    /// Its place, from 0.
    Ordinal,
    /// One number for each bucket, 1 for that of the value and else 0.
    OneHot,
}

/// What NaN becomes where numbers fall into buckets. There is no default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NaNs {
    /// An error, in fitting and in encoding.
    Refuse,
    /// A bucket of its own, the last one.
    Bucket,
}

impl Bucketise {
    /// Places of so many buckets of equal width.
    #[must_use]
    pub fn uniform(buckets: u32, nan: NaNs) -> Self {
        Self { edges: Edges::Uniform(buckets), encode: BucketEncoding::Ordinal, nan }
    }

    /// Places of so many buckets with as many numbers in each.
    #[must_use]
    pub fn quantile(buckets: u32, nan: NaNs) -> Self {
        Self { edges: Edges::Quantile(buckets), encode: BucketEncoding::Ordinal, nan }
    }

    /// Places of buckets with these edges, the first and the last one included.
    #[must_use]
    pub fn at(edges: &[f64], nan: NaNs) -> Self {
        let edges = edges.iter().copied().map(JsonFloat).collect();
        Self { edges: Edges::Given(edges), encode: BucketEncoding::Ordinal, nan }
    }

    /// One number for each bucket.
    #[must_use]
    pub fn one_hot(self) -> Self {
        Self { encode: BucketEncoding::OneHot, ..self }
    }
}

/// What a [`Bucketise`] gathers.
#[derive(Debug)]
pub struct BucketState(Gathered);

#[derive(Debug)]
enum Gathered {
    Extremes(Extremes),
    Ordered(Ordered),
    Nothing,
}

/// A [`Bucketise`] with the edges between its buckets and the outermost ones, for their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedBucketise {
    pub(crate) between: Vec<JsonFloat>,
    first: JsonFloat,
    last: JsonFloat,
    pub(crate) encode: BucketEncoding,
    pub(crate) nan: NaNs,
}

const MOST: usize = 65_536;

impl Transform for Bucketise {
    const NAME: &'static str = "bucketise";
    const VERSION: u32 = 1;
    type State = BucketState;
    type Fitted = FittedBucketise;

    fn check(&self, input: InputKind) -> Result<(), TransformError> {
        let bad = |got, allowed| Err(TransformError::Parameter { parameter: "edges", got, allowed });
        match &self.edges {
            Edges::Uniform(buckets) | Edges::Quantile(buckets) if !(2..=MOST).contains(&(*buckets as usize)) => {
                bad(format!("{buckets} buckets"), "2 to 65,536 buckets")
            }
            Edges::Given(edges) if !(2..=MOST + 1).contains(&edges.len()) => {
                bad(format!("{} edges", edges.len()), "2 to 65,537 edges")
            }
            Edges::Given(edges) => match edges.windows(2).find(|pair| !matches!(pair, [a, b] if a.0 < b.0)) {
                Some(pair) => bad(format!("{} before {}", pair[0].0, pair[1].0), "in ascending order"),
                None => input.number(),
            },
            _ => input.number(),
        }
    }

    fn learns(&self) -> Learns {
        if matches!(self.edges, Edges::Given(_)) { Learns::Nothing } else { Learns::FromRows }
    }

    fn start(&self) -> BucketState {
        BucketState(match self.edges {
            Edges::Uniform(_) => Gathered::Extremes(Extremes::default()),
            Edges::Quantile(_) => Gathered::Ordered(Ordered::default()),
            Edges::Given(_) => Gathered::Nothing,
        })
    }

    fn update(&self, state: &mut BucketState, rows: &FitRows<'_>) -> Result<(), TransformError> {
        let numbers = rows.plain_numbers();
        if self.nan == NaNs::Refuse && numbers.iter().any(|x| x.is_nan()) {
            return Err(TransformError::OutOfRange { got: f64::NAN, wanted: "NaN is refused" });
        }
        match &mut state.0 {
            Gathered::Extremes(extremes) => extremes.add_all(numbers),
            Gathered::Ordered(ordered) => ordered.add_all(numbers),
            Gathered::Nothing => Ok(()),
        }
    }

    fn merge(&self, state: &mut BucketState, other: BucketState) {
        match (&mut state.0, other.0) {
            (Gathered::Extremes(extremes), Gathered::Extremes(other)) => extremes.merge(other),
            (Gathered::Ordered(ordered), Gathered::Ordered(other)) => ordered.merge(other),
            _ => {}
        }
    }

    fn finish(&self, state: BucketState, _: &Seen) -> Result<FittedBucketise, TransformError> {
        let mut edges = match (&self.edges, state.0) {
            (Edges::Uniform(buckets), Gathered::Extremes(extremes)) => uniform(*buckets as usize, extremes)?,
            (Edges::Quantile(buckets), Gathered::Ordered(mut ordered)) => {
                quantiles(*buckets as usize, &mut ordered)?
            }
            (Edges::Given(edges), _) => edges.iter().map(|edge| edge.0).collect(),
            _ => Vec::new(),
        };
        if edges.len() < 2 {
            edges = vec![f64::NEG_INFINITY, f64::INFINITY];
        }
        let (first, last, between) = (edges[0], edges[edges.len() - 1], &edges[1..edges.len() - 1]);
        let between = between.iter().copied().map(JsonFloat).collect();
        let (first, last) = (JsonFloat(first), JsonFloat(last));
        Ok(FittedBucketise { between, first, last, encode: self.encode, nan: self.nan })
    }
}

const NO_VALUE: TransformError = TransformError::NoValue { wanted: "bucket" };

/// Edges at equal distances; none for a constant.
fn uniform(buckets: usize, extremes: Extremes) -> Result<Vec<f64>, TransformError> {
    let (least, greatest) = extremes.get().ok_or(NO_VALUE)?;
    let width = greatest - least;
    if width.is_infinite() {
        return Err(TransformError::OutOfRange { got: least, wanted: "all have to be in a range of finite width" });
    }
    if width == 0.0 {
        return Ok(Vec::new());
    }
    let mut edges: Vec<f64> = levels(width, buckets).iter().map(|level| level + least).collect();
    edges[buckets] = greatest;
    // Where numbers are too near to each other for so many buckets, some have no width.
    edges.dedup();
    Ok(edges)
}

/// Edges at quantiles, without those that are next to the one before.
fn quantiles(buckets: usize, ordered: &mut Ordered) -> Result<Vec<f64>, TransformError> {
    let levels: Vec<f64> = levels(100.0, buckets).iter().map(|percent| percent / 100.0).collect();
    let edges = ordered.quantiles(&levels)?.ok_or(NO_VALUE)?;
    let mut before = f64::NEG_INFINITY;
    let is_apart = |&edge: &f64| edge - std::mem::replace(&mut before, edge) > 1e-8;
    Ok(edges.into_iter().filter(is_apart).collect())
}

/// A number as text, in powers of ten where it is long otherwise.
fn short(x: f64) -> String {
    let plain = x.to_string();
    if plain.len() > 24 { format!("{x:e}") } else { plain }
}

impl FittedBucketise {
    /// How many buckets there are, NaN's included.
    fn buckets(&self) -> usize {
        self.between.len() + 1 + usize::from(self.nan == NaNs::Bucket)
    }

    #[inline]
    fn bucket(&self, value: Value<'_>) -> Result<usize, Refusal> {
        let x = as_float(value).ok_or(Refusal::Null)?;
        match self.nan {
            NaNs::Refuse if x.is_nan() => Err(Refusal::Null),
            NaNs::Bucket if x.is_nan() => Ok(self.between.len() + 1),
            _ => Ok(self.between.partition_point(|edge| edge.0 <= x)),
        }
    }
}

impl Fitted for FittedBucketise {
    fn width(&self) -> usize {
        if self.encode == BucketEncoding::OneHot { self.buckets() } else { 1 }
    }

    fn names(&self, of: &str, _: &Vocabulary) -> Vec<String> {
        if self.encode == BucketEncoding::Ordinal {
            return vec![of.into()];
        }
        let lows = [self.first].into_iter().chain(self.between.iter().copied());
        let highs = self.between.iter().copied().chain([self.last]);
        let named = |(low, high): (JsonFloat, JsonFloat)| format!("{of}=[{}, {})", short(low.0), short(high.0));
        let nan = (self.nan == NaNs::Bucket).then(|| format!("{of}=NaN"));
        lows.zip(highs).map(named).chain(nan).collect()
    }

    #[inline]
    fn apply(&self, value: Value<'_>, _: &Vocabulary, out: &mut [f64]) -> Result<(), Refusal> {
        let bucket = self.bucket(value)?;
        match self.encode {
            BucketEncoding::Ordinal => out[0] = bucket as f64,
            BucketEncoding::OneHot => {
                out.fill(0.0);
                out[bucket] = 1.0;
            }
        }
        Ok(())
    }

    fn apply_sparse(
        &self,
        value: Value<'_>,
        _: &Vocabulary,
        put: &mut dyn FnMut(usize, f64),
    ) -> Result<(), Refusal> {
        match (self.encode, self.bucket(value)?) {
            (BucketEncoding::OneHot, bucket) => put(bucket, 1.0),
            (BucketEncoding::Ordinal, 0) => {}
            (BucketEncoding::Ordinal, bucket) => put(0, bucket as f64),
        }
        Ok(())
    }
}
