//! Any serialisable row, read by name through a compiled plan.

use std::collections::HashMap;
use std::fmt;

use mlops_core::{EncodeError, Slot, SlotField, SlotKind, SlotSchema, Slots, Timestamp};
use serde::ser::{Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

/// Reads the fields of a row into the slots of their columns. Fields that come in the order of the columns are
/// found by one comparison; any others by a look-up; those that no column names are passed over.
#[derive(Clone, Debug)]
pub(crate) struct RowReader {
    positions: HashMap<Box<str>, usize, foldhash::fast::FixedState>,
}

impl RowReader {
    pub(crate) fn new(schema: &SlotSchema) -> Self {
        let request = schema.fields.iter().take(schema.request);
        Self { positions: request.enumerate().map(|(index, field)| (field.name.as_str().into(), index)).collect() }
    }

    pub(crate) fn read<R: Serialize + ?Sized>(
        &self,
        schema: &SlotSchema,
        row: &R,
        slots: &mut Slots,
    ) -> Result<(), EncodeError> {
        slots.expect(schema.request, schema.fields.len());
        row.serialize(Row { reader: self, fields: &schema.fields[..schema.request], slots, next: 0 })
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

struct Row<'a> {
    reader: &'a RowReader,
    fields: &'a [SlotField],
    slots: &'a mut Slots,
    next: usize,
}

impl Row<'_> {
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), ReadError> {
        let index = match self.fields.get(self.next) {
            Some(field) if field.name == name => self.next,
            _ => match self.reader.positions.get(name) {
                Some(&index) => index,
                None => return Ok(()),
            },
        };
        self.next = index + 1;
        value.serialize(Cell { field: &self.fields[index], index, slots: self.slots })
    }
}

/// Serializer methods that refuse what they get; the type says how, in its method `refuse`.
macro_rules! refuse {
    ($($method:ident($($type:ty),*) $got:literal),* $(,)?) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), ReadError> {
            self.refuse($got)
        })*
    };
    (numbers) => {
        refuse! {
            serialize_bool(bool) "a boolean", serialize_i8(i8) "an integer", serialize_i16(i16) "an integer",
            serialize_i32(i32) "an integer", serialize_i64(i64) "an integer", serialize_u8(u8) "an integer",
            serialize_u16(u16) "an integer", serialize_u32(u32) "an integer", serialize_u64(u64) "an integer",
            serialize_f32(f32) "a float", serialize_f64(f64) "a float",
        }
    };
    (nothing) => {
        refuse! {
            serialize_none() "none", serialize_unit() "a unit", serialize_unit_struct(&'static str) "a unit",
        }
    };
    (sequences) => {
        type SerializeSeq = Impossible<(), ReadError>;
        type SerializeTuple = Impossible<(), ReadError>;
        type SerializeTupleStruct = Impossible<(), ReadError>;
        type SerializeTupleVariant = Impossible<(), ReadError>;
        type SerializeStructVariant = Impossible<(), ReadError>;

        refuse! { serialize_bytes(&[u8]) "bytes" }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), ReadError> {
            self.refuse("an enum with a value")
        }

        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, ReadError> {
            self.refuse("a sequence")
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, ReadError> {
            self.refuse("a tuple")
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, ReadError> {
            self.refuse("a tuple")
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, ReadError> {
            self.refuse("an enum with values")
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, ReadError> {
            self.refuse("an enum with values")
        }
    };
    (maps) => {
        type SerializeMap = Impossible<(), ReadError>;
        type SerializeStruct = Impossible<(), ReadError>;

        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, ReadError> {
            self.refuse("a map")
        }

        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, ReadError> {
            self.refuse("a struct")
        }
    };
}

/// The forms that stand for the value inside of them.
macro_rules! unwrap_inner {
    () => {
        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), ReadError> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            value: &T,
        ) -> Result<(), ReadError> {
            value.serialize(self)
        }
    };
}

impl Row<'_> {
    fn refuse<T>(&self, got: &'static str) -> Result<T, ReadError> {
        Err(ReadError(EncodeError::NotARow { got }))
    }
}

