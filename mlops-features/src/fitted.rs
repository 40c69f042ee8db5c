//! Features as fitted: what travels in a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use mlops_core::{
    Bundle, EncodeError, EncodedMatrix, Encoder, Fingerprint, Part, SlotEncoder, SlotSchema, Slots, Vocabulary,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::compile::{CompiledExpr, compile};
use crate::define::scratch::{Scratch, ScratchPool};
use crate::define::set::FeatureSet;
use crate::read::{BatchReader, RowReader};
use crate::transform::FittedEncoding;

/// The media type of a features part.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.mlops.features+json";
const FORMAT: u32 = 1;

/// How many rows a batch is encoded at a time, so that a chunk's columns stay in the cache.
const CHUNK: usize = 1024;

/// Features with everything that was fitted: the definition, the vocabularies and the parameters.
///
/// Encodes rows (any [`serde::Serialize`] struct or map) through [`Encoder`], and batches through
/// [`FittedFeatures::encode_batch`]: the same kernels, the same bits.
#[derive(Clone, Debug)]
pub struct FittedFeatures {
    set: FeatureSet,
    encodings: Vec<FittedEncoding>,
    vocabularies: BTreeMap<String, Arc<Vocabulary>>,
    schema: SlotSchema,
    reader: RowReader,
    features: Vec<CompiledFeature>,
    /// By slot, whether a feature reads it.
    used: Vec<bool>,
    /// Whether a feature makes texts or lists.
    makes: bool,
    scratches: ScratchPool,
    names: Arc<[String]>,
    fingerprint: Fingerprint,
}

#[derive(Clone, Debug)]
struct CompiledFeature {
    name: String,
    value: CompiledExpr,
    encoding: FittedEncoding,
    offset: usize,
}

/// The JSON form of fitted features.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    set: FeatureSet,
    vocabularies: BTreeMap<String, Vocabulary>,
    encodings: Vec<FittedEncoding>,
}

impl FittedFeatures {
    /// Puts a checked definition and what was fitted together.
    pub(crate) fn new(
        set: FeatureSet,
        vocabularies: BTreeMap<String, Arc<Vocabulary>>,
        encodings: Vec<FittedEncoding>,
        catalog: &Catalog,
    ) -> Result<Self, FeatureError> {
        let corrupt = |problem: String| FeatureError::Corrupt { problem };
        if encodings.len() != set.features.len() {
            return Err(corrupt(format!("{} encodings for {} features", encodings.len(), set.features.len())));
        }
        let schema = set.slot_schema(&vocabularies)?;
        let mut features = Vec::new();
        let mut names = Vec::new();
        for (feature, encoding) in set.features.iter().zip(&encodings) {
            let value = compile(&feature.value, &schema, catalog, &feature.name)?;
            let vocabulary = value.category_slot().and_then(|slot| schema.fields[slot].vocabulary.as_deref());
            if !encoding.fits(vocabulary) {
                return Err(corrupt(format!("the encoding of `{}` doesn't fit its vocabulary", feature.name)));
            }
            let (name, offset) = (feature.name.clone(), names.len());
            names.extend(encoding.names(&name, vocabulary));
            features.push(CompiledFeature { name, value, encoding: encoding.clone(), offset });
        }
        let read: BTreeSet<&str> = set.features.iter().flat_map(|feature| feature.value.columns()).collect();
        let mut fitted = Self {
            reader: RowReader::new(&schema),
            used: schema.fields.iter().map(|field| read.contains(field.name.as_str())).collect(),
            makes: features.iter().any(|feature| feature.value.makes()),
            scratches: ScratchPool::default(),
            set,
            encodings,
            vocabularies,
            schema,
            features,
            names: names.into(),
            fingerprint: Fingerprint::of(&[]),
        };
        fitted.fingerprint = Fingerprint::of(&fitted.to_json());
        Ok(fitted)
    }

    /// The definition that was fitted.
    #[must_use]
    pub fn set(&self) -> &FeatureSet {
        &self.set
    }

