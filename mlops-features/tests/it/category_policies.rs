//! What transforms of categories and lists of texts do with what is missing, unseen or ambiguous, and that they allocate
//! nothing.

use mlops_core::{Encoder, JsonFloat, SlotEncoder, Slots};
use mlops_features::{
    CategoryCount, Feature, FeatureError, FeatureSet, Frequency, Hashing, NullPlace, NullTexts, OneHot, Ordinal,
    TfIdf, Transform, Unknown, column,
};

use crate::category_transforms::{catalog, fitted, items, keys, set_of};
use crate::rows::batch;

#[test]
fn what_is_missing_or_unseen_goes_by_its_policy() {
    let rows = keys([Some("a"), Some("b"), Some("b")]);
    let probe = |feature: &Feature, key| {
        let features = fitted(feature.clone(), &rows)?;
        let got = features.encode_batch(&batch(&keys([key])))?;
        Ok::<_, FeatureError>(got.values.row(0).to_vec())
    };
    let refuses = |feature: Feature| {
        let seen = probe(&feature, Some("b")).is_ok();
        let error = |key| probe(&feature, key).unwrap_err();
        let source = |key| std::error::Error::source(&error(key)).unwrap().to_string();
        let (null, unseen) = (source(None), source(Some("zz")));
        assert!(
            seen && null.contains("`f`") && unseen.contains("`f`") && unseen.contains("`zz`"),
            "{null} {unseen}"
        );
    };
    let feature = |first: fn(Feature) -> Feature| first(Feature::new("f", "key"));
    refuses(feature(|f| f.then(OneHot::new(Unknown::Refuse))));
    refuses(feature(|f| f.then(OneHot::new(Unknown::Refuse).drop_first())));
    refuses(feature(|f| f.then(OneHot::new(Unknown::Infrequent).min_count(1).drop_first())));
    refuses(feature(|f| f.then(Ordinal::refusing())));
    refuses(feature(|f| f.then(CategoryCount::new(Unknown::Refuse))));
    refuses(feature(|f| f.then(Frequency::new(Unknown::Refuse))));

    let one_hot = Feature::one_hot("f", "key", OneHot::new(Unknown::Infrequent).min_count(2));
    for unknown in [None, Some("zz"), Some("a")] {
        assert_eq!(probe(&one_hot, unknown).unwrap(), [0.0, 1.0]);
    }
    let nobody = Feature::one_hot("f", "key", OneHot::new(Unknown::Infrequent).min_count(1));
    assert_eq!(probe(&nobody, Some("zz")).unwrap(), [0.0, 0.0], "no category is infrequent");
    // A null that wasn't there in fitting is unknown, even where nulls are a category.
    let nulls = Feature::one_hot("f", "key", OneHot::new(Unknown::AsAll).null_category());
    assert_eq!(probe(&nulls, None).unwrap(), [0.0, 0.0]);
    let ordinal = Feature::ordinal("f", "key", f64::NAN);
    assert!(probe(&ordinal, None).unwrap()[0].is_nan() && probe(&ordinal, Some("zz")).unwrap()[0].is_nan());
    let given = Feature::new("f", "key").then(Ordinal::refusing().given(&["c", "b", "a"]));
    assert_eq!(probe(&given, Some("c")).unwrap(), [0.0], "it was given and not seen");
    probe(&given, Some("zz")).unwrap_err();
    let hashing = |nulls| Feature::new("f", "key").then(Hashing::new(3, nulls));
    assert_eq!(probe(&hashing(NullTexts::Empty), None).unwrap(), [0.0; 3]);
    probe(&hashing(NullTexts::Refuse), None).unwrap_err();
    let tf_idf = |nulls| Feature::new("f", items()).then(TfIdf::new(nulls));
    assert_eq!(probe(&tf_idf(NullTexts::Empty), None).unwrap(), [0.0; 2]);
    probe(&tf_idf(NullTexts::Refuse), None).unwrap_err();
}

