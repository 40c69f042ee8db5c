//! Names and kinds of columns, and what goes into a model and comes out.

use arrow::datatypes::{DataType, Field};
use serde::{Deserialize, Serialize};

use crate::{Fingerprint, SlotKind};

/// One column of a [`Schema`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: SlotKind,
}

/// The columns that a row or a batch must bring, by name; order and further columns don't matter. The column `a.b` is
/// that of a table under this very name or, where there is none, the field `b` of its struct column `a`, at any depth.
///
/// ```
/// use mlops_core::{Schema, SlotKind};
///
/// let schema = Schema::new([("distance", SlotKind::Int), ("carrier", SlotKind::Category)]);
/// assert_eq!(schema.columns[1].name, "carrier");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
}

impl Schema {
    /// The schema of these columns.
    #[must_use]
    pub fn new<N: Into<String>>(columns: impl IntoIterator<Item = (N, SlotKind)>) -> Self {
        Self { columns: columns.into_iter().map(|(name, kind)| Column { name: name.into(), kind }).collect() }
    }

    /// Checks that a table has each column, of a type that its kind can be read from.
    ///
    /// # Errors
    /// [`SchemaError`] with the first column that is absent or of another type.
    pub fn check(&self, table: &arrow::datatypes::Schema) -> Result<(), SchemaError> {
        for Column { name, kind } in &self.columns {
            let field = field_of(table, name)
                .ok_or_else(|| SchemaError::MissingColumn { column: name.clone(), wanted: *kind })?;
            if !kind.reads(field.data_type()) {
                let got = field.data_type().to_string();
                return Err(SchemaError::WrongType { column: name.clone(), got, wanted: *kind });
            }
        }
        Ok(())
    }
}

fn field_of<'a>(table: &'a arrow::datatypes::Schema, name: &str) -> Option<&'a Field> {
    if let Ok(field) = table.field_with_name(name) {
        return Some(field);
    }
    let (outer, mut name) = name.split_once('.')?;
    let mut field = table.field_with_name(outer).ok()?;
    loop {
        let DataType::Struct(fields) = field.data_type() else { return None };
        let (outer, inner) = name.split_once('.').unwrap_or((name, ""));
        field = fields.find(outer)?.1;
        if outer.len() == name.len() {
            return Some(field);
        }
        name = inner;
    }
}

impl SlotKind {
    /// Whether a slot of this kind can be read from an Arrow column of a type: floats from any number, integers
    /// from integers (unsigned ones up to 32 bits) and booleans, times from timestamps of any unit,
    /// categories and texts from strings, in a dictionary or not; lists from lists, of any layout, of what their
    /// items are read from.
    #[must_use]
    pub fn reads(self, data_type: &DataType) -> bool {
        use DataType as T;
        match data_type {
            T::Dictionary(_, values) => self.item().is_none() && self.reads(values),
            T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => {
                self.item().is_some_and(|kind| kind.reads(item.data_type()))
            }
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => {
                matches!(self, Self::Float | Self::Int)
            }
            T::Float32 | T::Float64 => self == Self::Float,
            T::Boolean => self == Self::Int,
            T::Timestamp(..) => self == Self::Time,
            T::Utf8 | T::LargeUtf8 | T::Utf8View => matches!(self, Self::Category | Self::Text),
            _ => false,
        }
    }

    /// The kind of a list's items.
    fn item(self) -> Option<Self> {
        match self {
            Self::Numbers => Some(Self::Float),
            Self::Texts => Some(Self::Text),
            _ => None,
        }
    }
}

/// A table that lacks a column, or has it in another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The column isn't there.
    #[error("column `{column}` ({wanted}) is missing")]
    MissingColumn {
        /// The column.
        column: String,
        /// What it should hold.
        wanted: SlotKind,
    },
    /// The column is there but can't be read.
    #[error("column `{column}` is of type {got}, which doesn't read as {wanted}")]
    WrongType {
        /// The column.
        column: String,
        /// The type that it has.
        got: String,
        /// What it should hold.
        wanted: SlotKind,
    },
}

/// What goes into a model and what comes out.
///
/// The fingerprint binds the model to the fitted features that it was trained on: the same names from
/// features that were fitted again are other numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The fitted features whose numbers the model takes.
    pub features: Fingerprint,
    /// The names of the numbers that go in, one a column of the input matrix.
    pub inputs: Vec<String>,
    /// The names of the numbers that come out, one a column of the output matrix.
    pub outputs: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema as Table};

    use super::{Schema, SlotKind};

    #[test]
    fn nested_columns_are_found_by_their_dotted_names() {
        let inner = DataType::Struct(vec![Field::new("age", DataType::Int32, true)].into());
        let outer = DataType::Struct(vec![Field::new("of", inner, true)].into());
        let table = Table::new(vec![
            Field::new("customer", outer, true),
            Field::new("customer.of.name", DataType::Utf8, true),
            Field::new("x", DataType::Float64, true),
        ]);
        let check = |name: &str, kind| Schema::new([(name, kind)]).check(&table).map_err(|error| error.to_string());
        assert_eq!(check("customer.of.age", SlotKind::Int), Ok(()));
        assert_eq!(check("customer.of.name", SlotKind::Text), Ok(()));
        for name in ["customer.age", "customer.of.", "customer.of.age.", "x.y", "x.", ".x", "of.age", "."] {
            assert_eq!(check(name, SlotKind::Int), Err(format!("column `{name}` (int) is missing")));
        }
        let wrong = check("customer.of.age", SlotKind::Text).expect_err("it isn't there");
        assert_eq!(wrong, "column `customer.of.age` is of type Int32, which doesn't read as text");
    }

    #[test]
    fn lists_are_read_from_lists_alone() {
        let item = |kind| Arc::new(Field::new("item", kind, true));
        let dictionary = |of| DataType::Dictionary(Box::new(DataType::Int32), Box::new(of));
        for (kind, wanted) in [
            (DataType::List(item(DataType::Float32)), Some(SlotKind::Numbers)),
            (DataType::LargeList(item(DataType::UInt8)), Some(SlotKind::Numbers)),
            (DataType::FixedSizeList(item(DataType::Int64), 3), Some(SlotKind::Numbers)),
            (DataType::List(item(DataType::Utf8View)), Some(SlotKind::Texts)),
            (DataType::List(item(dictionary(DataType::Utf8))), Some(SlotKind::Texts)),
            (DataType::List(item(DataType::Boolean)), None),
            (DataType::List(item(DataType::UInt64)), None),
            (DataType::List(item(DataType::List(item(DataType::Float64)))), None),
            (dictionary(DataType::List(item(DataType::Float64))), None),
        ] {
            let all = [SlotKind::Float, SlotKind::Int, SlotKind::Text, SlotKind::Category, SlotKind::Time];
            let lists = [SlotKind::Numbers, SlotKind::Texts];
            let read: Vec<_> = all.iter().chain(&lists).copied().filter(|slot| slot.reads(&kind)).collect();
            assert_eq!(read, Vec::from_iter(wanted), "{kind}");
        }
    }
}
