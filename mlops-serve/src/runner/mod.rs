//! Requests are answered in the thread that asks, each by one version.

mod counts;
mod error;
mod live;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use mlops_core::{Answered, Observer, Outcome, Slots, Timestamp};
use ndarray::{ArrayView2, ArrayViewMut2};

pub use counts::Counts;
pub use error::{RunError, SwapError};
pub use live::Live;

use counts::StripedCounts;
pub(crate) use counts::{Stripe, add};

/// Answers requests by the version that is live, while others are made ready and swapped in.
///
/// # Contract
/// - A request is gathered, encoded, predicted and observed by one version, whatever is swapped meanwhile, and a
///   swap drops none: what was begun on the old version is finished on it.
/// - Any number of threads may ask at once, each with a [`Scratch`] of its own. No answer waits for another, for
///   a swap or for an observer's lock, and a warm scratch makes it allocate nothing of the runner's own.
/// - All versions have the outputs of the first, so a slice that was made for one version fits all.
/// - Every observer of the version sees every answer. One that panics, against its contract, is counted and fails
///   no answer. A gather, an encoder or a model that panics, against theirs, unwinds to the caller.
pub struct Runner<Row: ?Sized> {
    live: ArcSwap<Live<Row>>,
    outputs: Arc<[String]>,
    counts: StripedCounts,
    /// Who watched the last versions, for the outcomes of their answers.
    watched: Mutex<BTreeMap<u64, Vec<Arc<dyn Observer>>>>,
}

/// Of how many versions the observers are told of outcomes.
const WATCHED: usize = 8;

/// What a thread reuses from request to request.
#[derive(Debug, Default)]
pub struct Scratch {
    slots: Slots,
    numbers: Vec<f64>,
    stripe: usize,
}

/// Who answered, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The version that answered.
    pub version: u64,
    /// How long gathering, encoding and predicting took.
    pub latency: Duration,
}

/// An [`Answer`] with what was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The outputs, in the order of [`Runner::outputs`].
    pub outputs: Vec<f64>,
    /// The version that answered.
    pub version: u64,
    /// How long gathering, encoding and predicting took.
    pub latency: Duration,
}

impl<Row: ?Sized> fmt::Debug for Runner<Row> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("live", &*self.live.load())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl<Row: ?Sized> Runner<Row> {
    /// A runner that starts with this version.
    #[must_use]
    pub fn new(live: Live<Row>) -> Self {
        let outputs = live.outputs().into();
        let watched = BTreeMap::from([(live.version(), live.observers().to_vec())]).into();
        Self { live: ArcSwap::from_pointee(live), outputs, counts: StripedCounts::default(), watched }
    }

