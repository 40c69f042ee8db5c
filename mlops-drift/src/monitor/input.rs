//! Watching what goes into a model and what comes out of it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use mlops_core::{Answered, Observer, Signal, Timestamp};

use super::stripes::{Added, Stripes};
use super::{MonitorOptions, Window, WindowDrift};
use crate::ReferenceProfile;

/// Counts the rows of one version in the bins of its [`ReferenceProfile`], window by window, and compares them
/// with the reference when asked.
///
/// Observing a row takes a lock that is free or goes on to the next, adds one count a column and the moments of a
/// numeric one, and allocates nothing. Each thread begins at a stripe of its own. All counts are made when the monitor is:
/// 8 bytes a bin and 208 a numeric column, for each kept window and stripe. A row that finds no
/// free lock is dropped and counted as dropped; that takes as many threads at the same instant as there are
/// stripes. Counts of all stripes are merged exactly when they are read.
///
/// Nothing runs by itself: the application asks for [`signals`](Self::signals) as often as it likes.
#[derive(Debug)]
pub struct InputMonitor {
    profile: ReferenceProfile,
    version: u64,
    options: MonitorOptions,
    stripes: Stripes,
    /// The latest window that was seen.
    newest: AtomicI64,
    /// Counted for windows of rows only, which need one order of all rows; else it would be contended for.
    arrived: AtomicU64,
    dropped: AtomicU64,
    late: AtomicU64,
    other_version: AtomicU64,
}

/// What became of the rows that an [`InputMonitor`] was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorTally {
    /// Rows of this version that came.
    pub arrived: u64,
    /// Of them, those that were not counted because all stripes were in use.
    pub dropped: u64,
    /// Of them, those whose window was kept no more.
    pub late: u64,
    /// Rows that another version answered: not counted.
    pub other_version: u64,
}

impl InputMonitor {
    /// A monitor that has seen nothing yet, of the version that the profile belongs to.
    #[must_use]
    pub fn new(profile: ReferenceProfile, version: u64, options: &MonitorOptions) -> Self {
        let stripes = Stripes::new(options.stripes, options.keep, &profile);
        let options = options.clone();
        let (arrived, dropped, late, other_version) = Default::default();
        Self { profile, version, options, stripes, newest: i64::MIN.into(), arrived, dropped, late, other_version }
    }

    /// The version that is watched.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What the rows are compared with.
    #[must_use]
    pub fn profile(&self) -> &ReferenceProfile {
        &self.profile
    }

    /// What became of the rows so far.
    #[must_use]
    pub fn tally(&self) -> MonitorTally {
        let (dropped, late) = (self.dropped.load(Ordering::Relaxed), self.late.load(Ordering::Relaxed));
        MonitorTally {
            arrived: self.stripes.rows() + dropped + late,
            dropped,
            late,
            other_version: self.other_version.load(Ordering::Relaxed),
        }
    }

    /// The drift of the last window that was complete at `now`; `None` if no row was counted in it, or if it is
    /// kept no more.
    ///
    /// A window of time is complete when it has ended; one of rows when as many have come, whatever `now` is.
    #[must_use]
    pub fn evaluate(&self, now: Timestamp) -> Option<WindowDrift> {
        let window = match self.options.window {
            Window::Time(_) => self.window_of(now, 0),
            Window::Rows(_) => self.window_of(now, self.arrived.load(Ordering::Relaxed)),
        };
        self.compare(window.checked_sub(1)?)
    }

    /// The drift of every window that is kept, has ended and has a row, the earliest first. A window has ended once a
    /// row of a later one came.
    #[must_use]
    pub fn windows(&self) -> Vec<WindowDrift> {
        let newest = self.newest.load(Ordering::Relaxed);
        (self.oldest()..newest).filter_map(|window| self.compare(window)).collect()
    }

    /// Holds all counts until what is returned is dropped, as an evaluation would that doesn't return.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn hold(&self) -> impl Sized + '_ {
        self.stripes.hold()
    }

    /// The earliest window that is kept.
    fn oldest(&self) -> i64 {
        self.newest.load(Ordering::Relaxed).saturating_sub(self.options.keep as i64 - 1)
    }

    fn compare(&self, window: i64) -> Option<WindowDrift> {
        if window < self.oldest() {
            return None;
        }
        let mut counts = self.profile.counts();
        let merged = self.stripes.merged(window, &self.profile);
        counts.add(merged.rows, &merged.counts);
        let (since, until) = match self.options.window {
            Window::Time(length) => {
                let micros = micros(length);
                let start = Timestamp::from_micros(window.saturating_mul(micros));
                (start, start + length)
            }
            Window::Rows(_) => (merged.first, merged.last),
        };
        let columns = self.profile.compare(&counts).ok()?;
        let moments = self.profile.plan().moments(columns.len(), &merged.counts, &merged.sums);
        Some(WindowDrift { version: self.version, since, until, rows: merged.rows, columns, moments })
    }

    /// The signals of the last window that was complete at `now`, by the thresholds of the options. The same
    /// window gives the same signals however often it is asked.
    #[must_use]
    pub fn signals(&self, now: Timestamp) -> Vec<Signal> {
        self.evaluate(now).map_or_else(Vec::new, |drift| drift.signals(&self.options.thresholds))
    }

    fn window_of(&self, at: Timestamp, arrived: u64) -> i64 {
        match self.options.window {
            Window::Time(length) => at.as_micros().div_euclid(micros(length)),
            Window::Rows(rows) => i64::try_from(arrived / rows).unwrap_or(i64::MAX),
        }
    }
}

fn micros(length: std::time::Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

impl Observer for InputMonitor {
    fn observe(&self, answered: &Answered<'_>) {
        if answered.version != self.version {
            self.other_version.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = match self.options.window {
            Window::Rows(_) => self.arrived.fetch_add(1, Ordering::Relaxed),
            Window::Time(_) => 0,
        };
        let window = self.window_of(answered.at, before);
        let newest = self.newest.load(Ordering::Relaxed);
        if newest < window {
            self.newest.fetch_max(window, Ordering::Relaxed);
        } else if window <= newest.saturating_sub(self.options.keep as i64) {
            self.late.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let added = self.stripes.add(window, answered.at, |counts, sums| {
            self.profile.plan().count(counts, sums, answered.slots.as_slice(), answered.outputs);
        });
        match added {
            Added::Counted => {}
            Added::Late => _ = self.late.fetch_add(1, Ordering::Relaxed),
            Added::NoRoom => _ = self.dropped.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::time::Duration;

    use mlops_core::{SlotSchema, Slots};

    use super::*;

    #[test]
    fn a_row_that_finds_no_free_stripe_is_dropped_and_counted() {
        let mut builder = ReferenceProfile::builder(&SlotSchema::default()).outputs(["p"]);
        let slots = Slots::new(0);
        builder.add(&slots, &[0.5]);
        let options = MonitorOptions::builder().stripes(2).window(Window::Rows(2)).build().unwrap();
        let monitor = InputMonitor::new(builder.build().unwrap(), 1, &options);
        let at = Timestamp::from_date(2013, 1, 1);
        let answered = Answered {
            id: "a",
            at,
            slots: &slots,
            numbers: &[],
            outputs: &[0.5],
            version: 1,
            latency: Duration::ZERO,
        };
        let held = monitor.stripes.hold();
        monitor.observe(&answered);
        drop(held);
        monitor.observe(&answered);
        let tally = monitor.tally();
        assert_eq!((tally.arrived, tally.dropped, tally.late), (2, 1, 0));
        assert_eq!(monitor.evaluate(at).unwrap().rows, 1);
    }
}
