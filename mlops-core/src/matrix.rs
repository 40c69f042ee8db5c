//! Numbers on their way into a model.

use std::sync::Arc;

use ndarray::{Array1, Array2};

use crate::Fingerprint;

/// Rows × features, as everybody but training gets them: validation, profiles, golden rows, serving.
#[derive(Clone, Debug)]
pub struct EncodedMatrix {
    /// The numbers, a row a line, row-major.
    pub values: Array2<f64>,
    /// The name of each column.
    pub names: Arc<[String]>,
    /// The fitted features that made them.
    pub features: Fingerprint,
}

/// Rows × features with labels, for training and for nothing else: encodings that look at labels (target
/// encoding) are out of fold in it, so its numbers are not those that serving sees.
#[derive(Clone, Debug)]
pub struct TrainingMatrix {
    values: Array2<f64>,
    labels: Array1<f64>,
    names: Arc<[String]>,
    features: Fingerprint,
}

/// A training matrix whose pieces don't fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a training matrix of {rows} rows and {columns} columns can't have {labels} labels and {names} names")]
pub struct TrainingMatrixError {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// Labels that were given.
    pub labels: usize,
    /// Names that were given.
    pub names: usize,
}

impl TrainingMatrix {
    /// A matrix of rows × features with a label a row and a name a column.
    ///
    /// # Errors
    /// [`TrainingMatrixError`] where the sizes differ.
    pub fn new(
        values: Array2<f64>,
        labels: Array1<f64>,
        names: Arc<[String]>,
        features: Fingerprint,
    ) -> Result<Self, TrainingMatrixError> {
        let (rows, columns) = values.dim();
        if labels.len() == rows && names.len() == columns {
            Ok(Self { values, labels, names, features })
        } else {
            Err(TrainingMatrixError { rows, columns, labels: labels.len(), names: names.len() })
        }
    }

    /// The numbers, rows × features.
    #[must_use]
    pub fn values(&self) -> &Array2<f64> {
        &self.values
    }

    /// The labels, one a row.
    #[must_use]
    pub fn labels(&self) -> &Array1<f64> {
        &self.labels
    }

    /// The name of each column.
    #[must_use]
    pub fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    /// The fitted features that made them.
    #[must_use]
    pub fn features(&self) -> Fingerprint {
        self.features
    }
}
