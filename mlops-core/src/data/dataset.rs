//! A table in memory with the version of its content.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{cast, concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::version::{DatasetVersion, has_canonical_bytes};
use crate::Timestamp;

/// A table, immutable, with a version that its content alone decides.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{Int64Array, RecordBatch};
/// use mlops_core::Dataset;
///
/// let batch = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1, 2, 3])) as _)]).unwrap();
/// let whole = Dataset::from_batches([batch.clone()]).unwrap();
/// let parts = Dataset::from_batches([batch.slice(0, 1), batch.slice(1, 2)]).unwrap();
/// assert_eq!(whole.version(), parts.version());
/// ```
#[derive(Clone, Debug)]
pub struct Dataset {
    batch: RecordBatch,
    version: OnceLock<DatasetVersion>,
}

/// Why a dataset couldn't be read, made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The file can't be opened, read or written.
    #[error("cannot open `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file isn't Parquet, or is damaged.
    #[error("`{}` is not a whole Parquet file", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader met.
        source: ParquetError,
    },
    /// The file's pages can't be decoded, or batches don't belong together.
    #[error("the rows of {origin} cannot be read as one table")]
    Arrow {
        /// The file, or `batches`.
        origin: String,
        /// What was met.
        source: ArrowError,
    },
    /// There was no batch, so there is no schema.
    #[error("a dataset needs at least one batch, for its schema; none was given")]
    NoBatches,
    /// A mask or an order of another length than the table.
    #[error("{got} values were given for a table of {wanted} rows")]
    WrongLength {
        /// How many were given.
        got: usize,
        /// How many rows there are.
        wanted: usize,
    },
    /// A column of a type whose values have no canonical bytes to make a version of (maps, unions).
    #[error("column `{column}` is of type {got}, of whose values no version can be made")]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its type.
        got: String,
    },
    /// A column of another type.
    #[error("column `{column}` is of type {got}; {wanted} were wanted")]
    WrongType {
        /// The column.
        column: String,
        /// Its type.
        got: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The table has no such column.
    #[error("there is no column `{column}`")]
    MissingColumn {
        /// The column.
        column: String,
    },
}

