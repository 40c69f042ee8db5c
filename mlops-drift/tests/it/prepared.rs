//! The prepared reference: the same answers in any order, cut and number of threads, and errors that name what is bad.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int64Array, LargeStringArray, ListArray,
    RecordBatch, StringArray, UInt8Array,
};
use arrow::datatypes::{Float64Type, Int8Type};
use mlops_drift::{
    ColumnComparison, DriftError, EffectThresholds, EffectVerdict, PreparedReference, Sample, ks_two_sample,
    normalized_wasserstein, wasserstein,
};
use proptest::prelude::*;

use crate::samples::uniforms;

type Number = Option<f64>;
type Row = (Number, Option<&'static str>);

fn batch(rows: &[Row]) -> RecordBatch {
    let numbers = Float64Array::from_iter(rows.iter().map(|row| row.0));
    let texts = StringArray::from_iter(rows.iter().map(|row| row.1));
    RecordBatch::try_from_iter([("x", Arc::new(numbers) as ArrayRef), ("town", Arc::new(texts) as ArrayRef)])
        .unwrap()
}

fn one(name: &str, array: impl arrow::array::Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter([(name, Arc::new(array) as ArrayRef)]).unwrap()
}

fn numbers(values: &[f64]) -> RecordBatch {
    one("x", Float64Array::from(values.to_vec()))
}

fn prepared(batch: &RecordBatch) -> PreparedReference {
    PreparedReference::builder().build(std::slice::from_ref(batch)).unwrap()
}

fn bin(column: &ColumnComparison, label: &str) -> (u64, u64) {
    let bin = column.bins.iter().find(|bin| bin.label == label);
    bin.map(|bin| (bin.reference, bin.current)).unwrap_or_else(|| panic!("no bin {label} in {:?}", column.bins))
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![
        6 => (-20_i32..20).prop_map(|x| Some(f64::from(x))),
        6 => (-20.0..20.0_f64).prop_map(Some),
        1 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]).prop_map(Some),
    ];
    let text = prop::sample::select(vec![None, Some("Kiel"), Some("Rome"), Some("Lima"), Some("")]);
    prop::collection::vec((number, text), 1..120)
}

/// The same but for the bits of sums that a bin's order doesn't touch: `Debug` tells every digit.
fn text(columns: &[ColumnComparison]) -> String {
    format!("{columns:?}")
}

proptest! {
    #[test]
    fn order_cut_and_threads_do_not_matter(reference in rows(), mut current in rows(), cut in 0_usize..120) {
        let whole = prepared(&batch(&reference));
        let wanted = text(&whole.compare(&[batch(&current)]).unwrap());
        current.reverse();
        let (head, tail) = current.split_at(cut % current.len());
        let parts = [batch(head), batch(tail)];
        prop_assert_eq!(&text(&whole.compare(&parts).unwrap()), &wanted);
        let (head, tail) = reference.split_at(cut % reference.len());
        let builder = PreparedReference::builder().threads(2);
        let in_parts = builder.build(&[batch(tail), batch(head)]).unwrap();
        prop_assert_eq!(&text(&in_parts.compare(&parts).unwrap()), &wanted);
    }

    #[test]
    fn sorted_numbers_tell_what_the_samples_do(reference in rows(), current in rows()) {
        let sample = |rows: &[Row]| Sample::of(&rows.iter().filter_map(|row| row.0).collect::<Vec<_>>());
        let (a, b) = (sample(&reference), sample(&current));
        let columns = prepared(&batch(&reference)).compare(&[batch(&current)]).unwrap();
        match &columns[0].numbers {
            Some(numbers) => {
                prop_assert_eq!(&numbers.kolmogorov_smirnov, &ks_two_sample(&a, &b).unwrap());
                prop_assert_eq!(&numbers.wasserstein, &wasserstein(&a, &b).unwrap());
                prop_assert_eq!(&numbers.normalized_wasserstein, &normalized_wasserstein(&a, &b).ok());
                let interval = columns[0].ks_interval.unwrap();
                let distance = numbers.kolmogorov_smirnov.statistic;
                prop_assert!(interval.low <= distance && distance <= interval.high);
            }
            None => prop_assert!(a.finite().is_empty() || b.finite().is_empty()),
        }
        for column in &columns {
            prop_assert_eq!(column.bins.iter().map(|bin| bin.reference).sum::<u64>(), reference.len() as u64);
            prop_assert_eq!(column.bins.iter().map(|bin| bin.current).sum::<u64>(), current.len() as u64);
        }
    }

    #[test]
    fn a_tally_has_the_bins_of_the_comparison_and_merges(reference in rows(), current in rows(), cut in 0_usize..120) {
        let reference = prepared(&batch(&reference));
        let (head, tail) = current.split_at(cut % current.len());
        let mut tally = reference.tally();
        tally.add(&batch(tail)).unwrap();
        let mut other = reference.tally();
        other.add(&batch(head)).unwrap();
        tally.merge(&other).unwrap();
        prop_assert_eq!(tally.rows(), current.len() as u64);
        let mut wanted = reference.compare(&[batch(&current)]).unwrap();
        wanted.iter_mut().for_each(|column| column.numbers = None);
        prop_assert_eq!(tally.compare().unwrap(), wanted);
    }

    #[test]
    fn bytes_come_back_and_no_bytes_panic(reference in rows(), at in 0_usize..4000, byte: u8, cut in 0_usize..4000) {
        let prepared = prepared(&batch(&reference));
        let mut bytes = prepared.to_bytes();
        prop_assert_eq!(&PreparedReference::from_bytes(&bytes).unwrap(), &prepared);
        prop_assert!(PreparedReference::from_bytes(&bytes[..cut % bytes.len()]).is_err());
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(other) = PreparedReference::from_bytes(&bytes) {
            _ = other.compare(&[batch(&reference)]);
        }
    }
}

