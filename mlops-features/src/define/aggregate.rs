//! What a window makes of the values in it.

use std::fmt;
use std::sync::Arc;

use mlops_core::{SlotKind, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::function::as_float;
use crate::time::{AnyWindow, ExactSum, TypedWindow};
use crate::transform::{InputKind, TransformError};

/// An aggregate of the values of events: many values become one number.
///
/// Its fields are its parameters; they are written into the definition by serde, and read back where the aggregate is
/// registered in the [`Catalog`](crate::Catalog). The built-in ones are such types too.
///
/// # Contract
/// Only which values are in a state decides its value, bit for bit: neither the order in which they came, nor values that
/// came and were taken out again, nor the order of merges leave a trace.
///
/// ```
/// use std::time::Duration;
/// use mlops_features::{Aggregate, Catalog, Window, as_float};
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
///     fn value(&self, count: &u32) -> Option<f64> { Some(f64::from(*count)) }
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

    /// What it keeps of the values that are in; its default has none.
    type State: fmt::Debug + Clone + Default + Send + 'static;

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

    /// Takes in the value of an event; it is not missing.
    fn add(&self, state: &mut Self::State, value: Value<'_>);

    /// Takes out a value that was added.
    fn remove(&self, state: &mut Self::State, value: Value<'_>);

    /// Takes in what another state holds.
    fn merge(&self, state: &mut Self::State, other: &Self::State);

    /// The aggregate of the values that are in; `None` where there is none to speak of.
    fn value(&self, state: &Self::State) -> Option<f64>;
}

/// How many events have a value; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {}

/// The correctly rounded sum; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {}

/// The correctly rounded sum over the count; missing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mean {}

impl Aggregate for Count {
    const NAME: &'static str = "count";
    const VERSION: u32 = 1;
    type State = u64;

    fn add(&self, count: &mut u64, _: Value<'_>) {
        *count += 1;
    }

    fn remove(&self, count: &mut u64, _: Value<'_>) {
        *count -= 1;
    }

    fn merge(&self, count: &mut u64, other: &u64) {
        *count += other;
    }

    fn value(&self, count: &u64) -> Option<f64> {
        Some(*count as f64)
    }
}

impl Aggregate for Sum {
    const NAME: &'static str = "sum";
    const VERSION: u32 = 1;
    type State = ExactSum;

    fn add(&self, sum: &mut ExactSum, value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| sum.add(x));
    }

    fn remove(&self, sum: &mut ExactSum, value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| sum.remove(x));
    }

    fn merge(&self, sum: &mut ExactSum, other: &ExactSum) {
        sum.merge(other);
    }

    fn value(&self, sum: &ExactSum) -> Option<f64> {
        Some(sum.value())
    }
}

impl Aggregate for Mean {
    const NAME: &'static str = "mean";
    const VERSION: u32 = 1;
    type State = (ExactSum, u64);

    fn add(&self, (sum, count): &mut (ExactSum, u64), value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| sum.add(x));
        *count += 1;
    }

    fn remove(&self, (sum, count): &mut (ExactSum, u64), value: Value<'_>) {
        as_float(value).into_iter().for_each(|x| sum.remove(x));
        *count -= 1;
    }

    fn merge(&self, (sum, count): &mut (ExactSum, u64), (other_sum, other_count): &(ExactSum, u64)) {
        sum.merge(other_sum);
        *count += other_count;
    }

    fn value(&self, (sum, count): &(ExactSum, u64)) -> Option<f64> {
        (*count > 0).then(|| sum.value() / *count as f64)
    }
}

/// Any [`Aggregate`].
pub(crate) trait AnyAggregate: fmt::Debug + Send + Sync {
    fn check_kind(&self, value: SlotKind) -> Result<(), TransformError>;
    /// The state of a window of this length, by key.
    fn window(&self, length: std::time::Duration) -> Box<dyn AnyWindow>;
}

impl<A: Aggregate> AnyAggregate for A {
    fn check_kind(&self, value: SlotKind) -> Result<(), TransformError> {
        self.check(value)
    }

    fn window(&self, length: std::time::Duration) -> Box<dyn AnyWindow> {
        Box::new(TypedWindow::new(self.clone(), length))
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
pub(crate) fn built_in() -> [((String, u32), ReadAggregate); 3] {
    [kind_of::<Count>(), kind_of::<Sum>(), kind_of::<Mean>()]
}
