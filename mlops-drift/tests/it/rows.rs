//! Rows for the other tests.

use std::sync::Arc;

use mlops_core::{Code, Slot, SlotField, SlotKind, SlotSchema, Slots, Vocabulary};

pub(crate) fn schema() -> SlotSchema {
    let carriers = Some(Arc::new(Vocabulary::new(["AA", "DL", "UA", "WN"])));
    let field = |name: &str, kind, vocabulary| SlotField { name: name.into(), kind, vocabulary };
    let fields = vec![
        field("wind", SlotKind::Float, None),
        field("carrier", SlotKind::Category, carriers),
        field("distance", SlotKind::Int, None),
        field("departure", SlotKind::Time, None),
    ];
    SlotSchema { fields, request: 4 }
}

pub(crate) fn row(wind: Slot, carrier: Option<u32>, distance: i64) -> Slots {
    let mut slots = Slots::new(4);
    slots.set(0, wind);
    match carrier {
        Some(code) if code < 4 => slots.set(1, Slot::Category(Code(code))),
        Some(_) => slots.set_unseen(1, "ZZ"),
        None => {}
    }
    slots.set(2, Slot::Int(distance));
    slots
}

/// A row that depends on a number as if at random.
pub(crate) fn random_row(i: u64, shift: f64) -> Slots {
    let bits = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let unit = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    row(Slot::Float(unit * 10.0 + shift), Some((bits % 4) as u32), (bits % 700) as i64)
}
