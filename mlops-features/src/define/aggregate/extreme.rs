//! The least and the greatest.

use std::collections::BTreeMap;

use mlops_core::Value;
use serde::{Deserialize, Serialize};

use super::{Aggregate, Within, float_or_missing};
use crate::define::function::as_float;
use crate::define::scratch::Scratch;

/// The least value; missing where there is none, NaN where one is NaN. -0 is less than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Min {}

/// The greatest value; missing where there is none, NaN where one is NaN. -0 is less than 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Max {}

/// How often each value is in, by [`place`].
type Counted = BTreeMap<u64, u64>;

/// The place of a float among all, as in [`f64::total_cmp`]; every NaN is the last.
fn place(x: f64) -> u64 {
    let bits = x.to_bits();
    match () {
        () if x.is_nan() => u64::MAX,
        () if bits >> 63 == 1 => !bits,
        () => bits | 1 << 63,
    }
}

fn float_at(place: u64) -> f64 {
    match place {
        u64::MAX => f64::NAN,
        place if place >> 63 == 1 => f64::from_bits(place & !(1 << 63)),
        place => f64::from_bits(!place),
    }
}

fn least(counted: &Counted) -> Option<u64> {
    let (&least, &greatest) = (counted.keys().next()?, counted.keys().next_back()?);
    Some(if greatest == u64::MAX { greatest } else { least })
}

fn greatest(counted: &Counted) -> Option<u64> {
    counted.keys().next_back().copied()
}

macro_rules! extreme {
    ($aggregate:ty, $name:literal, $of:ident) => {
        impl Aggregate for $aggregate {
            const NAME: &'static str = $name;
            const VERSION: u32 = 1;
            type State = Counted;

            fn add(&self, counted: &mut Counted, value: Value<'_>) {
                as_float(value).into_iter().for_each(|x| *counted.entry(place(x)).or_default() += 1);
            }

            fn remove(&self, counted: &mut Counted, value: Value<'_>) {
                as_float(value).into_iter().for_each(|x| take(counted, &place(x)));
            }

            fn merge(&self, counted: &mut Counted, other: &Counted) {
                merge_counts(counted, other);
            }

            fn compact(&self, counted: &mut Counted) {
                if let Some(place) = $of(counted) {
                    *counted = Counted::from([(place, 1)]);
                }
            }

            fn value<'a>(&self, counted: &'a Counted, _: &Within<'a>, _: &'a Scratch) -> Value<'a> {
                float_or_missing($of(counted).map(float_at))
            }
        }
    };
}

extreme!(Min, "min", least);
extreme!(Max, "max", greatest);

/// Takes in how often items are in another state. What a damaged snapshot says doesn't overflow.
pub(super) fn merge_counts<K: Ord + Clone>(counted: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (item, &more) in other {
        let count = counted.entry(item.clone()).or_default();
        *count = count.saturating_add(more);
    }
}

/// Takes one of an item out.
pub(super) fn take<K: Ord>(counted: &mut BTreeMap<K, u64>, item: &K) {
    if let Some(count) = counted.get_mut(item) {
        *count -= 1;
        if *count == 0 {
            counted.remove(item);
        }
    }
}
