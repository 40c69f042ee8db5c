//! Laws that hold for any set of features and any rows: one kernel, fits that merge, definitions that come back.

use std::num::NonZeroUsize;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use mlops_core::{EncodeError, Encoder, SlotEncoder, Slots};
use mlops_features::{Catalog, FeatureError, FeatureSet, FitProgress, FittedFeatures};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value as Json;

use crate::definitions::set;
use crate::random_rows::{Row, batch, nested_batch, rows};

/// Fits on tables, each seen by a pass of its own, which are merged.
fn fit_parts(set: &FeatureSet, parts: &[(RecordBatch, &[f64])]) -> Result<FittedFeatures, FeatureError> {
    let mut pass = set.start_fit(&Catalog::new())?;
    loop {
        for (rows, labels) in parts {
            let mut part = pass.fork();
            part.update(rows, labels)?;
            pass.merge(part)?;
        }
        match pass.finish()? {
            FitProgress::Again(next) => pass = next,
            FitProgress::Done(features) => return Ok(features),
        }
    }
}

/// Fits on all rows by one pass.
pub(crate) fn fit_whole(
    set: &FeatureSet,
    rows: &RecordBatch,
    labels: &[f64],
) -> Result<FittedFeatures, FeatureError> {
    let mut pass = set.start_fit(&Catalog::new())?;
    loop {
        pass.update(rows, labels)?;
        match pass.finish()? {
            FitProgress::Again(next) => pass = next,
            FitProgress::Done(features) => return Ok(features),
        }
    }
}

/// The feature that a fit met something bad in.
fn blamed(error: &FeatureError) -> &str {
    match error {
        FeatureError::Transform { feature, .. }
        | FeatureError::Row {
            source: EncodeError::Null { feature } | EncodeError::Unseen { feature, .. }, ..
        } => feature,
        other => panic!("a fit is refused for a feature: {other:?}"),
    }
}

/// The set without the features that can't be fitted on these rows, and the features that are.
fn fitted(set: &FeatureSet, rows: &RecordBatch, labels: &[f64]) -> Option<FittedFeatures> {
    let mut set = set.clone();
    loop {
        let bad = match fit_whole(&set, rows, labels) {
            Ok(features) => return Some(features),
            Err(error) => blamed(&error).to_owned(),
        };
        // Products of it go too.
        let is_factor = |name: &str| {
            let feature = set.features().iter().find(|feature| feature.name == name).unwrap();
            matches!(&feature.input, mlops_features::Input::Product(factors) if factors.contains(&bad))
        };
        let kept = |name: &str| name != bad && !is_factor(name);
        match set.select(kept, &Catalog::new()) {
            Ok(fewer) => set = fewer,
            Err(error) => {
                assert!(matches!(error, FeatureError::NoFeature { .. }), "{error}");
                return None;
            }
        }
    }
}

pub(crate) fn labels_of(count: usize) -> Vec<f64> {
    (0..count).map(|i| [0.0, 1.0, 1.0, 0.25][i * 7 % 4]).collect()
}

pub(crate) fn bits<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    numbers.into_iter().map(|x| x.to_bits()).collect()
}

/// The bits of a row that is read and encoded, or why it isn't.
fn encoded<R: Serialize>(features: &FittedFeatures, row: &R, slots: &mut Slots) -> Result<Vec<u64>, EncodeError> {
    let mut numbers = vec![f64::NAN; features.names().len()];
    features.read(row, slots)?;
    features.encode(slots, &mut numbers)?;
    let (mut places, mut values) = (vec![3], vec![1.0]);
    let bits = bits(&numbers);
    features.encode_sparse(slots, &mut places, &mut values)?;
    let mut dense = vec![0_u64; bits.len()];
    places.iter().zip(&values).for_each(|(&place, x)| dense[place] = x.to_bits());
    assert_eq!(dense, bits, "sparse");
    Ok(bits)
}

