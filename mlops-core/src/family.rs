//! Trainers of different kinds side by side.

use std::any::Any;
use std::fmt;

use crate::{Model, ModelError, ModelFormat, ModelPart, RunInProgress, Trainer, TrainingMatrix};

type Train = dyn Fn(&mut RunInProgress, &TrainingMatrix, Option<&dyn Model>) -> Result<ModelPart, ModelError>;

/// A trainer and the format that its models are saved in, under a name: what lets trainers of different kinds
/// stand in one list.
///
/// # Example
/// A list of families is trained in a loop:
/// ```
/// use mlops_core::{Family, ModelError, ModelPart, Run, SystemClock, TrainingMatrix};
///
/// fn train_all(families: &[Family], matrix: &TrainingMatrix) -> Result<Vec<ModelPart>, ModelError> {
///     let train = |family: &Family| family.train(&mut Run::start(family.name(), &SystemClock), matrix, None);
///     families.iter().map(train).collect()
/// }
/// ```
pub struct Family {
    name: String,
    train: Box<Train>,
}

impl Family {
    /// The models of a trainer, saved in a format.
    #[must_use]
    pub fn new<T, F>(name: impl Into<String>, trainer: T, format: F) -> Self
    where
        T: Trainer + 'static,
        F: ModelFormat + 'static,
    {
        let train = move |run: &mut RunInProgress, matrix: &TrainingMatrix, earlier: Option<&dyn Model>| {
            let same_inputs = |earlier: &&dyn Model| earlier.signature().inputs[..] == matrix.names()[..];
            let earlier = earlier.filter(same_inputs).and_then(|model| (model as &dyn Any).downcast_ref());
            run.parameter("warm_start", earlier.is_some());
            run.train(&trainer, &format, matrix, earlier)
        };
        Self { name: name.into(), train: Box::new(train) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Trains and saves a model as [`RunInProgress::train`] does. It starts from `earlier` if that is a model of this
    /// family with the same inputs, and afresh otherwise; the run is told which as its parameter `warm_start`.
    ///
    /// # Errors
    /// Those of the trainer and the format.
    pub fn train(
        &self,
        run: &mut RunInProgress,
        matrix: &TrainingMatrix,
        earlier: Option<&ModelPart>,
    ) -> Result<ModelPart, ModelError> {
        (self.train)(run, matrix, earlier.map(|part| &**part.model()))
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("name", &self.name).finish_non_exhaustive()
    }
}
