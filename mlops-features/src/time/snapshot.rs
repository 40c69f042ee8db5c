//! Online state as bytes, and the files of it in a log's folder. The bytes are described in `FORMAT.md`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mlops_core::{Fingerprint, SlotKind};

use super::bytes::{Bytes, put_framed};
use super::files::{failed, write_whole};
use super::online::{OnlineState, Table, hold};
use super::view_state::ViewState;
use super::watermark::Watermark;
use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::define::set::FeatureSet;

const MAGIC: [u8; 4] = *b"MLOS";
const VERSION: u32 = 2;
const PREFIX: &str = "snapshot-";

/// State as it was before the event of a sequence number.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) state: OnlineState,
    pub(super) position: u64,
}

/// The state, which has seen all events before `position`. The same state has the same bytes.
pub(super) fn to_bytes(state: &OnlineState, position: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(state.fingerprint().as_bytes());
    out.extend_from_slice(&position.to_le_bytes());
    out.extend_from_slice(&state.unkeyed().to_le_bytes());
    for view in &state.views {
        put_table(&mut out, &view.table, ViewState::put);
    }
    for window in &state.windows {
        window.states.put(&mut out);
    }
    for watermark in state.watermarks.iter().flatten() {
        hold(watermark).put(&mut out);
    }
    let checksum = crc32fast::hash(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

/// By key, so that no order of arrival or hashing shows. One shard is held at a time.
pub(super) fn put_table<S>(out: &mut Vec<u8>, table: &Table<S>, put: impl Fn(&S, &mut Vec<u8>)) {
    let (mut states, mut keys) = (Vec::new(), Vec::new());
    table.for_each(|key, state| {
        let begin = states.len();
        put(state, &mut states);
        keys.push((Box::<[u8]>::from(key), begin..states.len()));
    });
    keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    out.extend_from_slice(&(keys.len() as u64).to_le_bytes());
    for (key, place) in keys {
        put_framed(out, &key);
        out.extend_from_slice(&states[place]);
    }
}

pub(super) fn read_table<S>(
    bytes: &mut Bytes<'_>,
    table: &Table<S>,
    read: impl Fn(&mut Bytes<'_>) -> Option<S>,
) -> Option<()> {
    let mut last: Option<&[u8]> = None;
    for _ in 0..bytes.u64()? {
        let key = bytes.framed()?;
        if last.is_some_and(|last| last >= key) {
            return None;
        }
        table.insert(key.into(), read(bytes)?);
        last = Some(key);
    }
    Some(())
}

/// The state that some bytes hold.
fn from_bytes(bytes: &[u8], set: &FeatureSet, catalog: &Catalog) -> Result<Snapshot, FeatureError> {
    let corrupt = |problem: &str| FeatureError::Corrupt { problem: problem.into() };
    let mut rest = Bytes(bytes);
    if rest.take(MAGIC.len()) != Some(&MAGIC) {
        return Err(corrupt("they are no online state"));
    }
    match rest.u32() {
        Some(VERSION) => {}
        Some(got) if got > VERSION => return Err(FeatureError::NewerFormat { got, known: VERSION }),
        _ => return Err(corrupt("they are of no version")),
    }
    let Some(mut body) = rest.0.len().checked_sub(size_of::<u32>()).and_then(|len| rest.take(len)).map(Bytes)
    else {
        return Err(corrupt("they end early"));
    };
    if rest.u32() != Some(crc32fast::hash(&bytes[..bytes.len() - size_of::<u32>()])) {
        return Err(corrupt("they don't have their checksum"));
    }
    let state = OnlineState::new(set, catalog)?;
    let wanted = state.fingerprint();
    match body.take(size_of::<Fingerprint>()) {
        Some(got) if got == wanted.as_bytes() => {}
        Some(_) => return Err(corrupt("they are the state of other views")),
        None => return Err(corrupt("they end early")),
    }
    match read_state(body, &state) {
        Some(position) => Ok(Snapshot { state, position }),
        None => Err(corrupt("they don't hold together")),
    }
}

fn read_state(mut bytes: Bytes<'_>, state: &OnlineState) -> Option<u64> {
    let position = bytes.u64()?;
    state.set_unkeyed(bytes.u64()?);
    for view in &state.views {
        let events = &state.source_schema(view.source).fields;
        let kinds: Vec<SlotKind> = view.event_fields.iter().map(|&slot| events[slot].kind).collect();
        read_table(&mut bytes, &view.table, |bytes| ViewState::read(bytes, &kinds))?;
    }
    for window in &state.windows {
        window.states.read(&mut bytes)?;
    }
    for watermark in state.watermarks.iter().flatten() {
        *hold(watermark) = Watermark::read(&mut bytes)?;
    }
    bytes.0.is_empty().then_some(position)
}

/// The snapshots in a folder, the newest first, with the position that their name tells.
fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, FeatureError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(Ok(position)) = name.strip_prefix(PREFIX).map(str::parse) {
            found.push((position, path));
        }
    }
    found.sort_unstable();
    found.reverse();
    Ok(found)
}

/// The newest sound snapshot of the set's views, of a log that goes to `end`. What can't be used is passed over; what
/// tells of events that the log doesn't have is removed, lest it be taken for that of others that come.
pub(super) fn newest(
    folder: &Path,
    set: &FeatureSet,
    catalog: &Catalog,
    end: u64,
) -> Result<Option<Snapshot>, FeatureError> {
    for (position, path) in list(folder)? {
        if position > end {
            tracing::warn!(path = %path.display(), end, "a snapshot of a longer log is removed");
            fs::remove_file(&path).map_err(failed(&path))?;
            continue;
        }
        let bytes = fs::read(&path).map_err(failed(&path))?;
        match from_bytes(&bytes, set, catalog) {
            Ok(snapshot) if snapshot.position == position => return Ok(Some(snapshot)),
            Ok(_) => tracing::warn!(path = %path.display(), "a snapshot of another position is passed over"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "a snapshot is passed over"),
        }
    }
    Ok(None)
}

/// Writes a snapshot, and removes those before it.
pub(super) fn write(folder: &Path, state: &OnlineState, position: u64) -> Result<(), FeatureError> {
    let bytes = to_bytes(state, position);
    write_whole(&folder.join(format!("{PREFIX}{position:020}")), |mut file, staged| {
        file.write_all(&bytes).map_err(failed(staged))?;
        Ok(file)
    })?;
    for (_, path) in list(folder)?.into_iter().filter(|(other, _)| *other < position) {
        fs::remove_file(&path).map_err(failed(&path))?;
    }
    Ok(())
}
