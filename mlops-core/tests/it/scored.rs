//! How rows come to be scored.

use mlops_core::{EvaluationError, Fingerprint, ScoredRows, Subject};

use crate::toy::{data, inputs, model};

#[test]
fn a_model_scores_rows_of_many_blocks_in_order() {
    let values: Vec<f64> = (0..10_000).map(|row| f64::from(row) / 10_000.0).collect();
    let labels = vec![false; values.len()];
    let part = model(0.5);
    let rows = ScoredRows::by_model(&part, &inputs(&values), &labels, data("validation")).unwrap();
    assert_eq!(rows.subject(), &Subject::Model { digest: part.digest() });
    assert!(rows.scores().iter().eq(values.iter().map(|value| value * 0.5).collect::<Vec<_>>().iter()));
}

#[test]
fn no_rows_are_scored_as_none() {
    let rows = ScoredRows::by_model(&model(1.0), &inputs(&[]), &[], data("validation")).unwrap();
    assert!(rows.is_empty());
}

#[test]
fn an_answer_that_is_no_probability_names_its_row() {
    for bad in [f64::NAN, 1.5, -0.1, f64::INFINITY] {
        let mut values = vec![0.5; 5000];
        values[4321] = bad;
        let error =
            ScoredRows::by_model(&model(1.0), &inputs(&values), &[true; 5000], data("validation")).unwrap_err();
        assert!(matches!(error, EvaluationError::NotAProbability { row: 4321, .. }), "{error}");
    }
    let error = ScoredRows::by_constant(1.5, &[true], data("validation")).unwrap_err();
    assert_eq!(error.to_string(), "the score of row 0 is 1.5, which is not a probability within [0, 1]");
}

#[test]
fn inputs_of_other_features_or_columns_are_turned_away() {
    let by = |inputs| ScoredRows::by_model(&model(1.0), &inputs, &[true], data("validation")).unwrap_err();
    let mut foreign = inputs(&[0.5]);
    foreign.features = Fingerprint::of(b"fitted again");
    assert!(matches!(by(foreign), EvaluationError::ForeignFeatures { .. }));
    let mut renamed = inputs(&[0.5]);
    renamed.names = vec!["z".to_owned()].into();
    assert_eq!(by(renamed).to_string(), "input column 0 is Some(\"z\"); the model wants Some(\"x\")");
    let mut wide = inputs(&[0.5]);
    wide.names = vec!["x".to_owned(), "y".to_owned()].into();
    assert!(matches!(by(wide), EvaluationError::ForeignInput { column: 1, wanted: None, .. }));
}

#[test]
fn a_matrix_that_its_names_belie_is_the_models_error() {
    let mut inputs = inputs(&[0.5, 0.5]);
    inputs.values = ndarray::Array2::zeros((2, 3));
    let error = ScoredRows::by_model(&model(1.0), &inputs, &[true; 2], data("validation")).unwrap_err();
    assert!(matches!(error, EvaluationError::Predict { row: 0, .. }), "{error}");
}

#[test]
fn lengths_that_differ_name_what_they_are_of() {
    let error = ScoredRows::by_model(&model(1.0), &inputs(&[0.5]), &[], data("validation")).unwrap_err();
    assert_eq!(error.to_string(), "0 labels were given for 1 rows");
    let error = ScoredRows::by_other("rule", vec![0.5, 0.5], &[true], data("validation")).unwrap_err();
    assert_eq!(error.to_string(), "1 labels were given for 2 rows");
    let rows = ScoredRows::by_constant(0.5, &[true], data("validation")).unwrap();
    let error = rows.clone().slice_by("carrier", ["AA", "UA"]).unwrap_err();
    assert_eq!(error.to_string(), "2 carrier were given for 1 rows");
    let error = rows.slice_by("carrier", ["AA"]).and_then(|rows| rows.slice_by("carrier", ["AA"])).unwrap_err();
    assert_eq!(error.to_string(), "the rows are sliced by `carrier` already");
}
