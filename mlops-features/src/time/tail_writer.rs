//! The tail's one writer.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{failed, sync_folder};
use super::tail::{HEADER, Tail};
use crate::FeatureError;

#[derive(Debug)]
pub(super) struct TailWriter {
    file: File,
    path: PathBuf,
    len: u64,
    events: usize,
    broken: bool,
}

impl TailWriter {
    /// Opens a tail as it was read, to go on behind its last sound record.
    pub(super) fn open(folder: &Path, tail: &Tail) -> Result<Self, FeatureError> {
        let path = Tail::path(folder);
        let file = File::options().create(true).append(true).open(&path).map_err(failed(&path))?;
        let mut writer = Self { file, path, len: tail.sound, events: tail.events(), broken: false };
        if tail.torn > 0 {
            writer.file.set_len(tail.sound).map_err(failed(&writer.path))?;
        }
        if tail.sound == 0 {
            writer.write(&HEADER, 0)?;
            writer.sync()?;
            sync_folder(folder)?;
        }
        Ok(writer)
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many events it has.
    pub(super) fn events(&self) -> usize {
        self.events
    }

    /// Adds records by one write. What was written in part is cut off again; where that fails too, nothing is
    /// written any more, since it would come behind half a record.
    pub(super) fn write(&mut self, records: &[u8], events: usize) -> Result<(), FeatureError> {
        if self.broken {
            return Err(FeatureError::Broken { path: self.path.clone() });
        }
        if let Err(error) = self.file.write_all(records) {
            self.broken = self.file.set_len(self.len).is_err();
            return Err(failed(&self.path)(error));
        }
        self.len += records.len() as u64;
        self.events += events;
        Ok(())
    }

    /// Waits until all that was written outlasts a loss of power. What a failed sync has left on the disk is not
    /// known, so nothing is written behind it.
    pub(super) fn sync(&mut self) -> Result<(), FeatureError> {
        self.file.sync_data().map_err(|error| {
            self.broken = true;
            failed(&self.path)(error)
        })
    }

    /// Starts afresh, without what may be unfinished.
    pub(super) fn clear(&mut self) -> Result<(), FeatureError> {
        self.file.set_len(HEADER.len() as u64).map_err(failed(&self.path))?;
        (self.len, self.events, self.broken) = (HEADER.len() as u64, 0, false);
        self.sync()
    }
}
