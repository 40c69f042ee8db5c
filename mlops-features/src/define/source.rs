//! Where values over time come from, and how they are looked up.

use std::time::Duration;

use mlops_core::{Schema, SlotKind};
use serde::{Deserialize, Serialize};

use super::aggregate::{Aggregate, Count, Mean, Sum};
use super::expression::Expr;
use super::step::Step;
use crate::FeatureError;

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
    /// The columns that name the entity, in the row and in the source. Integers of any width meet as 64 bits, texts by their
    /// bytes, however they are stored.
    pub key: Vec<String>,
    /// The source's columns to look up.
    pub fields: Vec<String>,
    /// How old the event may be; `None` is any age.
    pub ttl: Option<Duration>,
    /// Whether the edge is open: `event time < t` and `available < t`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

impl View {
    /// The latest event of a source by key.
    #[must_use]
    pub fn latest(name: impl Into<String>, source: impl Into<String>, key: &[&str]) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            key: owned(key),
            fields: Vec::new(),
            ttl: None,
            strict: false,
        }
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

    /// Takes only what happened, and was known, before `t` itself. The age is still told from `t`.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }
}

/// Where a window ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeadingEdge {
    /// At the asking time.
    #[default]
    Asked,
    /// At the latest event time of its source that was known at the asking time; before any event it is empty. Where a
    /// stream comes late by half an hour, an hour's window still has an hour of events.
    LatestEvent,
}

/// What becomes of an event that comes late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Late {
    /// It counts from when it is known, as long as the window reaches it.
    #[default]
    Take,
    /// It is not taken, but counted by [`OnlineState::late`](crate::OnlineState::late), if it happened more than this before
    /// the latest event of its key that was taken before. History takes events in the order in which they could be known,
    /// online state in that of the log: the same ones are dropped unless a source says that an event is known later than
    /// one that is logged after it.
    Drop(Duration),
}

/// What becomes of an event that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest goes, and a window that would reach it isn't answered: [`EncodeError::NotReady`] names it.
    ///
    /// [`EncodeError::NotReady`]: mlops_core::EncodeError::NotReady
    Refuse,
    /// The oldest goes; the answer is that of those which are left.
    DropOldest,
}

/// How many events a window without a hop keeps of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How many, from 1 on: those of its length and the five minutes that a question may come late.
    pub events: u32,
    /// What becomes of more; [`OnlineState::overflowed`](crate::OnlineState::overflowed) counts them.
    pub overflow: Overflow,
}

/// An aggregate over the last events of an entity, as of a time.
///
/// It takes the events of the key with `end − length < event time ≤ end` and `available ≤ t` and a value that isn't
/// missing.
///
/// | parameter | default | range |
/// |---|---|---|
/// | `length` | | more than 0 |
/// | `hop` | 0: the window slides, `end = t` | 0, or a part of the length; `end` is the last multiple of it since 1970, `≤ t` |
/// | `strict` | no | with it, the answer as of `t` is that as of a microsecond before |
/// | `leading_edge` | [`LeadingEdge::Asked`] | |
/// | `late` | [`Late::Take`] | |
/// | `limit` | none | 1 event or more, without a hop |
///
/// The ratio of two sums is an expression of two windows: `column("spent").over("earned")`.
///
/// Of each key a window keeps its aggregate's state, for a mean 64 bytes, and its events. Without a hop these are the ones
/// of its length and of five minutes more, 32 bytes each, for a text 40 bytes and the text. With a hop they are the ones of
/// the last five minutes and of each hop in the length a state with the first and the last event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its name: that of the column that it gives.
    pub name: String,
    /// The source.
    pub source: String,
    /// The columns that name the entity, in the row and in the source. Integers of any width meet as 64 bits, texts by their
    /// bytes, however they are stored.
    pub key: Vec<String>,
    /// The value of an event, from the source's columns.
    pub value: Expr,
    /// What is made of the values: an [`Aggregate`] of the catalog.
    pub aggregate: Step,
    /// How far it reaches back.
    pub length: Duration,
    /// By how much it moves; 0 where it slides.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub hop: Duration,
    /// Whether the edge is open: `event time < t` and `available < t`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
    /// Where it ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub leading_edge: LeadingEdge,
    /// What becomes of events that come late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late: Late,
    /// How many events it keeps of a key; `None` is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
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
        Self {
            name: name.into(),
            source: source.into(),
            key: owned(key),
            value,
            aggregate,
            length,
            hop: Duration::ZERO,
            strict: false,
            leading_edge: LeadingEdge::Asked,
            late: Late::Take,
            limit: None,
        }
    }

    /// Moves by a hop: its end is the last multiple of it.
    #[must_use]
    pub fn hop(mut self, hop: Duration) -> Self {
        self.hop = hop;
        self
    }

    /// Moves by its length, so that each event is in one window.
    #[must_use]
    pub fn tumbling(self) -> Self {
        let hop = self.length;
        self.hop(hop)
    }

    /// Takes only what happened, and was known, before the asking time itself.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Where it ends.
    #[must_use]
    pub fn leading_edge(mut self, edge: LeadingEdge) -> Self {
        self.leading_edge = edge;
        self
    }

    /// What becomes of events that come late.
    #[must_use]
    pub fn late(mut self, late: Late) -> Self {
        self.late = late;
        self
    }

    /// Keeps so many events of a key at most.
    #[must_use]
    pub fn limit(mut self, events: u32, overflow: Overflow) -> Self {
        self.limit = Some(Limit { events, overflow });
        self
    }

    /// Checks the parameters; `removes` tells whether values can be taken out of its aggregate.
    pub(crate) fn check(&self, removes: bool) -> Result<(), FeatureError> {
        let refuse = |parameter, got: String, allowed| {
            Err(FeatureError::Parameter { name: self.name.clone(), parameter, got, allowed })
        };
        let (length, hop) = (self.length.as_micros(), self.hop.as_micros());
        match self.limit {
            _ if length == 0 => refuse("length", "0".into(), "more than 0"),
            _ if length > i64::MAX as u128 => refuse("length", format!("{:?}", self.length), "fewer years"),
            _ if hop == 0 && !self.hop.is_zero() => refuse("hop", format!("{:?}", self.hop), "0 or microseconds"),
            _ if hop > 0 && !length.is_multiple_of(hop) => {
                refuse("hop", format!("{:?}", self.hop), "0, or a part of the length")
            }
            _ if hop == 0 && !removes => {
                let allowed = "above 0, since values can't be taken out of its aggregate";
                refuse("hop", format!("0 with `{}`", self.aggregate.name), allowed)
            }
            Some(Limit { events: 0, .. }) => refuse("limit", "0".into(), "1 event or more"),
            Some(_) if hop > 0 => refuse("limit", "given".into(), "none where there is a hop"),
            _ => Ok(()),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
