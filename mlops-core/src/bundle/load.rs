//! A bundle that is ready to answer.

use std::sync::Arc;

use super::{Bundle, BundleError, GoldenRows, part};
use crate::{Encoder, EncoderFormat, Gather, LoadedEncoder, Model, ModelFormat, ModelPart};

/// A bundle whose parts were loaded, belong together, and answered every golden row as recorded.
#[derive(Debug)]
pub struct LoadedBundle<Row: ?Sized> {
    bundle: Arc<Bundle>,
    features: LoadedEncoder<Row>,
    model: ModelPart,
}

impl<Row: ?Sized> Clone for LoadedBundle<Row> {
    fn clone(&self) -> Self {
        Self { bundle: Arc::clone(&self.bundle), features: self.features.clone(), model: self.model.clone() }
    }
}

impl<Row: ?Sized> LoadedBundle<Row> {
    /// Loads the features and the model, checks that the features are those that the model was trained on, and
    /// that every golden row comes back.
    ///
    /// # Errors
    /// [`BundleError`] that says which part, or which row, is not what it was.
    #[tracing::instrument(skip_all, fields(digest = %bundle.digest()))]
    pub fn load(
        bundle: Arc<Bundle>,
        features: &dyn EncoderFormat<Row>,
        models: &[&dyn ModelFormat],
    ) -> Result<Self, BundleError> {
        let manifest = bundle.manifest();
        let encoded = bundle.part(part::FEATURES)?;
        if encoded.media_type != features.media_type() {
            let problem = format!("media type `{}`, not `{}`", encoded.media_type, features.media_type());
            return Err(BundleError::BadPart { part: part::FEATURES.into(), source: problem.into() });
        }
        let features = features.load(&encoded.bytes)?;
        let wanted = &manifest.signature;
        let got = features.encoder.fingerprint();
        if got != wanted.features {
            return Err(BundleError::ForeignFeatures { got, wanted: wanted.features });
        }
        if features.encoder.names()[..] != wanted.inputs[..] {
            let got = features.encoder.names().to_vec();
            return Err(BundleError::ForeignNames { got, wanted: wanted.inputs.clone() });
        }
        let saved = bundle.part(part::MODEL)?;
        let model = ModelPart::load(saved.bytes, wanted, models, &saved.media_type)?;
        if model.digest() != manifest.model {
            let problem = format!("the model's digest is {}, not {}", model.digest(), manifest.model);
            return Err(BundleError::BadManifest { problem });
        }
        let golden: GoldenRows = bundle.json(part::GOLDEN)?;
        let encoder: &dyn crate::SlotEncoder = &*features.encoder;
        golden.verify(encoder, &**model.model(), model.tolerance())?;
        Ok(Self { bundle, features, model })
    }

    /// The bundle.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// Slots to numbers.
    #[must_use]
    pub fn encoder(&self) -> &Arc<dyn Encoder<Row>> {
        &self.features.encoder
    }

    /// Rows to slots, with what was known.
    #[must_use]
    pub fn gather(&self) -> &Arc<dyn Gather<Row>> {
        &self.features.gather
    }

    /// Numbers to answers.
    #[must_use]
    pub fn model(&self) -> &Arc<dyn Model> {
        self.model.model()
    }

    /// The model with its bytes and digest: what a challenger is compared with.
    #[must_use]
    pub fn model_part(&self) -> &ModelPart {
        &self.model
    }
}
