//! From prepared rows to a bundle that may go live.

use std::fmt;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::evaluate::{Better, better};
use crate::{
    Bundle, BundleBuilder, BundleError, Clock, EncodeError, EncodedMatrix, Evaluation, EvaluationError, Family,
    FormatError, Gate, GateError, GoldenRows, LoadedBundle, Metric, ModelError, ModelPart, Part, Passed, Run,
    RunInProgress, SlotEncoder, Slots, TrainingMatrix, Validation, Verdict,
};

/// Rows with outcomes, split in time: features fitted on the earlier ones, the later ones to validate on.
///
/// # Contract
/// Nothing that was not known when the earlier rows ended is in `matrix` or in what the encoder was fitted to.
/// `inputs` are the rows of `validation`, in their order, as the encoder gives them.
pub trait Prepared {
    /// The earlier rows, to train on.
    fn matrix(&self) -> &TrainingMatrix;

    /// The features as fitted.
    fn encoder(&self) -> &dyn SlotEncoder;

    /// The features as a part of a bundle.
    fn features(&self) -> Part;

    /// All rows in the order of time, as the slots of the encoder.
    fn rows(&self) -> &[Slots];

    /// The later rows with their outcomes.
    fn validation(&self) -> &Validation;

    /// The later rows, encoded.
    fn inputs(&self) -> &EncodedMatrix;

    /// The later rows, encoded by the features of another bundle.
    ///
    /// # Errors
    /// [`FormatError`] where the bundle's features can't be loaded or don't take these rows.
    fn inputs_of(&self, bundle: &Bundle) -> Result<EncodedMatrix, FormatError>;

    /// Tells a run which data it uses.
    fn record(&self, run: &mut RunInProgress);
}

/// How versions of a model are made: families of models challenge what is in production, and the best that passes
/// the gate may take its place.
#[derive(Debug)]
pub struct Pipeline {
    name: String,
    gate: Gate,
    best_by: String,
    higher: bool,
    families: Vec<Family>,
    code: Option<String>,
}

/// A model that was trained, evaluated and judged.
#[derive(Clone, Debug)]
pub struct Challenger {
    /// How it was made.
    pub run: Run,
    /// The model.
    pub part: ModelPart,
    /// What its answers are worth.
    pub evaluation: Evaluation,
    /// Whether it passed the gate.
    pub verdict: Verdict,
}

/// The challenger that may go live.
#[derive(Clone, Debug)]
pub struct Winner {
    name: String,
    run: Run,
    part: ModelPart,
    evaluation: Evaluation,
    passed: Passed,
    features: Part,
    golden: GoldenRows,
    answers: Vec<f64>,
}

/// What [`Pipeline::run`] came to.
#[derive(Clone, Debug)]
pub struct PipelineRun {
    /// All challengers, in the order of the families.
    pub challengers: Vec<Challenger>,
    /// The best of those that passed, the first of those that tie; `None` where none passed, or none that did has a
    /// value for the metric.
    pub winner: Option<Winner>,
}

/// Why a pipeline can't run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// A model can't be trained, saved or loaded, or can't answer.
    #[error("the family `{family}` can't be trained")]
    Train {
        /// The family.
        family: String,
        /// What was met.
        source: ModelError,
    },
    /// A model can't be evaluated.
    #[error("{subject} can't be evaluated")]
    Evaluate {
        /// The family, or what is in production.
        subject: String,
        /// What was met.
        source: EvaluationError,
    },
    /// The features of what is in production don't take the rows.
    #[error("the rows can't be encoded for the champion")]
    Champion {
        /// What was met.
        source: FormatError,
    },
    /// A row that can't be encoded.
    #[error("row {row} can't be encoded")]
    Encode {
        /// Its number, from 0.
        row: usize,
        /// What was met.
        source: EncodeError,
    },
    /// The golden rows can't be recorded.
    #[error("the golden rows can't be recorded")]
    Golden {
        /// What was met.
        source: BundleError,
    },
}

/// How many of the last rows become golden.
const GOLDEN: usize = 32;
/// Rows that are answered at a time.
const BLOCK: usize = 4096;

impl Pipeline {
    /// A pipeline for a model of this name. Of the challengers, one a family, that pass the gate, the best by a metric
    /// wins.
    ///
    /// # Errors
    /// [`GateError::UnknownMetric`], or [`GateError::NoBetter`] for a metric that rates nothing.
    pub fn new(
        name: impl Into<String>,
        families: impl IntoIterator<Item = Family>,
        gate: Gate,
        best_by: &str,
    ) -> Result<Self, GateError> {
        let families = families.into_iter().collect();
        let higher = match better(best_by).ok_or_else(|| GateError::UnknownMetric { metric: best_by.into() })? {
            Better::Higher => true,
            Better::Lower => false,
            Better::Neither => return Err(GateError::NoBetter { metric: best_by.into() }),
        };
        Ok(Self { name: name.into(), gate, best_by: best_by.into(), higher, families, code: None })
    }

    /// The commit of the code, for the lineage of what is made.
    #[must_use]
    pub fn code(mut self, revision: Option<String>) -> Self {
        self.code = revision;
        self
    }

