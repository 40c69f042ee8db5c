//! Serializer methods that several types share.

/// Methods that refuse what they get; the type says how, in its method `refuse`, and what comes before what was got.
macro_rules! refuse {
    ($($method:ident($($type:ty),*) $got:expr),* $(,)?) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), ReadError> {
            self.refuse($got)
        })*
    };
    (numbers $before:literal) => {
        refuse! {
            serialize_bool(bool) concat!($before, "a boolean"),
            serialize_i8(i8) concat!($before, "an integer"), serialize_i16(i16) concat!($before, "an integer"),
            serialize_i32(i32) concat!($before, "an integer"), serialize_i64(i64) concat!($before, "an integer"),
            serialize_u8(u8) concat!($before, "an integer"), serialize_u16(u16) concat!($before, "an integer"),
            serialize_u32(u32) concat!($before, "an integer"), serialize_u64(u64) concat!($before, "an integer"),
            serialize_f32(f32) concat!($before, "a float"), serialize_f64(f64) concat!($before, "a float"),
        }
    };
    (nothing $before:literal) => {
        refuse! {
            serialize_none() concat!($before, "a null"), serialize_unit() concat!($before, "a null"),
            serialize_unit_struct(&'static str) concat!($before, "a null"),
        }
    };
    (sequences $before:literal) => {
        type SerializeSeq = Impossible<(), ReadError>;
        type SerializeTuple = Impossible<(), ReadError>;
        type SerializeTupleStruct = Impossible<(), ReadError>;

        fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, ReadError> {
            self.refuse(concat!($before, "a sequence"))
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, ReadError> {
            self.refuse(concat!($before, "a tuple"))
        }

        fn serialize_tuple_struct(
            self,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleStruct, ReadError> {
            self.refuse(concat!($before, "a tuple"))
        }
    };
    (variants $before:literal) => {
        type SerializeTupleVariant = Impossible<(), ReadError>;
        type SerializeStructVariant = Impossible<(), ReadError>;

        refuse! { serialize_bytes(&[u8]) concat!($before, "bytes") }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), ReadError> {
            self.refuse(concat!($before, "an enum with a value"))
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, ReadError> {
            self.refuse(concat!($before, "an enum with values"))
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, ReadError> {
            self.refuse(concat!($before, "an enum with values"))
        }
    };
    (maps $before:literal) => {
        type SerializeMap = Impossible<(), ReadError>;
        type SerializeStruct = Impossible<(), ReadError>;

        fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, ReadError> {
            self.refuse(concat!($before, "a map"))
        }

        fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, ReadError> {
            self.refuse(concat!($before, "a struct"))
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

/// Characters and the names of enums, which are read as texts.
macro_rules! texts {
    () => {
        fn serialize_char(self, c: char) -> Result<(), ReadError> {
            self.serialize_str(c.encode_utf8(&mut [0; 4]))
        }

        fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), ReadError> {
            self.serialize_str(name)
        }
    };
}

/// Integers, all read as 64 bits, and floats; the type takes them in its methods `int` and `float`.
macro_rules! numbers {
    ($beyond:literal) => {
        numbers! {
            int serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
            serialize_u8(u8), serialize_u16(u16), serialize_u32(u32)
        }

        fn serialize_u64(self, x: u64) -> Result<(), ReadError> {
            match i64::try_from(x) {
                Ok(x) => self.int(x),
                Err(_) => self.refuse($beyond),
            }
        }

        fn serialize_f32(self, x: f32) -> Result<(), ReadError> {
            self.float(f64::from(x))
        }

        #[inline]
        fn serialize_f64(self, x: f64) -> Result<(), ReadError> {
            self.float(x)
        }
    };
    (int $($method:ident($type:ty)),*) => {
        $(#[inline]
        fn $method(self, x: $type) -> Result<(), ReadError> {
            self.int(i64::from(x))
        })*
    };
}
