//! Target encodings give the numbers of scikit-learn 1.9.1 (`tests/oracle/category_transforms.py`) to 1e-12, for the rows
//! that they were fitted on and for all others.

use arrow::array::RecordBatch;
use mlops_core::{JsonFloat, SlotEncoder, Timestamp};
use mlops_features::{Feature, FeatureError, Fit, Folds, Smoothing, Target, Unknown};
use serde::Deserialize;

use crate::category_transforms::{catalog, fixture, keys, near, set_of};
use crate::rows::{Row, batch, labels};

#[derive(Deserialize)]
struct Case {
    texts: Vec<Option<String>>,
    labels: Vec<f64>,
    each_class: bool,
    null_category: bool,
    smooth: serde_json::Value,
    given: Vec<u32>,
    out_of_fold: std::collections::BTreeMap<String, Vec<Vec<f64>>>,
    probe: Vec<Option<String>>,
    means: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct FoldCase {
    labels: Vec<f64>,
    folds: u32,
    stratified: Vec<u32>,
    contiguous: Vec<u32>,
}

fn in_folds(target: Target, rows: &[Row], values: &[f64], folds: &[u32]) -> Result<Fit, FeatureError> {
    let set = set_of(Feature::new("mean", "key").then(target))?;
    let (table, labels): (RecordBatch, _) = (batch(rows), labels(rows, values.iter().copied()));
    set.fit_encode_in_folds(&table, &labels, folds, Timestamp::MAX, &catalog())
}

fn compare<'a>(got: ndarray::ArrayView2<'_, f64>, wanted: impl IntoIterator<Item = &'a Vec<f64>>, about: &str) {
    let mut rows = 0;
    for (got, wanted) in got.rows().into_iter().zip(wanted) {
        assert_eq!(got.len(), wanted.len(), "{about}");
        got.iter().zip(wanted).for_each(|(&got, &wanted)| assert!(near(got, wanted), "{about}: {got} {wanted}"));
        rows += 1;
    }
    assert_eq!(rows, got.nrows(), "{about}");
}

#[test]
fn target_is_that_of_target_encoder() {
    let cases = fixture().target;
    assert!(cases.len() > 20);
    for case in cases {
        let case: Case = serde_json::from_value(case).unwrap();
        let rows = keys(case.texts.iter().map(Option::as_deref));
        let mut target = match case.smooth.as_f64() {
            Some(smooth) => Target::new(smooth, Unknown::AsAll),
            None => Target::auto(Unknown::AsAll),
        };
        if case.each_class {
            target = target.each_class();
        }
        if case.null_category {
            target = target.null_category();
        }
        for (name, wanted) in &case.out_of_fold {
            let folds = match name.as_str() {
                "contiguous" => Folds::Contiguous(4),
                "stratified" => Folds::Stratified(4),
                _ => Folds::Given,
            };
            let target = target.clone().folds(folds);
            let about = format!("{target:?} {:?}", case.labels);
            let fit = in_folds(target, &rows, &case.labels, &case.given).unwrap();
            compare(fit.matrix.values().view(), wanted, &about);
            let probe = batch(&keys(case.probe.iter().map(Option::as_deref)));
            compare(fit.features.encode_batch(&probe).unwrap().values.view(), &case.means, &about);
            if case.each_class {
                assert_eq!(fit.features.names().to_vec(), ["mean=-1", "mean=3", "mean=7"]);
            }
        }
    }
}

#[test]
fn folds_are_those_of_k_fold_and_stratified_k_fold() {
    for case in fixture().stratified {
        let case: FoldCase = serde_json::from_value(case).unwrap();
        let texts = (0..case.labels.len()).map(|row| ["a", "b"][row % 2]);
        let rows = keys(texts.map(Some));
        let target = |folds| Target::new(0.5, Unknown::AsAll).folds(folds);
        for (folds, given) in
            [(Folds::Stratified(case.folds), &case.stratified), (Folds::Contiguous(case.folds), &case.contiguous)]
        {
            let got = in_folds(target(folds), &rows, &case.labels, given).unwrap();
            let wanted = in_folds(target(Folds::Given), &rows, &case.labels, given).unwrap();
            assert_eq!(got.matrix.values(), wanted.matrix.values(), "{folds:?}");
        }
    }
}

