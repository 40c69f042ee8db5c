//! One writer at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::files::failed;
use crate::FeatureError;

/// A log that nobody else writes. The system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, FeatureError> {
        let path = folder.join(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(FeatureError::InUse { path: folder.into() }),
            Err(TryLockError::Error(source)) => Err(FeatureError::Io { path, source }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough while another thread starts a process, which holds it for a moment. Where
        // unlocking fails, closing has to do.
        let _ = self.0.unlock();
    }
}
