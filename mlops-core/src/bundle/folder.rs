//! A bundle on disk: `bundle.json` (the manifest), `bundle.sha256` (its digest) and `parts/<name>`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Bundle, BundleError, Manifest, check_name};
use crate::Fingerprint;

const MANIFEST: &str = "bundle.json";
const DIGEST: &str = "bundle.sha256";
const PARTS: &str = "parts";

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BundleError {
    let path = path.to_owned();
    |source| BundleError::Io { path, source }
}

impl Bundle {
    /// Writes the bundle to a folder that doesn't exist yet: whole, or not at all under that name. Files and
    /// folders are synced before it appears.
    ///
    /// # Errors
    /// [`BundleError::Exists`], or [`BundleError::Io`] with the path.
    #[tracing::instrument(skip_all, fields(digest = %self.digest()))]
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<(), BundleError> {
        let folder = folder.as_ref();
        if folder.exists() {
            return Err(BundleError::Exists { path: folder.into() });
        }
        let parent = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let staged = parent.join(format!(".{name}.{}.staged", std::process::id()));
        let written = self.write_into(&staged).and_then(|()| {
            fs::rename(&staged, folder).map_err(io(folder))?;
            sync_folder(parent)
        });
        if written.is_err() {
            // The error that matters is the one above; a stage that can't be removed is only litter.
            let _ = fs::remove_dir_all(&staged);
        }
        written
    }

    fn write_into(&self, folder: &Path) -> Result<(), BundleError> {
        let parts = folder.join(PARTS);
        fs::create_dir_all(&parts).map_err(io(&parts))?;
        for (name, bytes) in &self.parts {
            write_synced(&parts.join(name), bytes)?;
        }
        write_synced(&folder.join(MANIFEST), &self.manifest.to_bytes()?)?;
        write_synced(&folder.join(DIGEST), format!("{}  {MANIFEST}\n", self.digest).as_bytes())?;
        sync_folder(&parts)?;
        sync_folder(folder)
    }

    /// Reads a bundle from a folder and verifies every byte of it.
    ///
    /// # Errors
    /// [`BundleError`] that names the part or file that is missing or damaged.
    #[tracing::instrument(fields(folder = %folder.as_ref().display()))]
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, BundleError> {
        let folder = folder.as_ref();
        let read = |path: PathBuf| fs::read(&path).map_err(io(&path));
        let text = read(folder.join(MANIFEST))?;
        let wanted = read(folder.join(DIGEST))?;
        let got = Fingerprint::of(&text);
        if wanted != format!("{got}  {MANIFEST}\n").as_bytes() {
            let problem = format!("its digest is {got}, which is not what {DIGEST} says");
            return Err(BundleError::BadManifest { problem });
        }
        let manifest = Manifest::from_bytes(&text)?;
        let mut parts: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for name in manifest.parts.keys() {
            check_name(name)?;
            parts.insert(name.clone(), read(folder.join(PARTS).join(name))?.into());
        }
        Self::from_parts(manifest, parts)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    let mut file = File::create(path).map_err(io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io(path))
}

/// Syncs a folder's entries where the system can.
fn sync_folder(folder: &Path) -> Result<(), BundleError> {
    if cfg!(unix) { File::open(folder).and_then(|file| file.sync_all()).map_err(io(folder)) } else { Ok(()) }
}
