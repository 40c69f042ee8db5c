//! Any serialisable row, read by name through a compiled plan.

#[macro_use]
mod refuse;
mod cell;
mod key;
mod list;
mod nested;
mod plan;

use std::fmt;

use mlops_core::{EncodeError, SlotField, SlotSchema, Slots};
use serde::ser::{Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use self::cell::Cell;
use self::key::Key;
use self::nested::Nested;
use self::plan::{Node, Target, plan};

/// Reads the fields of a row into the slots of their columns. Fields that come in the order of the columns, or of the row
/// before, are found by one comparison; any others by a look-up; those that no column names are passed over. The field `b` inside of
/// the field `a` is the column `a.b`.
#[derive(Clone, Debug)]
pub(crate) struct RowReader {
    /// The row itself first.
    nodes: Vec<Node>,
}

impl RowReader {
    pub(crate) fn new(schema: &SlotSchema) -> Self {
        Self { nodes: plan(schema) }
    }

    pub(crate) fn read<R: Serialize + ?Sized>(
        &self,
        schema: &SlotSchema,
        row: &R,
        slots: &mut Slots,
    ) -> Result<(), EncodeError> {
        slots.expect(schema.request, schema.fields.len());
        let fields = &schema.fields[..schema.request];
        row.serialize(Row { reader: self, node: &self.nodes[0], fields, slots, last: None })
            .map_err(|error| error.0)?;
        match slots.first_absent() {
            Some(index) => Err(EncodeError::MissingField { field: schema.fields[index].name.clone() }),
            None => Ok(()),
        }
    }
}

/// What serde is told; it keeps the error whole.
#[derive(Debug)]
struct ReadError(EncodeError);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ReadError {}

impl serde::ser::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(EncodeError::Serialize { problem: message.to_string() })
    }
}

/// The fields of a row, or of what is nested in it.
struct Row<'a> {
    reader: &'a RowReader,
    node: &'a Node,
    fields: &'a [SlotField],
    slots: &'a mut Slots,
    /// The child that came last.
    last: Option<usize>,
}

impl Row<'_> {
    #[inline]
    fn place(&self, name: &str) -> Option<usize> {
        self.node.place_after(self.last, name)
    }

    /// Reads the value of the child at `place`.
    #[inline]
    fn put<T: Serialize + ?Sized>(&mut self, place: usize, value: &T) -> Result<(), ReadError> {
        let child = &self.node.children[place];
        self.last = Some(place);
        match child.target {
            Target::Slot(index) => value.serialize(Cell { field: &self.fields[index], index, slots: self.slots }),
            Target::Nested { node, slot } => {
                let (reader, fields) = (self.reader, self.fields);
                let row = Row { reader, node: &reader.nodes[node], fields, slots: self.slots, last: None };
                value.serialize(Nested { row, slot })
            }
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), ReadError> {
        match self.place(name) {
            Some(place) => self.put(place, value),
            None => Ok(()),
        }
    }

    fn refuse<T>(&self, got: &'static str) -> Result<T, ReadError> {
        Err(ReadError(EncodeError::NotARow { got }))
    }
}

impl<'a> Serializer for Row<'a> {
    type Ok = ();
    type Error = ReadError;
    type SerializeMap = MapRow<'a>;
    type SerializeStruct = Self;

    refuse!(numbers "");
    refuse!(nothing "");
    refuse!(sequences "");
    refuse!(variants "");
    refuse! {
        serialize_char(char) "a text", serialize_str(&str) "a text",
        serialize_unit_variant(&'static str, u32, &'static str) "an enum",
    }
    unwrap_inner!();

    fn serialize_map(self, _: Option<usize>) -> Result<MapRow<'a>, ReadError> {
        Ok(MapRow { row: self, place: None })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, ReadError> {
        Ok(self)
    }
}

impl SerializeStruct for Row<'_> {
    type Ok = ();
    type Error = ReadError;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), ReadError> {
        match self.node.place_of_static(self.last, name) {
            Some(place) => self.put(place, value),
            None => Ok(()),
        }
    }

    fn end(self) -> Result<(), ReadError> {
        Ok(())
    }
}

/// A map's fields.
struct MapRow<'a> {
    row: Row<'a>,
    /// The child that a key named whose value has not come yet.
    place: Option<usize>,
}

impl SerializeMap for MapRow<'_> {
    type Ok = ();
    type Error = ReadError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ReadError> {
        key.serialize(Key(|text: &str| {
            self.place = self.row.place(text);
            Ok(())
        }))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ReadError> {
        match self.place.take() {
            Some(place) => self.row.put(place, value),
            None => Ok(()),
        }
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), ReadError> {
        key.serialize(Key(|text: &str| self.row.field(text, value)))
    }

    fn end(self) -> Result<(), ReadError> {
        Ok(())
    }
}