#[test]
fn whatever_is_no_value_has_a_bin_of_its_own() {
    let reference = prepared(&numbers(&[1.0, 2.0, 3.0, f64::NAN]));
    let current = [Some(0.0), Some(9.0), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(f64::NAN), None];
    let columns = reference.compare(&[one("x", Float64Array::from_iter(current))]).unwrap();
    for (label, counts) in [
        ("below", (0, 1)),
        ("above", (0, 1)),
        ("inf", (0, 1)),
        ("-inf", (0, 1)),
        ("NaN", (1, 1)),
        ("missing", (0, 1)),
    ] {
        assert_eq!(bin(&columns[0], label), counts, "{label}");
    }
}

#[test]
fn a_chunk_of_nothing_but_nan_or_missing_or_one_row_is_compared() {
    let reference = prepared(&numbers(&(0..100).map(f64::from).collect::<Vec<_>>()));
    for current in [vec![Some(f64::NAN); 5], vec![None; 5]] {
        let columns = reference.compare(&[one("x", Float64Array::from_iter(current))]).unwrap();
        assert_eq!((&columns[0].numbers, columns[0].ks_interval), (&None, None));
        assert!(columns[0].psi.statistic > 1.0);
    }
    let columns = reference.compare(&[numbers(&[50.0])]).unwrap();
    assert!(columns[0].numbers.as_ref().unwrap().kolmogorov_smirnov.p_value.unwrap() > 0.9);
}

#[test]
fn a_constant_reference_has_no_normalised_distance() {
    let columns = prepared(&numbers(&[3.0; 50])).compare(&[numbers(&[3.0; 20])]).unwrap();
    let compared = columns[0].numbers.as_ref().unwrap();
    assert_eq!((compared.wasserstein.statistic, &compared.normalized_wasserstein), (0.0, &None));
    assert_eq!(columns[0].psi.statistic, 0.0);
}

#[test]
fn columns_of_every_kind_are_read() {
    let dictionary: DictionaryArray<Int8Type> = [Some("a"), None, Some("b"), Some("a")].into_iter().collect();
    let table = RecordBatch::try_from_iter([
        ("f32", Arc::new(Float32Array::from(vec![1.0, 2.0, 3.0, 4.0])) as ArrayRef),
        ("i64", Arc::new(Int64Array::from(vec![Some(1), None, Some(3), Some(4)])) as ArrayRef),
        ("u8", Arc::new(UInt8Array::from(vec![1, 2, 3, 4])) as ArrayRef),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)])) as ArrayRef),
        ("large", Arc::new(LargeStringArray::from(vec![Some("a"), Some("b"), None, Some("c")])) as ArrayRef),
        ("dictionary", Arc::new(dictionary) as ArrayRef),
    ])
    .unwrap();
    let reference = prepared(&table);
    let slices = [table.slice(0, 1), table.slice(1, 3)];
    let columns = reference.compare(&slices).unwrap();
    assert!(columns.iter().all(|column| column.psi.statistic == 0.0), "{columns:?}");
    assert_eq!(bin(&columns[1], "missing"), (1, 1));
    assert_eq!(bin(&columns[3], "missing"), (1, 1));
    assert_eq!(bin(&columns[5], "a"), (2, 2));
    assert_eq!(bin(&columns[5], "missing"), (1, 1));
}