    /// The names of what is answered, by this and all later versions.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The number of the live version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.live.load().version()
    }

    /// The live version.
    #[must_use]
    pub fn live(&self) -> Arc<Live<Row>> {
        self.live.load_full()
    }

    /// What became of the requests so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.sum()
    }

    /// A scratch for one thread.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch { stripe: self.counts.assign(), ..Scratch::default() }
    }

    /// Answers one row as of a time into `outputs`, one number for each of [`Runner::outputs`].
    ///
    /// `id` is what the outcome will be joined by. On an error `outputs` is of no use.
    ///
    /// # Errors
    /// [`RunError`]; the request is counted by its reason, and no observer sees it.
    pub fn answer(
        &self,
        id: &str,
        row: &Row,
        at: Timestamp,
        scratch: &mut Scratch,
        outputs: &mut [f64],
    ) -> Result<Answer, RunError> {
        let start = Instant::now();
        let stripe = self.counts.stripe(scratch.stripe);
        let live = self.live.load();
        let version = live.version();
        let (bundle, width) = (live.bundle(), live.width());
        if outputs.len() != self.outputs.len() {
            add(&stripe.wrong_length, 1);
            return Err(RunError::WrongLength { got: outputs.len(), wanted: self.outputs.len() });
        }
        let Scratch { slots, numbers, .. } = scratch;
        numbers.resize(width, 0.0);
        let encoded = bundle.gather().gather(row, at, slots).and_then(|()| bundle.encoder().encode(slots, numbers));
        encoded.map_err(|source| {
            add(&stripe.not_encoded, 1);
            RunError::Encode { version, source }
        })?;
        predict(&live, numbers, outputs, 1).inspect_err(|_| add(&stripe.not_predicted, 1))?;
        let latency = start.elapsed();
        add(&stripe.answered, 1);
        let panicked = live.observe(&Answered { id, at, slots, numbers, outputs, version, latency });
        note_panics(stripe, panicked);
        Ok(Answer { version, latency })
    }

    /// [`Runner::answer`] with a scratch and outputs of its own.
    ///
    /// # Errors
    /// Those of [`Runner::answer`].
    pub fn predict(&self, id: &str, row: &Row, at: Timestamp) -> Result<Prediction, RunError> {
        let mut outputs = vec![0.0; self.outputs.len()];
        let Answer { version, latency } = self.answer(id, row, at, &mut self.scratch(), &mut outputs)?;
        Ok(Prediction { outputs, version, latency })
    }

    /// Makes another version live and gives back the one before it, which may be swapped in again.
    ///
    /// Requests that began on the old version finish on it; every request that begins after this returns is
    /// answered by the new one. The old version is freed where the last of those that hold it lets go.
    ///
    /// # Errors
    /// [`SwapError::ForeignOutputs`]; the old version stays.
    pub fn swap(&self, live: impl Into<Arc<Live<Row>>>) -> Result<Arc<Live<Row>>, SwapError> {
        let live = live.into();
        if *live.outputs() != *self.outputs {
            let (got, wanted) = (live.outputs().to_vec(), self.outputs.to_vec());
            return Err(SwapError::ForeignOutputs { version: live.version(), got, wanted });
        }
        // Before the swap, so that no answer of the version can have an outcome that nobody is told of.
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.insert(live.version(), live.observers().to_vec());
        let other = |watched: &BTreeMap<u64, _>| watched.keys().copied().find(|version| *version != live.version());
        while watched.len() > WATCHED
            && let Some(lowest) = other(&watched)
        {
            watched.remove(&lowest);
        }
        drop(watched);
        Ok(self.live.swap(live))
    }

    /// Tells the observers of the version that answered what came of it; says whether they are known still, which
    /// those of the 8 highest versions are. Not for the path of answers: observers may wait.
    pub fn outcome(&self, outcome: &Outcome<'_>) -> bool {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(observers) = watched.get(&outcome.version).cloned() else { return false };
        drop(watched);
        for observer in &observers {
            observer.outcome(outcome);
        }
        true
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Live<Row>>> {
        self.live.load()
    }

    pub(crate) fn stripe(&self, number: usize) -> &Stripe {
        self.counts.stripe(number)
    }

    pub(crate) fn assign_stripe(&self) -> usize {
        self.counts.assign()
    }
}

/// Predicts `rows` rows that lie one after the other.
pub(crate) fn predict<Row: ?Sized>(
    live: &Live<Row>,
    numbers: &[f64],
    outputs: &mut [f64],
    rows: usize,
) -> Result<(), RunError> {
    let shapes = ((rows, live.width()), (rows, live.outputs().len()));
    let inputs = ArrayView2::from_shape(shapes.0, numbers).expect("the numbers are rows × inputs");
    let outputs = ArrayViewMut2::from_shape(shapes.1, outputs).expect("the outputs are rows × outputs");
    let answered = live.bundle().model().predict_into(inputs, outputs);
    answered.map_err(|source| RunError::Model { version: live.version(), source })
}

pub(crate) fn note_panics(stripe: &Stripe, panicked: u64) {
    if panicked > 0 {
        stripe.observer_panics.fetch_add(panicked, std::sync::atomic::Ordering::Relaxed);
    }
}
