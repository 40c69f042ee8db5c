//! Names and kinds of columns, and what goes into a model and comes out.

use arrow::datatypes::DataType;
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

/// The columns that a row or a batch must bring, by name; order and further columns don't matter.
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
            let field = table
                .field_with_name(name)
                .map_err(|_| SchemaError::MissingColumn { column: name.clone(), wanted: *kind })?;
            if !kind.reads(field.data_type()) {
                let got = field.data_type().to_string();
                return Err(SchemaError::WrongType { column: name.clone(), got, wanted: *kind });
            }
        }
        Ok(())
    }
}

impl SlotKind {
    /// Whether a slot of this kind can be read from an Arrow column of a type: floats from any number, integers
    /// from integers (unsigned ones up to 32 bits) and booleans, times from timestamps of any unit,
    /// categories and texts from strings, in a dictionary or not.
    #[must_use]
    pub fn reads(self, data_type: &DataType) -> bool {
        use DataType as T;
        match data_type {
            T::Dictionary(_, values) => self.reads(values),
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
