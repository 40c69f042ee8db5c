//! Once warm, reading and encoding a row allocates nothing.

use mlops_core::{Encoder, SlotEncoder, Slots};

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
