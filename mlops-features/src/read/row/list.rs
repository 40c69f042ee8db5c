//! Lists in fields.

use mlops_core::SlotKind;
use serde::ser::{
    Impossible, SerializeSeq, SerializeStructVariant, SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use super::ReadError;
use super::cell::Cell;

/// The items of a list for a cell that was made an empty list; without a cell they are passed over.
pub(super) struct List<'a>(pub(super) Option<Cell<'a>>);

impl List<'_> {
    #[inline]
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ReadError> {
        match &mut self.0 {
            Some(cell) => value.serialize(Item(cell)),
            None => Ok(()),
        }
    }
}

macro_rules! items {
    ($($trait:ident::$method:ident($($name:ty)?)),*) => {
        $(impl $trait for List<'_> {
            type Ok = ();
            type Error = ReadError;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? value: &T) -> Result<(), ReadError> {
                self.push(value)
            }

            fn end(self) -> Result<(), ReadError> {
                Ok(())
            }
        })*
    };
}

items! {
    SerializeSeq::serialize_element(), SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(), SerializeTupleVariant::serialize_field(),
    SerializeStructVariant::serialize_field(&'static str)
}

/// One item of a list.
struct Item<'a, 'c>(&'c mut Cell<'a>);

impl Item<'_, '_> {
    fn refuse<T>(&self, got: &'static str) -> Result<T, ReadError> {
        self.0.refuse(got)
    }

    #[inline]
    fn int(self, x: i64) -> Result<(), ReadError> {
        if self.0.field.kind != SlotKind::Numbers {
            return self.refuse("a list with an integer");
        }
        self.0.slots.push_number(self.0.index, x as f64);
        Ok(())
    }

    #[inline]
    fn float(self, x: f64) -> Result<(), ReadError> {
        if self.0.field.kind != SlotKind::Numbers {
            return self.refuse("a list with a float");
        }
        self.0.slots.push_number(self.0.index, x);
        Ok(())
    }
}

impl Serializer for Item<'_, '_> {
    type Ok = ();
    type Error = ReadError;

    refuse!(nothing "a list with ");
    refuse!(sequences "a list with ");
    refuse!(variants "a list with ");
    refuse!(maps "a list with ");
    refuse! { serialize_bool(bool) "a list with a boolean" }
    unwrap_inner!();
    numbers!("a list with an integer beyond 64 signed bits");
    texts!();

    fn serialize_str(self, text: &str) -> Result<(), ReadError> {
        if self.0.field.kind != SlotKind::Texts {
            return self.refuse("a list with a text");
        }
        self.0.slots.push_text(self.0.index, text);
        Ok(())
    }
}
