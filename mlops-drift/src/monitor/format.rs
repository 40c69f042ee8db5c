//! From a bundle's profile to the monitors that watch its version.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlops_core::{Answered, FormatError, Observer, ObserverFormat, Outcome, Signal, Timestamp};

use super::{InputMonitor, MonitorOptions, PerformanceMonitor, PerformanceTally, WindowPerformance};
use crate::{ColumnDrift, PROFILE_MEDIA_TYPE, ReferenceProfile};

/// Makes monitors of each profile that is loaded, and keeps a handle to them for the application: an
/// [`InputMonitor`], and, where the profile tells the log loss of the model's evaluation, a [`PerformanceMonitor`].
///
/// Whatever serves the model owns the observer and shows it the answers and the outcomes; the application keeps a
/// clone of the format (clones share the handles) and asks it for [signals](Self::signals). A version that is
/// loaded again gets fresh monitors, which take the place of those before. The handles of the
/// [`KEPT`](Self::KEPT) highest versions are kept, so the last windows of a version that was replaced can still be
/// read; one that was loaded last is among them whatever its number is, as after a rollback.
///
/// The first output is taken for the probability, and a label over a half for a positive outcome.
#[derive(Clone, Debug, Default)]
pub struct ProfileFormat {
    options: MonitorOptions,
    monitors: Arc<Mutex<BTreeMap<u64, Monitors>>>,
}

/// What watches one version.
#[derive(Clone, Debug)]
struct Monitors {
    inputs: Arc<InputMonitor>,
    performance: Option<Arc<Mutex<PerformanceMonitor>>>,
}

impl Observer for Monitors {
    fn observe(&self, answered: &Answered<'_>) {
        self.inputs.observe(answered);
    }

    fn outcome(&self, outcome: &Outcome<'_>) {
        if let Some(performance) = &self.performance
            && outcome.version == self.inputs.version()
        {
            let probability = outcome.outputs.first().copied().unwrap_or(f64::NAN);
            lock(performance).update(outcome.available, probability, outcome.label > 0.5);
        }
    }
}

impl ProfileFormat {
    /// Of how many versions the handles are kept.
    pub const KEPT: usize = 8;

    /// Monitors with these options.
    #[must_use]
    pub fn new(options: MonitorOptions) -> Self {
        Self { options, monitors: Arc::default() }
    }

    /// The monitor of a version's answers, if its profile was loaded and it is kept.
    #[must_use]
    pub fn monitor(&self, version: u64) -> Option<Arc<InputMonitor>> {
        lock(&self.monitors).get(&version).map(|monitors| Arc::clone(&monitors.inputs))
    }

    /// All monitors of answers that are kept, by rising version.
    #[must_use]
    pub fn monitors(&self) -> Vec<Arc<InputMonitor>> {
        lock(&self.monitors).values().map(|monitors| Arc::clone(&monitors.inputs)).collect()
    }

    /// How well a version's answers fit their outcomes in the last window that was complete at `now`, if any.
    #[must_use]
    pub fn performance(&self, version: u64, now: Timestamp) -> Option<WindowPerformance> {
        lock(&*self.of_performance(version)?).window(now)
    }

    /// What became of the outcomes of a version, if its profile tells a log loss and it is kept.
    #[must_use]
    pub fn outcomes(&self, version: u64) -> Option<PerformanceTally> {
        Some(lock(&*self.of_performance(version)?).tally())
    }

    /// The signals of a version's monitors at `now`: [`InputMonitor::signals`], then
    /// [`PerformanceMonitor::signals`].
    #[must_use]
    pub fn signals(&self, version: u64, now: Timestamp) -> Vec<Signal> {
        let mut signals = self.monitor(version).map_or_else(Vec::new, |inputs| inputs.signals(now));
        if let Some(performance) = self.of_performance(version) {
            signals.extend(lock(&performance).signals(now));
        }
        signals
    }

    /// By month (`2013-05`, in UTC) the column that was furthest from its reference, by the population stability index,
    /// in a window that ended in it; of all windows that are kept, of all versions that are.
    #[must_use]
    pub fn worst_by_month(&self) -> BTreeMap<String, ColumnDrift> {
        let mut months: BTreeMap<String, ColumnDrift> = BTreeMap::new();
        for window in self.monitors().iter().flat_map(|monitor| monitor.windows()) {
            let Some(worst) = window.worst() else { continue };
            let of_month = months.entry(window.until.month()).or_insert_with(|| worst.clone());
            if worst.psi.statistic > of_month.psi.statistic {
                *of_month = worst.clone();
            }
        }
        months
    }

    fn of_performance(&self, version: u64) -> Option<Arc<Mutex<PerformanceMonitor>>> {
        lock(&self.monitors).get(&version)?.performance.clone()
    }
}

/// Nothing under these locks panics half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ObserverFormat for ProfileFormat {
    fn media_type(&self) -> &'static str {
        PROFILE_MEDIA_TYPE
    }

    fn load(&self, bytes: &[u8], version: u64) -> Result<Box<dyn Observer>, FormatError> {
        let bad = |error: crate::DriftError| FormatError { problem: error.to_string() };
        let profile = ReferenceProfile::from_bytes(bytes).map_err(bad)?;
        let performance = profile.log_loss().map(|log_loss| self.options.performance(version, log_loss).build());
        let performance = performance.transpose().map_err(bad)?;
        let inputs = Arc::new(InputMonitor::new(profile, version, &self.options));
        let watching =
            Monitors { inputs, performance: performance.map(|performance| Arc::new(Mutex::new(performance))) };
        let mut monitors = lock(&self.monitors);
        monitors.insert(version, watching.clone());
        let other = |monitors: &BTreeMap<u64, Monitors>| monitors.keys().copied().find(|kept| *kept != version);
        while monitors.len() > Self::KEPT
            && let Some(lowest) = other(&monitors)
        {
            monitors.remove(&lowest);
        }
        Ok(Box::new(watching))
    }
}
