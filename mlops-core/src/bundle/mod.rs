//! The unit of deployment.

mod build;
mod folder;
mod golden;
mod load;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{EncodeError, Fingerprint, FormatError, ModelError, Run, Signature, Tolerance};

pub use build::BundleBuilder;
pub use golden::{GoldenRow, GoldenRows, GoldenValue};
pub use load::LoadedBundle;

/// The names of the parts that every bundle has.
pub(crate) mod part {
    pub(crate) const MODEL: &str = "model";
    pub(crate) const FEATURES: &str = "features";
    pub(crate) const GOLDEN: &str = "golden";
    pub(crate) const EVALUATION: &str = "evaluation";
    pub(crate) const LINEAGE: &str = "lineage";
}

const JSON: &str = "application/json";
const FORMAT: u32 = 1;

/// Bytes with the name of their format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name of the format.
    pub media_type: String,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// What the manifest says of a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartEntry {
    /// The name of the format.
    pub media_type: String,
    /// The SHA-256 digest of the bytes.
    pub digest: Fingerprint,
    /// How many bytes there are.
    pub size: u64,
}

/// What a bundle holds. Its JSON text has one form, of which the bundle's digest is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format of bundles.
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// The digest of the model part with its signature: what evidence names.
    pub model: Fingerprint,
    /// What goes into the model and what comes out.
    pub signature: Signature,
    /// How near golden outputs must come back.
    pub tolerance: Tolerance,
    /// The parts by name.
    pub parts: BTreeMap<String, PartEntry>,
}

/// The unit of deployment: everything that serving and monitoring need of one version of a model, immutable
/// and verified. A part's bytes are those of its digest, always.
#[derive(Clone, Debug)]
pub struct Bundle {
    manifest: Manifest,
    digest: Fingerprint,
    parts: BTreeMap<String, Arc<[u8]>>,
}

/// Why a bundle can't be built, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file can't be read or written.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder that already holds something: bundles are never overwritten.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// A part that a bundle must have.
    #[error("the bundle has no part `{part}`")]
    MissingPart {
        /// The part.
        part: String,
    },
    /// A part's name that can't be a file's: letters, digits, `_` and `-` are allowed.
    #[error("`{part}` can't be the name of a part: 1 to 64 of a-z, 0-9, `_`, `-` are allowed")]
    BadPartName {
        /// The name.
        part: String,
    },
    /// Bytes that are not those that were put in.
    #[error("part `{part}` is damaged: its digest is {got}, the manifest says {wanted}")]
    Damaged {
        /// The part.
        part: String,
        /// The digest of the bytes.
        got: Fingerprint,
        /// The digest in the manifest.
        wanted: Fingerprint,
    },
    /// A manifest that isn't one, or was changed.
    #[error("the manifest is bad: {problem}")]
    BadManifest {
        /// What is wrong.
        problem: String,
    },
    /// A bundle of a later format.
    #[error("the bundle is of format {got}; this library reads up to {FORMAT}")]
    NewerFormat {
        /// The bundle's format.
        got: u32,
    },
    /// A part that can't be read.
    #[error("part `{part}` can't be read")]
    BadPart {
        /// The part.
        part: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Features other than those that the model was trained on.
    #[error("the features are {got}, but the model was trained on {wanted}")]
    ForeignFeatures {
        /// The fingerprint of the features that were loaded.
        got: Fingerprint,
        /// The fingerprint that the model is bound to.
        wanted: Fingerprint,
    },
    /// Features that give numbers of other names than the model takes.
    #[error("the features give {got:?}, but the model takes {wanted:?}")]
    ForeignNames {
        /// The names of the features' numbers.
        got: Vec<String>,
        /// The names of the model's inputs.
        wanted: Vec<String>,
    },
    /// An evaluation of another model.
    #[error("the evaluation is of the model {got}, not of {wanted}")]
    ForeignEvaluation {
        /// The digest of the model that was evaluated, or what else was.
        got: String,
        /// The digest of the model in the bundle.
        wanted: Fingerprint,
    },
    /// No golden row, so nothing would be checked.
    #[error("a bundle needs at least one golden row")]
    NoGoldenRows,
    /// A golden row that doesn't come back.
    #[error("golden row {row} doesn't come back: {what} `{name}` is {got}, recorded was {wanted}")]
    GoldenRow {
        /// Its number, from 0.
        row: usize,
        /// `number`, `output` or `slot`.
        what: &'static str,
        /// The name of the number, output or slot.
        name: String,
        /// What came.
        got: String,
        /// What was recorded.
        wanted: String,
    },
    /// A golden row that can't be encoded any more.
    #[error("golden row {row} can't be encoded")]
    GoldenEncode {
        /// Its number, from 0.
        row: usize,
        /// What was met.
        source: EncodeError,
    },
    /// The model part can't be loaded or can't answer.
    #[error("the model part can't be used")]
    Model {
        /// What was met.
        #[from]
        source: ModelError,
    },
    /// The features part can't be loaded.
    #[error("the features part can't be used")]
    Features {
        /// What was met.
        #[from]
        source: FormatError,
    },
}