impl<'a> Serializer for Row<'a> {
    type Ok = ();
    type Error = ReadError;
    type SerializeMap = MapRow<'a>;
    type SerializeStruct = Self;

    refuse!(numbers);
    refuse!(nothing);
    refuse!(sequences);
    refuse! {
        serialize_char(char) "a text", serialize_str(&str) "a text",
        serialize_unit_variant(&'static str, u32, &'static str) "an enum",
    }
    unwrap_inner!();

    fn serialize_map(self, _: Option<usize>) -> Result<MapRow<'a>, ReadError> {
        Ok(MapRow { row: self, key: String::new() })
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
        self.field(name, value)
    }

    fn end(self) -> Result<(), ReadError> {
        Ok(())
    }
}

/// A map's fields. A key that comes together with its value is read in place; one that comes alone is kept.
struct MapRow<'a> {
    row: Row<'a>,
    key: String,
}

impl SerializeMap for MapRow<'_> {
    type Ok = ();
    type Error = ReadError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ReadError> {
        self.key.clear();
        let kept = &mut self.key;
        key.serialize(Key(|text: &str| {
            kept.push_str(text);
            Ok(())
        }))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ReadError> {
        self.row.field(&self.key, value)
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

/// A map's key, which has to be a text; handed to a function.
struct Key<F>(F);

impl<F> Key<F> {
    fn refuse<T>(&self, _: &'static str) -> Result<T, ReadError> {
        Err(ReadError(EncodeError::NotARow { got: "a map with keys that are no texts" }))
    }
}

impl<F: FnOnce(&str) -> Result<(), ReadError>> Serializer for Key<F> {
    type Ok = ();
    type Error = ReadError;

    refuse!(numbers);
    refuse!(nothing);
    refuse!(sequences);
    refuse!(maps);
    unwrap_inner!();

    fn serialize_str(self, text: &str) -> Result<(), ReadError> {
        (self.0)(text)
    }

    fn serialize_char(self, c: char) -> Result<(), ReadError> {
        (self.0)(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), ReadError> {
        (self.0)(name)
    }
}

/// The value of a field.
struct Cell<'a> {
    field: &'a SlotField,
    index: usize,
    slots: &'a mut Slots,
}

/// Integers, all read as 64 bits.
macro_rules! ints {
    ($($method:ident($type:ty)),*) => {
        $(#[inline]
        fn $method(self, x: $type) -> Result<(), ReadError> {
            self.int(i64::from(x))
        })*
    };
}

impl Cell<'_> {
    fn refuse<T>(&self, got: &'static str) -> Result<T, ReadError> {
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

    fn missing(self) -> Result<(), ReadError> {
        self.slots.set(self.index, Slot::Missing);
        Ok(())
    }
}

impl Serializer for Cell<'_> {
    type Ok = ();
    type Error = ReadError;

    refuse!(sequences);
    refuse!(maps);
    unwrap_inner!();
    ints! {
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32)
    }

    fn serialize_bool(self, x: bool) -> Result<(), ReadError> {
        if self.field.kind == SlotKind::Int { self.int(i64::from(x)) } else { self.refuse("a boolean") }
    }

    fn serialize_u64(self, x: u64) -> Result<(), ReadError> {
        match i64::try_from(x) {
            Ok(x) => self.int(x),
            Err(_) => self.refuse("an integer beyond 64 signed bits"),
        }
    }

    fn serialize_f32(self, x: f32) -> Result<(), ReadError> {
        self.serialize_f64(f64::from(x))
    }

    #[inline]
    fn serialize_f64(self, x: f64) -> Result<(), ReadError> {
        if self.field.kind != SlotKind::Float {
            return self.refuse("a float");
        }
        self.slots.set(self.index, Slot::Float(x));
        Ok(())
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

    fn serialize_char(self, c: char) -> Result<(), ReadError> {
        self.serialize_str(c.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), ReadError> {
        self.serialize_str(name)
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
}
