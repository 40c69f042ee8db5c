//! The contract of codes: a code that features write is taken for its text, row by row and in batches.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use mlops_core::{SlotField, SlotKind, SlotSchema, Slots, Vocabulary, category_cases};
use mlops_drift::{PreparedReference, ReferenceProfile};

#[test]
fn a_code_counts_for_its_text() {
    let vocabulary = Arc::new(Vocabulary::new(["UA", "AA", "ü", "a longer text", "9", "ua\u{301}"]));
    let field =
        SlotField { name: "key".into(), kind: SlotKind::Category, vocabulary: Some(Arc::clone(&vocabulary)) };
    let cases = category_cases(&vocabulary);
    let mut builder = ReferenceProfile::builder(&SlotSchema { fields: vec![field], request: 1 });
    let mut row = Slots::new(1);
    for case in cases.iter().filter(|case| case.code.is_some()) {
        case.put(&mut row, 0);
        builder.add(&row, &[]);
    }
    let profile = builder.build().unwrap();
    let texts: Vec<&str> = vocabulary.texts().collect();
    let column = |texts: &[Option<&str>]| {
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        RecordBatch::try_from_iter([("key", texts)]).unwrap()
    };
    let known: Vec<Option<&str>> = texts.iter().copied().map(Some).collect();
    let prepared = PreparedReference::builder().build(&[column(&known)]).unwrap();
    for case in &cases {
        let wanted = match (&case.text, case.code) {
            (Some(text), Some(code)) => {
                assert_eq!(texts[code.0 as usize], text);
                text
            }
            (Some(_), None) => "unseen",
            (None, _) => "missing",
        };
        // A row of slots.
        case.put(&mut row, 0);
        let mut counts = profile.counts();
        profile.update(&mut counts, &row, &[]).unwrap();
        let drift = &profile.compare(&counts).unwrap()[0];
        let bins = profile.columns()[0].bins();
        let bin = (0..bins.len()).find(|&bin| bins.label(bin).as_deref() == Some(wanted)).unwrap();
        let most = drift.psi.contributions.iter().copied().fold(0.0, f64::max);
        assert!(drift.psi.contributions[bin] == most, "{case:?}: {drift:?}");
        // A column of texts, whose bins are in the order of the codes.
        let column = prepared.compare(&[column(&[case.text.as_deref()])]).unwrap().remove(0);
        let place = column.bins.iter().position(|bin| bin.current == 1).unwrap();
        assert_eq!(column.bins[place].label, wanted);
        assert!(case.code.is_none_or(|code| code.0 as usize == place));
    }
}
