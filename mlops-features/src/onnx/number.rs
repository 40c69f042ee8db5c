//! Transforms of numbers as nodes: each takes all numbers of a feature at once, and has a parameter for each.

use std::sync::Arc;

use mlops_core::JsonFloat;

use super::graph::{Graph, Tensor};
use super::value::OnnxNumber;
use crate::transform::{
    AnyFitted, Bounds, BucketEncoding, FittedBucketise, FittedImpute, FittedMinMax, FittedNumber, Kept, Linear,
    NaNs,
};

/// Numbers of every row, one at least.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) numbers: Tensor,
    pub(super) width: usize,
}

impl Block {
    /// These numbers, if they are any.
    pub(super) fn new(numbers: Tensor, width: usize) -> Option<Self> {
        (width > 0).then_some(Self { numbers, width })
    }
}

/// The numbers of a value, the flag beside them, and where it is refused.
#[derive(Debug, Default)]
pub(super) struct Started {
    pub(super) numbers: Option<Block>,
    pub(super) flag: Option<Tensor>,
    pub(super) refused: Option<Tensor>,
}

/// The policy for nulls, of a number that is there for every row; `None` for another transform.
pub(super) fn start(graph: &mut Graph, x: OnnxNumber, fitted: &dyn AnyFitted) -> Option<Started> {
    let fitted: &FittedNumber = fitted.as_any().downcast_ref()?;
    let flag = if fitted.flagged {
        let flag = match &x.null {
            Some(null) => graph.as_float(null),
            None => graph.float(0.0),
        };
        Some(graph.in_rows(&flag)?)
    } else {
        None
    };
    let (number, refused) = match (x.null, fitted.null) {
        (Some(null), Some(JsonFloat(fill))) => {
            let fill = graph.float(fill);
            (graph.node("Where", &[&null, &fill, &x.value]), None)
        }
        (null, _) => (x.value, null),
    };
    Some(Started { numbers: Block::new(number, 1), flag, refused })
}

/// The fitted of a step, if all are of this type.
fn all<F: 'static>(step: &[Arc<dyn AnyFitted>]) -> Option<Vec<&F>> {
    step.iter().map(|fitted| fitted.as_any().downcast_ref()).collect()
}

/// A further transform; what is refused is added to `refused`. `None` for one that ONNX doesn't have.
pub(super) fn further(
    graph: &mut Graph,
    Block { numbers: x, width }: &Block,
    step: &[Arc<dyn AnyFitted>],
    refused: &mut Option<Tensor>,
) -> Option<Option<Block>> {
    let row = |graph: &mut Graph, of: &dyn Fn(usize) -> JsonFloat| {
        graph.floats(&[1, *width], (0..*width).map(|i| of(i).0))
    };
    let numbers = if let Some(linear) = all::<Linear>(step) {
        let (shift, scale) = (row(graph, &|i| linear[i].shift), row(graph, &|i| linear[i].scale));
        let shifted = graph.node("Sub", &[x, &shift]);
        graph.node("Div", &[&shifted, &scale])
    } else if let Some(min_max) = all::<FittedMinMax>(step) {
        let (least, range) = (row(graph, &|i| min_max[i].least), row(graph, &|i| min_max[i].range));
        let (low, high) = (row(graph, &|i| min_max[i].to.low), row(graph, &|i| min_max[i].to.high));
        let width = row(graph, &|i| JsonFloat(min_max[i].to.high.0 - min_max[i].to.low.0));
        let shifted = graph.node("Sub", &[x, &least]);
        let share = graph.node("Div", &[&shifted, &range]);
        let wide = graph.node("Mul", &[&share, &width]);
        let scaled = graph.node("Add", &[&wide, &low]);
        if min_max[0].to.clip { graph.clipped(&scaled, &low, &high) } else { scaled }
    } else if let Some(bounds) = all::<Bounds>(step) {
        let (low, high) = (row(graph, &|i| bounds[i].low), row(graph, &|i| bounds[i].high));
        graph.clipped(x, &low, &high)
    } else if let Some(impute) = all::<FittedImpute>(step) {
        let (nan, fill) = (graph.node("IsNaN", &[x]), row(graph, &|i| impute[i].fill));
        let filled = graph.node("Where", &[&nan, &fill, x]);
        if impute[0].flagged {
            let flags = graph.as_float(&nan);
            let both = graph.beside(&[&filled, &flags]);
            let of_each = (0..2 * *width).map(|column| column / 2 + column % 2 * *width);
            return Some(Block::new(graph.columns(&both, of_each), 2 * width));
        }
        filled
    } else if let Some(kept) = all::<Kept>(step) {
        let columns: Vec<usize> = (0..*width).filter(|&i| kept[i].kept).collect();
        let width = columns.len();
        return Some(Block::new(graph.columns(x, columns.into_iter()), width));
    } else if let Some(buckets) = all::<FittedBucketise>(step) {
        let each = buckets.iter().enumerate().map(|(column, fitted)| {
            let column = graph.columns(x, [column].into_iter());
            bucketised(graph, &column, fitted, refused)
        });
        let each: Vec<Tensor> = each.collect();
        let width = step.iter().map(|fitted| fitted.count()).sum();
        return Some(Block::new(graph.beside(&each.iter().collect::<Vec<_>>()), width));
    } else {
        return None;
    };
    Some(Block::new(numbers, *width))
}

