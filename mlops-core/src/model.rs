//! The seams of a model: what it answers, how it becomes bytes, how it is trained.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::{Fingerprint, FingerprintHasher, Signature, TrainingMatrix};

/// Why a model can't answer, be saved, be loaded or be trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A matrix of another shape than the signature says.
    #[error("the {what} are {got:?}; the model wants {wanted:?} (rows × columns)")]
    WrongShape {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// What was given.
        got: [usize; 2],
        /// What was wanted.
        wanted: [usize; 2],
    },
    /// A part in a format that nobody offered to load.
    #[error("no format was given for the media type `{media_type}`")]
    UnknownFormat {
        /// The part's media type.
        media_type: String,
    },
    /// A model that another format saves.
    #[error("the format `{media_type}` doesn't save this model: {model}")]
    ForeignModel {
        /// The format's media type.
        media_type: &'static str,
        /// The model, in debug form.
        model: String,
    },
    /// A part that isn't what its media type says.
    #[error("the {media_type} part is bad: {problem}")]
    BadPart {
        /// The part's media type.
        media_type: &'static str,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// A training that can't start or didn't end well.
    #[error("{trainer} can't train: {problem}")]
    Training {
        /// The trainer.
        trainer: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The library behind the model failed.
    #[error("{library} failed")]
    Backend {
        /// The library.
        library: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Matrix in, matrix out.
///
/// # Contract
/// `predict_into` is called with as many columns as the signature has inputs and outputs and as many rows on
/// both sides, by any number of threads at once ([`check_shapes`] says so otherwise). It depends on nothing but
/// its input: the same row gives the same answer, alone or in any batch, within the tolerance of its format.
/// NaN in may be NaN out; it is never a panic. It blocks for no lock, disk or network.
pub trait Model: Any + Send + Sync + fmt::Debug {
    /// What goes in and what comes out.
    fn signature(&self) -> &Signature;

    /// Answers each row of `inputs` (rows × inputs) into the same row of `outputs` (rows × outputs).
    ///
    /// # Errors
    /// [`ModelError::WrongShape`], or what the back-end met.
    fn predict_into(&self, inputs: ArrayView2<'_, f64>, outputs: ArrayViewMut2<'_, f64>) -> Result<(), ModelError>;
}

/// Conveniences over [`Model`].
pub trait ModelExt: Model {
    /// Answers each row of `inputs` in a matrix of its own, rows × outputs.
    ///
    /// # Errors
    /// Those of [`Model::predict_into`].
    fn predict(&self, inputs: ArrayView2<'_, f64>) -> Result<Array2<f64>, ModelError> {
        let mut outputs = Array2::zeros((inputs.nrows(), self.signature().outputs.len()));
        self.predict_into(inputs, outputs.view_mut())?;
        Ok(outputs)
    }
}

impl<M: Model + ?Sized> ModelExt for M {}

/// Checks the shapes that [`Model::predict_into`] was given against a signature.
///
/// # Errors
/// [`ModelError::WrongShape`] for the first that doesn't fit.
pub fn check_shapes(
    signature: &Signature,
    inputs: &ArrayView2<'_, f64>,
    outputs: &ArrayViewMut2<'_, f64>,
) -> Result<(), ModelError> {
    let rows = inputs.nrows();
    let check = |what, got: (usize, usize), columns| {
        let (got, wanted) = ([got.0, got.1], [rows, columns]);
        if got == wanted { Ok(()) } else { Err(ModelError::WrongShape { what, got, wanted }) }
    };
    check("inputs", inputs.dim(), signature.inputs.len())?;
    check("outputs", outputs.dim(), signature.outputs.len())
}

/// How near an output must come to the one that was recorded: `|got − recorded| ≤ absolute + relative · |recorded|`.
/// NaN comes back as NaN, infinities as themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// The part that doesn't grow with the value.
    pub absolute: f64,
    /// The part that does.
    pub relative: f64,
}

impl Tolerance {
    /// Bit for bit (but for the bits inside a NaN).
    pub const EXACT: Self = Self { absolute: 0.0, relative: 0.0 };

    /// Whether `got` is near enough to `recorded`.
    #[must_use]
    pub fn allows(&self, got: f64, recorded: f64) -> bool {
        got.to_bits() == recorded.to_bits()
            || (got.is_nan() && recorded.is_nan())
            || (recorded.is_finite()
                && *self != Self::EXACT
                && (got - recorded).abs() <= self.absolute + self.relative * recorded.abs())
    }
}

/// A model's bytes on the way to and from a [`Model`].
///
/// # Contract
/// `load(save(m))` answers as `m` does within `tolerance`, on every platform. `load` treats its bytes as data:
/// nothing in them is run, no size that they name is allocated unchecked, and bad bytes get
/// [`ModelError::BadPart`], never a panic. The same model gives the same bytes.
pub trait ModelFormat: Send + Sync + fmt::Debug {
    /// What a part of this format is called.
    fn media_type(&self) -> &'static str;

    /// How near golden outputs must come back.
    fn tolerance(&self) -> Tolerance;

    /// A model's bytes.
    ///
    /// # Errors
    /// [`ModelError::ForeignModel`] for a model of another kind.
    fn save(&self, model: &dyn Model) -> Result<Vec<u8>, ModelError>;

    /// The model that the bytes hold.
    ///
    /// # Errors
    /// [`ModelError::BadPart`] with what is wrong and where.
    fn load(&self, bytes: &[u8], signature: &Signature) -> Result<Arc<dyn Model>, ModelError>;
}

/// A model as bytes, with what names it: the thing that is evaluated, gated, bundled and served.
///
/// It is loaded back as it is made, so whoever evaluates it evaluates what its bytes answer, and evidence
/// about it is bound to its digest.
#[derive(Clone, Debug)]
pub struct ModelPart {
    media_type: &'static str,
    bytes: Arc<[u8]>,
    tolerance: Tolerance,
    model: Arc<dyn Model>,
    digest: Fingerprint,
}

impl ModelPart {
    /// Saves a model in a format and loads it back.
    ///
    /// # Errors
    /// Those of [`ModelFormat::save`] and [`ModelFormat::load`].
    pub fn new(model: &dyn Model, format: &dyn ModelFormat) -> Result<Self, ModelError> {
        let bytes = format.save(model)?;
        Self::load(bytes, model.signature(), &[format], format.media_type())
    }

    /// Loads a model by the format that its media type names.
    ///
    /// # Errors
    /// [`ModelError::UnknownFormat`], or those of [`ModelFormat::load`].
    pub fn load(
        bytes: impl Into<Arc<[u8]>>,
        signature: &Signature,
        formats: &[&dyn ModelFormat],
        media_type: &str,
    ) -> Result<Self, ModelError> {
        let bytes = bytes.into();
        let format = formats
            .iter()
            .find(|format| format.media_type() == media_type)
            .ok_or_else(|| ModelError::UnknownFormat { media_type: media_type.into() })?;
        let model = format.load(&bytes, signature)?;
        let mut hasher = FingerprintHasher::new("model");
        hasher.text(media_type);
        hasher.fingerprint(signature.features);
        signature.inputs.iter().chain(&signature.outputs).for_each(|name| hasher.text(name));
        hasher.bytes(&bytes);
        let digest = hasher.finish();
        Ok(Self { media_type: format.media_type(), bytes, tolerance: format.tolerance(), model, digest })
    }

    /// The model that the bytes hold.
    #[must_use]
    pub fn model(&self) -> &Arc<dyn Model> {
        &self.model
    }

    /// The digest of format, signature and bytes: what evidence about this model names.
    #[must_use]
    pub fn digest(&self) -> Fingerprint {
        self.digest
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// The name of the bytes' format.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// How near golden outputs must come back.
    #[must_use]
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }
}

/// Makes a model from a training matrix.
///
/// # Contract
/// The same trainer, matrix and start give the same model bytes on one machine, unless the implementation's
/// docs say otherwise. The model's signature names the matrix's features.
pub trait Trainer {
    /// What it makes.
    type Model: Model;

    /// What the run is told about how the model was made: each parameter by name, the seed among them.
    fn parameters(&self) -> BTreeMap<String, serde_json::Value>;

    /// Trains, from the start or from a model that was trained before.
    ///
    /// # Errors
    /// [`ModelError::Training`] where the matrix or the parameters don't allow it.
    fn train(&self, matrix: &TrainingMatrix, warm_start: Option<&Self::Model>) -> Result<Self::Model, ModelError>;
}
