//! How a permutation test is run.

use crate::DriftError;
use crate::error::out_of_range;

/// How the entries of the kernel matrix are computed and kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelStore {
    /// With 53 bits, in 4 N² bytes for N rows on both sides together: the default.
    #[default]
    F64,
    /// With 24 bits, in half of the space and of the time.
    ///
    /// An entry is then off by about 1e-6 at most; sums over all entries are in `f64`, and the statistic is off by far
    /// less than its standard deviation without a change. Up to 512 rows on both sides together are kept with 53 bits
    /// all the same.
    F32,
}

/// How a permutation test is run. Made by [`PermutationOptions::builder`].
///
/// | parameter | default | range |
/// |---|---|---|
/// | `permutations`: how often the rows are dealt out anew | 200 | any; with 0 there is no p-value |
/// | `seed`: of the generator that deals | 0 | any |
/// | `threads` to compute with; the answer is the same to the last bit at any number | 1 | at least 1 |
/// | `store`: how distances and kernels are kept | [`KernelStore::F64`] | |
///
/// The generator is SplitMix64 (Steele, Lea and Flood, 2014, doi:10.1145/2714064.2660195), begun anew for each
/// permutation from the seed and the permutation's number; a place among k is the upper half of its word times k. The
/// p-value is (1 + #{≥}) / (1 + permutations), where the count is of permutations whose statistic is at least the one
/// of the data, so that it is never 0 and is valid at any number of permutations (Phipson and Smyth, 2010,
/// doi:10.2202/1544-6115.1585).
///
/// ```
/// use mlops_drift::PermutationOptions;
///
/// let options = PermutationOptions::builder().permutations(500).seed(7).threads(2).build()?;
/// assert_eq!(options.permutations(), 500);
/// assert!(PermutationOptions::builder().threads(0).build().is_err());
/// # Ok::<(), mlops_drift::DriftError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermutationOptions {
    permutations: usize,
    seed: u64,
    threads: usize,
    store: KernelStore,
}

impl Default for PermutationOptions {
    fn default() -> Self {
        Self { permutations: 200, seed: 0, threads: 1, store: KernelStore::F64 }
    }
}

/// Collects the parameters of [`PermutationOptions`], whose documentation lists them.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PermutationOptionsBuilder(PermutationOptions);

impl PermutationOptions {
    /// Starts from the defaults.
    pub fn builder() -> PermutationOptionsBuilder {
        PermutationOptionsBuilder::default()
    }

    /// How often the rows are dealt out anew.
    #[must_use]
    pub fn permutations(&self) -> usize {
        self.permutations
    }

    /// The seed of the generator.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many threads compute.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How the kernel matrix is kept.
    #[must_use]
    pub fn store(&self) -> KernelStore {
        self.store
    }
}

impl PermutationOptionsBuilder {
    /// Sets how often the rows are dealt out anew.
    pub fn permutations(mut self, permutations: usize) -> Self {
        self.0.permutations = permutations;
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

    /// Sets how the kernel matrix is kept.
    pub fn store(mut self, store: KernelStore) -> Self {
        self.0.store = store;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] for the first that is out of its range.
    pub fn build(self) -> Result<PermutationOptions, DriftError> {
        if self.0.threads == 0 {
            return out_of_range("threads", &0, "at least 1");
        }
        Ok(self.0)
    }
}
