//! A thousand features, a million categories, none at all, and lists of a thousand items.

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, ListArray, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Float64Type;
use mlops_core::{Encoder, SlotEncoder, Slots};
use mlops_features::{
    Catalog, CategoryCount, Feature, FeatureSet, FittedFeatures, Hashing, Norm, NullTexts, Nulls, Ordinal,
    Standard, Target, TfIdf, Unknown, column, text,
};
use serde_json::json;

use crate::mutated_input::whole_message;
use crate::random_definitions::{bits, fit_whole};

fn table(rows: usize, columns: Vec<(String, ArrayRef)>) -> RecordBatch {
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(0..rows as i64));
    let columns = [("at".to_owned(), at)].into_iter().chain(columns);
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn reloaded(features: &FittedFeatures) -> FittedFeatures {
    let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &Catalog::new()).unwrap();
    assert_eq!(reloaded.fingerprint(), features.fingerprint());
    reloaded
}

#[test]
fn a_thousand_features_are_fitted_and_encoded_as_few_are() {
    let names: Vec<String> = (0..50).map(|i| format!("c{i}")).collect();
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let features = (0..1000).map(|i| {
        let (name, value) = (format!("f{i}"), column(columns[i % 50]));
        match i % 4 {
            0 => Feature::number(&name, value, Nulls::Mean.flagged()).then(Standard::default()),
            1 => Feature::number(&name, value.times(columns[i / 50]).plus(i as f64), Nulls::Median),
            2 => Feature::one_hot(&name, "key", Unknown::AsAll),
            _ => Feature::new(&name, column("key").upper()).then(Ordinal::unknown(-1.0)),
        }
    });
    let set = FeatureSet::builder("wide", "at").floats(&columns).categories(&["key"]).features(features);
    let set = set.build(&Catalog::new()).unwrap();
    let rows = 70;
    let float = |column: usize, row: usize| {
        (!(row + column).is_multiple_of(9)).then_some((row * 31 % 17) as f64 * 0.7 - column as f64)
    };
    let floats = names.iter().enumerate().map(|(place, name)| {
        let column = Float64Array::from_iter((0..rows).map(|row| float(place, row)));
        (name.clone(), Arc::new(column) as ArrayRef)
    });
    let keys = StringArray::from_iter_values((0..rows).map(|row| format!("key {}", row % 5)));
    let table = table(rows, floats.chain([("key".to_owned(), Arc::new(keys) as ArrayRef)]).collect());
    let features = fit_whole(&set, &table, &[]).unwrap();
    assert_eq!(features.names().len(), 250 * 2 + 250 + 250 * 5 + 250);
    let matrix = features.encode_batch(&table).unwrap().values;
    let requests = features.set().requests(&table).unwrap();
    for features in [reloaded(&features), features] {
        let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
        let mut all = Vec::with_capacity(matrix.len());
        let mut pass = || {
            all.clear();
            for request in &requests {
                features.read(request, &mut slots).unwrap();
                features.encode(&slots, &mut numbers).unwrap();
                all.extend_from_slice(&numbers);
            }
        };
        pass();
        let counted = allocation_counter::measure(&mut pass);
        assert_eq!(counted.count_total, 0, "{counted:?}");
        assert_eq!(bits(&all), bits(&matrix));
    }
}

#[test]
fn a_million_categories_are_fitted_saved_loaded_and_found() {
    let count = 1_000_000;
    // Some 30 bits of the number's product come first, so that the rows are in no order.
    let key = |i: u64| format!("{:08x}-{i}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32);
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(key)));
    let rows = table(count as usize, vec![("key".to_owned(), keys)]);
    let set = FeatureSet::builder("million", "at")
        .categories(&["key"])
        .features([
            Feature::new("place", "key").then(Ordinal::unknown(-1.0)),
            Feature::one_hot("key", "key", Unknown::AsAll),
        ])
        .sparse()
        .build(&Catalog::new())
        .unwrap();
    let fitted = set.fit_batch(&rows, NonZeroUsize::MIN, &Catalog::new()).unwrap();
    assert_eq!(fitted.names().len(), 1 + count as usize);
    let features = reloaded(&fitted);
    drop(fitted);
    let mut sorted: Vec<String> = (0..count).map(key).collect();
    sorted.sort_unstable();
    let (mut slots, mut places, mut numbers) = (Slots::default(), Vec::new(), Vec::new());
    for (place, key) in sorted.iter().enumerate().step_by(997).chain([(999_999, &sorted[999_999])]) {
        features.read(&json!({"at": 1, "key": key}), &mut slots).unwrap();
        features.encode_sparse(&slots, &mut places, &mut numbers).unwrap();
        let wanted = [(0, place as f64), (place + 1, 1.0)].into_iter().filter(|(_, x)| *x != 0.0);
        assert!(places.iter().copied().zip(numbers.iter().copied()).eq(wanted), "{key}");
        assert_eq!(features.names()[place + 1], format!("key={key}"));
    }
    features.read(&json!({"at": 1, "key": "never"}), &mut slots).unwrap();
    features.encode_sparse(&slots, &mut places, &mut numbers).unwrap();
    assert_eq!((&places[..], &numbers[..]), (&[0][..], &[-1.0][..]));
}

