//! Which columns a feature's numbers come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mlops_core::Column;
use serde::Serialize;

use super::feature::{Feature, Input};
use super::print::one_line;
use super::set::FeatureSet;
use super::source::{Availability, Source, View, Window};
use crate::FeatureError;

/// The columns that numbers come from, through views, windows and products.
///
/// What is gathered comes from the keys, on both sides, from the row's time, and from the times at which its events
/// happened and could be known. Labels are no columns and not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Lineage {
    /// The feature or the number.
    pub name: String,
    /// Columns of the row.
    pub columns: BTreeSet<String>,
    /// Columns of events, by their source.
    pub sources: BTreeMap<String, BTreeSet<String>>,
}

impl Lineage {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into(), columns: BTreeSet::new(), sources: BTreeMap::new() }
    }

    /// Whether there is no column, as for what is made of constants.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.sources.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.columns.extend(other.columns);
        for (source, columns) in other.sources {
            self.sources.entry(source).or_default().extend(columns);
        }
    }

    fn gathered(&mut self, set: &FeatureSet, source: &Source, key: &[String], values: &[&str]) {
        self.columns.insert(set.time.clone());
        self.columns.extend(key.iter().cloned());
        let of_source = self.sources.entry(source.name.clone()).or_default();
        of_source.insert(source.event_time.clone());
        if let Availability::Column(column) = &source.availability {
            of_source.insert(column.clone());
        }
        of_source.extend(key.iter().cloned());
        of_source.extend(values.iter().map(ToString::to_string));
    }
}

/// One line: `name ← columns of the row, source.column`.
impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gathered = self.sources.iter().flat_map(|(source, columns)| {
            columns.iter().map(move |column| format!("{}.{}", one_line(source), one_line(column)))
        });
        let columns: Vec<_> = self.columns.iter().map(|column| one_line(column)).chain(gathered).collect();
        let columns = if columns.is_empty() { "constants".into() } else { columns.join(", ") };
        write!(f, "{} ← {columns}", one_line(&self.name))
    }
}

/// What a column of an expression stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'a> {
    Row(&'a Column),
    View(&'a View, &'a str),
    Window(&'a Window),
}

impl FeatureSet {
    /// The columns of the row and of sources that a feature's numbers come from.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Source, Window};
    ///
    /// let set = FeatureSet::builder("flights", "scheduled")
    ///     .categories(&["carrier"])
    ///     .sources([Source::new("arrivals", "arrived").texts(&["carrier"]).floats(&["delay"])])
    ///     .windows([Window::mean("recent", "arrivals", &["carrier"], "delay", Duration::from_secs(3600))])
    ///     .features([Feature::standardised("recent", "recent", Nulls::Mean)])
    ///     .build(&Catalog::new())?;
    /// let lineage = set.lineage("recent")?;
    /// assert!(lineage.sources["arrivals"].contains("delay"));
    /// let printed = "recent ← carrier, scheduled, arrivals.arrived, arrivals.carrier, arrivals.delay";
    /// assert_eq!(lineage.to_string(), printed);
    /// # Ok::<(), mlops_features::FeatureError>(())
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::NotInSet`] for a name that no feature has; for a set that was deserialised and never checked,
    /// what is wrong with it.
    pub fn lineage(&self, feature: &str) -> Result<Lineage, FeatureError> {
        let missing = || FeatureError::NotInSet { set: self.name.clone(), what: "feature", name: feature.into() };
        let mut lineage = Lineage::new(feature);
        let mut seen = BTreeSet::from([feature]);
        let mut open = vec![self.feature(feature).ok_or_else(missing)?];
        while let Some(next) = open.pop() {
            match &next.input {
                Input::Value(value) => {
                    for column in value.columns() {
                        self.trace(column, next, &mut lineage)?;
                    }
                }
                Input::Product(factors) => {
                    for factor in factors {
                        let unknown = || unknown("feature", factor, &next.name);
                        if seen.insert(factor) {
                            open.push(self.feature(factor).ok_or_else(unknown)?);
                        }
                    }
                }
            }
        }
        Ok(lineage)
    }

    fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == name)
    }

    fn trace(&self, column: &str, user: &Feature, lineage: &mut Lineage) -> Result<(), FeatureError> {
        match self.origin(column).ok_or_else(|| unknown("column", column, &user.name))? {
            Origin::Row(column) => {
                lineage.columns.insert(column.name.clone());
            }
            Origin::View(view, field) => {
                lineage.gathered(self, self.source(&view.source, &view.name)?, &view.key, &[field]);
            }
            Origin::Window(window) => {
                let source = self.source(&window.source, &window.name)?;
                lineage.gathered(self, source, &window.key, &window.value.columns());
            }
        }
        Ok(())
    }

    /// What a column of an expression stands for. A checked set has no two of one name.
    pub(super) fn origin(&self, name: &str) -> Option<Origin<'_>> {
        let row = || self.columns.columns.iter().find(|column| column.name == name).map(Origin::Row);
        let view = || {
            self.views.iter().find_map(|view| {
                let field = name.strip_prefix(view.name.as_str())?.strip_prefix('.')?;
                view.fields.iter().find(|of| *of == field).map(|field| Origin::View(view, field))
            })
        };
        let window = || self.windows.iter().find(|window| window.name == name).map(Origin::Window);
        row().or_else(view).or_else(window)
    }
}

fn unknown(what: &'static str, name: &str, user: &str) -> FeatureError {
    FeatureError::Unknown { what, name: name.into(), user: user.into() }
}
