//! A view as a store knows it.

use std::time::Duration;

use mlops_core::{EncodeError, Fingerprint, SlotKind, Timestamp, Value};

use super::record::Record;
use crate::define::set::FeatureSet;
use crate::define::source::View;
use crate::time::bytes::Bytes;
use crate::{FeatureError, Stamp};

/// A view of a set as a store knows it: its name, its kinds of fields, its time-to-live, and the fingerprint of its
/// definition and its source's. Whatever else the set has leaves it alone.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreView {
    name: String,
    fingerprint: Fingerprint,
    kinds: Vec<SlotKind>,
    ttl: Option<Duration>,
    strict: bool,
}

impl StoreView {
    /// The views of a set, in their order.
    ///
    /// # Errors
    /// [`FeatureError::Unknown`] where a view's source or field isn't there, which no checked set has.
    pub fn of(set: &FeatureSet) -> Result<Vec<Self>, FeatureError> {
        let view = |view: &View| {
            let source = set.source(&view.source, &view.name)?;
            let kind = |name: &String| {
                let column = source.columns.columns.iter().find(|column| column.name == *name);
                let unknown =
                    || FeatureError::Unknown { what: "column", name: name.clone(), user: view.name.clone() };
                column.map(|column| column.kind).ok_or_else(unknown)
            };
            Ok(Self {
                name: view.name.clone(),
                fingerprint: Fingerprint::of_json("view", &(source, view))
                    .expect("definitions have text keys and finite or quoted floats"),
                kinds: view.fields.iter().map(kind).collect::<Result<_, _>>()?,
                ttl: view.ttl,
                strict: view.strict,
            })
        };
        set.views.iter().map(view).collect()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fingerprint of its definition.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How old an event may be, both ends included; `None` is any age.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// The bytes under which an engine keeps an entity's record: of no other view and entity.
    #[must_use]
    pub fn key(&self, entity: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(4 + self.name.len() + entity.len());
        self.put_key(entity, &mut key);
        key
    }

    pub(super) fn put_key(&self, entity: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.name.len() as u32).to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(entity);
    }

    /// Whether an event of this view replaces the one that is stored.
    ///
    /// # Errors
    /// [`FeatureError::OtherView`] where what is stored is of another definition.
    pub fn replaces(&self, stored: &Record<'_>, stamp: Stamp) -> Result<bool, FeatureError> {
        self.check(stored)?;
        Ok(stamp > stored.stamp)
    }

    pub(super) fn check(&self, record: &Record<'_>) -> Result<(), FeatureError> {
        let (got, wanted) = (record.fingerprint, self.fingerprint);
        if got == wanted {
            return Ok(());
        }
        Err(FeatureError::OtherView { view: self.name.clone(), got, wanted })
    }

    /// Visits the fields of a record with their places.
    ///
    /// # Errors
    /// [`FeatureError::OtherView`] for a record of another view, [`FeatureError::BadValue`] for one that doesn't have
    /// the view's fields. Some fields may have been visited then.
    pub fn fields<'a>(
        &self,
        record: &Record<'a>,
        mut visit: impl FnMut(usize, Value<'a>),
    ) -> Result<(), FeatureError> {
        self.check(record)?;
        let bad = |problem| FeatureError::BadValue { view: self.name.clone(), problem };
        let mut bytes = Bytes(record.values);
        for (place, &kind) in self.kinds.iter().enumerate() {
            visit(place, bytes.value(kind).ok_or_else(|| bad("a field is cut or of another kind"))?);
        }
        if bytes.0.is_empty() { Ok(()) } else { Err(bad("it has more fields than the view")) }
    }

    /// Whether a record's event is what the view gives as of `at`: not if it is too old.
    ///
    /// # Errors
    /// [`EncodeError::NotReady`] where the event became known after `at`, so that an earlier one is gone.
    pub(super) fn is_fresh(&self, record: &Record<'_>, at: Timestamp) -> Result<bool, EncodeError> {
        let edge = if self.strict { at - Duration::from_micros(1) } else { at };
        let Stamp { event_time, available, .. } = record.stamp;
        if available > edge {
            let problem = format!("the store holds what became known at {available}");
            return Err(EncodeError::NotReady { source_name: self.name.clone(), at, problem });
        }
        Ok(self.ttl.is_none_or(|ttl| event_time >= at - ttl))
    }
}
