//! The events that are not sealed yet: a file that each event is added to by one write. Its bytes are described in
//! `FORMAT.md`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, RecordBatchOptions};
use mlops_core::{SlotField, SlotSchema, Slots};

use super::bytes::{Bytes, kind_code, kind_of, put_framed, put_stamp, put_value};
use super::columns::{ColumnBuilder, arrow_schema};
use super::files::failed;
use super::online::Stamp;
use crate::FeatureError;

pub(super) const HEADER: [u8; 8] = *b"MLEV\x01\0\0\0";
const MAGIC: usize = 4;
const VERSION: u32 = 1;
/// Length, its checksum, and the payload's.
const FRAME: usize = 12;
/// What no tail reaches, since it is sealed long before: offsets in columns of texts are 31 bits.
const MAX_BYTES: u64 = 1 << 30;
const SOURCE: u8 = 1;
const EVENT: u8 = 2;

/// A tail as it was read.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The sources that it declares, by number.
    pub(super) tables: Vec<TailTable>,
    /// How many bytes are sound: all, or those before an unfinished last record.
    pub(super) sound: u64,
    /// How many bytes are behind them.
    pub(super) torn: u64,
    /// The last sequence number.
    pub(super) last: Option<u64>,
}

/// The events of a source in a tail.
#[derive(Debug)]
pub(super) struct TailTable {
    pub(super) source: String,
    pub(super) fields: Vec<SlotField>,
    pub(super) stamps: Vec<Stamp>,
    columns: Vec<ColumnBuilder>,
}

impl TailTable {
    /// The columns of the events.
    pub(super) fn columns(&mut self) -> Result<RecordBatch, FeatureError> {
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.stamps.len()));
        Ok(RecordBatch::try_new_with_options(arrow_schema(&self.fields), columns, &options)?)
    }
}

impl Tail {
    /// The tail's file in the folder of a log.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("events.tail")
    }

    /// Reads a tail; an empty one where there is no file.
    pub(super) fn read(folder: &Path) -> Result<Self, FeatureError> {
        let path = Self::path(folder);
        let bytes = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Ok(file) if file.len() > MAX_BYTES => return Err(bad(&path, 0, "is longer than any tail")),
            _ => fs::read(&path).map_err(failed(&path))?,
        };
        Self::decode(&bytes, &path)
    }

    fn decode(bytes: &[u8], path: &Path) -> Result<Self, FeatureError> {
        let mut tail = Self::default();
        if bytes.len() < HEADER.len() && HEADER.starts_with(bytes) {
            tail.torn = bytes.len() as u64;
            return Ok(tail);
        }
        let mut rest = Bytes(bytes);
        if rest.take(MAGIC) != Some(&HEADER[..MAGIC]) {
            return Err(bad(path, 0, "is no tail of an event log"));
        }
        match rest.u32() {
            Some(VERSION) => {}
            Some(got) if got > VERSION => return Err(FeatureError::NewerFormat { got, known: VERSION }),
            _ => return Err(bad(path, MAGIC, "is of no version")),
        }
        while !rest.0.is_empty() {
            let at = bytes.len() - rest.0.len();
            let Some(payload) = record(&mut rest) else {
                if (at + 1..bytes.len()).any(|later| record(&mut Bytes(&bytes[later..])).is_some()) {
                    return Err(bad(path, at, "has a bad record, with sound ones behind it"));
                }
                tail.torn = (bytes.len() - at) as u64;
                break;
            };
            tail.read_record(Bytes(payload)).ok_or_else(|| bad(path, at, "has a record that says nothing"))?;
        }
        tail.sound = bytes.len() as u64 - tail.torn;
        Ok(tail)
    }

    fn read_record(&mut self, mut payload: Bytes<'_>) -> Option<()> {
        match payload.u8()? {
            SOURCE => self.read_source(payload),
            EVENT => self.read_event(payload),
            _ => None,
        }
    }

    fn read_source(&mut self, mut payload: Bytes<'_>) -> Option<()> {
        let source = payload.text()?.to_owned();
        if self.tables.iter().any(|table| table.source == source) {
            return None;
        }
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        while !payload.0.is_empty() {
            let kind = kind_of(payload.u8()?)?;
            fields.push(SlotField { name: payload.text()?.into(), kind, vocabulary: None });
            columns.extend(fields.last().map(ColumnBuilder::new));
        }
        self.tables.push(TailTable { source, fields, stamps: Vec::new(), columns });
        Some(())
    }

    fn read_event(&mut self, mut payload: Bytes<'_>) -> Option<()> {
        let table = self.tables.get_mut(payload.u32()? as usize)?;
        let stamp = payload.stamp()?;
        if self.last.is_some_and(|last| last >= stamp.sequence) || stamp.sequence == u64::MAX {
            return None;
        }
        for (field, column) in table.fields.iter().zip(&mut table.columns) {
            column.push(payload.value(field.kind)?);
        }
        table.stamps.push(stamp);
        self.last = Some(stamp.sequence);
        payload.0.is_empty().then_some(())
    }

    /// How many events it has.
    pub(super) fn events(&self) -> usize {
        self.tables.iter().map(|table| table.stamps.len()).sum()
    }
}

fn bad(path: &Path, at: usize, what: &str) -> FeatureError {
    FeatureError::Corrupt { problem: format!("`{}` {what}, at byte {at}", path.display()) }
}

/// The payload of the record that begins here, if it is there whole.
fn record<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let mut rest = *bytes;
    let length = rest.take(4)?;
    if rest.u32()? != crc32fast::hash(length) {
        return None;
    }
    let checksum = rest.u32()?;
    let payload = rest.take(Bytes(length).u32()? as usize)?;
    if checksum != crc32fast::hash(payload) {
        return None;
    }
    *bytes = rest;
    Some(payload)
}

/// Adds a record around the payload that `put` writes.
fn put_record(out: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.extend_from_slice(&[0; FRAME]);
    put(out);
    let length = ((out.len() - begin - FRAME) as u32).to_le_bytes();
    let checksum = crc32fast::hash(&out[begin + FRAME..]).to_le_bytes();
    out[begin..begin + 4].copy_from_slice(&length);
    out[begin + 4..begin + 8].copy_from_slice(&crc32fast::hash(&length).to_le_bytes());
    out[begin + 8..begin + FRAME].copy_from_slice(&checksum);
}

/// Declares a source under the next number.
pub(super) fn put_source(out: &mut Vec<u8>, name: &str, fields: &[SlotField]) {
    put_record(out, |out| {
        out.push(SOURCE);
        put_framed(out, name.as_bytes());
        for field in fields {
            out.push(kind_code(field.kind));
            put_framed(out, field.name.as_bytes());
        }
    });
}

/// An event of a source that was declared: the first `columns` slots.
pub(super) fn put_event(out: &mut Vec<u8>, source: u32, stamp: Stamp, slots: &Slots, columns: usize) {
    put_record(out, |out| {
        out.push(EVENT);
        out.extend_from_slice(&source.to_le_bytes());
        put_stamp(out, stamp);
        (0..columns).for_each(|slot| put_value(out, slots.value(slot)));
    });
}

/// Whether events that were declared so are those of a source.
pub(super) fn same_columns(declared: &[SlotField], source: &SlotSchema, columns: usize) -> bool {
    let kinds = |field: &SlotField| kind_code(field.kind);
    let source = source.fields.iter().take(columns);
    declared.len() == columns && declared.iter().zip(source).all(|(a, b)| a.name == b.name && kinds(a) == kinds(b))
}
