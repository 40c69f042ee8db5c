//! One kernel: batch, row, map, row of a table and what was reloaded give the same bits.

use std::collections::BTreeMap;

use mlops_core::{Encoder, SlotEncoder, Slots};
use mlops_features::{Catalog, FittedFeatures};
use proptest::prelude::*;
use serde_json::json;

use crate::rows::{Row, batch, row, some_fit};

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let floats = prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), -50.0..50.0];
    let ints = prop_oneof![any::<i64>(), Just((1 << 53) + 1), Just(i64::MIN), 0_i64..20];
    let keys = prop_oneof![Just(String::new()), ".{0,8}", Just("a".into()), Just("b".into()), Just("ä\0b".into())];
    let one = (any::<i64>(), prop::option::of(floats), prop::option::of(ints), prop::option::of(keys));
    prop::collection::vec(one.prop_map(|(at, x, n, key)| row(at, x, n, key.as_deref())), 0..40)
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #[test]
    fn one_kernel_batch_equals_row_equals_reloaded(rows in rows()) {
        let features = some_fit().features;
        let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &Catalog::new()).unwrap();
        prop_assert_eq!(reloaded.fingerprint(), features.fingerprint());
        let whole = features.encode_batch(&batch(&rows)).unwrap();
        let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
        let requests = features.set().requests(&batch(&rows)).unwrap();
        prop_assert_eq!(requests.len(), rows.len());
        for ((row, request), wanted) in rows.iter().zip(&requests).zip(whole.values.rows()) {
            let wanted = bits(wanted.as_slice().unwrap());
            prop_assert_eq!(request.at(), row.at);
            features.read(request, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
            prop_assert_eq!(&bits(&numbers), &wanted);

            features.read(row, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
            prop_assert_eq!(&bits(&numbers), &wanted);

            reloaded.read(row, &mut slots).unwrap();
            reloaded.encode(&slots, &mut numbers).unwrap();
            prop_assert_eq!(&bits(&numbers), &wanted);

            // Fields in another order, with one that no column names, from a map.
            #[derive(serde::Serialize)]
            #[serde(untagged)]
            enum Any { Int(Option<i64>), Float(Option<f64>), Text(Option<String>) }
            let map = BTreeMap::from([
                ("at", Any::Int(Some(row.at.as_micros()))),
                ("key", Any::Text(row.key.clone())),
                ("n", Any::Int(row.n)),
                ("other", Any::Text(None)),
                ("x", Any::Float(row.x)),
            ]);
            features.read(&map, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
            prop_assert_eq!(&bits(&numbers), &wanted);
        }
    }

    #[test]
    fn bytes_that_are_no_features_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(FittedFeatures::from_bytes(&bytes, &Catalog::new()).is_err());
    }

    #[test]
    fn changed_bytes_are_an_error_or_other_features(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let features = some_fit().features;
        let mut json = features.to_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        if let Ok(other) = FittedFeatures::from_bytes(&json, &Catalog::new()) {
            let same = other.to_bytes() == features.to_bytes();
            prop_assert_eq!(other.fingerprint() == features.fingerprint(), same);
        }
    }
}

#[test]
fn rows_from_json_are_rows_too() {
    let features = some_fit().features;
    let mut slots = Slots::default();
    let (mut one, mut other) = (vec![0.0; features.names().len()], vec![0.0; features.names().len()]);
    features.read(&json!({"n": 3, "key": "b", "x": 0.25, "at": 5}), &mut slots).unwrap();
    features.encode(&slots, &mut one).unwrap();
    features.read(&row(5, Some(0.25), Some(3), Some("b")), &mut slots).unwrap();
    features.encode(&slots, &mut other).unwrap();
    assert_eq!(one, other);
}

#[test]
fn fingerprints_change_with_what_they_cover_and_with_nothing_else() {
    let set = crate::rows::set_over_time();
    let catalog = Catalog::new();
    let fewer = set.select(|name| name != "last.value", &catalog).unwrap();
    assert_ne!(fewer.fingerprint(), set.fingerprint());
    assert_ne!(fewer.view_fingerprint(), set.view_fingerprint());

    // A new fit changes only the fitted features.
    let (one, other) =
        (some_fit(), crate::rows::fit(&crate::rows::set(), &crate::rows::some_rows()[..30], [0.0; 30]));
    assert_eq!(one.features.set().fingerprint(), other.features.set().fingerprint());
    assert_eq!(one.features.set().view_fingerprint(), other.features.set().view_fingerprint());
    assert_ne!(one.features.fingerprint(), other.features.fingerprint());

    // The text's form changes none.
    let bytes = one.features.to_bytes();
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes[..end]).unwrap();
    let pretty = [&serde_json::to_vec_pretty(&value).unwrap(), &bytes[end..]].concat();
    assert_eq!(FittedFeatures::from_bytes(&pretty, &catalog).unwrap().fingerprint(), one.features.fingerprint());
}
