//! Rows of mostly zeros become the numbers that are none.

use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{EncodeError, Fingerprint, Slots, Value};
use sprs::CsMat;

use super::{Given, columns, refused, resolve, times};
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

/// A number that isn't 0.
#[derive(Clone, Copy, Debug)]
struct Entry {
    place: usize,
    number: f64,
}

type Entries<'s> = bumpalo::collections::Vec<'s, Entry>;

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
        let mut numbers = Numbers { starts: vec![0], ..Numbers::default() };
        let (mut scratch, mut room) = (Scratch::default(), Scratch::default());
        for start in (0..reader.rows()).step_by(CHUNK) {
            self.sparse_chunk(&reader, start, &scratch, &mut room, &mut numbers)?;
            scratch.clear();
        }
        let Numbers { starts, places, values } = numbers;
        let values = CsMat::try_new(shape, starts, places, values)
            .map_err(|(.., error)| error)
            .expect("the places of each row are in order and within its width");
        Ok(EncodedSparse { values, names: Arc::clone(&self.names), features: self.fingerprint })
    }

    fn sparse_chunk(
        &self,
        reader: &BatchReader,
        start: usize,
        scratch: &Scratch,
        room: &mut Scratch,
        numbers: &mut Numbers,
    ) -> Result<(), FeatureError> {
        let range = start..(start + CHUNK).min(reader.rows());
        let columns = columns(reader, &self.schema.fields, &self.uses, &range);
        let given = self.features.iter().map(|feature| match &feature.source {
            PlannedSource::Value { value, .. } => columns.given(value, range.len(), scratch),
            PlannedSource::Product(_) => Given::Numbers(&[]),
        });
        let given: Vec<Given<'_, '_>> = given.collect();
        for row in 0..range.len() {
            self.sparse_row(
                |place, _| given[place].get(row).unwrap_or(Value::Missing),
                room,
                &mut numbers.places,
                &mut numbers.values,
            )
            .map_err(|source| FeatureError::Row { row: start + row, source })?;
            numbers.starts.push(numbers.places.len());
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
        self.scratches
            .with(|scratch| self.sparse_row(|_, value| value.value(slots, scratch), scratch, indices, values))
    }

    /// Appends the numbers of a row; `value_of` gives the value of the feature in a place.
    fn sparse_row<'v>(
        &'v self,
        value_of: impl Fn(usize, &'v CompiledExpr) -> Value<'v>,
        scratch: &Scratch,
        places: &mut Vec<usize>,
        numbers: &mut Vec<f64>,
    ) -> Result<(), EncodeError> {
        let done: &mut [&[Entry]] = scratch.room().alloc_slice_fill_copy(self.features.len(), &[][..]);
        for &place in &self.order {
            let feature = &self.features[place];
            let mut entries = Entries::new_in(scratch.room());
            done[place] = match &feature.source {
                PlannedSource::Value { value, .. } => {
                    let mut value = value_of(place, value);
                    if let Some(own) = feature.own_vocabulary() {
                        value = resolve(value, own);
                    }
                    let put = one(feature, value, scratch, &mut entries);
                    put.map_err(|refusal| refused(&feature.name, refusal, Some(value)))?;
                    entries.into_bump_slice()
                }
                PlannedSource::Product(factors) => {
                    let factors = || factors.iter().map(|&factor| (self.features[factor].width(), done[factor]));
                    let product = product_of(factors(), scratch);
                    if feature.chain.steps().is_empty() {
                        product
                    } else {
                        let width = factors().map(|(width, _)| width).product();
                        one_of_product(feature, product, width, scratch, &mut entries)
                            .map_err(|refusal| refused(&feature.name, refusal, None))?;
                        entries.into_bump_slice()
                    }
                }
            };
        }
        for (feature, entries) in self.features.iter().zip(&*done) {
            let offset = feature.numbers().start;
            let entries = entries.iter().filter(|entry| stored(entry.number));
            for entry in entries {
                places.push(offset + entry.place);
                numbers.push(entry.number);
            }
        }
        Ok(())
    }
}

/// What isn't 0 of the numbers of one value.
fn one(
    feature: &CompiledFeature,
    value: Value<'_>,
    scratch: &Scratch,
    entries: &mut Entries<'_>,
) -> Result<(), Refusal> {
    let (width, vocabulary) = (feature.width(), &feature.vocabulary);
    if let [step] = feature.chain.steps()
        && let [only] = step.as_slice()
        && width > NARROW
    {
        let (mut next, mut in_order) = (0, true);
        only.one_sparse(value, vocabulary, &mut |place, number| {
            in_order &= (next..width).contains(&place);
            next = place.saturating_add(1);
            entries.push(Entry { place, number });
        })?;
        if in_order {
            return Ok(());
        }
        // A transform that doesn't keep to the order gets its numbers from its dense kernel.
        entries.clear();
    }
    let numbers = scratch.zeros(width);
    feature.chain.one(value, vocabulary, scratch, numbers)?;
    put_all(numbers, entries);
    Ok(())
}

/// What isn't 0 of the numbers that further transforms make of a product.
fn one_of_product(
    feature: &CompiledFeature,
    product: &[Entry],
    width: usize,
    scratch: &Scratch,
    entries: &mut Entries<'_>,
) -> Result<(), Refusal> {
    let (inputs, numbers) = (scratch.zeros(width), scratch.zeros(feature.width()));
    product.iter().for_each(|entry| inputs[entry.place] = entry.number);
    feature.chain.one_from_numbers(inputs, &feature.vocabulary, scratch, numbers)?;
    put_all(numbers, entries);
    Ok(())
}

fn put_all(numbers: &[f64], entries: &mut Entries<'_>) {
    let all = numbers.iter().enumerate().map(|(place, &number)| Entry { place, number });
    entries.extend(all.filter(|entry| stored(entry.number)));
}

/// Each number of the first with each of the second, and so on, as the dense kernel multiplies them.
fn product_of<'s>(factors: impl Iterator<Item = (usize, &'s [Entry])>, scratch: &'s Scratch) -> &'s [Entry] {
    let mut product: &[Entry] = &[Entry { place: 0, number: 1.0 }];
    for (width, factor) in factors {
        let mut next = Entries::with_capacity_in(product.len() * factor.len(), scratch.room());
        for left in product {
            let with = |right: &Entry| Entry {
                place: left.place * width + right.place,
                number: times(left.number, right.number),
            };
            next.extend(factor.iter().map(with).filter(|entry| stored(entry.number)));
        }
        product = next.into_bump_slice();
    }
    product
}

/// Compressed rows in the making.
#[derive(Default)]
struct Numbers {
    starts: Vec<usize>,
    places: Vec<usize>,
    values: Vec<f64>,
}
