//! Laws of the transforms of categories: parts merged are the whole, a batch is its rows, few numbers are all of them.

use std::sync::Arc;

use mlops_core::{Code, Encoder, SlotEncoder, Slots, Texts, Value, Vocabulary};
use mlops_features::{
    CategoryCount, Feature, FeatureError, FeatureSet, FitProgress, Fitted, FittedFeatures, Frequency, Hashing,
    Infrequent, Norm, NullPlace, NullTexts, OneHot, Ordinal, Seen, Target, TfIdf, Transform, Unknown,
};
use proptest::prelude::*;

use crate::category_transforms::{catalog, items, keys};
use crate::rows::{Row, batch};

fn set() -> FeatureSet {
    let infrequent = Infrequent { min_count: Some(2), max_categories: Some(4), ..Infrequent::default() };
    let one_hot = OneHot::new(Unknown::Infrequent).min_count(2).max_categories(3).null_category();
    let tf_idf = TfIdf { max_texts: Some(3), min_documents: 0, ..TfIdf::new(NullTexts::Empty) };
    FeatureSet::builder("set", "at")
        .categories(&["key"])
        .features([
            Feature::one_hot("one hot", "key", one_hot),
            Feature::new("ordinal", "key")
                .then(Ordinal::unknown(-1.0).infrequent(infrequent).nulls(NullPlace::Last)),
            Feature::new("count", "key").then(CategoryCount::new(Unknown::AsAll).null_category()),
            Feature::new("share", "key").then(Frequency::new(Unknown::AsAll)),
            Feature::new("hashing", items()).then(Hashing::new(5, NullTexts::Empty)),
            Feature::new("tf-idf", items()).then(tf_idf),
            Feature::new("mean", "key").then(Target::new(2.0, Unknown::AsAll)),
            Feature::new("auto", "key").then(Target::auto(Unknown::AsAll).null_category()),
            Feature::new("classes", "key").then(Target::auto(Unknown::AsAll).each_class()),
        ])
        .build(&catalog())
        .unwrap()
}

/// Fits on parts, each of which sees a share of the rows, and which are merged in this order.
fn fitted(parts: &[&[(Row, f64)]]) -> Result<FittedFeatures, FeatureError> {
    let mut pass = set().start_fit(&catalog())?;
    for part in parts {
        let mut one = set().start_fit(&catalog())?;
        let (rows, labels): (Vec<Row>, Vec<f64>) = part.iter().cloned().unzip();
        one.update(&batch(&rows), &labels)?;
        pass.merge(one)?;
    }
    match pass.finish()? {
        FitProgress::Done(features) => Ok(features),
        FitProgress::Again(_) => panic!("one pass is enough for categories"),
    }
}

fn key() -> impl Strategy<Value = Option<String>> {
    let items = prop::collection::vec("[a-e]|ä|zz", 0..4).prop_map(|items| items.join(","));
    prop::option::weighted(0.9, prop_oneof![items, ".{0,4}"])
}

fn rows() -> impl Strategy<Value = Vec<(Row, f64)>> {
    let label = prop_oneof![Just(0.0), Just(1.0), Just(-0.0), Just(0.1), Just(1e16), Just(-3.5)];
    let row = |(key, label): (Option<String>, f64)| (keys([key.as_deref()]).remove(0), label);
    prop::collection::vec((key(), label).prop_map(row), 1..40)
}

/// The entries of a value, dense and sparse.
fn both<F: Fitted>(fitted: &F, value: Value<'_>, vocabulary: &Vocabulary) -> [Vec<(usize, u64)>; 2] {
    let (mut dense, mut sparse) = (vec![7.0; fitted.width()], Vec::new());
    fitted.apply(value, vocabulary, &mut dense).unwrap();
    fitted.apply_sparse(value, vocabulary, &mut |place, x| sparse.push((place, x.to_bits()))).unwrap();
    let dense = dense.into_iter().enumerate().filter(|(_, x)| *x != 0.0).map(|(place, x)| (place, x.to_bits()));
    [dense.collect(), sparse]
}

proptest! {
    #[test]
    fn parts_that_are_merged_are_the_whole(rows in rows(), cut in 0_usize..40, other in 0_usize..40) {
        let whole = fitted(&[&rows]);
        let (cut, other) = (cut.min(rows.len()), other.min(rows.len()));
        let (first, second) = (cut.min(other), cut.max(other));
        let merged = fitted(&[&rows[second..], &rows[..first], &rows[first..second]]);
        match (whole, merged) {
            (Ok(whole), Ok(merged)) => {
                let bytes = |features: FittedFeatures| features.to_bytes();
                prop_assert_eq!(bytes(whole), bytes(merged));
            }
            (whole, merged) => prop_assert_eq!(whole.unwrap_err().to_string(), merged.unwrap_err().to_string()),
        }
    }

    #[test]
    fn a_batch_is_its_rows_and_what_is_reloaded_is_the_same(rows in rows(), others in rows()) {
        let Ok(features) = fitted(&[&rows]) else { return Ok(()) };
        let reloaded = FittedFeatures::from_bytes(&features.to_bytes(), &catalog()).unwrap();
        prop_assert_eq!(reloaded.fingerprint(), features.fingerprint());
        let all: Vec<Row> = rows.into_iter().chain(others).map(|(row, _)| row).collect();
        let whole = features.encode_batch(&batch(&all)).unwrap().values;
        let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
        for (row, wanted) in all.iter().zip(whole.rows()) {
            for features in [&features, &reloaded] {
                features.read(row, &mut slots).unwrap();
                features.encode(&slots, &mut numbers).unwrap();
                let bits = |x: &f64| x.to_bits();
                prop_assert_eq!(numbers.iter().map(bits).collect::<Vec<_>>(), wanted.iter().map(bits).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn few_numbers_are_all_of_them(
        texts in prop::collection::vec("[a-e]|ä|zz", 1..9), numbers in 1_u32..9, sublinear in any::<bool>(),
        norm in prop_oneof![Just(Norm::L2), Just(Norm::L1), Just(Norm::None)], code in 0_u32..3,
    ) {
        let vocabulary = Arc::new(Vocabulary::new(["a", "b", "zz"]));
        let seen = Seen { vocabulary: Arc::clone(&vocabulary), counts: vec![1, 3, 2], rows: 7, missing: 1 };
        let mut buffer = String::new();
        texts.iter().for_each(|text| Texts::push(&mut buffer, text));
        let values = [
            Value::Texts(Texts::of(&buffer)),
            Value::Category(Code(code)),
            Value::Unseen(&texts[0]),
            Value::Missing,
        ];
        for value in values {
            let hashing = Hashing::new(numbers, NullTexts::Empty).finish((), &seen).unwrap();
            let [dense, sparse] = both(&hashing, value, &vocabulary);
            prop_assert_eq!(dense, sparse);
            let one_hot = OneHot::new(Unknown::Infrequent).min_count(2).null_category();
            if !matches!(value, Value::Texts(_)) {
                let [dense, sparse] = both(&one_hot.finish((), &seen).unwrap(), value, &vocabulary);
                prop_assert_eq!(dense, sparse);
            }
        }
        let tf_idf = TfIdf { sublinear, norm, min_documents: 2, ..TfIdf::new(NullTexts::Empty) };
        let fitted = tf_idf.finish(tf_idf.start(), &seen).unwrap();
        let [dense, sparse] = both(&fitted, values[0], &vocabulary);
        prop_assert_eq!(dense, sparse);
    }
}
