//! What a store holds of an entity.

use mlops_core::{Fingerprint, Timestamp, Value};

use super::view::StoreView;
use crate::time::bytes::{Bytes, put_value};
use crate::{FeatureError, Stamp};

/// Bytes before the values: the version, the fingerprint, the stamp.
const HEADER: usize = 1 + 32 + 24;

/// The latest event of an entity in one view. Its values are those of the view's fields, in order and exact: floats with
/// all their bits, and nulls, which are not the same as no record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    /// The fingerprint of the view.
    pub fingerprint: Fingerprint,
    /// The event's stamp.
    pub stamp: Stamp,
    /// The values as bytes.
    pub values: &'a [u8],
}

impl<'a> Record<'a> {
    /// The format of records that is written, and the latest that is read.
    pub const FORMAT: u8 = 1;

    /// The bytes of some values.
    #[must_use]
    pub fn values_of<'v>(values: impl IntoIterator<Item = Value<'v>>) -> Vec<u8> {
        let mut bytes = Vec::new();
        Self::put_values(&mut bytes, values);
        bytes
    }

    pub(super) fn put_values<'v>(out: &mut Vec<u8>, values: impl IntoIterator<Item = Value<'v>>) {
        values.into_iter().for_each(|value| put_value(out, value));
    }

    /// The whole record as bytes, which FORMAT.md describes. Of two records of a view the later one has the greater
    /// bytes from the 34th to the 57th.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.values.len() + 4);
        bytes.push(Self::FORMAT);
        bytes.extend_from_slice(self.fingerprint.as_bytes());
        for time in [self.stamp.event_time, self.stamp.available] {
            // The sign bit turned round, so that the order of bytes is that of times.
            bytes.extend_from_slice(&(time.as_micros() as u64 ^ 1 << 63).to_be_bytes());
        }
        bytes.extend_from_slice(&self.stamp.sequence.to_be_bytes());
        bytes.extend_from_slice(self.values);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// The record that some bytes hold.
    ///
    /// # Errors
    /// [`FeatureError::NewerValue`] for a later format, [`FeatureError::BadValue`] for bytes that are no record. `view` is
    /// the view that they name.
    pub fn from_bytes(view: &StoreView, bytes: &'a [u8]) -> Result<Self, FeatureError> {
        let bad = |problem| FeatureError::BadValue { view: view.name().into(), problem };
        match bytes.first() {
            Some(&Self::FORMAT) => {}
            Some(&got) if got > Self::FORMAT => {
                return Err(FeatureError::NewerValue { view: view.name().into(), got, known: Self::FORMAT });
            }
            _ => return Err(bad("it has no format")),
        }
        let Some((checked, checksum)) = bytes.split_last_chunk::<4>() else { return Err(bad("it is cut")) };
        if u32::from_le_bytes(*checksum) != crc32fast::hash(checked) {
            return Err(bad("its checksum doesn't match"));
        }
        let record = Self::read(&mut Bytes(checked)).ok_or_else(|| bad("it is cut"))?;
        if record.stamp.available < record.stamp.event_time {
            return Err(bad("it was known before it happened"));
        }
        Ok(record)
    }

    fn read(bytes: &mut Bytes<'a>) -> Option<Self> {
        bytes.u8()?;
        let fingerprint = Fingerprint::from_bytes(bytes.array()?);
        let [event_time, available, sequence] =
            [bytes.array()?, bytes.array()?, bytes.array()?].map(u64::from_be_bytes);
        let time = |bits: u64| Timestamp::from_micros((bits ^ 1 << 63) as i64);
        let stamp = Stamp { event_time: time(event_time), available: time(available), sequence };
        Some(Self { fingerprint, stamp, values: bytes.0 })
    }
}