#[test]
fn what_can_not_be_compared_is_named() {
    let reference = prepared(&batch(&[(Some(1.0), Some("Kiel")), (Some(2.0), None)]));
    let error = |batches: &[RecordBatch]| reference.compare(batches).unwrap_err().to_string();
    assert_eq!(error(&[]), "the current sample is empty");
    assert_eq!(error(&[numbers(&[1.0])]), "there is no column `town`");
    let swapped = RecordBatch::try_from_iter([
        ("x", Arc::new(StringArray::from(vec!["1"])) as ArrayRef),
        ("town", Arc::new(Float64Array::from(vec![1.0])) as ArrayRef),
    ])
    .unwrap();
    assert!(error(std::slice::from_ref(&swapped)).starts_with("column `x` is of type Utf8"));
    let mut tally = reference.tally();
    assert!(matches!(tally.add(&swapped), Err(DriftError::UnknownType { .. })));
    assert_eq!(tally.rows(), 0);
    assert!(tally.compare().is_err());

    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0)])]);
    let build = |batch: RecordBatch| PreparedReference::builder().build(&[batch]).unwrap_err();
    assert!(matches!(build(one("list", lists)), DriftError::UnknownType { column, .. } if column == "list"));
    assert_eq!(build(numbers(&[])), DriftError::Empty { side: "reference" });
    assert!(PreparedReference::builder().bins(0).build(&[numbers(&[1.0])]).is_err());
    assert!(PreparedReference::builder().threads(0).build(&[numbers(&[1.0])]).is_err());
    let other = prepared(&numbers(&[1.0]));
    assert_eq!(reference.tally().merge(&other.tally()), Err(DriftError::OtherReference));
    let mut bytes = reference.to_bytes();
    bytes[8] = 9;
    assert_eq!(PreparedReference::from_bytes(&bytes), Err(DriftError::NewerFormat { got: 9, supported: 1 }));
}

/// The verdicts on a column's distance, missing rows and unseen texts.
fn verdicts(column: &ColumnComparison) -> Vec<EffectVerdict> {
    column.effects(&EffectThresholds::default()).unwrap().iter().map(|effect| effect.verdict).collect()
}

#[test]
fn effects_are_held_against_thresholds_whatever_the_rows() {
    use EffectVerdict::{Beyond, Undetermined, Within};
    let wave = |rows: usize, shift: f64| {
        one("x", Float64Array::from_iter_values(uniforms(7, rows).iter().map(|u| u + shift)))
    };
    let compare = |rows, shift| prepared(&wave(rows, 0.0)).compare(&[wave(rows, shift)]).unwrap().remove(0);
    assert_eq!(verdicts(&compare(200, 0.1)), [Undetermined, Undetermined]);
    assert_eq!(verdicts(&compare(100_000, 0.1)), [Beyond, Within]);
    assert_eq!(verdicts(&compare(100_000, 0.01)), [Within, Within]);

    // By counts alone the bins' width is part of the interval.
    let reference = prepared(&wave(100_000, 0.0));
    let mut tally = reference.tally();
    tally.add(&wave(100_000, 0.0)).unwrap();
    assert_eq!(verdicts(&tally.compare().unwrap()[0]), [Undetermined, Within]);

    let missing = |share: usize| {
        one("x", Float64Array::from_iter((0..20_000).map(|i| (i % 100 >= share).then_some(i as f64))))
    };
    let columns = prepared(&missing(2)).compare(&[missing(0)]).unwrap();
    assert_eq!(verdicts(&columns[0])[1], Beyond, "fewer missing rows are a change too");

    let towns = |new: usize| {
        one(
            "town",
            StringArray::from_iter_values(
                (0..20_000).map(|i| if i % 200 < new { "Lima" } else { ["Kiel", "Rome"][i % 2] }),
            ),
        )
    };
    let columns = prepared(&towns(0)).compare(&[towns(1)]).unwrap();
    assert_eq!(verdicts(&columns[0]), [Within, Within, Beyond]);
    assert_eq!(verdicts(&prepared(&towns(0)).compare(&[towns(200)]).unwrap()[0]), [Within, Beyond]);
}

#[test]
fn thresholds_are_shares() {
    assert!(EffectThresholds::builder().distance(0.1).missing(0.0).unseen(1.0).build().is_ok());
    for builder in [EffectThresholds::builder().distance(-0.1), EffectThresholds::builder().unseen(f64::NAN)] {
        assert!(matches!(builder.build(), Err(DriftError::OutOfRange { .. })));
    }
}

/// What the first version wrote opens, and is written again as it was.
#[test]
fn a_reference_of_format_1_opens() {
    let numbers = [Some(1.5), Some(-2.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(0.25)];
    let texts = [Some("Kiel"), None, Some("Rome"), Some("Kiel"), Some(""), Some("Århus")];
    let rows: Vec<Row> = numbers.into_iter().zip(texts).collect();
    let kept = include_bytes!("../data/reference-1.bin");
    let opened = PreparedReference::from_bytes(kept).unwrap();
    assert_eq!(opened, prepared(&batch(&rows)));
    assert_eq!(opened.to_bytes(), kept);
}
