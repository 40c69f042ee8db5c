//! Counts, sums, and what is made of them by a division.

use mlops_core::{SlotKind, Value};
use serde::{Deserialize, Serialize};

use super::{Aggregate, Needs, Within, any_kind, float_or_missing};
use crate::define::function::as_float;
use crate::define::scratch::Scratch;
use crate::time::ExactSum;
use crate::transform::TransformError;

/// How many events have a value, of whatever kind; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {}

/// The correctly rounded sum; 0 where there is none. NaN if a value is NaN or both infinities are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {}

/// The correctly rounded sum over the count; missing where there is none. NaN and infinities are as in [`Sum`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mean {}

/// The correctly rounded sum over the length of the window in seconds: of the value 1, events a second. 0 where there
/// is none; NaN and infinities are as in [`Sum`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {}

impl Aggregate for Count {
    const NAME: &'static str = "count";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Count;
    type State = u64;

    fn check(&self, value: SlotKind) -> Result<(), TransformError> {
        any_kind(value)
    }

    fn add(&self, count: &mut u64, _: Value<'_>) {
        *count += 1;
    }

    fn remove(&self, count: &mut u64, _: Value<'_>) {
        *count -= 1;
    }

    fn merge(&self, count: &mut u64, other: &u64) {
        *count = count.saturating_add(*other);
    }

    fn value<'a>(&self, count: &'a u64, within: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        self.of_sum(f64::NAN, *count, within)
    }

    fn of_sum(&self, _: f64, count: u64, _: &Within<'_>) -> Value<'static> {
        Value::Float(count as f64)
    }
}

/// An aggregate whose state is the sum.
macro_rules! of_sum {
    ($aggregate:ty, $name:literal, |$sum:ident, $within:ident| $value:expr) => {
        impl Aggregate for $aggregate {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            const NEEDS: Needs = Needs::Sum;
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

            fn value<'a>(&self, sum: &'a ExactSum, within: &Within<'a>, _: &'a Scratch) -> Value<'a> {
                self.of_sum(sum.value(), 0, within)
            }

            fn of_sum(&self, $sum: f64, _: u64, $within: &Within<'_>) -> Value<'static> {
                Value::Float($value)
            }
        }
    };
}

of_sum!(Sum, "sum", |sum, _within| sum);
of_sum!(Rate, "rate", |sum, within| sum / within.length.as_secs_f64());

impl Aggregate for Mean {
    const NAME: &'static str = "mean";
    const VERSION: u32 = 1;
    const NEEDS: Needs = Needs::Sum;
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
        *count = count.saturating_add(*other_count);
    }

    fn value<'a>(&self, (sum, count): &'a (ExactSum, u64), within: &Within<'a>, _: &'a Scratch) -> Value<'a> {
        self.of_sum(sum.value(), *count, within)
    }

    fn of_sum(&self, sum: f64, count: u64, _: &Within<'_>) -> Value<'static> {
        float_or_missing((count > 0).then(|| sum / count as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::{Aggregate, Mean};

    #[test]
    fn a_narrow_mean_has_64_bytes() {
        assert!(size_of::<<Mean as Aggregate>::State>() <= 64);
    }
}
