//! The past as production would have seen it.

use std::iter::Peekable;
use std::time::Duration;
use std::vec::IntoIter;

use crate::Timestamp;

/// What happens at a time of a [`Backtest`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment<'a, Row> {
    /// What came of a request becomes known.
    Outcome {
        /// The request's place in the table.
        row: usize,
        /// What came of it.
        label: f64,
    },
    /// So much time has passed again: time to look at monitors.
    Tick,
    /// A prediction is asked for.
    Request {
        /// Its place in the table.
        row: usize,
        /// The request.
        request: &'a Row,
    },
}

/// Plays requests and their outcomes in the order of time, to see what a model, a monitor or a policy would have done:
/// an iterator of what happens next, and when.
///
/// At one time outcomes come before a tick, and that before requests, since what is known at a time may be used at it.
///
/// ```
/// use std::time::Duration;
/// use mlops_core::{Backtest, Moment, Timestamp};
///
/// let at = Timestamp::from_micros;
/// // Two requests; what came of the first is known at 25.
/// let requests = [at(10), at(30)];
/// let played: Vec<_> = Backtest::new(&requests, |at| *at, vec![(0, at(25), 1.0)], at(0), Duration::from_micros(20)).collect();
/// assert_eq!(played, [
///     (at(10), Moment::Request { row: 0, request: &at(10) }),
///     (at(20), Moment::Tick),
///     (at(25), Moment::Outcome { row: 0, label: 1.0 }),
///     (at(30), Moment::Request { row: 1, request: &at(30) }),
/// ]);
/// ```
#[derive(Debug)]
pub struct Backtest<'a, Row> {
    requests: Peekable<IntoIter<(Timestamp, usize)>>,
    outcomes: Peekable<IntoIter<(Timestamp, usize, f64)>>,
    rows: &'a [Row],
    next_tick: Timestamp,
    every: Duration,
}

impl<'a, Row> Backtest<'a, Row> {
    /// Plays what happens from `begin` on: requests at the times that `time` tells, and outcomes, each with its request's
    /// place and the time from which it was known; and a tick whenever `every` has passed. It ends with the last
    /// request. Requests of one time come in the order of the table; an `every` of zero gives no tick.
    #[must_use]
    pub fn new(
        rows: &'a [Row],
        time: impl Fn(&Row) -> Timestamp,
        outcomes: Vec<(usize, Timestamp, f64)>,
        begin: Timestamp,
        every: Duration,
    ) -> Self {
        let mut requests: Vec<_> = rows.iter().map(time).zip(0..).filter(|(at, _)| *at >= begin).collect();
        requests.sort_unstable();
        let outcomes = outcomes.into_iter().map(|(row, available, label)| (available, row, label));
        let mut outcomes: Vec<_> = outcomes.filter(|(available, ..)| *available >= begin).collect();
        outcomes.sort_by_key(|&(available, row, _)| (available, row));
        let next_tick = if every.is_zero() { Timestamp::MAX } else { begin + every };
        let (requests, outcomes) = (requests.into_iter().peekable(), outcomes.into_iter().peekable());
        Self { requests, outcomes, rows, next_tick, every }
    }
}

impl<'a, Row> Iterator for Backtest<'a, Row> {
    type Item = (Timestamp, Moment<'a, Row>);

    fn next(&mut self) -> Option<Self::Item> {
        let &(asked, _) = self.requests.peek()?;
        let until = asked.min(self.next_tick);
        if let Some((available, row, label)) = self.outcomes.next_if(|(available, ..)| *available <= until) {
            return Some((available, Moment::Outcome { row, label }));
        }
        if self.next_tick <= asked {
            let now = self.next_tick;
            self.next_tick = now + self.every;
            return Some((now, Moment::Tick));
        }
        let (at, row) = self.requests.next()?;
        Some((at, Moment::Request { row, request: self.rows.get(row)? }))
    }
}
