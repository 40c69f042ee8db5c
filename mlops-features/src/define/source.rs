//! Where values over time come from, and how they are looked up.

use std::time::Duration;

use mlops_core::{Schema, SlotKind};
use serde::{Deserialize, Serialize};

use super::aggregate::{Aggregate, Count, Mean, Sum};
use super::expression::Expr;
use super::step::Step;

/// When an event could be known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Availability {
    /// So long after it happened.
    After(Duration),
    /// At the time that a column tells, or when it happened if that is later.
    Column(String),
}

/// A stream of events: what happened when, and when it could be known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The column of the time at which it happened; a row without one is no event.
    pub event_time: String,
    /// When it could be known.
    pub availability: Availability,
    /// The columns that views and windows use.
    pub columns: Schema,
    /// What tells an event that comes again; `None` where every row is an event of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<Unique>,
}

/// Events are told apart by an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// The column of the id, a text or an integer.
    pub column: String,
    /// How long before the latest event of the source one may have happened whose id is remembered.
    pub within: Duration,
}

impl Source {
    /// A stream whose events happen, and are known, at the time in a column.
    #[must_use]
    pub fn new(name: impl Into<String>, event_time: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            event_time: event_time.into(),
            availability: Availability::After(Duration::ZERO),
            columns: Schema::default(),
            unique: None,
        }
    }

    /// Its events have ids in a column, a text or an integer: one that comes again while the first is not longer than
    /// `within` before the source's latest event is not logged, but counted. A row without an id is an event of its own.
    #[must_use]
    pub fn unique(mut self, column: impl Into<String>, within: Duration) -> Self {
        self.unique = Some(Unique { column: column.into(), within });
        self
    }

    /// Its events are known so long after they happened.
    #[must_use]
    pub fn known_after(mut self, lag: Duration) -> Self {
        self.availability = Availability::After(lag);
        self
    }

    /// Its events are known at the time in a column.
    #[must_use]
    pub fn known_at(mut self, column: impl Into<String>) -> Self {
        self.availability = Availability::Column(column.into());
        self
    }

    /// Columns of texts.
    #[must_use]
    pub fn texts(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Text)
    }

    /// Columns of floats.
    #[must_use]
    pub fn floats(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Float)
    }

    /// Columns of integers.
    #[must_use]
    pub fn ints(self, names: &[&str]) -> Self {
        self.columns(names, SlotKind::Int)
    }

    fn columns(mut self, names: &[&str], kind: SlotKind) -> Self {
        let columns = names.iter().map(|&name| mlops_core::Column { name: name.into(), kind });
        self.columns.columns.extend(columns);
        self
    }
}

/// The latest event of an entity, as of a time (a point-in-time join).
///
/// Of the events of the key with `event time ≤ t` and `available ≤ t` it takes the last by (event time,
/// available time, sequence). If that happened before `t − ttl`, the fields are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Its name; its fields are columns named `view.field`.
    pub name: String,
    /// The source.
    pub source: String,
    /// The columns that name the entity, in the row and in the source.
    pub key: Vec<String>,
    /// The source's columns to look up.
    pub fields: Vec<String>,
    /// How old the event may be; `None` is any age.
    pub ttl: Option<Duration>,
}

impl View {
    /// The latest event of a source by key.
    #[must_use]
    pub fn latest(name: impl Into<String>, source: impl Into<String>, key: &[&str]) -> Self {
        Self { name: name.into(), source: source.into(), key: owned(key), fields: Vec::new(), ttl: None }
    }

    /// The fields to look up.
    #[must_use]
    pub fn fields(mut self, fields: &[&str]) -> Self {
        self.fields = owned(fields);
        self
    }

    /// How old the event may be, both ends included.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// An aggregate over the last events of an entity, as of a time.
///
/// It takes the events of the key with `t − length < event time ≤ t` and `available ≤ t` and a value that isn't
/// missing. The window slides with `t` (its hop is 0) and its edge is that of the asking time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its name: that of the column that it gives.
    pub name: String,
    /// The source.
    pub source: String,
    /// The columns that name the entity, in the row and in the source.
    pub key: Vec<String>,
    /// The value of an event, from the source's columns.
    pub value: Expr,
    /// What is made of the values: an [`Aggregate`] of the catalog.
    pub aggregate: Step,
    /// How far it reaches back.
    pub length: Duration,
}

impl Window {
    /// The mean of a value over the last `length`.
    #[must_use]
    pub fn mean(name: &str, source: &str, key: &[&str], value: impl Into<Expr>, length: Duration) -> Self {
        Self::new(name, source, key, value, Mean {}, length)
    }

    /// The sum of a value over the last `length`.
    #[must_use]
    pub fn sum(name: &str, source: &str, key: &[&str], value: impl Into<Expr>, length: Duration) -> Self {
        Self::new(name, source, key, value, Sum {}, length)
    }

    /// The number of events over the last `length`.
    #[must_use]
    pub fn count(name: &str, source: &str, key: &[&str], length: Duration) -> Self {
        Self::new(name, source, key, 1.0, Count {}, length)
    }

    /// Any aggregate of a value over the last `length`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a definition reads better without borrowing")]
    pub fn new<A: Aggregate>(
        name: &str,
        source: &str,
        key: &[&str],
        value: impl Into<Expr>,
        aggregate: A,
        length: Duration,
    ) -> Self {
        let (value, aggregate) = (value.into(), Step::of_aggregate(&aggregate));
        Self { name: name.into(), source: source.into(), key: owned(key), value, aggregate, length }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
