//! Many rows, one matrix, one version.

use std::time::{Duration, Instant};

use mlops_core::{Answered, EncodeError, Slots, Timestamp};

use crate::runner::{RunError, Runner, add, note_panics, predict};

/// One row of a batch.
#[derive(Debug)]
pub struct Request<'a, Row: ?Sized> {
    /// What the outcome will be joined by.
    pub id: &'a str,
    /// The row.
    pub row: &'a Row,
    /// The time as of which it is answered.
    pub at: Timestamp,
}

impl<Row: ?Sized> Clone for Request<'_, Row> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Row: ?Sized> Copy for Request<'_, Row> {}

/// What a thread reuses from batch to batch.
#[derive(Debug, Default)]
pub struct BatchScratch {
    slots: Vec<Slots>,
    numbers: Vec<f64>,
    encoded: Vec<usize>,
    failed: Vec<FailedRow>,
    stripe: usize,
}

/// A row that couldn't be gathered or encoded.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedRow {
    /// Its place in the batch.
    pub row: usize,
    /// What was met.
    pub error: EncodeError,
}

/// Who answered a batch, how fast, and which rows got no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchAnswer<'a> {
    /// The version that answered all rows.
    pub version: u64,
    /// How long gathering, encoding and predicting all rows took.
    pub latency: Duration,
    /// The rows without an answer, in order; their outputs are NaN.
    pub failed: &'a [FailedRow],
}

impl<Row: ?Sized> Runner<Row> {
    /// A scratch for one thread's batches.
    #[must_use]
    pub fn batch_scratch(&self) -> BatchScratch {
        BatchScratch { stripe: self.assign_stripe(), ..BatchScratch::default() }
    }

    /// Answers many rows in one matrix by one version into `outputs`, row after row.
    ///
    /// Each row's numbers are those that [`Runner::answer`] gives alone, bit for bit, and its outputs are within
    /// the tolerance of the model's format. A row that can't be encoded fails alone. Observers see each answered
    /// row with the latency of the batch.
    ///
    /// # Errors
    /// [`RunError::WrongLength`] or [`RunError::Model`], for all rows.
    pub fn answer_many<'s>(
        &self,
        requests: &[Request<'_, Row>],
        scratch: &'s mut BatchScratch,
        outputs: &mut [f64],
    ) -> Result<BatchAnswer<'s>, RunError> {
        let start = Instant::now();
        let stripe = self.stripe(scratch.stripe);
        let live = self.load();
        let (version, bundle, width) = (live.version(), live.bundle(), live.width());
        let (columns, wanted) = (self.outputs().len(), requests.len() * self.outputs().len());
        if outputs.len() != wanted {
            add(&stripe.wrong_length, requests.len());
            return Err(RunError::WrongLength { got: outputs.len(), wanted });
        }
        let BatchScratch { slots, numbers, encoded, failed, .. } = scratch;
        if slots.len() < requests.len() {
            slots.resize_with(requests.len(), Slots::default);
        }
        numbers.clear();
        numbers.resize(requests.len() * width, 0.0);
        encoded.clear();
        failed.clear();
        for (row, (request, slots)) in requests.iter().zip(slots.iter_mut()).enumerate() {
            let place = encoded.len() * width;
            let numbers = &mut numbers[place..place + width];
            let gathered = bundle.gather().gather(request.row, request.at, slots);
            match gathered.and_then(|()| bundle.encoder().encode(slots, numbers)) {
                Ok(()) => encoded.push(row),
                Err(error) => failed.push(FailedRow { row, error }),
            }
        }
        add(&stripe.not_encoded, failed.len());
        let rows = encoded.len();
        numbers.truncate(rows * width);
        if rows > 0 {
            let answered = predict(&live, numbers, &mut outputs[..rows * columns], rows);
            answered.inspect_err(|_| add(&stripe.not_predicted, rows))?;
        }
        let latency = start.elapsed();
        add(&stripe.answered, rows);
        spread(outputs, columns, encoded, failed);
        for (place, &row) in encoded.iter().enumerate() {
            let Request { id, at, .. } = requests[row];
            let answered = Answered {
                id,
                at,
                slots: &slots[row],
                numbers: &numbers[place * width..(place + 1) * width],
                outputs: &outputs[row * columns..(row + 1) * columns],
                version,
                latency,
            };
            note_panics(stripe, live.observe(&answered));
        }
        Ok(BatchAnswer { version, latency, failed })
    }
}

/// Moves the outputs of the rows that were encoded, which lie at the front, to where the rows are.
fn spread(outputs: &mut [f64], columns: usize, encoded: &[usize], failed: &[FailedRow]) {
    if failed.is_empty() {
        return;
    }
    // From the last: no row lies before its place at the front, so none is overwritten before it has moved.
    for (place, &row) in encoded.iter().enumerate().rev() {
        outputs.copy_within(place * columns..(place + 1) * columns, row * columns);
    }
    for FailedRow { row, .. } in failed {
        outputs[row * columns..(row + 1) * columns].fill(f64::NAN);
    }
}