    /// Trains a model of each family, from the champion's where that is of the same family; evaluates all on the same
    /// rows, and has the gate judge them against the champion, or against the base rate of the training rows where
    /// there is none.
    ///
    /// # Errors
    /// [`PipelineError`] for the first thing that fails. A challenger that doesn't pass is no error.
    #[tracing::instrument(skip_all, fields(name = self.name))]
    pub fn run<Row: ?Sized>(
        &self,
        data: &dyn Prepared,
        champion: Option<&LoadedBundle<Row>>,
        clock: &dyn Clock,
    ) -> Result<PipelineRun, PipelineError> {
        let baseline = self.baseline(data, champion)?;
        let mut challengers = Vec::new();
        for family in &self.families {
            let mut run = Run::start(family.name(), clock);
            data.record(&mut run);
            run.code(self.code.clone());
            let name = || family.name().to_owned();
            let part = family
                .train(&mut run, data.matrix(), champion.map(LoadedBundle::model_part))
                .map_err(|source| PipelineError::Train { family: name(), source })?;
            let evaluation = data
                .validation()
                .of_model(&part, data.inputs())
                .map_err(|source| PipelineError::Evaluate { subject: name(), source })?;
            run.evaluation(&evaluation);
            let verdict = self.gate.judge(&evaluation, Some(&baseline));
            challengers.push(Challenger { run: run.finish(clock), part, evaluation, verdict });
        }
        let winner = self.best(&challengers).map(|(one, passed)| self.winner(data, one, passed)).transpose()?;
        Ok(PipelineRun { challengers, winner })
    }

    fn baseline<Row: ?Sized>(
        &self,
        data: &dyn Prepared,
        champion: Option<&LoadedBundle<Row>>,
    ) -> Result<Evaluation, PipelineError> {
        let evaluation = match champion {
            Some(champion) => {
                let inputs = data.inputs_of(champion.bundle());
                let inputs = inputs.map_err(|source| PipelineError::Champion { source })?;
                data.validation().of_model(champion.model_part(), &inputs)
            }
            None => data.validation().of_constant(data.matrix().labels().mean().unwrap_or_default()),
        };
        evaluation.map_err(|source| PipelineError::Evaluate { subject: "what is in production".into(), source })
    }

    fn best<'c>(&self, challengers: &'c [Challenger]) -> Option<(&'c Challenger, Passed)> {
        let mut best: Option<(f64, &Challenger, Passed)> = None;
        for challenger in challengers {
            let value = challenger.evaluation.metric(&self.best_by).and_then(Metric::defined_value);
            let (Some(value), Ok(passed)) = (value, challenger.verdict.clone().passed()) else { continue };
            let better = |other: f64| if self.higher { value > other } else { value < other };
            if best.as_ref().is_none_or(|(other, ..)| better(*other)) {
                best = Some((value, challenger, passed));
            }
        }
        best.map(|(_, challenger, passed)| (challenger, passed))
    }

    fn winner(&self, data: &dyn Prepared, one: &Challenger, passed: Passed) -> Result<Winner, PipelineError> {
        let Challenger { run, part, evaluation, .. } = one;
        let (encoder, rows) = (data.encoder(), data.rows());
        let last = &rows[rows.len().saturating_sub(GOLDEN)..];
        let golden = GoldenRows::record(encoder, &**part.model(), last);
        let failed = |source| PipelineError::Train { family: run.name.clone(), source };
        let (width, outputs) = (encoder.names().len(), part.model().signature().outputs.len());
        let mut numbers = vec![0.0; BLOCK.min(rows.len()) * width];
        let mut answers = vec![0.0; rows.len() * outputs];
        for (block, place) in rows.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
            for (row, slots) in block.iter().enumerate() {
                encoder
                    .encode(slots, &mut numbers[row * width..(row + 1) * width])
                    .map_err(|source| PipelineError::Encode { row: place + row, source })?;
            }
            let inputs = ArrayView2::from_shape((block.len(), width), &numbers[..block.len() * width]);
            let answered = &mut answers[place * outputs..(place + block.len()) * outputs];
            let answered = ArrayViewMut2::from_shape((block.len(), outputs), answered);
            part.model()
                .predict_into(inputs.expect("rows × numbers"), answered.expect("rows × outputs"))
                .map_err(failed)?;
        }
        Ok(Winner {
            name: self.name.clone(),
            run: run.clone(),
            part: part.clone(),
            evaluation: evaluation.clone(),
            passed,
            features: data.features(),
            golden: golden.map_err(|source| PipelineError::Golden { source })?,
            answers,
        })
    }
}

impl Winner {
    /// The model.
    #[must_use]
    pub fn part(&self) -> &ModelPart {
        &self.part
    }

    /// What its answers are worth.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// The proof that it passed.
    pub fn passed(&self) -> &Passed {
        &self.passed
    }

    /// What it answers to all [rows](Prepared::rows), one row after the other.
    #[must_use]
    pub fn answers(&self) -> &[f64] {
        &self.answers
    }

    /// Starts its bundle, with the model, the features, the last 32 rows as golden ones, the evaluation and the
    /// lineage: all that a bundle must have.
    #[must_use]
    pub fn bundle(&self) -> BundleBuilder {
        Bundle::builder(&self.name)
            .model(&self.part)
            .features(self.features.clone())
            .golden(&self.golden)
            .evaluation(&self.evaluation)
            .lineage(&self.run)
    }
}

/// What it is, what it is worth, and how each check went.
impl fmt::Display for Challenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.run.name, self.evaluation, self.verdict)
    }
}

/// All challengers, and who won.
impl fmt::Display for PipelineRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for challenger in &self.challengers {
            writeln!(f, "{challenger}")?;
        }
        match &self.winner {
            Some(winner) => write!(f, "{} won: {}", winner.run.name, winner.part.digest()),
            None => f.write_str("none passed"),
        }
    }
}
