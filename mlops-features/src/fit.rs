//! Fitting a definition to rows with labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use mlops_core::{SlotKind, Timestamp, TrainingMatrix, Value, Vocabulary};
use ndarray::Array1;

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::compile::compile;
use crate::define::feature::Encoding;
use crate::define::scratch::Scratch;
use crate::define::set::FeatureSet;
use crate::fitted::FittedFeatures;
use crate::label::{Label, Labels};
use crate::read::BatchReader;
use crate::transform::{RowTimes, fit_encoding, out_of_fold};
use mlops_core::SlotEncoder;

/// Fitted features and the matrix to train on.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The features, for everybody else.
    pub features: FittedFeatures,
    /// The rows that were fitted on, encoded for training: target encodings are out of fold.
    pub matrix: TrainingMatrix,
    /// How many rows were left out since their label wasn't available by the cut-off.
    pub left_out: usize,
}

impl FeatureSet {
    /// Fits the features on the rows whose label was available by `cutoff`, and encodes these rows for training.
    /// `rows` is what was gathered; `labels` has one entry a row.
    ///
    /// # Errors
    /// [`FeatureError`] where the table doesn't fit, a policy refuses a row, or there is nothing to fit on.
    #[tracing::instrument(skip_all, fields(set = self.name, rows = rows.num_rows()))]
    pub fn fit_encode(
        &self,
        rows: &RecordBatch,
        labels: &Labels,
        cutoff: Timestamp,
        catalog: &Catalog,
    ) -> Result<Fit, FeatureError> {
        if labels.0.len() != rows.num_rows() {
            return Err(FeatureError::WrongLength { got: labels.0.len(), wanted: rows.num_rows() });
        }
        let known = |label: &Option<Label>| label.filter(|label| label.available <= cutoff);
        let used: Vec<Label> = labels.0.iter().filter_map(known).collect();
        if used.is_empty() {
            return Err(FeatureError::NothingToFit { rows: rows.num_rows(), cutoff });
        }
        let mask: BooleanArray = labels.0.iter().map(|label| Some(known(label).is_some())).collect();
        let left_out = rows.num_rows() - used.len();
        let rows = filter_record_batch(rows, &mask)?;
        let labels: Vec<f64> = used.iter().map(|label| label.value).collect();

        let vocabularies = self.vocabularies(&rows)?;
        let schema = self.slot_schema(&vocabularies)?;
        let reader = BatchReader::new(&schema.fields, &rows, "the rows to fit on")?;
        let fields = schema.fields.iter().enumerate();
        let columns: Vec<_> =
            fields.map(|(column, field)| reader.values(column, field, 0..rows.num_rows())).collect();
        let times = used
            .iter()
            .enumerate()
            .map(|(row, label)| match columns[0][row] {
                Value::Time(at) => Ok(RowTimes { at, label_available: label.available }),
                _ => Err(FeatureError::NullKey {
                    table: "the rows to fit on".into(),
                    row,
                    column: self.time.clone(),
                }),
            })
            .collect::<Result<Vec<_>, _>>()?;

        let mut encodings = Vec::new();
        let mut targets = Vec::new();
        let scratch = Scratch::default();
        for feature in &self.features {
            let value = compile(&feature.value, &schema, catalog, &feature.name)?;
            let values = value.values(&columns, rows.num_rows(), &scratch);
            let vocabulary = value.category_slot().and_then(|slot| schema.fields[slot].vocabulary.as_deref());
            let codes = vocabulary.map_or(0, Vocabulary::len);
            let encoding = fit_encoding(feature, &values, &labels, codes)?;
            if let (Encoding::Target { smoothing, folds, .. }, Some(overall)) =
                (&feature.encoding, encoding.overall())
            {
                let parameters = (*folds as usize, smoothing.0);
                let numbers = out_of_fold(&values, &labels, &times, codes, parameters, overall);
                targets.push((feature.name.clone(), numbers));
            }
            encodings.push(encoding);
        }
        let features = FittedFeatures::new(self.clone(), vocabularies, encodings, catalog)?;
        let mut encoded = features.encode_batch(&rows)?;
        for (name, numbers) in targets {
            if let Some(column) = encoded.names.iter().position(|other| *other == name) {
                encoded.values.column_mut(column).assign(&Array1::from(numbers));
            }
        }
        let matrix = TrainingMatrix::new(
            encoded.values,
            Array1::from(labels),
            Arc::clone(features.names()),
            features.fingerprint(),
        )
        .expect("a label a row and a name a column were made");
        Ok(Fit { features, matrix, left_out })
    }

    /// The texts that each category column holds in these rows.
    fn vocabularies(&self, rows: &RecordBatch) -> Result<BTreeMap<String, Arc<Vocabulary>>, FeatureError> {
        let schema = self.slot_schema(&BTreeMap::new())?;
        let reader = BatchReader::new(&schema.fields, rows, "the rows to fit on")?;
        let mut vocabularies = BTreeMap::new();
        for (column, field) in schema.fields.iter().enumerate().filter(|(_, f)| f.kind == SlotKind::Category) {
            let mut texts = BTreeSet::new();
            for row in 0..rows.num_rows() {
                if let Value::Unseen(text) = reader.value(column, field, row)
                    && !texts.contains(text)
                {
                    texts.insert(text);
                }
            }
            vocabularies.insert(field.name.clone(), Arc::new(Vocabulary::new(texts)));
        }
        Ok(vocabularies)
    }
}