    /// The features as JSON: definition, vocabularies, parameters; every float comes back bit for bit.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let vocabularies =
            self.vocabularies.iter().map(|(name, texts)| (name.clone(), (**texts).clone())).collect();
        let stored =
            Stored { format: FORMAT, set: self.set.clone(), vocabularies, encodings: self.encodings.clone() };
        serde_json::to_vec(&stored).expect("definitions have text keys and finite or quoted floats")
    }

    /// The features that a JSON text holds.
    ///
    /// # Errors
    /// [`FeatureError::NewerFormat`], [`FeatureError::Corrupt`] with what is wrong and where, or what a definition
    /// that doesn't hold together says, a function that the catalog lacks included.
    pub fn from_json(json: &[u8], catalog: &Catalog) -> Result<Self, FeatureError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        let corrupt = |error: serde_json::Error| FeatureError::Corrupt { problem: error.to_string() };
        let OnlyFormat { format } = serde_json::from_slice(json).map_err(corrupt)?;
        if format != FORMAT {
            return Err(FeatureError::NewerFormat { got: format, known: FORMAT });
        }
        let stored: Stored = serde_json::from_slice(json).map_err(corrupt)?;
        stored.set.check(catalog)?;
        let vocabularies = stored.vocabularies.into_iter().map(|(name, texts)| (name, Arc::new(texts))).collect();
        Self::new(stored.set, vocabularies, stored.encodings, catalog)
    }

    /// The features as a part of a bundle.
    #[must_use]
    pub fn to_part(&self) -> Part {
        Part { media_type: MEDIA_TYPE.into(), bytes: self.to_json().into() }
    }

    /// The features of a bundle.
    ///
    /// # Errors
    /// [`FeatureError::Corrupt`] for a bundle without such a part, or those of [`FittedFeatures::from_json`].
    pub fn from_bundle(bundle: &Bundle, catalog: &Catalog) -> Result<Self, FeatureError> {
        let part = bundle.part("features").map_err(|error| FeatureError::Corrupt { problem: error.to_string() })?;
        if part.media_type != MEDIA_TYPE {
            let problem = format!("media type `{}`, not `{MEDIA_TYPE}`", part.media_type);
            return Err(FeatureError::Corrupt { problem });
        }
        Self::from_json(&part.bytes, catalog)
    }

    /// Encodes a batch that was gathered: rows × numbers.
    ///
    /// # Errors
    /// [`FeatureError::Schema`] where a column is missing or of another type, [`FeatureError::Row`] for the first
    /// row that a policy refuses.
    #[tracing::instrument(skip_all, fields(rows = batch.num_rows()))]
    pub fn encode_batch(&self, batch: &RecordBatch) -> Result<EncodedMatrix, FeatureError> {
        let reader = BatchReader::new(&self.schema.fields, batch, "the batch")?;
        let width = self.names.len();
        let mut numbers = vec![0.0; reader.rows() * width];
        let mut scratch = Scratch::default();
        for (chunk, out) in numbers.chunks_mut((CHUNK * width).max(1)).enumerate() {
            let rows = chunk * CHUNK..chunk * CHUNK + out.len() / width;
            let values = |(column, field)| {
                if self.used[column] { reader.values(column, field, rows.clone()) } else { Vec::new() }
            };
            let columns: Vec<_> = self.schema.fields.iter().enumerate().map(values).collect();
            for feature in &self.features {
                let values = feature.value.values(&columns, rows.len(), &scratch);
                feature
                    .encoding
                    .apply_rows(&feature.name, &values, &mut out[feature.offset..], width)
                    .map_err(|(row, source)| FeatureError::Row { row: rows.start + row, source })?;
            }
            drop(columns);
            scratch.clear();
        }
        let values = Array2::from_shape_vec((reader.rows(), width), numbers).expect("rows × numbers were made");
        Ok(EncodedMatrix { values, names: Arc::clone(&self.names), features: self.fingerprint })
    }

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
            return self.scratches.with(|scratch| self.encode_with(slots, scratch, numbers));
        }
        self.encode_with(slots, &Scratch::default(), numbers)
    }
}

impl FittedFeatures {
    fn encode_with(&self, slots: &Slots, scratch: &Scratch, numbers: &mut [f64]) -> Result<(), EncodeError> {
        for feature in &self.features {
            let out = &mut numbers[feature.offset..feature.offset + feature.encoding.width()];
            feature.encoding.apply(&feature.name, feature.value.value(slots, scratch), out)?;
        }
        Ok(())
    }
}

impl<Row: Serialize + ?Sized> Encoder<Row> for FittedFeatures {
    fn read(&self, row: &Row, slots: &mut Slots) -> Result<(), EncodeError> {
        self.reader.read(&self.schema, row, slots)
    }
}
