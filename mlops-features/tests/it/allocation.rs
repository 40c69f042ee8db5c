//! Once warm, reading and encoding a row allocates nothing.

use mlops_core::{Encoder, SlotEncoder, Slots};
use serde::ser::SerializeMap;

use crate::rows::{row, some_fit, some_rows};

#[test]
fn a_warm_row_is_read_and_encoded_without_allocation() {
    let features = some_fit().features;
    let mut rows = some_rows();
    rows.push(row(7, None, None, Some("a category that was not seen")));
    rows.push(row(8, Some(f64::NAN), Some(i64::MAX), None));
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    let mut pass = || {
        for row in &rows {
            features.read(row, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
        }
    };
    pass();
    let counted = allocation_counter::measure(pass);
    assert_eq!(counted.count_total, 0, "{counted:?}");
    // The counter counts.
    assert!(allocation_counter::measure(|| drop(vec![1_u8; 100])).count_total > 0);
}

#[test]
fn a_warm_row_with_lists_or_with_fields_in_fields_is_read_without_allocation() {
    let (of_lists, of_nested) = (crate::lists::some_fit(), crate::nested::some_fit());
    let texts = |count: usize| Some(vec!["a text of some length".to_owned(); count]);
    let lists = [(3, 2), (1000, 1000), (0, 1)]
        .map(|(numbers, count)| crate::lists::row(Some(vec![0.5; numbers]), texts(count)));
    let nested = ["Rome", "a city that was not seen"].map(|city| crate::nested::row(0.5, city));
    let json = nested.clone().map(|row| serde_json::to_value(row).unwrap());
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; 16]);
    let mut pass = || {
        for row in &lists {
            of_lists.read(row, &mut slots).unwrap();
            of_lists.encode(&slots, &mut numbers[..of_lists.names().len()]).unwrap();
        }
        for (row, json) in nested.iter().zip(&json) {
            of_nested.read(row, &mut slots).unwrap();
            of_nested.read(json, &mut slots).unwrap();
            of_nested.read(&KeysAlone(json), &mut slots).unwrap();
            of_nested.encode(&slots, &mut numbers[..of_nested.names().len()]).unwrap();
        }
    };
    pass();
    let counted = allocation_counter::measure(pass);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

/// The same map, with keys that come before their values.
struct KeysAlone<'a>(&'a serde_json::Value);

impl serde::Serialize for KeysAlone<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.as_object().unwrap() {
            map.serialize_key(key)?;
            map.serialize_value(value)?;
        }
        map.end()
    }
}