#[test]
fn a_column_of_nulls_gives_a_vocabulary_of_nothing() {
    let nothing = |count: usize| -> ArrayRef { Arc::new(StringArray::from(vec![None::<&str>; count])) };
    let rows = table(3, vec![("key".to_owned(), nothing(3))]);
    let fit = |features: Vec<Feature>| {
        let set = FeatureSet::builder("nothing", "at").categories(&["key"]).features(features);
        let labels = [1.0, 0.0, 1.0];
        reloaded(&fit_whole(&set.build(&Catalog::new()).unwrap(), &rows, &labels).unwrap())
    };
    let features = fit(vec![
        Feature::one_hot("one hot", "key", Unknown::AsAll),
        Feature::interaction("product", &["one hot", "place"]),
        Feature::new("place", "key").then(Ordinal::unknown(-1.0)),
        Feature::new("count", "key").then(CategoryCount::new(Unknown::AsAll).null_category()),
        Feature::new("mean", "key").then(Target::new(1.0, Unknown::AsAll)),
        Feature::new("upper", column("key").upper()).then(Ordinal::unknown(-2.0)),
    ]);
    assert_eq!(&features.names()[..], ["place", "count", "mean", "upper"].map(str::to_owned));
    let matrix = features.encode_batch(&rows).unwrap().values;
    assert_eq!(matrix.row(2).to_vec(), [-1.0, 3.0, 2.0 / 3.0, -2.0]);
    let (mut slots, mut numbers) = (Slots::default(), [0.0; 4]);
    features.read(&json!({"at": 1, "key": "new"}), &mut slots).unwrap();
    features.encode(&slots, &mut numbers).unwrap();
    assert_eq!(numbers, [-1.0, 0.0, 2.0 / 3.0, -2.0]);

    let words = Feature::new("words", column("key").words()).then(TfIdf::new(NullTexts::Empty));
    let set = FeatureSet::builder("nothing", "at").categories(&["key"]).features([words]);
    let error = fit_whole(&set.build(&Catalog::new()).unwrap(), &rows, &[]).unwrap_err();
    let wanted = "feature `words` can't be transformed by `tf_idf`: there is no value in the rows to fit on, so there is no \
                  text that is neither too rare nor too frequent";
    assert_eq!(whole_message(&error), wanted);

    let refusing = fit(vec![Feature::one_hot("one hot", "key", Unknown::Refuse)]);
    assert!(refusing.names().is_empty());
    refusing.read(&json!({"at": 1, "key": "new"}), &mut slots).unwrap();
    let error = refusing.encode(&slots, &mut []).unwrap_err();
    let wanted = "feature `one hot` got `new`, which was not seen in fitting and which its policy refuses";
    assert_eq!(error.to_string(), wanted);
    let table = table(1, vec![("key".to_owned(), Arc::new(StringArray::from(vec!["new"])))]);
    let error = refusing.encode_batch(&table).unwrap_err();
    assert_eq!(whole_message(&error), format!("row 0 can't be used: {wanted}"));
}

#[test]
fn lists_of_a_thousand_items_go_through_functions_and_encodings() {
    let (scores, tags) = (|| column("scores"), || column("tags"));
    let number = |name: &str, value| Feature::number(name, value, Nulls::constant(-1.0));
    let set = FeatureSet::builder("lists", "at")
        .number_lists(&["scores"])
        .text_lists(&["tags"])
        .features([
            number("sum", scores().list_sum()),
            number("mean", scores().list_mean()),
            number("least", scores().list_min()),
            number("greatest", scores().list_max()),
            number("length", scores().list_length()),
            number("has", scores().list_contains(999.0)),
            number("has not", scores().list_contains(1000.0)),
            number("has text", tags().list_contains(text("tag 499"))),
            number("pairs", tags().ngrams(1, 2).list_length()),
            Feature::new("hashed", "tags").then(Hashing::new(64, NullTexts::Refuse).unsigned()),
            Feature::new("tf-idf", "tags").then(TfIdf::new(NullTexts::Refuse)),
            Feature::new("counts", "tags").then(TfIdf { norm: Norm::None, ..TfIdf::new(NullTexts::Refuse) }),
        ])
        .build(&Catalog::new())
        .unwrap();
    let lists = [1000, 0, 1000];
    let floats = lists.map(|count| Some((0..count).map(|i| Some(f64::from(i))).collect::<Vec<_>>()));
    let mut texts = ListBuilder::new(StringBuilder::new());
    // Each text twice.
    lists.iter().for_each(|count| texts.append_value((0..*count).map(|i| Some(format!("tag {}", i % 500)))));
    let rows = table(
        3,
        vec![
            (
                "scores".to_owned(),
                Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(floats)) as ArrayRef,
            ),
            ("tags".to_owned(), Arc::new(texts.finish())),
        ],
    );
    let features = reloaded(&fit_whole(&set, &rows, &[]).unwrap());
    let matrix = features.encode_batch(&rows).unwrap().values;
    assert_eq!(matrix.ncols(), 9 + 64 + 500 + 500);
    let first = matrix.row(0).to_vec();
    assert_eq!(first[..9], [499_500.0, 499.5, 0.0, 999.0, 1000.0, 1.0, 0.0, 1.0, 1999.0]);
    assert_eq!(first[9..73].iter().sum::<f64>(), 1000.0);
    let length: f64 = first[73..573].iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() < 1e-12, "{length}");
    // Each is twice in two of three documents: 2 · (ln(4/3) + 1).
    let wanted = 2.0 * ((4.0_f64 / 3.0).ln() + 1.0);
    assert!(first[573..].iter().all(|x| (x - wanted).abs() < 1e-12));
    assert_eq!(matrix.row(1).to_vec()[..9], [0.0, -1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let requests = features.set().requests(&rows).unwrap();
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    for (request, wanted) in requests.iter().zip(matrix.rows()) {
        features.read(request, &mut slots).unwrap();
        assert_eq!(slots.cut(), 0);
        features.encode(&slots, &mut numbers).unwrap();
        assert_eq!(bits(&numbers), bits(wanted));
    }
}
