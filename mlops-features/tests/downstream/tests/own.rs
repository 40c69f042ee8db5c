//! What an application registers goes all the way: defined, gathered, fitted, encoded, stored and loaded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::{Dataset, Encoder, EncoderFormat, Gather, JsonFloat, SlotEncoder, Slots, Timestamp};
use mlops_features::{
    Catalog, EventLog, Feature, FeatureServer, FeatureSet, FeaturesFormat, FittedFeatures, Label, Labels, Nulls,
    OnlineState, Source, Unknown, Window, call, column, gather_history,
};
use mlops_features_downstream::{CountAbove, OfLargest, catalog};
use serde_json::json;

fn set(most: f64, limit: f64) -> FeatureSet {
    let hour = Duration::from_secs(3600);
    let above = CountAbove { limit: JsonFloat(limit) };
    FeatureSet::builder("own", "at")
        .texts(&["name"])
        .floats(&["amount"])
        .sources([Source::new("payments", "paid").texts(&["name"]).floats(&["amount"])])
        .windows([Window::new("large", "payments", &["name"], "amount", above, hour)])
        .features([
            Feature::one_hot("initials", call("initials", 1, [column("name")]), Unknown::AsAll),
            Feature::number("share", "amount", Nulls::Refuse).then(OfLargest { most: JsonFloat(most) }),
            Feature::number("large", "large", Nulls::Refuse),
        ])
        .build(&catalog())
        .unwrap()
}

const NAMES: [&str; 4] = ["Ada Lovelace", "Alan Turing", "Ada Lovelace", "Alonzo  Church"];
const AMOUNTS: [f64; 4] = [5.0, 20.0, 8.0, 1.0];

fn table(time: &str) -> RecordBatch {
    let at = TimestampMicrosecondArray::from_iter_values((0..4).map(|minute| minute * 60_000_000));
    let columns: [(&str, ArrayRef); 3] = [
        (time, Arc::new(at)),
        ("name", Arc::new(StringArray::from_iter_values(NAMES))),
        ("amount", Arc::new(Float64Array::from_iter_values(AMOUNTS))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The set fitted to its four rows, and the rows as they were gathered.
fn fitted(set: &FeatureSet) -> (FittedFeatures, Dataset, EventLog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    log.append(&set.sources()[0], &table("paid")).unwrap();
    let rows = Dataset::from_batches([table("at")]).unwrap();
    let gathered = gather_history(set, &rows, &log, &catalog()).unwrap();
    let labels = Labels(vec![Some(Label { value: 1.0, available: Timestamp::MIN }); 4]);
    let fit = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &catalog()).unwrap();
    (fit.features, gathered, log, folder)
}

#[test]
fn they_are_applied_to_batches_and_rows() {
    let set = set(0.5, 6.0);
    let (features, gathered, log, _folder) = fitted(&set);
    assert_eq!(
        **features.names(),
        ["initials=AC", "initials=AL", "initials=AT", "share", "large"].map(String::from)
    );
    let batch = features.encode_batch(gathered.batch()).unwrap();
    let wanted = [
        [0.0, 1.0, 0.0, 0.25, 0.0],
        [0.0, 0.0, 1.0, 0.5, 1.0],
        [0.0, 1.0, 0.0, 0.4, 1.0],
        [1.0, 0.0, 0.0, 0.05, 0.0],
    ];
    for (got, wanted) in batch.values.rows().into_iter().zip(wanted) {
        assert_eq!(got.as_slice().unwrap(), wanted);
    }

    let state = Arc::new(OnlineState::new(&set, &catalog()).unwrap());
    log.replay(&state).unwrap().advance(&state, Timestamp::MAX);
    let server = FeatureServer::new(Arc::new(features.clone()), state).unwrap();
    let (mut slots, mut numbers) = (Slots::default(), [0.0; 5]);
    for row in 0..4 {
        let at = Timestamp::from_micros(row as i64 * 60_000_000);
        server.gather(&json!({"at": at, "name": NAMES[row], "amount": AMOUNTS[row]}), at, &mut slots).unwrap();
        features.encode(&slots, &mut numbers).unwrap();
        assert_eq!(numbers, wanted[row]);
    }
}

#[test]
fn names_versions_and_parameters_are_in_the_fingerprints() {
    let (one, other_share, other_window) = (set(0.5, 6.0), set(0.75, 6.0), set(0.5, 7.0));
    assert_eq!(one.fingerprint(), set(0.5, 6.0).fingerprint());
    assert_ne!(one.fingerprint(), other_share.fingerprint());
    assert_eq!(one.view_fingerprint(), other_share.view_fingerprint());
    assert_ne!(one.view_fingerprint(), other_window.view_fingerprint());
}

#[test]
fn a_catalog_that_lacks_one_says_so_on_load() {
    let (features, ..) = fitted(&set(0.5, 6.0));
    let bytes = features.to_bytes();
    let loaded = FittedFeatures::from_bytes(&bytes, &catalog()).unwrap();
    assert_eq!(loaded.fingerprint(), features.fingerprint());

    let function = || Catalog::new().with(Arc::new(mlops_features_downstream::Initials));
    for (catalog, wanted) in [
        (
            Catalog::new().with_transform::<OfLargest>().with_aggregate::<CountAbove>(),
            "`initials` calls `initials` version 1, which is not registered in the catalog",
        ),
        (
            function().with_aggregate::<CountAbove>(),
            "`share` uses the transform `of_largest` version 3, which is not registered in the catalog",
        ),
        (
            function().with_transform::<OfLargest>(),
            "`large` uses the aggregate `count_above` version 2, which is not registered in the catalog",
        ),
    ] {
        assert_eq!(FittedFeatures::from_bytes(&bytes, &catalog).unwrap_err().to_string(), wanted);
        // And so says the format that a bundle's part is loaded by.
        let format = FeaturesFormat::new(catalog);
        let error = EncoderFormat::<serde_json::Value>::load(&format, &bytes).unwrap_err();
        assert_eq!(error.to_string(), format!("the part can't be loaded: {wanted}"));
    }
}

#[test]
fn bad_parameters_are_named_when_the_set_is_built() {
    let feature = Feature::number("share", "amount", Nulls::Refuse).then(OfLargest { most: JsonFloat(f64::NAN) });
    let set = FeatureSet::builder("own", "at").floats(&["amount"]).features([feature]).build(&catalog());
    let error = set.unwrap_err();
    assert_eq!(error.to_string(), "feature `share` can't be transformed by `of_largest`");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "most is NaN; it must be more than 0");
}

#[test]
fn a_warm_row_is_encoded_by_them_as_before() {
    let (features, ..) = fitted(&set(0.5, 6.0));
    let mut slots = Slots::default();
    features.read(&json!({"at": 0, "name": "Grace Hopper", "amount": 40.0}), &mut slots).unwrap();
    slots.set(3, mlops_core::Slot::Float(2.0));
    let mut numbers = [f64::NAN; 5];
    for _ in 0..3 {
        features.encode(&slots, &mut numbers).unwrap();
        assert_eq!(numbers, [0.0, 0.0, 0.0, 0.5, 2.0]);
    }
}
