//! The functions, transforms and aggregates that definitions may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::aggregate::{self, Aggregate, ReadAggregate};
use super::function::{ScalarFn, built_in};
use crate::transform::{self, ReadTransform, Transform};

/// Functions, transforms and aggregates by name and version. An application passes it to whatever builds or loads features; there is no
/// global one.
///
/// ```
/// use std::sync::Arc;
/// use mlops_core::{SlotKind, Value};
/// use mlops_features::{ArgumentError, Catalog, ScalarFn, Scratch};
///
/// #[derive(Debug)]
/// struct Half;
/// impl ScalarFn for Half {
///     fn name(&self) -> &str { "half" }
///     fn version(&self) -> u32 { 1 }
///     fn kind(&self, _: &[SlotKind]) -> Result<SlotKind, ArgumentError> { Ok(SlotKind::Float) }
///     fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
///         match arguments { [Value::Float(x)] => Value::Float(x / 2.0), _ => Value::Missing }
///     }
/// }
/// let catalog = Catalog::new().with(Arc::new(Half));
/// assert!(catalog.get("half", 1).is_some());
/// assert!(catalog.get("half", 2).is_none());
/// ```
///
/// # Built-in functions
/// All are of version 1. A category is given as its text. What is in italics stands in the definition; [`Expr`](crate::Expr) has
/// a method for each, or there is a function of its name. Unless said otherwise, a missing argument gives missing.
///
/// | functions | of | answer |
/// |---|---|---|
/// | `plus` `minus` `times` `over` `power` `least` `greatest` | two numbers | float |
/// | `negative` `absolute` `square_root` `exp` `ln` `ln_1p` `log10` `round` `floor` `ceiling` | a number | float |
/// | `clip` | a number, low, high | float |
/// | `cycle_sin` `cycle_cos` | a number, the period | float |
/// | `greater` `at_least` `less` `at_most` `equal` | two numbers | 0 or 1 |
/// | `is_nan` | a number | 0 or 1 |
/// | `and` `or` | two numbers | 0, 1 or missing |
/// | `not` | a number | 0, 1 or missing |
/// | `is_missing` | anything | 0 or 1 |
/// | `or_else` | two values of one kind | that kind |
/// | `if_else` | a number, two values of one kind | that kind |
/// | `minute_utc` `hour_utc` `weekday_utc` `is_weekend_utc` `day_utc` `day_of_year_utc` `month_utc` `year_utc` | a time | integer |
/// | `minute_in` `hour_in` `weekday_in` `is_weekend_in` `day_in` `day_of_year_in` `month_in` `year_in` | a time, *zone* | integer |
/// | `is_holiday` | a time, *zone*, *days* | 0 or 1 |
/// | `days_to_holiday` | a time, *zone*, *days* | integer |
/// | `seconds_since` | two times | float |
/// | `weekday` | year, month, day | integer |
/// | `lower` `upper` `trim` | a text | text |
/// | `length` `hash` | a text | integer |
/// | `starts_with` `contains_text` | two texts | 0 or 1 |
/// | `matches` | a text, *pattern* | 0 or 1 |
/// | `extract` | a text, *pattern*, *group* | text |
/// | `concat` | 2 to 8 texts | text |
/// | `cross` | 2 to 8 texts or integers | text |
/// | `lookup` | a text, *keys*, *floats or texts* | float or text |
/// | `words` | a text | list of texts |
/// | `ngrams` | a text or a list of texts, *least*, *most* | list of texts |
/// | `list_length` | a list | integer |
/// | `list_sum` `list_mean` `list_min` `list_max` | a list of floats | float |
/// | `list_contains` | a list, an item | 0 or 1 |
/// | `haversine` | latitude, longitude, latitude, longitude | float |
/// | `geohash` | latitude, longitude, *length* | text |
#[derive(Clone, Debug)]
pub struct Catalog {
    functions: BTreeMap<(String, u32), Arc<dyn ScalarFn>>,
    transforms: BTreeMap<(String, u32), ReadTransform>,
    aggregates: BTreeMap<(String, u32), ReadAggregate>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// The built-in functions, transforms and aggregates.
    #[must_use]
    pub fn new() -> Self {
        let mut catalog = Self {
            functions: BTreeMap::new(),
            transforms: transform::built_in(),
            aggregates: aggregate::built_in().into(),
        };
        for function in built_in() {
            catalog = catalog.with(function.into());
        }
        catalog
    }

    /// Adds a function; one of the same name and version is replaced.
    #[must_use]
    pub fn with(mut self, function: Arc<dyn ScalarFn>) -> Self {
        self.functions.insert((function.name().to_owned(), function.version()), function);
        self
    }

    /// The names and versions of its functions, in order.
    pub fn functions(&self) -> impl Iterator<Item = (&str, u32)> {
        self.functions.keys().map(|(name, version)| (name.as_str(), *version))
    }

    /// A function by name and version.
    #[must_use]
    pub fn get(&self, name: &str, version: u32) -> Option<&Arc<dyn ScalarFn>> {
        self.functions.get(&(name.to_owned(), version))
    }

    /// Adds a transform; one of the same name and version is replaced.
    #[must_use]
    pub fn with_transform<T: Transform>(mut self) -> Self {
        let (name, read) = transform::kind_of::<T>();
        self.transforms.insert(name, read);
        self
    }

    /// Adds an aggregate; one of the same name and version is replaced.
    #[must_use]
    pub fn with_aggregate<A: Aggregate>(mut self) -> Self {
        let (name, read) = aggregate::kind_of::<A>();
        self.aggregates.insert(name, read);
        self
    }

    pub(crate) fn aggregate(&self, name: &str, version: u32) -> Option<ReadAggregate> {
        self.aggregates.get(&(name.to_owned(), version)).copied()
    }

    pub(crate) fn transform(&self, name: &str, version: u32) -> Option<ReadTransform> {
        self.transforms.get(&(name.to_owned(), version)).copied()
    }
}