/// Every way from a table to numbers, by name.
fn matrices(features: &FittedFeatures, table: &RecordBatch) -> Vec<(&'static str, Result<Vec<u64>, FeatureError>)> {
    let three = NonZeroUsize::new(3).unwrap();
    let to_arrow = |numbers: RecordBatch| -> Vec<u64> {
        let column = |place: usize| numbers.column(place).as_primitive::<Float64Type>().values();
        let columns: Vec<_> = (0..numbers.num_columns()).map(column).collect();
        (0..numbers.num_rows()).flat_map(|row| columns.iter().map(move |column| column[row].to_bits())).collect()
    };
    vec![
        ("dense", features.encode_batch(table).map(|matrix| bits(&matrix.values))),
        ("threads", features.encode_batch_parallel(table, three).map(|matrix| bits(&matrix.values))),
        ("sparse", features.encode_batch_sparse(table).map(|matrix| bits(&matrix.values.to_dense()))),
        ("columns", features.encode_batch_to_arrow(table).map(to_arrow)),
    ]
}

/// All paths agree on these rows, and on the first of them that is refused.
fn one_kernel(features: &FittedFeatures, rows: &[Row]) -> Result<(), TestCaseError> {
    let catalog = Catalog::new();
    let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &catalog).unwrap();
    prop_assert_eq!(reloaded.fingerprint(), features.fingerprint());
    prop_assert_eq!(reloaded.to_bytes(), features.to_bytes());
    let table = batch(rows);
    let requests = features.set().requests(&table).unwrap();
    let kept = features.slots_of(&table).unwrap();
    let mut slots = Slots::default();
    let mut by_row = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let wanted = encoded(features, row, &mut slots);
        prop_assert_eq!(slots.cut(), 0);
        prop_assert_eq!(&encoded(features, &row.nested(), &mut slots), &wanted, "fields in fields");
        prop_assert_eq!(&encoded(features, &requests[place], &mut slots), &wanted, "row of a table");
        prop_assert_eq!(&encoded(&reloaded, row, &mut slots), &wanted, "reloaded");
        let mut numbers = vec![0.0; features.names().len()];
        let of_slots = features.encode(&kept[place], &mut numbers).map(|()| bits(&numbers));
        prop_assert_eq!(&of_slots, &wanted, "slots of a table");
        by_row.push(wanted);
    }
    let refused = by_row.iter().position(Result::is_err);
    for features in [features, &reloaded] {
        for table in [&table, &nested_batch(rows)] {
            for (way, matrix) in matrices(features, table) {
                match (matrix, refused) {
                    (Ok(matrix), None) => {
                        let wanted: Vec<u64> = by_row.iter().flatten().flatten().copied().collect();
                        prop_assert_eq!(matrix, wanted, "{}", way);
                    }
                    (Err(FeatureError::Row { row, source }), Some(wanted)) => {
                        prop_assert_eq!(row, wanted, "{}", way);
                        prop_assert_eq!(Err(&source), by_row[wanted].as_ref(), "{}", way);
                    }
                    (other, _) => {
                        let problem = format!("{way}: {refused:?} was refused, {:?}", other.map(|all| all.len()));
                        return Err(TestCaseError::fail(problem));
                    }
                }
            }
        }
    }
    if refused.is_some() {
        let good = rows.iter().zip(&by_row).filter(|(_, encoded)| encoded.is_ok());
        let (good, wanted): (Vec<Row>, Vec<_>) = good.map(|(row, encoded)| (row.clone(), encoded.clone())).unzip();
        let wanted: Vec<u64> = wanted.into_iter().flatten().flatten().collect();
        for (way, matrix) in matrices(features, &batch(&good)) {
            prop_assert_eq!(&matrix.unwrap(), &wanted, "{} of the good rows", way);
        }
    }
    Ok(())
}

