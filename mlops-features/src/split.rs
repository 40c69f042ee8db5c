//! Rows split in time: fitted on the earlier ones, validated on the later ones.

use mlops_core::{Dataset, EncodedMatrix, Timestamp};

use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::{FeatureError, Fit, LabelDefinition, Labelled};

/// What [`FeatureSet::fit_split`] gives.
#[derive(Clone, Debug)]
pub struct FitSplit {
    /// The features as fitted on the earlier rows, with the matrix to train on.
    pub fit: Fit,
    /// The earlier rows, those without a label among them.
    pub train: Dataset,
    /// The later rows whose label is known.
    pub validate: Labelled,
    /// These, encoded to be answered.
    pub inputs: EncodedMatrix,
}

impl FeatureSet {
    /// Splits gathered rows at a time: the features are fitted on those before it, with the labels that were
    /// available at it; those from it on are encoded, with the labels that are available at `now`. So what is found
    /// on the later rows is what the model would have done if it had gone live at `split`.
    ///
    /// # Errors
    /// Those of [`FeatureSet::fit_encode`], [`LabelDefinition::of`] and [`FittedFeatures::encode_batch`].
    ///
    /// [`FittedFeatures::encode_batch`]: crate::FittedFeatures::encode_batch
    pub fn fit_split(
        &self,
        rows: &Dataset,
        label: &LabelDefinition,
        split: Timestamp,
        now: Timestamp,
        catalog: &Catalog,
    ) -> Result<FitSplit, FeatureError> {
        let train = rows.between(&self.time, Timestamp::MIN, split)?;
        let fit = self.fit_encode(train.batch(), &label.of(train.batch(), catalog)?, split, catalog)?;
        let later = rows.between(&self.time, split, now)?;
        let validate = label.of(later.batch(), catalog)?.known_by(&later, now)?;
        let inputs = fit.features.encode_batch(validate.rows.batch())?;
        Ok(FitSplit { fit, train, validate, inputs })
    }
}

/// How many rows each side has, and how many of them have no label yet.
impl std::fmt::Display for FitSplit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rows, columns) = self.fit.matrix.values().dim();
        let (later, left_out) = (self.validate.rows.rows(), self.validate.left_out);
        write!(f, "fitted on {rows} rows of {columns} numbers, {} without a label yet; ", self.fit.left_out)?;
        write!(f, "to validate on {later} rows, {left_out} without a label yet")
    }
}
