//! Rows of mostly zeros become the numbers that are none.

use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{EncodeError, Fingerprint, Slots, Value};
use sprs::CsMat;

use super::{Given, columns, one_nan, refused, resolve, times};
use crate::FeatureError;
use crate::define::compile::CompiledExpr;
use crate::define::plan::PlannedSource;
use crate::define::scratch::Scratch;
use crate::fitted::{CompiledFeature, FittedFeatures};
use crate::read::BatchReader;
use crate::transform::Refusal;

/// How many rows are computed at a time.
const CHUNK: usize = 1024;

/// Up to how many numbers the dense kernel is as good, and needs no buffer of the transform's own.
const NARROW: usize = 16;

/// Rows × features of which only the numbers that aren't 0 are stored, in compressed rows.
#[derive(Clone, Debug)]
pub struct EncodedSparse {
    /// The numbers, by row. Those that aren't stored are 0; NaN is stored, and −0 too.
    pub values: CsMat<f64>,
    /// The name of each column.
    pub names: Arc<[String]>,
    /// The fitted features that made them.
    pub features: Fingerprint,
}

/// Rows in the making: the numbers that aren't 0 and their places, row behind row.
#[derive(Debug, Default)]
struct Stored {
    places: Vec<usize>,
    numbers: Vec<f64>,
}

impl Stored {
    #[inline]
    fn push(&mut self, place: usize, number: f64) {
        if stored(number) {
            self.places.push(place);
            self.numbers.push(one_nan(number));
        }
    }

    fn truncate(&mut self, len: usize) {
        self.places.truncate(len);
        self.numbers.truncate(len);
    }
}

/// A number that isn't 0.
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: usize,
    number: f64,
}

/// Whether it is stored.
fn stored(number: f64) -> bool {
    number.to_bits() != 0
}

impl FittedFeatures {
    /// Encodes a batch that was gathered without the numbers that are 0, nor room for them, however wide it is. The others are,
    /// bit for bit, those of [`FittedFeatures::encode_batch`].
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where a column is missing or of another type, [`FeatureError::Row`] for the first
    /// row that a policy refuses.
    #[tracing::instrument(skip_all, fields(rows = batch.num_rows()))]
    pub fn encode_batch_sparse(&self, batch: &RecordBatch) -> Result<EncodedSparse, FeatureError> {
        let reader = BatchReader::new(&self.schema.fields, batch, "the batch")?;
        let shape = (reader.rows(), self.names.len());
        let (mut starts, mut out) = (vec![0], Stored::default());
        let (mut scratch, mut room) = (Scratch::default(), Scratch::default());
        for start in (0..reader.rows()).step_by(CHUNK) {
            self.sparse_chunk(&reader, start, (&scratch, &mut room), &mut starts, &mut out)?;
            scratch.clear();
        }
        let values = CsMat::try_new(shape, starts, out.places, out.numbers)
            .map_err(|(.., error)| error)
            .expect("the places of each row are in order and within its width");
        Ok(EncodedSparse { values, names: Arc::clone(&self.names), features: self.fingerprint })
    }

    fn sparse_chunk(
        &self,
        reader: &BatchReader,
        start: usize,
        (scratch, room): (&Scratch, &mut Scratch),
        starts: &mut Vec<usize>,
        out: &mut Stored,
    ) -> Result<(), FeatureError> {
        let range = start..(start + CHUNK).min(reader.rows());
        let columns = columns(reader, &self.schema.fields, &self.uses, &range);
        let given = self.features.iter().map(|feature| match &feature.source {
            PlannedSource::Value { value, .. } => columns.given(value, range.len(), scratch),
            PlannedSource::Product(_) => Given::Numbers(&[]),
        });
        let given: Vec<Given<'_, '_>> = given.collect();
        for row in 0..range.len() {
            self.sparse_row(|place, _| given[place].get(row).unwrap_or(Value::Missing), room, out)
                .map_err(|source| FeatureError::Row { row: start + row, source })?;
            starts.push(out.places.len());
            room.clear();
        }
        Ok(())
    }

    /// Computes the numbers of a row that aren't 0, and their places among all, in order; what was in the vectors is
    /// forgotten. Nothing is allocated once they have grown to what comes, unless by a transform that has no
    /// [`apply_sparse`](crate::Fitted::apply_sparse) of its own.
    ///
    /// # Errors
    /// [`EncodeError`] that names the feature. The vectors are then of no use.
    pub fn encode_sparse(
        &self,
        slots: &Slots,
        indices: &mut Vec<usize>,
        values: &mut Vec<f64>,
    ) -> Result<(), EncodeError> {
        indices.clear();
        values.clear();
        let mut out = Stored { places: std::mem::take(indices), numbers: std::mem::take(values) };
        let done = self
            .scratches
            .with(|scratch| self.sparse_row(|_, value| value.value(slots, scratch), scratch, &mut out));
        (*indices, *values) = (out.places, out.numbers);
        done
    }

