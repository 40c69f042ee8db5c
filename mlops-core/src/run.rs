//! How a model came to be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Clock, Dataset, DatasetVersion, Evaluation, Fingerprint, JsonFloat, ModelError, ModelFormat, ModelPart,
    Timestamp, Trainer, TrainingMatrix,
};

/// A dataset that a run used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataUse {
    /// The version of its content.
    pub version: DatasetVersion,
    /// How many rows it has.
    pub rows: u64,
}

/// The record of a training: what went in, what was set, what came out. It travels in the bundle as its
/// lineage.
///
/// ```
/// use mlops_core::{Run, SystemClock};
///
/// let mut run = Run::start("logistic", &SystemClock);
/// run.parameter("alpha", 1.0).parameter("seed", 7).metric("log_loss", 0.48);
/// let run = run.finish(&SystemClock);
/// assert_eq!(run.parameters["seed"], 7);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// What was run.
    pub name: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What was set, the seed among it.
    pub parameters: BTreeMap<String, Value>,
    /// What was measured.
    pub metrics: BTreeMap<String, JsonFloat>,
    /// The data by role (`train`, `validate`, …).
    pub data: BTreeMap<String, DataUse>,
    /// The digests of what went in or came out by name (`features`, `model`, …).
    pub artifacts: BTreeMap<String, Fingerprint>,
    /// The commit of the code, where it is known.
    pub code: Option<String>,
}

/// A [`Run`] that has not ended.
#[derive(Clone, Debug)]
pub struct RunInProgress(Run);

impl Run {
    /// Begins a run.
    #[must_use]
    pub fn start(name: impl Into<String>, clock: &dyn Clock) -> RunInProgress {
        let now = clock.now();
        RunInProgress(Self {
            name: name.into(),
            started: now,
            ended: now,
            parameters: BTreeMap::new(),
            metrics: BTreeMap::new(),
            data: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            code: None,
        })
    }
}

impl RunInProgress {
    /// Records a parameter.
    pub fn parameter(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.parameters.insert(name.into(), value.into());
        self
    }

    /// Records many parameters, such as a trainer's.
    pub fn parameters(&mut self, parameters: BTreeMap<String, Value>) -> &mut Self {
        self.0.parameters.extend(parameters);
        self
    }

    /// Records a measurement.
    pub fn metric(&mut self, name: &str, value: f64) -> &mut Self {
        self.0.metrics.insert(name.into(), JsonFloat(value));
        self
    }

    /// Records a dataset by its role.
    pub fn data(&mut self, role: &str, dataset: &Dataset) -> &mut Self {
        let used = DataUse { version: dataset.version(), rows: dataset.rows() as u64 };
        self.0.data.insert(role.into(), used);
        self
    }

    /// Records the digest of something that went in or came out.
    pub fn artifact(&mut self, name: &str, digest: Fingerprint) -> &mut Self {
        self.0.artifacts.insert(name.into(), digest);
        self
    }

    /// Trains a model and saves it in a format; records the trainer's parameters and the digests of features and
    /// model.
    ///
    /// # Errors
    /// Those of the trainer and the format.
    pub fn train<T: Trainer>(
        &mut self,
        trainer: &T,
        format: &dyn ModelFormat,
        matrix: &TrainingMatrix,
        warm_start: Option<&T::Model>,
    ) -> Result<ModelPart, ModelError> {
        let part = ModelPart::new(&trainer.train(matrix, warm_start)?, format)?;
        self.parameters(trainer.parameters());
        self.artifact("features", matrix.features()).artifact("model", part.digest());
        Ok(part)
    }

    /// Records every metric of an evaluation that has a value.
    pub fn evaluation(&mut self, evaluation: &Evaluation) -> &mut Self {
        for (name, metric) in evaluation.metrics() {
            if let Some(value) = metric.defined_value() {
                self.metric(name, value);
            }
        }
        self
    }

    /// What is run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Records the commit of the code, such as [`code_revision`] finds it.
    pub fn code(&mut self, revision: Option<String>) -> &mut Self {
        self.0.code = revision;
        self
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(mut self, clock: &dyn Clock) -> Run {
        self.0.ended = clock.now().max(self.0.started);
        self.0
    }
}

/// The commit that is checked out in the git repository which holds `path`, read from its files (no process is
/// started); `None` outside of a repository or before its first commit. Changes that were not committed don't
/// show.
#[must_use]
pub fn code_revision(path: impl AsRef<Path>) -> Option<String> {
    let start = path.as_ref().canonicalize().ok()?;
    let entry = start.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    // In a worktree `.git` is a file that names the folder, whose `commondir` names the shared one.
    let git = match fs::read_to_string(&entry) {
        Ok(text) => entry.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => entry,
    };
    let common = match fs::read_to_string(git.join("commondir")) {
        Ok(text) => git.join(text.trim()),
        Err(_) => git.clone(),
    };
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().into()) };
    if let Ok(loose) = fs::read_to_string(common.join(name)) {
        return Some(loose.trim().into());
    }
    let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| Some(line.strip_suffix(name)?.trim_end().to_owned()))
}
