//! Stores that are killed, cut, changed at random or out of reach: an error that names the thing, nothing lost, no panic.

use mlops_core::{Fingerprint, Timestamp, Value};
use mlops_features::{FeatureError, Record, Stamp, StoreView};
#[cfg(any(all(feature = "redb", unix), feature = "redis"))]
use mlops_features::{OnlineStore, StoreKey, StorePut};
use proptest::prelude::*;

use crate::store_support::set;

pub(crate) fn view() -> StoreView {
    StoreView::of(&set()).unwrap().remove(0)
}

pub(crate) fn values(x: f64) -> Vec<u8> {
    Record::values_of([Value::Float(x), Value::Text("some text"), Value::Missing])
}

pub(crate) fn stamp(time: i64, sequence: u64) -> Stamp {
    let time = Timestamp::from_micros(time);
    Stamp { event_time: time, available: time, sequence }
}

#[cfg(any(all(feature = "redb", unix), feature = "redis"))]
pub(crate) fn put(store: &dyn OnlineStore, entity: &[u8], number: u64) -> Result<usize, FeatureError> {
    let key = StoreKey { view: &view(), entity };
    store.put(&[StorePut { key, stamp: stamp(number as i64, number), values: &values(number as f64) }])
}

/// The number that an entity has.
#[cfg(any(all(feature = "redb", unix), feature = "redis"))]
pub(crate) fn get(store: &dyn OnlineStore, entity: &[u8]) -> Result<Option<u64>, FeatureError> {
    let mut found = None;
    store.get(&[StoreKey { view: &view(), entity }], &mut |_, record| {
        let field = |place, value| {
            if let (0, Value::Float(x)) = (place, value) {
                assert_eq!(x, record.stamp.sequence as f64);
            }
        };
        view().fields(&record, field).unwrap();
        found = Some(record.stamp.sequence);
    })?;
    Ok(found)
}

fn record_bytes() -> Vec<u8> {
    Record { fingerprint: view().fingerprint(), stamp: stamp(-5, 9), values: &values(0.5) }.to_bytes()
}

#[test]
fn a_record_has_the_bytes_of_its_description() {
    let bytes = record_bytes();
    assert_eq!(bytes.len(), 57 + 9 + 14 + 1 + 4);
    assert_eq!(bytes[0], 1);
    assert_eq!(&bytes[1..33], view().fingerprint().as_bytes());
    let time = [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb];
    assert_eq!(
        (&bytes[33..41], &bytes[41..49], &bytes[49..57]),
        (&time[..], &time[..], &[0, 0, 0, 0, 0, 0, 0, 9][..])
    );
    assert_eq!(&bytes[57..66], &[1, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
    assert_eq!(&bytes[66..80], b"\x04\x09\0\0\0some text");
    assert_eq!(bytes[80], 0);
    let record = Record::from_bytes(&view(), &bytes).unwrap();
    assert_eq!((record.stamp, record.values), (stamp(-5, 9), &values(0.5)[..]));
}

#[test]
fn cut_and_newer_records_say_so() {
    let bytes = record_bytes();
    for len in 0..bytes.len() {
        let error = Record::from_bytes(&view(), &bytes[..len]).unwrap_err();
        assert!(matches!(&error, FeatureError::BadValue { view, .. } if view == "last"), "{len}: {error}");
    }
    let newer = [&[2], &bytes[1..]].concat();
    let error = Record::from_bytes(&view(), &newer).unwrap_err();
    assert_eq!(error.to_string(), "a stored value of the view `last` is of format 2; this library reads up to 1");
}

proptest! {
    #[test]
    fn a_record_with_any_byte_changed_is_an_error(place in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut bytes = record_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        prop_assert!(Record::from_bytes(&view(), &bytes).is_err());
    }

    #[test]
    fn any_bytes_are_an_error_or_fields(values in prop::collection::vec(prop_oneof![0..6_u8, any::<u8>()], 0..60), time: (i64, i64)) {
        // With a sound checksum, so that what is behind it is met.
        let [event_time, available] = [time.0, time.1].map(Timestamp::from_micros);
        let stamp = Stamp { event_time, available, sequence: 1 };
        let bytes = Record { fingerprint: view().fingerprint(), stamp, values: &values }.to_bytes();
        match Record::from_bytes(&view(), &bytes) {
            Ok(record) => {
                prop_assert!(time.0 <= time.1);
                let mut fields = 0;
                if view().fields(&record, |_, _| fields += 1).is_ok() {
                    prop_assert_eq!(fields, 3);
                }
            }
            Err(error) => {
                let bad = matches!(error, FeatureError::BadValue { .. });
                prop_assert!(bad && time.0 > time.1);
            }
        }
        let other = Record { fingerprint: Fingerprint::of(&values), stamp, values: &values };
        let refused = matches!(view().fields(&other, |_, _| {}), Err(FeatureError::OtherView { .. }));
        prop_assert!(refused);
    }
}
