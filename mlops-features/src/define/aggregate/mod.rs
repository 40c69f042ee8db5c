//! What a window makes of the values in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlops_core::{SlotKind, Timestamp, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::scratch::Scratch;
use super::source::Window;
use crate::time::{AnyWindow, Cells, Sliding, Stamp, Sums, slide, window_of};
use crate::transform::{InputKind, TransformError};

mod distinct;
mod ends;
mod extreme;
mod quantile;
mod sketch;
mod sum;
mod top;
mod variance;

pub use distinct::Distinct;
pub use ends::{First, Last, TimeSinceLast};
pub use extreme::{Max, Min};
pub use quantile::ApproximateQuantile;
pub use sketch::ApproximateDistinct;
pub use sum::{Count, Mean, Rate, Sum};
pub use top::TopK;
pub use variance::Variance;

/// What the value of an aggregate follows from, which tells how history may compute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Needs {
    /// All values.
    Values,
    /// Their count and their sum as floats, rounded once.
    Sum,
    /// Their count.
    Count,
}

/// What an aggregate may know of its window besides its state.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Within<'a> {
    /// As of when it is asked.
    pub at: Timestamp,
    /// How long the window is.
    pub length: Duration,
    /// The first event in the window that has a value, in the one total order of events.
    pub first: Option<(Stamp, Value<'a>)>,
    /// The last one.
    pub last: Option<(Stamp, Value<'a>)>,
}

impl Within<'_> {
    /// A window of a length as of a time, without first and last events: for tests of an [`Aggregate`].
    #[must_use]
    pub fn new(at: Timestamp, length: Duration) -> Self {
        Self { at, length, first: None, last: None }
    }
}

/// An aggregate of the values of events: many values become one.
///
/// Its fields are its parameters; they are written into the definition by serde, and read back where the aggregate is
/// registered in the [`Catalog`](crate::Catalog). The built-in ones are such types too.
///
/// # Contract
/// Only which values are in a state decides its value, bit for bit: neither the order in which they came, nor values that
/// came and were taken out again, nor the order of merges leave a trace. What needs the order of events finds the first and
/// the last one in [`Within`], so that its state need not hold it.
///
/// A window without a hop adds events and removes them again. One with a hop adds and merges alone: an aggregate that
/// can't take values out says so by [`Aggregate::REMOVES`] and is refused without a hop.
///
/// A state's serialised form goes into snapshots: it comes back as a state of the same values.
///
/// ```
/// use std::time::Duration;
/// use mlops_features::{Aggregate, Catalog, Scratch, Window, Within, as_float};
/// use mlops_core::Value;
/// use serde::{Deserialize, Serialize};
///
/// /// How many values are above a limit.
/// #[derive(Debug, Clone, Serialize, Deserialize)]
/// struct CountAbove {
///     limit: f64,
/// }
///
/// impl Aggregate for CountAbove {
///     const NAME: &'static str = "count_above";
///     const VERSION: u32 = 1;
///     type State = u32;
///
///     fn add(&self, count: &mut u32, value: Value<'_>) {
///         *count += u32::from(as_float(value).is_some_and(|x| x > self.limit));
///     }
///     fn remove(&self, count: &mut u32, value: Value<'_>) {
///         *count -= u32::from(as_float(value).is_some_and(|x| x > self.limit));
///     }
///     fn merge(&self, count: &mut u32, other: &u32) { *count += other }
///     fn value<'a>(&self, count: &'a u32, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
///         Value::Float(f64::from(*count))
///     }
/// }
///
/// let catalog = Catalog::new().with_aggregate::<CountAbove>();
/// let (hour, above) = (Duration::from_secs(3600), CountAbove { limit: 100.0 });
/// let window = Window::new("large", "payments", &["customer"], "amount", above, hour);
/// ```
pub trait Aggregate: fmt::Debug + Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Its name in the catalog.
    const NAME: &'static str;

    /// Its version in the catalog.
    const VERSION: u32;

    /// Whether values can be taken out again.
    const REMOVES: bool = true;

    /// What its value follows from. One that needs no more than counts and sums is made by [`Aggregate::of_sum`] where
    /// those are at hand, which is many times faster.
    const NEEDS: Needs = Needs::Values;

    /// What it keeps of the values that are in; its default has none.
    type State: fmt::Debug + Clone + Default + Send + Serialize + DeserializeOwned + 'static;

    /// Checks the parameters, and that it takes values of a kind; the default takes numbers.
    ///
    /// # Errors
    /// [`TransformError`] that names the parameter or the kind.
    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        match value {
            SlotKind::Float | SlotKind::Int => Ok(()),
            kind => Err(TransformError::Input { got: InputKind::Value(kind), wanted: "a value that is a number" }),
        }
    }

    /// The kind of column that it makes of values of a kind; the default makes floats. A text becomes a category.
    fn kind(&self, value: SlotKind) -> SlotKind {
        let _ = value;
        SlotKind::Float
    }

    /// Takes in the value of an event; it is not missing.
    fn add(&self, state: &mut Self::State, value: Value<'_>);

    /// Takes out a value that was added. It isn't called where [`Aggregate::REMOVES`] is false.
    fn remove(&self, state: &mut Self::State, value: Value<'_>) {
        let _ = (state, value);
    }

    /// Takes in what another state holds.
    fn merge(&self, state: &mut Self::State, other: &Self::State);

    /// Lets go what only [`Aggregate::remove`] needs: nothing will be taken out of this state, though values and other
    /// states may still come in.
    fn compact(&self, state: &mut Self::State) {
        let _ = state;
    }

    /// The aggregate of the values that are in, of the kind that [`Aggregate::kind`] tells; missing where there is none
    /// to speak of.
    fn value<'a>(&self, state: &'a Self::State, within: &Within<'a>, scratch: &'a Scratch) -> Value<'a>;

    /// The aggregate of values with a sum, which is only there if it [`NEEDS`](Aggregate::NEEDS) one, and a count: a float
    /// or missing, the bits of [`Aggregate::value`]. It isn't called where it needs the values.
    fn of_sum(&self, sum: f64, count: u64, within: &Within<'_>) -> Value<'static> {
        let _ = (sum, count, within);
        Value::Missing
    }
}