impl Bundle {
    /// Starts a bundle of a model of this name.
    #[must_use]
    pub fn builder(name: impl Into<String>) -> BundleBuilder {
        BundleBuilder::new(name.into())
    }

    /// What the bundle holds.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the manifest, and through it of every byte.
    #[must_use]
    pub fn digest(&self) -> Fingerprint {
        self.digest
    }

    /// A part.
    ///
    /// # Errors
    /// [`BundleError::MissingPart`] where there is none of that name.
    pub fn part(&self, name: &str) -> Result<Part, BundleError> {
        match (self.manifest.parts.get(name), self.parts.get(name)) {
            (Some(entry), Some(bytes)) => {
                Ok(Part { media_type: entry.media_type.clone(), bytes: Arc::clone(bytes) })
            }
            _ => Err(BundleError::MissingPart { part: name.into() }),
        }
    }

    /// How the model came to be.
    ///
    /// # Errors
    /// [`BundleError::MissingPart`] or [`BundleError::BadPart`].
    pub fn lineage(&self) -> Result<Run, BundleError> {
        self.json(part::LINEAGE)
    }

    /// The evaluation that let the model through, as JSON: a record to read, which no gate takes.
    ///
    /// # Errors
    /// [`BundleError::MissingPart`] or [`BundleError::BadPart`].
    pub fn evaluation(&self) -> Result<serde_json::Value, BundleError> {
        self.json(part::EVALUATION)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, BundleError> {
        serde_json::from_slice(&self.part(name)?.bytes)
            .map_err(|source| BundleError::BadPart { part: name.into(), source: source.into() })
    }

    /// Puts a manifest and the bytes of its parts together, if they are those that it names.
    ///
    /// # Errors
    /// [`BundleError`] that names the first part that is missing or damaged.
    pub fn from_parts(manifest: Manifest, parts: BTreeMap<String, Arc<[u8]>>) -> Result<Self, BundleError> {
        if manifest.format > FORMAT {
            return Err(BundleError::NewerFormat { got: manifest.format });
        }
        for (name, entry) in &manifest.parts {
            check_name(name)?;
            let bytes = parts.get(name).ok_or_else(|| BundleError::MissingPart { part: name.clone() })?;
            let got = Fingerprint::of(bytes);
            if got != entry.digest {
                return Err(BundleError::Damaged { part: name.clone(), got, wanted: entry.digest });
            }
        }
        let digest = Fingerprint::of(&manifest.to_bytes()?);
        Ok(Self { manifest, digest, parts })
    }
}

impl Manifest {
    /// The one JSON text of this manifest.
    ///
    /// # Errors
    /// [`BundleError::BadManifest`] for a tolerance that isn't a number.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BundleError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| bad_manifest(&error))?;
        text.push(b'\n');
        Ok(text)
    }

    /// The manifest of a text that [`Manifest::to_bytes`] made; any other text is refused, even if it says the
    /// same.
    ///
    /// # Errors
    /// [`BundleError::BadManifest`], or [`BundleError::NewerFormat`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        let OnlyFormat { format } = serde_json::from_slice(bytes).map_err(|error| bad_manifest(&error))?;
        if format > FORMAT {
            return Err(BundleError::NewerFormat { got: format });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| bad_manifest(&error))?;
        if manifest.to_bytes()? == bytes {
            Ok(manifest)
        } else {
            Err(BundleError::BadManifest { problem: "its text was changed".into() })
        }
    }
}

fn bad_manifest(error: &serde_json::Error) -> BundleError {
    BundleError::BadManifest { problem: error.to_string() }
}

fn check_name(name: &str) -> Result<(), BundleError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(BundleError::BadPartName { part: name.into() })
    }
}
