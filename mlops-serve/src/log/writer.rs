//! The log: what it is told, what it writes, what it counts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlops_core::{Clock, DatasetError, LoadedBundle, Observer, SystemClock};
use parquet::errors::ParquetError;

use super::outcomes::OUTCOMES;
use super::queue::{Queue, Rows, Shared, VersionSchema};
use super::segment;

/// How a [`PredictionLog`] keeps and writes.
///
/// | name | default | unit | range |
/// |---|---|---|---|
/// | `rows` | 65,536 | rows of a version that may wait | from 1 |
/// | `bytes` | 64 MiB | bytes of ids, texts and lists of a version that may wait | any |
/// | `every` | 10 s | how long [`PredictionLog::run`] lets rows wait at most, between its writes | any |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// How many rows of a version may wait; fewer than one counts as one.
    pub rows: usize,
    /// How many bytes of ids, texts and lists of a version may wait.
    pub bytes: usize,
    /// How long [`PredictionLog::run`] lets rows wait between its writes.
    pub every: Duration,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { rows: 1 << 16, bytes: 64 << 20, every: Duration::from_secs(10) }
    }
}

/// Why rows can't be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A file or folder can't be made.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rows can't be written as Parquet.
    #[error("cannot write `{}` as Parquet", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the writer met.
        source: ParquetError,
    },
    /// A file can't be read, or doesn't fit the others.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What was met.
        source: Box<DatasetError>,
    },
    /// A folder can't be read.
    #[error("cannot list `{}`", folder.display())]
    ReadFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder without a file of predictions.
    #[error("there is no prediction in `{}`", folder.display())]
    NoPredictions {
        /// The folder.
        folder: PathBuf,
    },
    /// A file that is named as one of predictions and doesn't have their columns.
    #[error("`{}` holds no predictions", path.display())]
    NotPredictions {
        /// The file.
        path: PathBuf,
    },
    /// A file that is named as one of outcomes and doesn't have their columns.
    #[error("`{}` holds no outcomes", path.display())]
    NotOutcomes {
        /// The file.
        path: PathBuf,
    },
    /// Two columns of the table of one name.
    #[error("two columns are named `{column}`")]
    RepeatedColumn {
        /// The name.
        column: String,
    },
}

/// What became of the answers that a [`PredictionLog`] was shown:
/// `observed = written + waiting + full + contended + foreign + failed` while nothing is answered or written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogCounts {
    /// Answers that were shown.
    pub observed: u64,
    /// Rows in files that are whole.
    pub written: u64,
    /// Rows that wait.
    pub waiting: u64,
    /// Rows that were dropped because there was no room.
    pub full: u64,
    /// Rows that were dropped because there was no room that wasn't locked.
    pub contended: u64,
    /// Rows that were dropped because they are not of the version whose observer was shown them.
    pub foreign: u64,
    /// Rows that were dropped because their file couldn't be written.
    pub failed: u64,
    /// Outcomes in files that are whole.
    pub outcomes_written: u64,
    /// Outcomes that wait.
    pub outcomes_waiting: u64,
    /// Outcomes that were dropped because there was no room.
    pub outcomes_full: u64,
    /// Outcomes that were dropped because their file couldn't be written.
    pub outcomes_failed: u64,
}

/// Writes what was asked and answered to Parquet files in a folder, one log a folder.
///
/// Each version has an observer, [`PredictionLog::observer`], which copies an answer into memory that is bounded
/// and waits for nobody; what finds no room is dropped and counted. [`PredictionLog::run`], on a thread of the
/// application's, or [`PredictionLog::flush`] writes what waits. A file has rows of one version: `id`, `at`,
/// `version`, `latency_ns`, then the row as it was read and gathered (`slot.` and the field's name), what the
/// model was given (`number.`) and what it answered (`output.`), in no order of time. Outcomes that its observers are
/// told go to files of their own: `id`, `available`, `label`. [`read_predictions`](crate::read_predictions) joins all of
/// them to one table. A file whose name doesn't start with a dot is whole. Rows that wait are lost if the process dies.
#[derive(Debug)]
pub struct PredictionLog {
    folder: PathBuf,
    options: LogOptions,
    shared: Arc<Shared>,
    queues: Mutex<Vec<Arc<Queue>>>,
    writing: Mutex<Writing>,
    written: AtomicU64,
    failed: AtomicU64,
    outcomes_written: AtomicU64,
    outcomes_failed: AtomicU64,
    disk: Disk,
}

/// What is called before a file is written: how a test holds the disk.
#[derive(Default)]
struct Disk(Option<Box<dyn Fn() + Send + Sync>>);

impl Disk {
    fn wait(&self) {
        if let Some(wait) = &self.0 {
            wait();
        }
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "held" } else { "free" })
    }
}

#[derive(Debug)]
struct Writing {
    taken: Vec<Rows>,
    prefix: String,
    files: u64,
}

/// Ends a [`PredictionLog::run`], from any thread.
#[derive(Clone, Debug)]
pub struct LogStop(Arc<Shared>);

impl LogStop {
    /// Has `run` write what waits and return. A run that begins later returns likewise.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        if let Some(writer) = &*lock(&self.0.writer) {
            writer.unpark();
        }
    }
}

