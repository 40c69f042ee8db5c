//! The functions and transforms that definitions may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::function::{ScalarFn, built_in};
use crate::transform::{self, ReadTransform, Transform};

/// Functions and transforms by name and version. An application passes it to whatever builds or loads features; there is no
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
#[derive(Clone, Debug)]
pub struct Catalog {
    functions: BTreeMap<(String, u32), Arc<dyn ScalarFn>>,
    transforms: BTreeMap<(String, u32), ReadTransform>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalog {
    /// The built-in functions and transforms.
    #[must_use]
    pub fn new() -> Self {
        let mut catalog = Self { functions: BTreeMap::new(), transforms: transform::built_in() };
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

    pub(crate) fn transform(&self, name: &str, version: u32) -> Option<ReadTransform> {
        self.transforms.get(&(name.to_owned(), version)).copied()
    }
}