/// The bucket of a number: how many edges are at most as great.
fn bucketised(graph: &mut Graph, x: &Tensor, fitted: &FittedBucketise, refused: &mut Option<Tensor>) -> Tensor {
    let edges = fitted.between.len();
    let nan = graph.node("IsNaN", &[x]);
    let bucket_of_nan = graph.float((edges + 1) as f64);
    let bucket = if edges == 0 {
        graph.float(0.0)
    } else {
        let edges = graph.floats(&[1, edges], fitted.between.iter().map(|edge| edge.0));
        let reached = graph.node("GreaterOrEqual", &[x, &edges]);
        let (reached, axis) = (graph.as_float(&reached), graph.ints(&[1], [1]));
        graph.node("ReduceSum", &[&reached, &axis])
    };
    let place = graph.node("Where", &[&nan, &bucket_of_nan, &bucket]);
    if fitted.nan == NaNs::Refuse {
        *refused = graph.either(refused.take(), Some(nan));
    }
    match fitted.encode {
        BucketEncoding::Ordinal => place,
        BucketEncoding::OneHot => {
            let buckets = edges + 1 + usize::from(fitted.nan == NaNs::Bucket);
            let places = graph.floats(&[1, buckets], (0..buckets).map(|bucket| bucket as f64));
            let is = graph.node("Equal", &[&place, &places]);
            graph.as_float(&is)
        }
    }
}

/// The products of the numbers of factors: each of the first with each of the second, and so on; 0 where a factor is.
pub(super) fn product(graph: &mut Graph, factors: &[Option<Block>]) -> Option<Block> {
    let mut product = Block { numbers: graph.floats(&[1, 1], [1.0]), width: 1 };
    for factor in factors {
        let factor = factor.as_ref()?;
        let width = product.width * factor.width;
        let x = graph.columns(&product.numbers, (0..width).map(|column| column / factor.width));
        let y = graph.columns(&factor.numbers, (0..width).map(|column| column % factor.width));
        let zero = graph.float(0.0);
        let (x_zero, y_zero) = (graph.node("Equal", &[&x, &zero]), graph.node("Equal", &[&y, &zero]));
        let either = graph.node("Or", &[&x_zero, &y_zero]);
        let xy = graph.node("Mul", &[&x, &y]);
        product = Block { numbers: graph.node("Where", &[&either, &zero, &xy]), width };
    }
    Some(product)
}
