//! Rows split in time: fitted on the earlier ones, validated on the later ones.

use std::fmt;

use mlops_core::{
    BinaryEvaluator, Bundle, Dataset, EncodedMatrix, FormatError, Part, Prepared, RunInProgress, SlotEncoder,
    Slots, Timestamp, TrainingMatrix, Validation,
};

use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::{FeatureError, Fit, FittedFeatures, LabelDefinition, Labelled};

/// What [`FeatureSet::fit_split`] gives: rows that are ready for a [`Pipeline`](mlops_core::Pipeline).
#[derive(Clone, Debug)]
pub struct FitSplit {
    fit: Fit,
    train: Dataset,
    later: Labelled,
    inputs: EncodedMatrix,
    validation: Validation,
    rows: Vec<Slots>,
    catalog: Catalog,
}

impl FeatureSet {
    /// Splits gathered rows at a time: the features are fitted on those before it, with the labels that were
    /// available at it; those from it on are encoded, with the labels that are available at `now`. So what is found
    /// on the later rows is what the model would have done if it had gone live at `split`.
    ///
    /// # Errors
    /// Those of [`FeatureSet::fit_encode`], [`LabelDefinition::of`] and [`FittedFeatures::encode_batch`].
    pub fn fit_split(
        &self,
        rows: &Dataset,
        label: &LabelDefinition,
        split: Timestamp,
        now: Timestamp,
        catalog: &Catalog,
    ) -> Result<FitSplit, FeatureError> {
        let known = rows.between(&self.time, Timestamp::MIN, now)?.sort_by(&[&self.time])?;
        let train = known.between(&self.time, Timestamp::MIN, split)?;
        let fit = self.fit_encode(train.batch(), &label.of(train.batch(), catalog)?, split, catalog)?;
        let later = known.between(&self.time, split, now)?;
        let later = label.of(later.batch(), catalog)?.known_by(&later, now)?;
        let inputs = fit.features.encode_batch(later.rows.batch())?;
        let validation = Validation::new(&later.rows, &later.labels, BinaryEvaluator::default())?;
        let rows = fit.features.slots_of(known.batch())?;
        Ok(FitSplit { fit, train, later, inputs, validation, rows, catalog: catalog.clone() })
    }
}

impl FitSplit {
    /// The features as fitted on the earlier rows, with the matrix to train on.
    #[must_use]
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// The later rows whose label is known.
    #[must_use]
    pub fn later(&self) -> &Labelled {
        &self.later
    }

    /// Slices the later rows by the texts of columns.
    ///
    /// # Errors
    /// [`FeatureError::Dataset`] where there is no such column, or it has no text form.
    pub fn slice_by(mut self, columns: &[&str]) -> Result<Self, FeatureError> {
        self.validation = self.validation.slice_by(&self.later.rows, columns)?;
        Ok(self)
    }
}

impl Prepared for FitSplit {
    fn matrix(&self) -> &TrainingMatrix {
        &self.fit.matrix
    }

    fn encoder(&self) -> &dyn SlotEncoder {
        &self.fit.features
    }

    fn features(&self) -> Part {
        self.fit.features.to_part()
    }

    fn rows(&self) -> &[Slots] {
        &self.rows
    }

    fn validation(&self) -> &Validation {
        &self.validation
    }

    fn inputs(&self) -> &EncodedMatrix {
        &self.inputs
    }

    fn inputs_of(&self, bundle: &Bundle) -> Result<EncodedMatrix, FormatError> {
        FittedFeatures::from_bundle(bundle, &self.catalog)
            .and_then(|features| features.encode_batch(self.later.rows.batch()))
            .map_err(|error| FormatError { problem: error.to_string() })
    }

    fn record(&self, run: &mut RunInProgress) {
        run.data("train", &self.train).data("validate", &self.later.rows);
    }
}

/// How many rows each side has, and how many of them have no label yet.
impl fmt::Display for FitSplit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = self.fit.matrix.values().dim();
        let (later, left_out) = (self.later.rows.rows(), self.later.left_out);
        write!(f, "fitted on {rows} rows of {columns} numbers, {} without a label yet; ", self.fit.left_out)?;
        write!(f, "to validate on {later} rows, {left_out} without a label yet")
    }
}
