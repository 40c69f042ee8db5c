//! Batches become matrices.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use mlops_core::EncodedMatrix;
use ndarray::Array2;

use super::rows_at_a_time;
use crate::FeatureError;
use crate::define::scratch::Scratch;
use crate::fitted::FittedFeatures;
use crate::read::BatchReader;
use crate::threads::{share_of, share_out};
use crate::transform::Room;

impl FittedFeatures {
    /// Encodes a batch that was gathered: rows × numbers.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where a column is missing or of another type, [`FeatureError::Row`] for the first
    /// row that a policy refuses, [`FeatureError::TooWide`] for more than [`FeatureSet::WIDEST_DENSE`](crate::FeatureSet::WIDEST_DENSE) numbers a row.
    pub fn encode_batch(&self, batch: &RecordBatch) -> Result<EncodedMatrix, FeatureError> {
        self.encode_batch_parallel(batch, NonZeroUsize::MIN)
    }

    /// [`FittedFeatures::encode_batch`] by several threads, which end with it: the same bits and the same errors.
    ///
    /// # Errors
    /// Those of [`FittedFeatures::encode_batch`].
    #[tracing::instrument(skip_all, fields(rows = batch.num_rows()))]
    pub fn encode_batch_parallel(
        &self,
        batch: &RecordBatch,
        threads: NonZeroUsize,
    ) -> Result<EncodedMatrix, FeatureError> {
        let reader = BatchReader::new(&self.schema.fields, batch, "the batch")?;
        let (rows, width) = (reader.rows(), self.dense_width()?);
        let mut numbers = vec![0.0; rows * width];
        let share = share_of(rows, rows_at_a_time(width), threads);
        let mut rest = &mut numbers[..];
        let mut shares = Vec::new();
        for start in (0..rows).step_by(share) {
            let range = start..(start + share).min(rows);
            let (out, after) = std::mem::take(&mut rest).split_at_mut(range.len() * width);
            shares.push((range, out));
            rest = after;
        }
        // The shares are in the order of rows, so the first error is that of the first bad row.
        share_out(threads, shares, |(range, out)| self.encode_range(&reader, range, out))
            .into_iter()
            .collect::<Result<(), _>>()?;
        let values = Array2::from_shape_vec((rows, width), numbers).expect("rows × numbers were made");
        Ok(EncodedMatrix { values, names: Arc::clone(&self.names), features: self.fingerprint })
    }

    /// Encodes batches one after another, each when it is asked for: no more than one is held.
    ///
    /// # Errors
    /// Each item's: what `batches` says, or those of [`FittedFeatures::encode_batch`] with the row's number in its batch.
    pub fn encode_batches<E: From<FeatureError>>(
        &self,
        batches: impl IntoIterator<Item = Result<RecordBatch, E>>,
    ) -> impl Iterator<Item = Result<EncodedMatrix, E>> {
        batches.into_iter().map(|batch| Ok(self.encode_batch(&batch?)?))
    }

    /// Encodes a batch to columns of floats without nulls, named by the numbers, for writing to a file.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow::array::{AsArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
    /// use arrow::datatypes::Float64Type;
    /// use mlops_features::{Catalog, Feature, FeatureError, FeatureSet, Nulls};
    ///
    /// let catalog = Catalog::new();
    /// let x = Feature::number("x", "x", Nulls::constant(-1.0));
    /// let set = FeatureSet::builder("set", "at").floats(&["x"]).features([x]).build(&catalog)?;
    /// let batch = RecordBatch::try_from_iter([
    ///     ("at", Arc::new(TimestampMicrosecondArray::from(vec![0, 1])) as _),
    ///     ("x", Arc::new(Float64Array::from(vec![Some(2.0), None])) as _),
    /// ])?;
    /// let features = set.fit(|| [Ok::<_, FeatureError>(batch.clone())], &catalog)?;
    /// let numbers = features.encode_batch_to_arrow(&batch)?;
    /// assert_eq!(numbers["x"].as_primitive::<Float64Type>().values()[..], [2.0, -1.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`FittedFeatures::encode_batch`].
    #[tracing::instrument(skip_all, fields(rows = batch.num_rows()))]
    pub fn encode_batch_to_arrow(&self, batch: &RecordBatch) -> Result<RecordBatch, FeatureError> {
        let reader = BatchReader::new(&self.schema.fields, batch, "the batch")?;
        let (rows, width) = (reader.rows(), self.dense_width()?);
        let chunk = rows_at_a_time(width);
        let mut columns = vec![Vec::with_capacity(rows); width];
        let mut numbers = vec![0.0; chunk.min(rows) * width];
        for start in (0..rows).step_by(chunk) {
            let range = start..(start + chunk).min(rows);
            let out = &mut numbers[..range.len() * width];
            out.fill(0.0);
            self.encode_range(&reader, range, out)?;
            for (number, column) in columns.iter_mut().enumerate() {
                column.extend(out.iter().skip(number).step_by(width));
            }
        }
        let fields: Vec<Field> = self.names.iter().map(|name| Field::new(name, DataType::Float64, false)).collect();
        let array = |column: Vec<f64>| Arc::new(Float64Array::from(column)) as ArrayRef;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let columns = columns.into_iter().map(array).collect();
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
    }

    /// How many numbers a row has, if a matrix of all of them may be made.
    fn dense_width(&self) -> Result<usize, FeatureError> {
        self.set().check_dense(self.names.len())?;
        Ok(self.names.len())
    }

    /// Some rows, chunk by chunk, to `out`, which has a place for each number, all 0.
    fn encode_range(&self, reader: &BatchReader, range: Range<usize>, out: &mut [f64]) -> Result<(), FeatureError> {
        let (mut scratch, mut room) = (Scratch::default(), Room::default());
        let (width, chunk) = (self.names.len(), rows_at_a_time(self.names.len()));
        for start in range.clone().step_by(chunk) {
            let rows = start..(start + chunk).min(range.end);
            let out = &mut out[(rows.start - range.start) * width..][..rows.len() * width];
            self.encode_chunk(reader, rows, (&scratch, &mut room), out)
                .map_err(|(row, source)| FeatureError::Row { row, source })?;
            scratch.clear();
        }
        Ok(())
    }
}