/// A JSON text with the fields of its objects the other way round and spaces between.
fn turned(json: &Json, out: &mut String) {
    match json {
        Json::Object(fields) => {
            out.push_str("{ ");
            for (place, (name, value)) in fields.iter().rev().enumerate() {
                out.push_str(if place == 0 { "" } else { " ,\n" });
                out.push_str(&serde_json::to_string(name).unwrap());
                out.push_str(" :\t");
                turned(value, out);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { " " } else { ",\r\n" });
                turned(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn other_layouts(json: &[u8]) -> [String; 3] {
    let value: Json = serde_json::from_slice(json).unwrap();
    let mut other = String::new();
    turned(&value, &mut other);
    [String::from_utf8(json.to_vec()).unwrap(), serde_json::to_string_pretty(&value).unwrap(), other]
}

fn rows_to_fit() -> impl Strategy<Value = Vec<Row>> {
    prop_oneof![5 => rows(true, 1..40), 1 => rows(false, 1..12)]
}

proptest! {
    #[test]
    fn every_way_to_the_numbers_gives_the_same_bits(set in set(), to_fit in rows_to_fit(), rows in rows(false, 0..24)) {
        let labels = labels_of(to_fit.len());
        if let Some(features) = fitted(&set, &batch(&to_fit), &labels) {
            one_kernel(&features, &rows)?;
            one_kernel(&features, &to_fit)?;
        }
    }

    #[test]
    fn parts_that_are_merged_are_the_whole_in_any_order(
        set in set(), to_fit in rows_to_fit(), cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let labels = labels_of(to_fit.len());
        let whole = batch(&to_fit);
        let (first, second) = (cuts.0.index(to_fit.len() + 1), cuts.1.index(to_fit.len() + 1));
        let (first, second) = (first.min(second), first.max(second));
        // The last part comes first.
        let parts = [second..to_fit.len(), 0..first, first..second];
        let parts = parts.map(|part| (whole.slice(part.start, part.len()), &labels[part]));
        prop_assert_eq!(fit_whole(&set, &whole, &labels).is_ok(), fit_parts(&set, &parts).is_ok());
        if let Some(features) = fitted(&set, &whole, &labels) {
            let set = features.set();
            prop_assert_eq!(fit_parts(set, &parts).unwrap().to_bytes(), features.to_bytes());
            let turned: Vec<Row> = to_fit.iter().rev().cloned().collect();
            let turned_labels: Vec<f64> = labels.iter().rev().copied().collect();
            prop_assert_eq!(fit_whole(set, &batch(&turned), &turned_labels).unwrap().to_bytes(), features.to_bytes());
        }
    }

    #[test]
    fn definitions_come_back_however_their_text_is_laid_out(set in set(), to_fit in rows(true, 1..12)) {
        let written = serde_json::to_vec(&set).unwrap();
        for text in other_layouts(&written) {
            let back: FeatureSet = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_vec(&back).unwrap(), written.clone());
            prop_assert_eq!(back.fingerprint(), set.fingerprint());
            prop_assert_eq!(back.view_fingerprint(), set.view_fingerprint());
        }
        let Some(features) = fitted(&set, &batch(&to_fit), &labels_of(to_fit.len())) else { return Ok(()) };
        let bytes = features.to_bytes();
        let end = bytes.iter().position(|&byte| byte == b'\n').unwrap();
        for text in other_layouts(&bytes[..end]) {
            let back = FittedFeatures::from_bytes(&[text.as_bytes(), &bytes[end..]].concat(), &Catalog::new()).unwrap();
            prop_assert_eq!(back.fingerprint(), features.fingerprint());
            prop_assert_eq!(back.to_bytes(), bytes.clone());
        }
    }
}

#[test]
fn most_random_sets_can_be_fitted_and_use_every_function_and_transform() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut wanted, mut kept, mut whole) = (0, 0, String::new());
    for _ in 0..300 {
        let set = set().new_tree(&mut runner).unwrap().current();
        let to_fit = rows(true, 20..21).new_tree(&mut runner).unwrap().current();
        whole.push_str(&serde_json::to_string(&set).unwrap());
        wanted += set.features().len();
        let features = fitted(&set, &batch(&to_fit), &labels_of(20));
        kept += features.map_or(0, |features| features.set().features().len());
    }
    assert!(kept * 10 > wanted * 6, "{kept} of {wanted} features were fitted");
    for (function, _) in Catalog::new().functions() {
        assert!(whole.contains(&format!("\"function\":\"{function}\"")), "{function} is never called");
    }
}

#[test]
fn passes_of_a_definition_with_nan_in_it_are_merged() {
    let catalog = Catalog::new();
    let value = mlops_features::column("x").or_else(f64::NAN);
    let feature = mlops_features::Feature::standardised("x", value, mlops_features::Nulls::Refuse);
    let set = FeatureSet::builder("nan", "at").floats(&["x"]).features([feature]).build(&catalog).unwrap();
    let mut pass = set.start_fit(&catalog).unwrap();
    let part = pass.fork();
    pass.merge(part).unwrap();
}