#[test]
fn what_is_ambiguous_or_out_of_range_is_refused_when_the_set_is_built() {
    fn check(transform: impl Transform, says: &str) {
        let value = if transform.takes_categories() { column("key") } else { items() };
        let error = set_of(Feature::new("f", value).then(transform)).unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(source.contains(says), "{source} ({says})");
    }
    check(OneHot::new(Unknown::AsAll).drop_first(), "unknown is as_all");
    check(OneHot::new(Unknown::AsAll).drop_if_binary(), "unknown is as_all");
    check(OneHot::new(Unknown::Infrequent), "unknown is infrequent");
    check(OneHot::new(Unknown::AsAll).min_share(1.0), "min_share is 1");
    check(OneHot::new(Unknown::AsAll).min_share(f64::NAN), "min_share is NaN");
    check(OneHot::new(Unknown::AsAll).max_categories(0), "max_categories is 0");
    check(CategoryCount::new(Unknown::Infrequent), "unknown is infrequent");
    check(Frequency::new(Unknown::Infrequent), "unknown is infrequent");
    check(Ordinal::unknown(2.0), "unknown is 2");
    check(Ordinal::refusing().nulls(NullPlace::number(0.0)), "nulls is 0");
    check(Ordinal::refusing().given(&["b", "a", "b"]), "`b` twice");
    check(Hashing::new(0, NullTexts::Refuse), "numbers is 0");
    check(Hashing::new(Hashing::MAX_NUMBERS + 1, NullTexts::Refuse), "numbers is 1048577");
    check(TfIdf::new(NullTexts::Refuse), "a list of texts");
    let tf_idf = |change: fn(&mut TfIdf)| {
        let mut tf_idf = TfIdf::new(NullTexts::Refuse);
        change(&mut tf_idf);
        let error = set_of(Feature::new("f", items()).then(tf_idf)).unwrap_err();
        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
    };
    assert!(tf_idf(|tf_idf| tf_idf.max_share = JsonFloat(0.0)).contains("max_share is 0"));
    assert!(tf_idf(|tf_idf| tf_idf.max_texts = Some(0)).contains("max_texts is 0"));

    // What only the rows tell.
    let rows = keys([Some("a"), Some("b"), Some("b")]);
    let lacking = Feature::new("f", "key").then(Ordinal::refusing().given(&["a"]));
    let error = fitted(lacking, &rows).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("without `b`"));
    let rare = TfIdf { min_documents: 9, ..TfIdf::new(NullTexts::Refuse) };
    fitted(Feature::new("f", items()).then(rare), &rows).unwrap_err();
}

#[test]
fn a_warm_row_of_any_is_encoded_without_allocation() {
    let catalog = catalog();
    let set = FeatureSet::builder("set", "at")
        .categories(&["key"])
        .features([
            Feature::one_hot("one hot", "key", OneHot::new(Unknown::Infrequent).max_categories(2).null_category()),
            Feature::new("ordinal", "key").then(Ordinal::unknown(-1.0).given(&["b", "a", "never"])),
            Feature::new("count", "key").then(CategoryCount::new(Unknown::AsAll)),
            Feature::new("hashing", "key").then(Hashing::new(16, NullTexts::Empty)),
            Feature::new("words", items()).then(Hashing::new(16, NullTexts::Empty)),
            Feature::new("tf-idf", items()).then(TfIdf::new(NullTexts::Empty)),
        ])
        .build(&catalog)
        .unwrap();
    let rows = keys([Some("a"), Some("a,b,a"), None, Some("never"), Some("")]);
    let features = set.fit::<_, FeatureError>(|| [Ok(batch(&rows))], &catalog).unwrap();
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; features.names().len()]);
    let unseen = keys([Some("b,zz,b,a,unseen")]);
    let mut pass = || {
        for row in rows.iter().chain(&unseen) {
            features.read(row, &mut slots).unwrap();
            features.encode(&slots, &mut numbers).unwrap();
        }
    };
    (0..3).for_each(|_| pass());
    let counted = allocation_counter::measure(pass);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
