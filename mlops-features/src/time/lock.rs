//! One writer at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::files::failed;
use crate::FeatureError;

/// A log that nobody else writes. The system lets it go when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, FeatureError> {
        let path = folder.join(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(FeatureError::InUse { path: folder.into() }),
            Err(TryLockError::Error(source)) => Err(FeatureError::Io { path, source }),
        }
    }
}
