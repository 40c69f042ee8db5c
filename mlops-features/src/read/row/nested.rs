//! Fields that hold fields.

use mlops_core::Slot;
use serde::{Serialize, Serializer};

use super::cell::Cell;
use super::list::List;
use super::{MapRow, ReadError, Row};

/// A field inside of which columns are. Maps and structs are looked into; a null makes all inside missing; what else
/// comes is for the column of the field's own name, or passed over where there is none.
pub(super) struct Nested<'a> {
    /// What is inside.
    pub(super) row: Row<'a>,
    /// The column of the field's own name.
    pub(super) slot: Option<usize>,
}

impl<'a> Nested<'a> {
    fn own(self) -> Option<Cell<'a>> {
        let index = self.slot?;
        Some(Cell { field: &self.row.fields[index], index, slots: self.row.slots })
    }

    fn missing(self) -> Result<(), ReadError> {
        for &index in self.row.node.below.iter().chain(&self.slot) {
            // What came under its whole name stays.
            if self.row.slots.as_slice().get(index) == Some(&Slot::Absent) {
                self.row.slots.set(index, Slot::Missing);
            }
        }
        Ok(())
    }
}

/// Methods that hand what they get to the column of the field's own name.
macro_rules! own {
    ($($method:ident($($arg:ident: $type:ty),*) -> $ok:ty, $none:expr;)*) => {
        $(fn $method(self, $($arg: $type),*) -> Result<$ok, ReadError> {
            match self.own() {
                Some(cell) => cell.$method($($arg),*),
                None => Ok($none),
            }
        })*
    };
}

impl<'a> Serializer for Nested<'a> {
    type Ok = ();
    type Error = ReadError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeStructVariant = List<'a>;
    type SerializeMap = MapRow<'a>;
    type SerializeStruct = Row<'a>;

    unwrap_inner!();
    own! {
        serialize_bool(x: bool) -> (), ();
        serialize_i8(x: i8) -> (), ();
        serialize_i16(x: i16) -> (), ();
        serialize_i32(x: i32) -> (), ();
        serialize_i64(x: i64) -> (), ();
        serialize_u8(x: u8) -> (), ();
        serialize_u16(x: u16) -> (), ();
        serialize_u32(x: u32) -> (), ();
        serialize_u64(x: u64) -> (), ();
        serialize_f32(x: f32) -> (), ();
        serialize_f64(x: f64) -> (), ();
        serialize_char(x: char) -> (), ();
        serialize_str(x: &str) -> (), ();
        serialize_bytes(x: &[u8]) -> (), ();
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> (), ();
        serialize_seq(len: Option<usize>) -> List<'a>, List(None);
        serialize_tuple(len: usize) -> List<'a>, List(None);
        serialize_tuple_struct(name: &'static str, len: usize) -> List<'a>, List(None);
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

    fn serialize_map(self, _: Option<usize>) -> Result<MapRow<'a>, ReadError> {
        Ok(MapRow { row: self.row, place: None })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Row<'a>, ReadError> {
        Ok(self.row)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), ReadError> {
        self.own().map_or(Ok(()), |cell| cell.serialize_newtype_variant(name, index, variant, value))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<List<'a>, ReadError> {
        self.own().map_or(Ok(List(None)), |cell| cell.refuse("an enum with values"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<List<'a>, ReadError> {
        self.own().map_or(Ok(List(None)), |cell| cell.refuse("an enum with values"))
    }
}
