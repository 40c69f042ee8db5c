//! How a domain classifier is trained.

use crate::DriftError;
use crate::error::out_of_range;

/// How a domain classifier is trained. Made by [`DomainOptions::builder`].
///
/// | parameter | default | range |
/// |---|---|---|
/// | `folds` that the rows are cut into | 5 | at least 2 |
/// | `alpha`: weight of the penalty α/2 Σwⱼ², beside the sum of the rows' log losses; scikit-learn's 1 / `C` | 1 | finite, above 0 |
/// | `seed` of the generator that puts rows into folds | 0 | any |
/// | `threads`, a fold at a time each; the answer is the same to the last bit at any number | 1 | at least 1 |
///
/// ```
/// use mlops_drift::DomainOptions;
///
/// assert!(DomainOptions::builder().folds(10).alpha(0.1).build().is_ok());
/// assert!(DomainOptions::builder().folds(1).build().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DomainOptions {
    pub(super) folds: usize,
    pub(super) alpha: f64,
    pub(super) seed: u64,
    pub(super) threads: usize,
}

impl Default for DomainOptions {
    fn default() -> Self {
        Self { folds: 5, alpha: 1.0, seed: 0, threads: 1 }
    }
}

/// Collects the parameters of [`DomainOptions`], whose documentation lists them.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DomainOptionsBuilder(DomainOptions);

impl DomainOptions {
    /// Starts from the defaults.
    pub fn builder() -> DomainOptionsBuilder {
        DomainOptionsBuilder::default()
    }

    /// Into how many folds the rows are cut.
    #[must_use]
    pub fn folds(&self) -> usize {
        self.folds
    }
}

impl DomainOptionsBuilder {
    /// Sets into how many folds the rows are cut.
    pub fn folds(mut self, folds: usize) -> Self {
        self.0.folds = folds;
        self
    }

    /// Sets the weight of the penalty.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// Sets the seed of the generator.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Sets how many threads compute.
    pub fn threads(mut self, threads: usize) -> Self {
        self.0.threads = threads;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] for the first that is out of its range.
    pub fn build(self) -> Result<DomainOptions, DriftError> {
        if self.0.folds < 2 {
            return out_of_range("folds", &self.0.folds, "at least 2");
        }
        if !(self.0.alpha.is_finite() && self.0.alpha > 0.0) {
            return out_of_range("alpha", &self.0.alpha, "finite, above 0");
        }
        if self.0.threads == 0 {
            return out_of_range("threads", &0, "at least 1");
        }
        Ok(self.0)
    }
}
