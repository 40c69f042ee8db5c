//! Bytes, read with every length checked.

use mlops_core::{SlotKind, Timestamp, Value};

use super::online::Stamp;

/// Bytes that are still to be read. What is beyond their end is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        Some(self.array::<1>()?[0])
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.array()?))
    }

    pub(super) fn f64(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.u64()?))
    }

    pub(super) fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_micros(i64::from_le_bytes(self.array()?)))
    }

    /// A time, or none.
    pub(super) fn option(&mut self) -> Option<Option<Timestamp>> {
        match self.u8()? {
            0 => Some(None),
            1 => Some(Some(self.time()?)),
            _ => None,
        }
    }

    /// Bytes behind their length.
    pub(super) fn framed(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()? as usize;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.framed()?).ok()
    }

    /// An event's stamp. No event is known before it happened.
    pub(super) fn stamp(&mut self) -> Option<Stamp> {
        let (sequence, event_time, available) = (self.u64()?, self.time()?, self.time()?);
        (event_time <= available).then_some(Stamp { event_time, available, sequence })
    }

    /// A value of a kind, or a missing one.
    pub(crate) fn value(&mut self, kind: SlotKind) -> Option<Value<'a>> {
        match self.u8()? {
            0 => Some(Value::Missing),
            code if code != kind_code(kind) => None,
            1 => Some(Value::Float(self.f64()?)),
            2 => Some(Value::Int(self.u64()? as i64)),
            3 => Some(Value::Time(self.time()?)),
            _ => Some(Value::Text(self.text()?)),
        }
    }
}

/// The number of a kind in files. Categories are kept as their texts.
pub(super) fn kind_code(kind: SlotKind) -> u8 {
    match kind {
        SlotKind::Float => 1,
        SlotKind::Int => 2,
        SlotKind::Time => 3,
        _ => 4,
    }
}

pub(super) fn kind_of(code: u8) -> Option<SlotKind> {
    [SlotKind::Float, SlotKind::Int, SlotKind::Time, SlotKind::Text]
        .into_iter()
        .find(|&kind| kind_code(kind) == code)
}

pub(super) fn put_framed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(super) fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.as_micros().to_le_bytes());
}

pub(super) fn put_option(out: &mut Vec<u8>, time: Option<Timestamp>) {
    out.push(u8::from(time.is_some()));
    if let Some(time) = time {
        put_time(out, time);
    }
}

pub(super) fn put_stamp(out: &mut Vec<u8>, stamp: Stamp) {
    out.extend_from_slice(&stamp.sequence.to_le_bytes());
    put_time(out, stamp.event_time);
    put_time(out, stamp.available);
}

pub(crate) fn put_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Missing | Value::Category(_) | Value::Numbers(_) | Value::Texts(_) => out.push(0),
        Value::Float(x) => {
            out.push(1);
            out.extend_from_slice(&x.to_bits().to_le_bytes());
        }
        Value::Int(x) => {
            out.push(2);
            out.extend_from_slice(&x.to_le_bytes());
        }
        Value::Time(t) => {
            out.push(3);
            put_time(out, t);
        }
        Value::Text(text) | Value::Unseen(text) => {
            out.push(4);
            put_framed(out, text.as_bytes());
        }
    }
}
