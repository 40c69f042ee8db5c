//! The contract of codes: what a row holds for a text is its place in the vocabulary that monitors read too.

use mlops_core::{Encoder, SlotEncoder, Slots, category_cases};
use mlops_features::{Catalog, Feature, FeatureSet};

use crate::rows::{batch, fit, row};

#[test]
fn a_row_holds_the_code_of_its_text() {
    let texts = ["UA", "AA", "ü", "a longer text than any buffer of a row begins with", "9", "ua\u{301}"];
    let rows: Vec<_> = texts.iter().zip(0..).map(|(text, at)| row(at, None, None, Some(text))).collect();
    let set = FeatureSet::builder("codes", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .features([Feature::ordinal("key", "key", -1.0)])
        .build(&Catalog::new())
        .unwrap();
    let features = fit(&set, &rows, vec![0.0; rows.len()]).features;
    let schema = features.slot_schema();
    let place = schema.position("key").unwrap();
    let vocabulary = schema.fields[place].vocabulary.as_deref().unwrap();
    assert_eq!(vocabulary.len(), texts.len());

    let cases = category_cases(vocabulary);
    let mut slots = Slots::new(0);
    for case in &cases {
        features.read(&row(0, None, None, case.text.as_deref()), &mut slots).unwrap();
        assert!(case.is_held(&slots, place), "{case:?} is {:?}", slots.value(place));
    }
    // A batch tells the same: an ordinal is the text's place.
    let rows: Vec<_> = cases.iter().map(|case| row(0, None, None, case.text.as_deref())).collect();
    let numbers = features.encode_batch(&batch(&rows)).unwrap();
    for (case, number) in cases.iter().zip(numbers.values.column(0)) {
        assert!(
            case.text.is_none() || *number == case.code.map_or(-1.0, |code| f64::from(code.0)),
            "{case:?} is {number}"
        );
    }
}
