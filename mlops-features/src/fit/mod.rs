//! Fitting a definition to rows with labels.

mod parallel;
mod pass;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use mlops_core::{SlotEncoder, Timestamp, TrainingMatrix, Value};
use ndarray::Array1;

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::plan::{Plan, PlannedSource};
use crate::define::scratch::Scratch;
use crate::define::set::FeatureSet;
use crate::encode::{columns, one_nan, refused};
use crate::fitted::FittedFeatures;
use crate::label::{Label, Labels};
use crate::read::BatchReader;
use crate::transform::{AnyTransform, Block, FitRows, Learns, RowTimes};

pub use pass::{FitProgress, Fitting};

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
        self.fit_encode_with(rows, labels, None, cutoff, catalog)
    }

    /// As [`FeatureSet::fit_encode`], with the fold of each row for encodings with [`Folds::Given`](crate::Folds::Given).
    ///
    /// # Errors
    /// Those of [`FeatureSet::fit_encode`], and [`FeatureError::WrongLength`] where `folds` are not one a row.
    #[tracing::instrument(skip_all, fields(set = self.name, rows = rows.num_rows()))]
    pub fn fit_encode_in_folds(
        &self,
        rows: &RecordBatch,
        labels: &Labels,
        folds: &[u32],
        cutoff: Timestamp,
        catalog: &Catalog,
    ) -> Result<Fit, FeatureError> {
        if folds.len() != rows.num_rows() {
            return Err(FeatureError::WrongLength { got: folds.len(), wanted: rows.num_rows() });
        }
        self.fit_encode_with(rows, labels, Some(folds), cutoff, catalog)
    }

    fn fit_encode_with(
        &self,
        rows: &RecordBatch,
        labels: &Labels,
        folds: Option<&[u32]>,
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

        let mut times = self.times(&rows, &used)?;
        let is_used = mask.iter().map(|used| used == Some(true));
        let folds = folds.into_iter().flatten().zip(is_used).filter(|(_, used)| *used);
        times.iter_mut().zip(folds).for_each(|(row, (&fold, _))| row.fold = Some(fold));
        let mut pass = self.start_fit(catalog)?;
        let features = loop {
            pass.update_with_times(&rows, &labels, &times)?;
            match pass.finish()? {
                FitProgress::Again(next) => pass = next,
                FitProgress::Done(features) => break features,
            }
        };
        let mut encoded = features.encode_batch(&rows)?;
        for (place, block) in features.out_of_fold(&rows, &labels, &times, catalog)? {
            for (number, column) in features.features[place].numbers().enumerate() {
                encoded
                    .values
                    .column_mut(column)
                    .assign(&block.column(number).into_iter().map(one_nan).collect::<Array1<f64>>());
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

    /// When each row was asked for and its label known.
    fn times(&self, rows: &RecordBatch, labels: &[Label]) -> Result<Vec<RowTimes>, FeatureError> {
        let table = "the rows to fit on";
        let fields = self.request_fields(&BTreeMap::new());
        let reader = BatchReader::new(&fields[..1], rows, table)?;
        let time = |(row, label): (usize, &Label)| match reader.value(0, &fields[0], row) {
            Value::Time(at) => Ok(RowTimes { at, label_available: label.available, fold: None }),
            _ => Err(FeatureError::NullKey { table: table.into(), row, column: self.time.clone() }),
        };
        labels.iter().enumerate().map(time).collect()
    }
}

impl FittedFeatures {
    /// The numbers of the rows that were fitted on, for the features that learn from labels, by feature.
    fn out_of_fold(
        &self,
        rows: &RecordBatch,
        labels: &[f64],
        times: &[RowTimes],
        catalog: &Catalog,
    ) -> Result<Vec<(usize, Block)>, FeatureError> {
        let plan = Plan::new(&self.set().features, &self.schema, catalog)?;
        let learns = |transform: &Arc<dyn AnyTransform>| transform.learns_from() == Learns::FromLabels;
        let of_labels = |place: &usize| plan.features[*place].transforms.first().is_some_and(learns);
        let places: Vec<usize> = (0..plan.features.len()).filter(of_labels).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let reader = BatchReader::new(&self.schema.fields, rows, "the rows to fit on")?;
        let scratch = Scratch::default();
        let columns = columns(&reader, &self.schema.fields, &self.uses, &(0..reader.rows()));
        let mut blocks = Vec::new();
        for place in places {
            let feature = &self.features[place];
            let PlannedSource::Value { value, .. } = &feature.source else { continue };
            let values = columns.given(value, reader.rows(), &scratch).resolved(feature.own_vocabulary());
            let Some([first]) = feature.chain.steps().first().map(Vec::as_slice) else { continue };
            let rows = FitRows { values: values.values(), labels, times };
            let transform = &plan.features[place].transforms[0];
            if let Some(numbers) = transform.for_training(&**first, &rows, &feature.vocabulary) {
                let block = feature.chain.rows_from_numbers(numbers, reader.rows(), &feature.vocabulary);
                let refused =
                    |(row, refusal)| FeatureError::Row { row, source: refused(&feature.name, refusal, None) };
                blocks.push((place, block.map_err(refused)?));
            }
        }
        Ok(blocks)
    }
}