    /// Appends the numbers of a row; `value_of` gives the value of the feature in a place.
    fn sparse_row<'v>(
        &'v self,
        value_of: impl Fn(usize, &'v CompiledExpr) -> Value<'v>,
        scratch: &Scratch,
        out: &mut Stored,
    ) -> Result<(), EncodeError> {
        let begin = out.places.len();
        // By feature, which of what is stored is its own.
        let of: &mut [(usize, usize)] = scratch.room().alloc_slice_fill_copy(self.features.len(), (0, 0));
        for &place in &self.order {
            let (feature, start) = (&self.features[place], out.places.len());
            match &feature.source {
                PlannedSource::Value { value, .. } => {
                    let mut value = value_of(place, value);
                    if let Some(own) = feature.own_vocabulary() {
                        value = resolve(value, own);
                    }
                    one(feature, value, scratch, out)
                        .map_err(|refusal| refused(&feature.name, refusal, Some(value)))?;
                }
                PlannedSource::Product(factors) => {
                    let mut product: &[Entry] = &[Entry { place: 0, number: 1.0 }];
                    let mut width = 1;
                    for &factor in factors {
                        let (start, end) = of[factor];
                        let factor = self.features[factor].numbers();
                        let stored = out.places[start..end].iter().zip(&out.numbers[start..end]);
                        let entry = |(place, &number): (&usize, _)| Entry { place: place - factor.start, number };
                        product = multiply_stored(product, &stored.map(entry), factor.len(), scratch);
                        width *= factor.len();
                    }
                    of_product(feature, product, width, scratch, out)
                        .map_err(|refusal| refused(&feature.name, refusal, None))?;
                }
            }
            of[place] = (start, out.places.len());
        }
        if !self.order.is_sorted() {
            let room = scratch.room();
            let places = room.alloc_slice_copy(&out.places[begin..]);
            let numbers = room.alloc_slice_copy(&out.numbers[begin..]);
            out.truncate(begin);
            for &(start, end) in &*of {
                out.places.extend_from_slice(&places[start - begin..end - begin]);
                out.numbers.extend_from_slice(&numbers[start - begin..end - begin]);
            }
        }
        Ok(())
    }
}

/// What isn't 0 of the numbers of one value.
fn one(feature: &CompiledFeature, value: Value<'_>, scratch: &Scratch, out: &mut Stored) -> Result<(), Refusal> {
    let (width, offset, vocabulary) = (feature.width(), feature.numbers().start, &feature.vocabulary);
    if width > NARROW
        && let [step] = feature.chain.steps()
        && let [only] = step.as_slice()
    {
        let (mut next, mut in_order, start) = (0, true, out.places.len());
        only.one_sparse(value, vocabulary, &mut |place, number| {
            in_order &= (next..width).contains(&place);
            next = place.saturating_add(1);
            if in_order {
                out.push(offset + place, number);
            }
        })?;
        if in_order {
            return Ok(());
        }
        // A transform that doesn't keep to the order gets its numbers from its dense kernel.
        out.truncate(start);
    }
    let numbers = scratch.zeros(width);
    feature.chain.one(value, vocabulary, scratch, numbers)?;
    numbers.iter().enumerate().for_each(|(place, &number)| out.push(offset + place, number));
    Ok(())
}

/// What isn't 0 of the numbers that are made of a product.
fn of_product(
    feature: &CompiledFeature,
    product: &[Entry],
    width: usize,
    scratch: &Scratch,
    out: &mut Stored,
) -> Result<(), Refusal> {
    let offset = feature.numbers().start;
    if feature.chain.steps().is_empty() {
        product.iter().for_each(|entry| out.push(offset + entry.place, entry.number));
        return Ok(());
    }
    let (inputs, numbers) = (scratch.zeros(width), scratch.zeros(feature.width()));
    product.iter().for_each(|entry| inputs[entry.place] = entry.number);
    feature.chain.one_from_numbers(inputs, &feature.vocabulary, scratch, numbers)?;
    numbers.iter().enumerate().for_each(|(place, &number)| out.push(offset + place, number));
    Ok(())
}

/// Each number of a product with each of another factor, as the dense kernel multiplies them.
fn multiply_stored<'s>(
    product: &[Entry],
    factor: &(impl ExactSizeIterator<Item = Entry> + Clone),
    width: usize,
    scratch: &'s Scratch,
) -> &'s [Entry] {
    let mut all = bumpalo::collections::Vec::with_capacity_in(product.len() * factor.len(), scratch.room());
    for left in product {
        let with = |right: Entry| Entry {
            place: left.place * width + right.place,
            number: times(left.number, right.number),
        };
        all.extend(factor.clone().map(with).filter(|entry| stored(entry.number)));
    }
    all.into_bump_slice()
}
