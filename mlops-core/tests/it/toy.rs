//! A model small enough to see through, and data to score with it.

use std::sync::Arc;

use mlops_core::{
    DatasetVersion, EncodedMatrix, Fingerprint, Model, ModelError, ModelFormat, ModelPart, ScoredRows, Signature,
    Tolerance, check_shapes,
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

/// Answers with its only input times a factor.
#[derive(Debug)]
pub(crate) struct Scaled {
    signature: Signature,
    pub(crate) factor: f64,
}

impl Scaled {
    pub(crate) fn new(factor: f64, input: &str) -> Self {
        let features = Fingerprint::of(b"features");
        Self {
            signature: Signature { features, inputs: vec![input.into()], outputs: vec!["probability".into()] },
            factor,
        }
    }
}

impl Model for Scaled {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict_into(
        &self,
        inputs: ArrayView2<'_, f64>,
        mut outputs: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ModelError> {
        check_shapes(&self.signature, &inputs, &outputs)?;
        outputs.column_mut(0).assign(&(&inputs.column(0) * self.factor));
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct ScaledFormat;

impl ModelFormat for ScaledFormat {
    fn media_type(&self) -> &'static str {
        "application/x-scaled"
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError> {
        match (model as &dyn std::any::Any).downcast_ref::<Scaled>() {
            Some(model) => Ok(model.factor.to_le_bytes().to_vec()),
            None => Err(ModelError::ForeignModel { media_type: self.media_type(), model: format!("{model:?}") }),
        }
    }

    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError> {
        let bad = |_| ModelError::BadPart { media_type: self.media_type(), problem: "not 8 bytes".into() };
        let factor = f64::from_le_bytes(bytes.try_into().map_err(bad)?);
        Ok(Arc::new(Scaled { signature: signature.clone(), factor }))
    }
}

/// The model that answers with its input `x` times `factor`.
pub(crate) fn model(factor: f64) -> ModelPart {
    ModelPart::new(&Scaled::new(factor, "x"), &ScaledFormat).unwrap()
}

pub(crate) fn inputs(values: &[f64]) -> EncodedMatrix {
    EncodedMatrix {
        values: Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap(),
        names: vec!["x".to_owned()].into(),
        features: Fingerprint::of(b"features"),
    }
}

pub(crate) fn data(name: &str) -> DatasetVersion {
    DatasetVersion(Fingerprint::of(name.as_bytes()))
}

/// Rows that a model scored with `scores`.
pub(crate) fn scored(scores: &[f64], labels: &[bool]) -> ScoredRows {
    ScoredRows::by_model(&model(1.0), &inputs(scores), labels, data("validation")).unwrap()
}