#[test]
fn folds_in_time_know_the_classes_of_earlier_labels() {
    // Two folds; the second is encoded by the labels of the first alone.
    let rows: Vec<Row> = keys(["a", "a", "b", "a", "b", "c"].map(Some))
        .into_iter()
        .zip(0..)
        .map(|(row, second)| Row { at: Timestamp::from_micros(second * 2_000_000), ..row })
        .collect();
    let values = [1.0, 2.0, 2.0, 1.0, 1.0, 2.0];
    let target = Target { smoothing: Smoothing::Fixed(JsonFloat(1.0)), ..Target::auto(Unknown::AsAll) };
    let target = target.folds(Folds::Time(2)).each_class();
    let fit = in_folds(target, &rows, &values, &[0; 6]).unwrap();
    let overall = [1.0 / 3.0, 2.0 / 3.0];
    let of = |ones: f64, count: f64, class: usize| (ones + overall[class]) / (count + 1.0);
    let wanted = [
        vec![0.5, 0.5],
        vec![0.5, 0.5],
        vec![0.5, 0.5],
        vec![of(1.0, 2.0, 0), of(1.0, 2.0, 1)],
        vec![of(0.0, 1.0, 0), of(1.0, 1.0, 1)],
        overall.to_vec(),
    ];
    compare(fit.matrix.values().view(), &wanted, "in time");
}

#[test]
fn folds_belong_to_the_rows_whose_label_was_known() {
    let rows = keys(["a", "a", "a", "b"].map(Some));
    let set =
        set_of(Feature::new("mean", "key").then(Target::new(0.0, Unknown::AsAll).folds(Folds::Given))).unwrap();
    let mut known = labels(&rows, [1.0, 5.0, 0.0, 1.0]);
    known.0[1] = None;
    let fit = set.fit_encode_in_folds(&batch(&rows), &known, &[0, 7, 1, 1], Timestamp::MAX, &catalog()).unwrap();
    // Row 0 by rows 2 and 3; rows 2 and 3 by row 0.
    assert_eq!(fit.matrix.values().column(0).to_vec(), [0.0, 1.0, 1.0]);
}

#[test]
fn what_does_not_hold_together_is_an_error() {
    let rows = keys(["a", "b"].map(Some));
    let fit = |target: Target, values: [f64; 2]| {
        let set = set_of(Feature::new("mean", "key").then(target))?;
        set.fit_encode(&batch(&rows), &labels(&rows, values), Timestamp::MAX, &catalog())
    };
    let says = |target: Target, values| {
        let error = fit(target, values).unwrap_err();
        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
    };
    let target = Target::new(1.0, Unknown::Refuse);
    fit(target.clone(), [0.0, 1.0]).unwrap();
    assert!(says(target.clone().folds(Folds::Given), [0.0, 1.0]).contains("folds are to be given"));
    assert!(says(target.clone().folds(Folds::Stratified(1)), [0.0, 1.0]).contains("folds is 1"));
    assert!(says(Target::new(f64::INFINITY, Unknown::AsAll), [0.0, 1.0]).contains("smoothing is inf"));
    assert!(says(Target::new(1.0, Unknown::Infrequent), [0.0, 1.0]).contains("unknown is infrequent"));
    assert!(says(target.clone().each_class(), [0.0, f64::NAN]).contains("NaN"));
    assert!(says(Target::auto(Unknown::AsAll), [0.0, f64::INFINITY]).contains("inf"));
    in_folds(target, &rows, &[0.0, 1.0], &[0]).unwrap_err();

    let many: Vec<f64> = (0..1025).map(f64::from).collect();
    let rows = keys(vec![Some("a"); many.len()]);
    let error = in_folds(Target::auto(Unknown::AsAll).each_class(), &rows, &many, &[0; 1025]).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("1025 different labels"));
}
