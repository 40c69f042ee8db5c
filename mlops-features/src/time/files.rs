//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::FeatureError;

/// The error of a path.
pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> FeatureError {
    let path = path.to_owned();
    |source| FeatureError::Io { path, source }
}

/// Makes a folder where there is none, so that it outlasts a loss of power.
pub(super) fn create_folder(folder: &Path) -> Result<(), FeatureError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(failed(folder))?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Writes a file under another name, syncs it and gives it its own.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(File, &Path) -> Result<File, FeatureError>,
) -> Result<(), FeatureError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.staged"));
    let file = write(File::create(&staged).map_err(failed(&staged))?, &staged)?;
    file.sync_all().map_err(failed(&staged))?;
    fs::rename(&staged, path).map_err(failed(path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Syncs a folder's entries where the system can.
pub(super) fn sync_folder(folder: &Path) -> Result<(), FeatureError> {
    if cfg!(unix) { File::open(folder).and_then(|file| file.sync_all()).map_err(failed(folder)) } else { Ok(()) }
}
