//! A fit by several threads: a pass for each, which merge.

use std::num::NonZeroUsize;

use arrow::array::RecordBatch;

use super::pass::{FitProgress, Fitting};
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;
use crate::fitted::FittedFeatures;
use crate::threads::{share_of, share_out};

impl FeatureSet {
    /// Fits the features on a batch by several threads, which end with it: the same bits whatever their number.
    ///
    /// # Errors
    /// [`FeatureError`] where the batch doesn't fit, a policy refuses a row, a transform learns from labels, or there is
    /// nothing to fit on; of several bad rows the one that a single thread would have named.
    #[tracing::instrument(skip_all, fields(set = self.name, rows = batch.num_rows()))]
    pub fn fit_batch(
        &self,
        batch: &RecordBatch,
        threads: NonZeroUsize,
        catalog: &Catalog,
    ) -> Result<FittedFeatures, FeatureError> {
        let mut pass = self.start_fit(catalog)?;
        loop {
            pass.update_by_threads(batch, threads)?;
            match pass.finish()? {
                FitProgress::Again(next) => pass = next,
                FitProgress::Done(features) => return Ok(features),
            }
        }
    }
}

impl Fitting {
    fn update_by_threads(&mut self, batch: &RecordBatch, threads: NonZeroUsize) -> Result<(), FeatureError> {
        let rows = batch.num_rows();
        // Shares end where chunks do, so that a bad row is met in the very chunk that a single thread meets it in.
        let share = share_of(rows, self.chunk(), threads);
        let part = |start| (self.fork(), start, batch.slice(start, share.min(rows - start)));
        let parts = (0..rows).step_by(share).map(part).collect();
        let parts = share_out(threads, parts, |(mut part, start, rows): (Self, usize, RecordBatch)| {
            part.update(&rows, &[]).map(|()| part).map_err(|error| match error {
                FeatureError::Row { row, source } => FeatureError::Row { row: start + row, source },
                other => other,
            })
        });
        parts.into_iter().try_for_each(|part| self.merge(part?))
    }
}
