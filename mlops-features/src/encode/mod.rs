//! The kernels over rows and batches: slots become numbers.

mod batch;
mod chunk;
mod quick;
mod sparse;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{EncodeError, Encoder, Fingerprint, SlotEncoder, SlotSchema, Slots, Value, Vocabulary};
use serde::Serialize;

use crate::FeatureError;
use crate::define::plan::PlannedSource;
use crate::define::scratch::Scratch;
use crate::fitted::{CompiledFeature, FittedFeatures};
use crate::read::BatchReader;
use crate::transform::{Block, Refusal};

pub(crate) use chunk::{Given, Use, columns, rows_at_a_time, uses};
pub(crate) use quick::Quick;
pub use sparse::EncodedSparse;

/// Why a row isn't encoded.
pub(crate) fn refused(feature: &str, refusal: Refusal, value: Option<Value<'_>>) -> EncodeError {
    let feature = feature.to_owned();
    match (refusal, value) {
        (Refusal::Unseen, Some(Value::Unseen(text) | Value::Text(text))) => {
            EncodeError::Unseen { feature, value: text.into() }
        }
        _ => EncodeError::Null { feature },
    }
}

/// A text as a category of a vocabulary.
#[inline]
fn resolve<'a>(value: Value<'a>, vocabulary: &Vocabulary) -> Value<'a> {
    match value {
        Value::Text(text) | Value::Unseen(text) => {
            vocabulary.code(text).map_or(Value::Unseen(text), Value::Category)
        }
        other => other,
    }
}

/// Texts as categories of the vocabulary that a feature has of its own, if it has one.
pub(crate) fn resolved<'c, 'a>(values: Cow<'c, [Value<'a>]>, own: Option<&Vocabulary>) -> Cow<'c, [Value<'a>]> {
    match own {
        Some(vocabulary) => Cow::Owned(values.iter().map(|&value| resolve(value, vocabulary)).collect()),
        None => values,
    }
}

/// The products of the numbers of other features, of many rows, row by row.
pub(crate) fn product_of(factors: &[usize], blocks: &[Block], rows: usize) -> Vec<f64> {
    let width: usize = factors.iter().map(|&factor| blocks[factor].width).product();
    let mut numbers = vec![1.0; rows * width];
    for (row, out) in numbers.chunks_exact_mut(width.max(1)).enumerate() {
        let of = |factor: usize| &blocks[factor].numbers[row * blocks[factor].width..][..blocks[factor].width];
        multiply(factors.iter().map(|&factor| of(factor)), out);
    }
    numbers
}

/// A product that is 0 where a factor is, whatever the other is: a category's number that isn't the row's stays 0 beside
/// a NaN, and what is 0 needs no looking at.
#[inline]
fn times(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 { 0.0 } else { x * y }
}

/// Every NaN as the one NaN: which of two an operation gives, and with what sign, is up to the compiler and the processor.
#[inline]
pub(crate) fn one_nan(x: f64) -> f64 {
    if x.is_nan() { f64::NAN } else { x }
}

/// Each number of the first with each of the second, and so on, into `out`, which holds ones.
fn multiply<'a>(factors: impl Iterator<Item = &'a [f64]>, out: &mut [f64]) {
    let mut repeat = out.len();
    for factor in factors.filter(|factor| !factor.is_empty()) {
        repeat /= factor.len();
        for (place, x) in out.iter_mut().enumerate() {
            *x = times(*x, factor[place / repeat % factor.len()]);
        }
    }
}

impl FittedFeatures {
    /// One row of a batch that was gathered, as slots: what serving would have seen.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where a column is missing or of another type.
    pub fn slots_of(&self, batch: &RecordBatch) -> Result<Vec<Slots>, FeatureError> {
        let reader = BatchReader::new(&self.schema.fields, batch, "the batch")?;
        let mut rows = vec![Slots::new(self.schema.fields.len()); reader.rows()];
        rows.iter_mut().enumerate().for_each(|(row, slots)| reader.row(&self.schema, row, slots));
        Ok(rows)
    }

    fn encode_with(&self, slots: &Slots, scratch: &Scratch, numbers: &mut [f64]) -> Result<(), EncodeError> {
        for turn in &self.turns {
            match turn.one(slots, &self.none, numbers) {
                Ok(true) => continue,
                Ok(false) => {}
                Err((refusal, value)) => {
                    return Err(refused(&self.features[turn.feature].name, refusal, Some(value)));
                }
            }
            let feature = &self.features[turn.feature];
            match &feature.source {
                PlannedSource::Value { value, .. } => {
                    let mut value = value.value(slots, scratch);
                    if let Some(own) = feature.own_vocabulary() {
                        value = resolve(value, own);
                    }
                    let out = &mut numbers[feature.numbers()];
                    feature
                        .chain
                        .one(value, &feature.vocabulary, scratch, out)
                        .map_err(|refusal| refused(&feature.name, refusal, Some(value)))?;
                }
                PlannedSource::Product(factors) => {
                    let factors = || factors.iter().map(|&factor| &self.features[factor]);
                    let product = scratch.zeros(factors().map(CompiledFeature::width).product());
                    product.fill(1.0);
                    multiply(factors().map(|factor| &numbers[factor.numbers()]), product);
                    feature
                        .chain
                        .one_from_numbers(product, &feature.vocabulary, scratch, &mut numbers[feature.numbers()])
                        .map_err(|refusal| refused(&feature.name, refusal, None))?;
                }
            }
        }
        Ok(())
    }
}

impl SlotEncoder for FittedFeatures {
    fn slot_schema(&self) -> &SlotSchema {
        &self.schema
    }

    fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError> {
        if numbers.len() != self.names.len() {
            return Err(EncodeError::WrongLength { got: numbers.len(), wanted: self.names.len() });
        }
        if self.makes {
            self.scratches.with(|scratch| self.encode_with(slots, scratch, numbers))?;
        } else {
            self.encode_with(slots, &Scratch::default(), numbers)?;
        }
        numbers.iter_mut().for_each(|x| *x = one_nan(*x));
        Ok(())
    }
}

impl<Row: Serialize + ?Sized> Encoder<Row> for FittedFeatures {
    fn read(&self, row: &Row, slots: &mut Slots) -> Result<(), EncodeError> {
        self.reader.read(&self.schema, row, slots)
    }
}
