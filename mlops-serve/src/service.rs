//! A model in service, in one piece.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use mlops_core::{Dataset, SourcedBundle, Timestamp};

use crate::{
    LatencyHistogram, LoadError, Loader, LogError, LogOptions, OutcomeJoin, Prediction, PredictionLog, RunError,
    Runner, SwapError, read_predictions,
};

/// A [`Runner`] with all that stands around it: its loader, a [`PredictionLog`], an [`OutcomeJoin`] and a
/// [`LatencyHistogram`]. Each of them can be had, and used as if it stood alone.
///
/// Nothing runs by itself: what waits in the log is written by [`PredictionLog::run`] on a thread of the application's,
/// or by [`PredictionLog::flush`].
#[derive(Debug)]
pub struct Service<Row: ?Sized> {
    runner: Runner<Row>,
    loader: Loader<Row>,
    log: Arc<PredictionLog>,
    join: Arc<OutcomeJoin>,
    latencies: LatencyHistogram,
}

/// Why a service can't start, or can't take another version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The version can't be made ready.
    #[error("the version can't be made ready")]
    Load {
        /// What was met.
        #[from]
        source: LoadError,
    },
    /// The version doesn't fit the runner.
    #[error("the version doesn't fit the service")]
    Swap {
        /// What was met.
        #[from]
        source: SwapError,
    },
    /// There can't be a log.
    #[error("there can't be a prediction log")]
    Log {
        /// What was met.
        #[from]
        source: LogError,
    },
}

impl<Row: ?Sized + 'static> Service<Row> {
    /// A service that starts with this version, logs into a folder, and joins outcomes.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub fn start(
        loader: Loader<Row>,
        first: SourcedBundle,
        log: impl Into<PathBuf>,
        join: OutcomeJoin,
    ) -> Result<Self, ServiceError> {
        let (log, join) = (Arc::new(PredictionLog::new(log, LogOptions::default())?), Arc::new(join));
        let loader = loader.observer(&join).log(&log);
        let runner = Runner::new(loader.load(first)?);
        Ok(Self { runner, loader, log, join, latencies: LatencyHistogram::default() })
    }
}

impl<Row: ?Sized> Service<Row> {
    /// Answers a row as [`Runner::predict`] does. The latency that is counted is that of the whole path, observers
    /// included.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn predict(&self, id: &str, row: &Row, at: Timestamp) -> Result<Prediction, RunError> {
        let start = Instant::now();
        let prediction = self.runner.predict(id, row, at)?;
        self.latencies.record(start.elapsed());
        Ok(prediction)
    }

    /// Joins what really happened to the answer that was given, and tells those who watch its version; says whether
    /// there was such an answer.
    pub fn outcome(&self, id: &str, label: f64, available: Timestamp) -> bool {
        let joined = self.join.outcome(id, label, available);
        joined.is_some_and(|joined| self.runner.outcome(&joined.as_outcome()))
    }

    /// Makes a version ready and swaps it in; no answer waits. The old one stays where that fails.
    ///
    /// # Errors
    /// [`ServiceError::Load`] or [`ServiceError::Swap`].
    pub fn replace(&self, version: SourcedBundle) -> Result<(), ServiceError> {
        self.runner.swap(self.loader.load(version)?)?;
        Ok(())
    }

    /// Writes what waits in the log, and reads all of it, as [`read_predictions`] does: the answers of earlier services with
    /// the same folder too.
    ///
    /// # Errors
    /// Those of [`PredictionLog::flush`] and [`read_predictions`].
    pub fn predictions(&self) -> Result<Dataset, LogError> {
        self.log.flush()?;
        read_predictions(self.log.folder())
    }

    /// What answers.
    #[must_use]
    pub fn runner(&self) -> &Runner<Row> {
        &self.runner
    }

    /// What makes versions ready, the log and the join among those that watch them.
    #[must_use]
    pub fn loader(&self) -> &Loader<Row> {
        &self.loader
    }

    /// The log of answers and outcomes.
    #[must_use]
    pub fn log(&self) -> &PredictionLog {
        &self.log
    }

    /// The join of outcomes.
    #[must_use]
    pub fn join(&self) -> &OutcomeJoin {
        &self.join
    }

    /// How long answers took.
    #[must_use]
    pub fn latencies(&self) -> &LatencyHistogram {
        &self.latencies
    }
}

/// How long answers took, and what became of requests, answers and outcomes; a line each.
impl<Row: ?Sized> fmt::Display for Service<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantile = |q| self.latencies.quantile(q).unwrap_or_default();
        writeln!(f, "an answer took {:?} (p50), {:?} (p99)", quantile(0.5), quantile(0.99))?;
        writeln!(f, "requests: {:?}", self.runner.counts())?;
        writeln!(f, "log: {:?}", self.log.counts())?;
        write!(f, "outcomes: {:?}", self.join.counts())
    }
}