impl Dataset {
    /// The rows of a Parquet file.
    ///
    /// # Errors
    /// [`DatasetError::Io`] where the file can't be opened, [`DatasetError::Parquet`] or
    /// [`DatasetError::Arrow`] where it is damaged.
    #[tracing::instrument(fields(path = %path.as_ref().display()))]
    pub fn read_parquet(path: impl AsRef<Path>) -> Result<Self, DatasetError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| DatasetError::Io { path: path.into(), source })?;
        let damaged = |source| DatasetError::Parquet { path: path.into(), source };
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let schema = SchemaRef::clone(reader.schema());
        let reader = reader.with_batch_size(1 << 16).build().map_err(damaged)?;
        let torn = |source| DatasetError::Arrow { origin: format!("`{}`", path.display()), source };
        let batches = reader.collect::<Result<Vec<_>, _>>().map_err(torn)?;
        Self::new(concat_batches(&schema, &batches).map_err(torn)?)
    }

    /// The rows of these batches, one after the other.
    ///
    /// # Errors
    /// [`DatasetError::NoBatches`] without a batch, [`DatasetError::Arrow`] where their columns differ.
    pub fn from_batches(batches: impl IntoIterator<Item = RecordBatch>) -> Result<Self, DatasetError> {
        let batches: Vec<_> = batches.into_iter().collect();
        let schema = batches.first().ok_or(DatasetError::NoBatches)?.schema();
        let batch = concat_batches(&schema, &batches)
            .map_err(|source| DatasetError::Arrow { origin: "the batches".into(), source })?;
        Self::new(batch)
    }

    fn new(batch: RecordBatch) -> Result<Self, DatasetError> {
        if let Some(field) = batch.schema().fields().iter().find(|field| !has_canonical_bytes(field.data_type())) {
            let got = field.data_type().to_string();
            return Err(DatasetError::UnsupportedType { column: field.name().clone(), got });
        }
        Ok(Self { batch, version: OnceLock::new() })
    }

    /// Writes the rows as a Parquet file (zstd).
    ///
    /// # Errors
    /// [`DatasetError::Io`] or [`DatasetError::Parquet`] with the path.
    pub fn write_parquet(&self, path: impl AsRef<Path>) -> Result<(), DatasetError> {
        let path = path.as_ref();
        let file = File::create(path).map_err(|source| DatasetError::Io { path: path.into(), source })?;
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let failed = |source| DatasetError::Parquet { path: path.into(), source };
        let mut writer = ArrowWriter::try_new(file, self.batch.schema(), Some(properties)).map_err(failed)?;
        writer.write(&self.batch).map_err(failed)?;
        writer.close().map_err(failed)?;
        Ok(())
    }

    /// The version of the content; computed at the first call.
    #[must_use]
    pub fn version(&self) -> DatasetVersion {
        *self.version.get_or_init(|| {
            DatasetVersion::of(&self.batch).expect("every type was checked when the dataset was made")
        })
    }

    /// The rows.
    #[must_use]
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column by name.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`] where there is none of that name.
    pub fn column(&self, name: &str) -> Result<&ArrayRef, DatasetError> {
        self.batch.column_by_name(name).ok_or_else(|| DatasetError::MissingColumn { column: name.into() })
    }

    /// The texts of a column; nulls are empty.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`], or [`DatasetError::Arrow`] where the column has no text form.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, DatasetError> {
        let origin = || format!("column `{name}`");
        let texts = cast(self.column(name)?, &DataType::Utf8)
            .map_err(|source| DatasetError::Arrow { origin: origin(), source })?;
        Ok(texts.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    }

    /// The numbers of a column; nulls are NaN, booleans 0 and 1.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`], or [`DatasetError::WrongType`] where the column holds no numbers: texts and
    /// times are none.
    pub fn floats(&self, name: &str) -> Result<Vec<f64>, DatasetError> {
        let column = self.column(name)?;
        let got = column.data_type();
        if !(got.is_numeric() || *got == DataType::Boolean) {
            return Err(DatasetError::WrongType { column: name.into(), got: got.to_string(), wanted: "numbers" });
        }
        let floats = cast(column, &DataType::Float64)
            .map_err(|source| DatasetError::Arrow { origin: format!("column `{name}`"), source })?;
        Ok(floats.as_primitive::<Float64Type>().iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }

    /// The times of a column; rows without one have `None`.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`], or [`DatasetError::WrongType`] where the column holds no times.
    pub fn times(&self, name: &str) -> Result<Vec<Option<Timestamp>>, DatasetError> {
        let column = self.column(name)?;
        let DataType::Timestamp(_, zone) = column.data_type() else {
            let got = column.data_type().to_string();
            return Err(DatasetError::WrongType { column: name.into(), got, wanted: "times" });
        };
        let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
            .map_err(|source| DatasetError::Arrow { origin: format!("column `{name}`"), source })?;
        let micros = micros.as_primitive::<TimestampMicrosecondType>();
        Ok(micros.iter().map(|micros| micros.map(Timestamp::from_micros)).collect())
    }

    /// The rows whose time in a column is in `from..to`; rows without one are not.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`], or [`DatasetError::WrongType`] where the column holds no times.
    pub fn between(&self, name: &str, from: Timestamp, to: Timestamp) -> Result<Self, DatasetError> {
        let inside = |time: Option<Timestamp>| time.is_some_and(|time| (from..to).contains(&time));
        self.filter(&self.times(name)?.into_iter().map(inside).collect::<Vec<_>>())
    }

    /// The rows in the order of the values of columns, nulls first; rows that tie keep their order.
    ///
    /// # Errors
    /// [`DatasetError::MissingColumn`], or [`DatasetError::Arrow`] where a column's values have no order.
    pub fn sort_by(&self, columns: &[&str]) -> Result<Self, DatasetError> {
        let failed = |source| DatasetError::Arrow { origin: format!("columns {columns:?}"), source };
        let keys = columns.iter().map(|name| self.column(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        let fields = keys.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let keys = RowConverter::new(fields).and_then(|rows| rows.convert_columns(&keys)).map_err(failed)?;
        let mut order: Vec<u64> = (0..self.rows() as u64).collect();
        order.sort_by_key(|&row| keys.row(row as usize));
        let batch = take_record_batch(&self.batch, &UInt64Array::from(order)).map_err(failed)?;
        Self::new(batch)
    }

    /// The last rows of the table, `rows` at most.
    #[must_use]
    pub fn last(&self, rows: usize) -> Self {
        let rows = rows.min(self.rows());
        Self { batch: self.batch.slice(self.rows() - rows, rows), version: OnceLock::new() }
    }

    /// The rows for which `keep` says so.
    ///
    /// # Errors
    /// [`DatasetError::WrongLength`] where `keep` has not one value a row.
    pub fn filter(&self, keep: &[bool]) -> Result<Self, DatasetError> {
        if keep.len() != self.rows() {
            return Err(DatasetError::WrongLength { got: keep.len(), wanted: self.rows() });
        }
        let mask = BooleanArray::from(keep.to_vec());
        let batch = filter_record_batch(&self.batch, &mask)
            .map_err(|source| DatasetError::Arrow { origin: "the filtered table".into(), source })?;
        Self::new(batch)
    }
}
