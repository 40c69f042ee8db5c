//! Rows wait in memory, column by column, until the writer fetches them.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::Thread;

use mlops_core::{Answered, Code, LoadedBundle, Observer, Outcome, SlotField, Timestamp, Value};

use super::outcomes::Outcomes;

/// What the columns of one version's rows are called.
#[derive(Debug)]
pub(super) struct VersionSchema {
    pub(super) version: u64,
    pub(super) slots: Vec<SlotField>,
    pub(super) numbers: Arc<[String]>,
    pub(super) outputs: Vec<String>,
}

impl VersionSchema {
    pub(super) fn new<Row: ?Sized>(version: u64, bundle: &LoadedBundle<Row>) -> Self {
        Self {
            version,
            slots: bundle.encoder().slot_schema().fields.clone(),
            numbers: Arc::clone(bundle.encoder().names()),
            outputs: bundle.model().signature().outputs.clone(),
        }
    }
}

/// A slot that keeps where its text or list lies.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    Missing,
    Float(f64),
    Int(i64),
    Time(Timestamp),
    Category(Code),
    Text(Range<usize>),
    /// Among the items.
    Numbers(Range<usize>),
    /// A list in the form of [`Texts`].
    Texts(Range<usize>),
}

/// Rows of one version; all but `text` and `items` are row after row.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) ids: Vec<Range<usize>>,
    pub(super) at: Vec<i64>,
    pub(super) latency: Vec<i64>,
    pub(super) slots: Vec<Kept>,
    pub(super) numbers: Vec<f64>,
    pub(super) outputs: Vec<f64>,
    pub(super) text: String,
    /// The floats of lists.
    pub(super) items: Vec<f64>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn clear(&mut self) {
        self.ids.clear();
        self.at.clear();
        self.latency.clear();
        self.slots.clear();
        self.numbers.clear();
        self.outputs.clear();
        self.text.clear();
        self.items.clear();
    }

    fn push(&mut self, answered: &Answered<'_>) {
        let id = self.keep(answered.id);
        self.ids.push(id);
        self.at.push(answered.at.as_micros());
        self.latency.push(i64::try_from(answered.latency.as_nanos()).unwrap_or(i64::MAX));
        self.numbers.extend_from_slice(answered.numbers);
        self.outputs.extend_from_slice(answered.outputs);
        for index in 0..answered.slots.len() {
            let kept = match answered.slots.value(index) {
                Value::Missing => Kept::Missing,
                Value::Float(x) => Kept::Float(x),
                Value::Int(x) => Kept::Int(x),
                Value::Time(t) => Kept::Time(t),
                Value::Category(code) => Kept::Category(code),
                Value::Unseen(text) | Value::Text(text) => Kept::Text(self.keep(text)),
                Value::Numbers(numbers) => {
                    let start = self.items.len();
                    self.items.extend_from_slice(numbers);
                    Kept::Numbers(start..self.items.len())
                }
                Value::Texts(texts) => Kept::Texts(self.keep(texts.as_buffer())),
            };
            self.slots.push(kept);
        }
    }

    /// How many bytes ids, texts and lists take.
    fn bytes(&self) -> usize {
        self.text.len() + size_of_val(self.items.as_slice())
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}

/// What all versions' queues share with the writer.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) observed: AtomicU64,
    pub(super) full: AtomicU64,
    pub(super) contended: AtomicU64,
    pub(super) foreign: AtomicU64,
    pub(super) outcomes: Outcomes,
    pub(super) outcomes_full: AtomicU64,
    pub(super) stopped: AtomicBool,
    /// The thread that writes, while it does; locked for a moment only.
    pub(super) writer: Mutex<Option<Thread>>,
}

impl Shared {
    /// Wakes the writer without waiting: whoever holds the lock registers the writer, which then looks at all
    /// that waits, or wakes it.
    fn wake(&self) {
        if let Ok(writer) = self.writer.try_lock()
            && let Some(writer) = &*writer
        {
            writer.unpark();
        }
    }
}

/// One version's rows on their way to the writer: what an answer is shown to.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) schema: VersionSchema,
    stripes: Vec<Mutex<Rows>>,
    rows: usize,
    bytes: usize,
    hasher: RandomState,
    shared: Arc<Shared>,
}

impl Queue {
    const STRIPES: usize = 8;

    pub(super) fn new(schema: VersionSchema, rows: usize, bytes: usize, shared: Arc<Shared>) -> Self {
        let stripes = rows.clamp(1, Self::STRIPES);
        Self {
            schema,
            stripes: (0..stripes).map(|_| Mutex::default()).collect(),
            rows: (rows / stripes).max(1),
            bytes: bytes / stripes,
            hasher: RandomState::new(),
            shared,
        }
    }

    /// How many rows wait.
    pub(super) fn len(&self) -> usize {
        self.stripes.iter().map(|rows| rows.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Exchanges the rows of all shares for empty buffers.
    pub(super) fn take(&self, taken: &mut Vec<Rows>) {
        taken.resize_with(self.stripes.len(), Rows::default);
        for (stripe, taken) in self.stripes.iter().zip(taken) {
            taken.clear();
            std::mem::swap(&mut *stripe.lock().unwrap_or_else(PoisonError::into_inner), taken);
        }
    }

    fn fits_schema(&self, answered: &Answered<'_>) -> bool {
        let schema = &self.schema;
        answered.version == schema.version
            && answered.slots.len() == schema.slots.len()
            && answered.numbers.len() == schema.numbers.len()
            && answered.outputs.len() == schema.outputs.len()
    }
}

impl Observer for Queue {
    fn observe(&self, answered: &Answered<'_>) {
        self.shared.observed.fetch_add(1, Ordering::Relaxed);
        if !self.fits_schema(answered) {
            self.shared.foreign.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let beside = (0..answered.slots.len()).map(|index| match answered.slots.value(index) {
            Value::Unseen(text) | Value::Text(text) => text.len(),
            Value::Numbers(numbers) => size_of_val(numbers),
            Value::Texts(texts) => texts.as_buffer().len(),
            _ => 0,
        });
        let bytes = answered.id.len() + beside.sum::<usize>();
        let first = self.hasher.hash_one(answered.id) as usize % self.stripes.len();
        let (before, from) = self.stripes.split_at(first);
        let mut reason = &self.shared.full;
        for stripe in from.iter().chain(before) {
            let mut rows = match stripe.try_lock() {
                Ok(rows) => rows,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    reason = &self.shared.contended;
                    continue;
                }
            };
            if rows.len() < self.rows && rows.bytes() + bytes <= self.bytes {
                rows.push(answered);
                if rows.len() == self.rows.div_ceil(2) {
                    self.shared.wake();
                }
                return;
            }
        }
        reason.fetch_add(1, Ordering::Relaxed);
    }

    fn outcome(&self, outcome: &Outcome<'_>) {
        if !self.shared.outcomes.push(outcome, self.rows * self.stripes.len()) {
            self.shared.outcomes_full.fetch_add(1, Ordering::Relaxed);
        }
    }
}
