//! Transforms and aggregates as they stand in a definition.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::aggregate::Aggregate;
use crate::transform::Transform;

/// A transform or an aggregate as it stands in a definition: its name and version in the catalog, and its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Its parameters, with sorted names.
    #[serde(deserialize_with = "sorted")]
    pub parameters: Json,
}

/// Parameters in one order, however they were written.
fn sorted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    let json = Json::deserialize(deserializer)?;
    Ok(if is_in_order(&json) { json } else { in_order(json) })
}

fn is_in_order(json: &Json) -> bool {
    match json {
        Json::Object(map) => map.keys().is_sorted() && map.values().all(is_in_order),
        Json::Array(items) => items.iter().all(is_in_order),
        _ => true,
    }
}

fn in_order(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(name, value)| (name, in_order(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(in_order).collect()),
        other => other,
    }
}

impl Step {
    /// A transform with its parameters.
    ///
    /// # Panics
    /// If the parameters have no JSON form, such as a map whose keys are no texts.
    #[must_use]
    pub fn of_transform<T: Transform>(transform: &T) -> Self {
        Self::of(T::NAME, T::VERSION, transform)
    }

    /// An aggregate with its parameters.
    ///
    /// # Panics
    /// If the parameters have no JSON form.
    #[must_use]
    pub fn of_aggregate<A: Aggregate>(aggregate: &A) -> Self {
        Self::of(A::NAME, A::VERSION, aggregate)
    }

    fn of(name: &str, version: u32, parameters: &impl Serialize) -> Self {
        let parameters = serde_json::to_value(parameters).expect("parameters have a JSON form");
        Self { name: name.into(), version, parameters: in_order(parameters) }
    }
}
