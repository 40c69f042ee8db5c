//! The values of fields.

use mlops_core::{EncodeError, Slot, SlotField, SlotKind, Slots, Timestamp};
use serde::ser::Impossible;
use serde::{Serialize, Serializer};

use super::ReadError;
use super::list::List;

/// The value of a field.
pub(super) struct Cell<'a> {
    pub(super) field: &'a SlotField,
    pub(super) index: usize,
    pub(super) slots: &'a mut Slots,
}

impl<'a> Cell<'a> {
    pub(super) fn refuse<T>(&self, got: &'static str) -> Result<T, ReadError> {
        let (field, wanted) = (self.field.name.clone(), self.field.kind);
        Err(ReadError(EncodeError::WrongKind { field, got, wanted }))
    }

    #[inline]
    fn int(self, x: i64) -> Result<(), ReadError> {
        let slot = match self.field.kind {
            SlotKind::Int => Slot::Int(x),
            SlotKind::Float => Slot::Float(x as f64),
            SlotKind::Time => Slot::Time(Timestamp::from_micros(x)),
            _ => return self.refuse("an integer"),
        };
        self.slots.set(self.index, slot);
        Ok(())
    }

    #[inline]
    fn float(self, x: f64) -> Result<(), ReadError> {
        if self.field.kind != SlotKind::Float {
            return self.refuse("a float");
        }
        self.slots.set(self.index, Slot::Float(x));
        Ok(())
    }

    fn missing(self) -> Result<(), ReadError> {
        self.slots.set(self.index, Slot::Missing);
        Ok(())
    }

    fn list(self, got: &'static str) -> Result<List<'a>, ReadError> {
        match self.field.kind {
            SlotKind::Numbers => self.slots.set_no_numbers(self.index),
            SlotKind::Texts => self.slots.set_no_texts(self.index),
            _ => return self.refuse(got),
        }
        Ok(List(Some(self)))
    }
}

impl<'a> Serializer for Cell<'a> {
    type Ok = ();
    type Error = ReadError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;

    refuse!(variants "");
    refuse!(maps "");
    unwrap_inner!();
    numbers!("an integer beyond 64 signed bits");
    texts!();

    fn serialize_bool(self, x: bool) -> Result<(), ReadError> {
        if self.field.kind == SlotKind::Int { self.int(i64::from(x)) } else { self.refuse("a boolean") }
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), ReadError> {
        match (self.field.kind, &self.field.vocabulary) {
            (SlotKind::Category, Some(vocabulary)) => self.slots.set_category(self.index, text, vocabulary),
            (SlotKind::Text, _) => self.slots.set_text(self.index, text),
            _ => return self.refuse("a text"),
        }
        Ok(())
    }

    fn serialize_none(self) -> Result<(), ReadError> {
        self.missing()
    }

    fn serialize_unit(self) -> Result<(), ReadError> {
        self.missing()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), ReadError> {
        self.missing()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'a>, ReadError> {
        self.list("a sequence")
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, ReadError> {
        self.list("a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, ReadError> {
        self.list("a tuple")
    }
}
