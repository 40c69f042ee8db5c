//! From a bundle's profile to the monitor that watches its version.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlops_core::{Answered, FormatError, Observer, ObserverFormat};

use super::{InputMonitor, MonitorOptions};
use crate::{PROFILE_MEDIA_TYPE, ReferenceProfile};

/// Makes an [`InputMonitor`] of each profile that is loaded, and keeps a handle to it for the application.
///
/// Whatever serves the model owns the observer and shows it the answers; the application keeps a clone of the
/// format (clones share the handles) and asks `format.monitor(version)` for drift and signals. A version
/// that is loaded again gets a fresh monitor, which takes the place of the one before. The handles of the
/// [`KEPT`](Self::KEPT) highest versions are kept, so the last windows of a version that was replaced can
/// still be read.
#[derive(Clone, Debug, Default)]
pub struct ProfileFormat {
    options: MonitorOptions,
    monitors: Arc<Mutex<BTreeMap<u64, Arc<InputMonitor>>>>,
}

/// The half of a monitor that is handed to the server.
#[derive(Debug)]
struct Watching(Arc<InputMonitor>);

impl Observer for Watching {
    fn observe(&self, answered: &Answered<'_>) {
        self.0.observe(answered);
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

    /// The monitor of a version, if its profile was loaded and it is kept.
    #[must_use]
    pub fn monitor(&self, version: u64) -> Option<Arc<InputMonitor>> {
        self.lock().get(&version).cloned()
    }

    /// All monitors that are kept, by rising version.
    #[must_use]
    pub fn monitors(&self) -> Vec<Arc<InputMonitor>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<InputMonitor>>> {
        self.monitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ObserverFormat for ProfileFormat {
    fn media_type(&self) -> &'static str {
        PROFILE_MEDIA_TYPE
    }

    fn load(&self, bytes: &[u8], version: u64) -> Result<Box<dyn Observer>, FormatError> {
        let profile =
            ReferenceProfile::from_bytes(bytes).map_err(|error| FormatError { problem: error.to_string() })?;
        let monitor = Arc::new(InputMonitor::new(profile, version, &self.options));
        let mut monitors = self.lock();
        monitors.insert(version, Arc::clone(&monitor));
        while monitors.len() > Self::KEPT {
            monitors.pop_first();
        }
        Ok(Box::new(Watching(monitor)))
    }
}