/// Takes values of any kind that events have.
fn any_kind(value: SlotKind) -> Result<(), TransformError> {
    match value {
        SlotKind::Numbers | SlotKind::Texts => {
            Err(TransformError::Input { got: InputKind::Value(value), wanted: "a value that is no list" })
        }
        _ => Ok(()),
    }
}

fn float_or_missing<'a>(value: Option<f64>) -> Value<'a> {
    value.map_or(Value::Missing, Value::Float)
}

/// Any [`Aggregate`].
pub(crate) trait AnyAggregate: fmt::Debug + Send + Sync {
    fn check_kind(&self, value: SlotKind) -> Result<(), TransformError>;
    fn kind_of(&self, value: SlotKind) -> SlotKind;
    fn removes(&self) -> bool;
    /// The state of a window over values of a kind, by key.
    fn window(&self, window: &Window, value: SlotKind) -> Box<dyn AnyWindow>;
    fn needs(&self) -> Needs;
    /// Fills a column from counts and sums.
    fn of_sums(&self, sums: &Sums<'_>, cells: &mut Cells<'_>);
    /// Hands on the value as of each asking time, by adding and removing.
    fn slide(&self, value: SlotKind, sliding: &Sliding<'_>, put: &mut dyn FnMut(usize, Value<'_>));
}

impl<A: Aggregate> AnyAggregate for A {
    fn check_kind(&self, value: SlotKind) -> Result<(), TransformError> {
        self.check(value)
    }

    fn kind_of(&self, value: SlotKind) -> SlotKind {
        self.kind(value)
    }

    fn removes(&self) -> bool {
        A::REMOVES
    }

    fn window(&self, window: &Window, value: SlotKind) -> Box<dyn AnyWindow> {
        window_of(self, window, value)
    }

    fn needs(&self) -> Needs {
        A::NEEDS
    }

    fn of_sums(&self, sums: &Sums<'_>, cells: &mut Cells<'_>) {
        sums.fill(self, cells);
    }

    fn slide(&self, value: SlotKind, sliding: &Sliding<'_>, put: &mut dyn FnMut(usize, Value<'_>)) {
        slide(self, value, sliding, put);
    }
}

/// Reads an aggregate's parameters.
pub(crate) type ReadAggregate = fn(&serde_json::Value) -> Result<Arc<dyn AnyAggregate>, TransformError>;

/// What a catalog knows of an aggregate.
pub(crate) fn kind_of<A: Aggregate>() -> ((String, u32), ReadAggregate) {
    let read: ReadAggregate = |parameters| match serde_json::from_value::<A>(parameters.clone()) {
        Ok(aggregate) => Ok(Arc::new(aggregate)),
        Err(error) => Err(TransformError::Stored { problem: error.to_string() }),
    };
    ((A::NAME.into(), A::VERSION), read)
}

/// The aggregates that every catalog begins with.
pub(crate) fn built_in() -> [((String, u32), ReadAggregate); 14] {
    [
        kind_of::<Count>(),
        kind_of::<Sum>(),
        kind_of::<Mean>(),
        kind_of::<Rate>(),
        kind_of::<Min>(),
        kind_of::<Max>(),
        kind_of::<Variance>(),
        kind_of::<First>(),
        kind_of::<Last>(),
        kind_of::<TimeSinceLast>(),
        kind_of::<Distinct>(),
        kind_of::<ApproximateDistinct>(),
        kind_of::<ApproximateQuantile>(),
        kind_of::<TopK>(),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use mlops_core::Timestamp;

    use super::{Aggregate, ApproximateQuantile, Count, Distinct, Max, Mean, Scratch, Sum, TopK, Variance, Within};

    /// Merges a state with itself, and asks for its value.
    fn merged<A: Aggregate>(aggregate: &A, stored: &impl serde::Serialize) {
        let mut state: A::State = postcard::from_bytes(&postcard::to_stdvec(stored).unwrap()).unwrap();
        let other = state.clone();
        aggregate.merge(&mut state, &other);
        let within = Within::new(Timestamp::MAX, Duration::MAX);
        aggregate.value(&state, &within, &Scratch::default());
    }

    #[test]
    fn states_that_no_events_make_do_not_overflow() {
        let sum = (i32::MAX, i32::MIN, i32::MAX, vec![0x7f_u8; 8]);
        let counts = [(0_u64, u64::MAX), (u64::MAX, u64::MAX)];
        merged(&Count {}, &u64::MAX);
        merged(&Sum {}, &sum);
        merged(&Mean {}, &(&sum, u64::MAX));
        merged(&Variance::sample(), &(&sum, &sum, u64::MAX));
        merged(&Max {}, &std::collections::BTreeMap::from(counts));
        merged(&TopK::new(2), &std::collections::BTreeMap::from([("a", u64::MAX), ("b", u64::MAX)]));
        let items = [super::distinct::Item::Number(0), super::distinct::Item::Text("a".into())];
        merged(&Distinct {}, &std::collections::BTreeMap::from(items.map(|item| (item, u64::MAX))));
        let buckets = std::collections::BTreeMap::from([(i64::MIN, u64::MAX), (3, u64::MAX)]);
        merged(&ApproximateQuantile::new(0.5, 0.01), &buckets);
        merged(&ApproximateQuantile::new(0.0, 0.01), &buckets);
    }
}
