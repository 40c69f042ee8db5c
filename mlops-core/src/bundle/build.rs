//! Making a bundle.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Bundle, BundleError, FORMAT, GoldenRows, JSON, Manifest, Part, PartEntry, check_name, part};
use crate::{Evaluation, Fingerprint, ModelPart, Run, Subject};

/// Gathers the parts of a [`Bundle`].
#[derive(Debug)]
pub struct BundleBuilder {
    name: String,
    model: Option<ModelPart>,
    evaluated: Option<Subject>,
    parts: Vec<(String, Part)>,
    failed: Option<BundleError>,
}

impl BundleBuilder {
    pub(super) fn new(name: String) -> Self {
        Self { name, model: None, evaluated: None, parts: Vec::new(), failed: None }
    }

    /// The model. Required.
    #[must_use]
    pub fn model(mut self, model: &ModelPart) -> Self {
        self.model = Some(model.clone());
        let bytes = Arc::clone(model.bytes());
        self.part(part::MODEL, Part { media_type: model.media_type().into(), bytes })
    }

    /// The fitted features. Required.
    #[must_use]
    pub fn features(self, features: Part) -> Self {
        self.part(part::FEATURES, features)
    }

    /// The rows by which the bundle shows that it answers as it did. Required, at least one.
    #[must_use]
    pub fn golden(mut self, golden: &GoldenRows) -> Self {
        if golden.0.is_empty() {
            self.failed.get_or_insert(BundleError::NoGoldenRows);
        }
        self.json(part::GOLDEN, golden)
    }

    /// The evaluation of this model. Required.
    #[must_use]
    pub fn evaluation(mut self, evaluation: &Evaluation) -> Self {
        self.evaluated = Some(evaluation.subject().clone());
        self.json(part::EVALUATION, evaluation)
    }

    /// How the model came to be. Required.
    #[must_use]
    pub fn lineage(self, run: &Run) -> Self {
        self.json(part::LINEAGE, run)
    }

    /// Any other part, such as the profile that drift is measured against.
    #[must_use]
    pub fn part(mut self, name: &str, part: Part) -> Self {
        if let Err(error) = check_name(name) {
            self.failed.get_or_insert(error);
        }
        self.parts.push((name.into(), part));
        self
    }

    fn json(mut self, name: &str, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.part(name, Part { media_type: JSON.into(), bytes: bytes.into() }),
            Err(source) => {
                self.failed.get_or_insert(BundleError::BadPart { part: name.into(), source: source.into() });
                self
            }
        }
    }

    /// Puts the parts together. What they say is checked when the bundle is loaded; that they belong together,
    /// here.
    ///
    /// # Errors
    /// [`BundleError`] that names the part that is missing or doesn't belong.
    pub fn build(self) -> Result<Bundle, BundleError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let model = self.model.ok_or_else(|| BundleError::MissingPart { part: part::MODEL.into() })?;
        let wanted = model.digest();
        match &self.evaluated {
            Some(Subject::Model { digest }) if *digest == wanted => {}
            Some(other) => return Err(BundleError::ForeignEvaluation { got: other.to_string(), wanted }),
            None => return Err(BundleError::MissingPart { part: part::EVALUATION.into() }),
        }
        let mut entries = BTreeMap::new();
        let mut bytes = BTreeMap::new();
        for (name, part) in self.parts {
            let digest = Fingerprint::of(&part.bytes);
            let entry = PartEntry { media_type: part.media_type, digest, size: part.bytes.len() as u64 };
            entries.insert(name.clone(), entry);
            bytes.insert(name, part.bytes);
        }
        for required in [part::FEATURES, part::GOLDEN, part::LINEAGE] {
            if !entries.contains_key(required) {
                return Err(BundleError::MissingPart { part: required.into() });
            }
        }
        let manifest = Manifest {
            format: FORMAT,
            name: self.name,
            model: wanted,
            signature: model.model().signature().clone(),
            tolerance: model.tolerance(),
            parts: entries,
        };
        Bundle::from_parts(manifest, bytes)
    }
}
