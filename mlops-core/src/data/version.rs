//! A version by content.

use std::fmt;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use serde::{Deserialize, Serialize};

use crate::{Fingerprint, FingerprintHasher};

/// The version of a dataset: a digest of its logical values, in order.
///
/// It depends on the columns' names, logical types and values and on nothing else: not on the size of the
/// batches or of row groups, not on dictionary encoding, string width or compression, not on metadata. All
/// NaNs are one value; zero and minus zero are two, and so are null and NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatasetVersion(pub Fingerprint);

impl fmt::Display for DatasetVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The type whose values a column logically holds, however they are laid out.
fn logical(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => logical(values),
        DataType::RunEndEncoded(_, values) => logical(values.data_type()),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

impl DatasetVersion {
    /// The version of a table.
    pub(super) fn of(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let mut whole = FingerprintHasher::new("dataset");
        whole.number(batch.num_rows() as u64);
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let logical = logical(field.data_type());
            let array = if *array.data_type() == logical { array.clone() } else { cast(array, &logical)? };
            let mut hasher = FingerprintHasher::new("column");
            hasher.text(field.name());
            hasher.text(&logical.to_string());
            hash_values(&array, &mut hasher)?;
            whole.fingerprint(hasher.finish());
        }
        Ok(Self(whole.finish()))
    }
}

/// Whether the values of a type have a canonical form of bytes.
pub(super) fn has_canonical_bytes(data_type: &DataType) -> bool {
    RowConverter::supports_fields(&[SortField::new(logical(data_type))])
}

/// Feeds each value: a byte for null or not, then the value's own bytes. Chunks leave no trace.
fn hash_values(array: &ArrayRef, hasher: &mut FingerprintHasher) -> Result<(), ArrowError> {
    let mut stream = Stream { hasher, buffer: Vec::with_capacity(FLUSH_AT + 64) };
    match array.data_type() {
        DataType::Float32 => array
            .as_primitive::<Float32Type>()
            .iter()
            .for_each(|x| stream.value(x.map(|x| if x.is_nan() { f32::NAN } else { x }.to_le_bytes()))),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .iter()
            .for_each(|x| stream.value(x.map(|x| if x.is_nan() { f64::NAN } else { x }.to_le_bytes()))),
        DataType::Boolean => array.as_boolean().iter().for_each(|x| stream.value(x.map(|x| [u8::from(x)]))),
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|text| stream.framed(text.map(str::as_bytes))),
        DataType::Binary => array.as_binary::<i32>().iter().for_each(|bytes| stream.framed(bytes)),
        other => match other.primitive_width() {
            Some(width) => {
                let data = array.to_data();
                let bytes = &data.buffers()[0].as_slice()[data.offset() * width..];
                for (row, value) in bytes.chunks_exact(width).take(data.len()).enumerate() {
                    stream.value(array.is_valid(row).then_some(value));
                }
            }
            // Nested types: Arrow's row format is a total, prefix-free encoding of them.
            None => {
                let converter = RowConverter::new(vec![SortField::new(other.clone())])?;
                let rows = converter.convert_columns(std::slice::from_ref(array))?;
                rows.iter().for_each(|row| stream.value(Some(row.data())));
            }
        },
    }
    stream.flush();
    Ok(())
}

const FLUSH_AT: usize = 1 << 14;

/// Values on their way into a digest, in blocks, since a digest is slow in small bites.
struct Stream<'a> {
    hasher: &'a mut FingerprintHasher,
    buffer: Vec<u8>,
}

impl Stream<'_> {
    fn value(&mut self, bytes: Option<impl AsRef<[u8]>>) {
        match bytes {
            None => self.buffer.push(0),
            Some(bytes) => {
                self.buffer.push(1);
                self.buffer.extend_from_slice(bytes.as_ref());
            }
        }
        if self.buffer.len() >= FLUSH_AT {
            self.flush();
        }
    }

    fn framed(&mut self, bytes: Option<&[u8]>) {
        self.value(bytes.map(|bytes| (bytes.len() as u64).to_le_bytes()));
        self.buffer.extend_from_slice(bytes.unwrap_or_default());
    }

    fn flush(&mut self) {
        self.hasher.raw(&self.buffer);
        self.buffer.clear();
    }
}
