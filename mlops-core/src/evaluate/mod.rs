//! What a model's answers are worth.

use std::fmt;

use serde::Serialize;

use crate::Fingerprint;

/// What was evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// A model, by the digest of its part.
    Model {
        /// The digest.
        digest: Fingerprint,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { digest } => digest.fmt(f),
        }
    }
}

/// An evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    subject: Subject,
}

impl Evaluation {
    /// What was evaluated.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}