impl PredictionLog {
    /// A log in a folder, which is made if it isn't there. What a process that was killed left unfinished is removed.
    ///
    /// # Errors
    /// [`LogError::Io`] if it can't be.
    pub fn new(folder: impl Into<PathBuf>, options: LogOptions) -> Result<Self, LogError> {
        let folder = folder.into();
        let io = |source| LogError::Io { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(io)?;
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && name.ends_with(".staged") {
                std::fs::remove_file(entry.path()).map_err(io)?;
            }
        }
        // No log that was here before had this start in this process.
        let prefix = format!("{}-{}", SystemClock.now().as_micros(), std::process::id());
        Ok(Self {
            folder,
            options,
            shared: Arc::default(),
            queues: Mutex::default(),
            writing: Mutex::new(Writing { taken: Vec::new(), prefix, files: 0 }),
            written: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            outcomes_written: AtomicU64::new(0),
            outcomes_failed: AtomicU64::new(0),
            disk: Disk::default(),
        })
    }

    /// Has `wait` called before each file of answers is written, in the middle of a flush: a disk that a test can hold.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_disk(mut self, wait: impl Fn() + Send + Sync + 'static) -> Self {
        self.disk = Disk(Some(Box::new(wait)));
        self
    }

    /// The folder that it writes to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The observer of a version's answers. Its room is freed after it was dropped and its rows were written.
    pub fn observer<Row: ?Sized>(&self, version: u64, bundle: &LoadedBundle<Row>) -> Arc<dyn Observer> {
        let schema = VersionSchema::new(version, bundle);
        let LogOptions { rows, bytes, .. } = self.options;
        let queue = Arc::new(Queue::new(schema, rows, bytes, Arc::clone(&self.shared)));
        lock(&self.queues).push(Arc::clone(&queue));
        queue
    }

    /// Writes what waits, one file for each version that has some and one of outcomes.
    ///
    /// # Errors
    /// The first [`LogError`]; the rows of that file are dropped and counted as failed, and the others written.
    #[tracing::instrument(skip_all, fields(folder = %self.folder.display()))]
    pub fn flush(&self) -> Result<(), LogError> {
        let mut writing = lock(&self.writing);
        let Writing { taken, prefix, files } = &mut *writing;
        let queues = lock(&self.queues).clone();
        let mut outcome = Ok(());
        for queue in &queues {
            queue.take(taken);
            let rows: usize = taken.iter().map(Rows::len).sum();
            if rows == 0 {
                continue;
            }
            let name = format!("v{}-{prefix}-{files:06}.parquet", queue.schema.version);
            *files += 1;
            self.disk.wait();
            let result = segment::write(&self.folder, &name, &queue.schema, taken);
            let counter = if result.is_ok() { &self.written } else { &self.failed };
            counter.fetch_add(rows as u64, Ordering::Relaxed);
            if outcome.is_ok() {
                outcome = result;
            }
        }
        drop(queues);
        let name = format!("{OUTCOMES}{prefix}-{files:06}.parquet");
        match self.shared.outcomes.write(&self.folder, &name) {
            Ok(rows) => {
                *files += u64::from(rows > 0);
                self.outcomes_written.fetch_add(rows as u64, Ordering::Relaxed);
            }
            Err((rows, error)) => {
                self.outcomes_failed.fetch_add(rows as u64, Ordering::Relaxed);
                outcome = outcome.and(Err(error));
            }
        }
        // A queue that only this list holds gets no more rows.
        lock(&self.queues).retain(|queue| Arc::strong_count(queue) > 1 || queue.len() > 0);
        outcome
    }

    /// Writes what waits each time that the interval has passed or room runs short, until it is stopped; then
    /// writes what still waits. `failed` is told of each flush that failed; the run goes on.
    ///
    /// Blocks: the application puts it on a thread of its own. Answers that are given after it returned wait for
    /// another `run` or `flush`; [`PredictionLog::counts`] tells how many do.
    pub fn run(&self, mut failed: impl FnMut(LogError)) {
        *lock(&self.shared.writer) = Some(std::thread::current());
        loop {
            let stopped = self.shared.stopped.load(Ordering::Acquire);
            if let Err(error) = self.flush() {
                failed(error);
            }
            if stopped {
                break;
            }
            // What was called in a flush may have used up the wake-up of a stop.
            if !self.shared.stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(self.options.every);
            }
        }
        *lock(&self.shared.writer) = None;
    }

    /// What ends a run.
    #[must_use]
    pub fn stop_handle(&self) -> LogStop {
        LogStop(Arc::clone(&self.shared))
    }

    /// What became of the answers so far.
    #[must_use]
    pub fn counts(&self) -> LogCounts {
        let waiting = lock(&self.queues).iter().map(|queue| queue.len() as u64).sum();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LogCounts {
            observed: count(&self.shared.observed),
            written: count(&self.written),
            waiting,
            full: count(&self.shared.full),
            contended: count(&self.shared.contended),
            foreign: count(&self.shared.foreign),
            failed: count(&self.failed),
            outcomes_written: count(&self.outcomes_written),
            outcomes_full: count(&self.shared.outcomes_full),
            outcomes_waiting: self.shared.outcomes.len() as u64,
            outcomes_failed: count(&self.outcomes_failed),
        }
    }
}

/// Nothing under these locks panics, so one that is called poisoned is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
