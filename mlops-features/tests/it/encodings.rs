//! Encodings give the numbers of scikit-learn 1.9.1 (`tests/oracle/encodings.py`).

use std::collections::BTreeMap;

use mlops_core::Timestamp;
use mlops_features::{Catalog, Feature, FeatureSet, Nulls, Unknown};
use serde::Deserialize;

use crate::rows::{batch, fit, row};

#[derive(Deserialize)]
struct Case {
    labels: Vec<f64>,
    texts: Vec<String>,
    numbers: BTreeMap<String, Numbers>,
    one_hot: Vec<Vec<f64>>,
    target: Vec<f64>,
}

#[derive(Deserialize)]
struct Numbers {
    values: Vec<Option<f64>>,
    scaled: Vec<Option<f64>>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../data/encodings.json")).unwrap()
}

fn near(got: f64, wanted: f64) -> bool {
    (got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0)
}

#[test]
fn standardised_numbers_are_those_of_standard_scaler() {
    let set = FeatureSet::builder("scaled", "at")
        .floats(&["x"])
        .features([Feature::standardised("x", "x", Nulls::NaN)])
        .build(&Catalog::new())
        .unwrap();
    for case in cases() {
        for (name, Numbers { values, scaled }) in case.numbers {
            let rows: Vec<_> = values.iter().map(|&x| row(0, x, None, None)).collect();
            let fit = fit(&set, &rows, case.labels.iter().copied());
            let got = fit.features.encode_batch(&batch(&rows)).unwrap();
            for (got, wanted) in got.values.column(0).iter().zip(scaled) {
                // Around 1e9 a standard score has nine digits less: both sides are as far from the truth.
                let tolerance = if name == "far" { 1e-6 } else { 1e-12 };
                let Some(wanted) = wanted else {
                    assert!(got.is_nan(), "{name}: {got}");
                    continue;
                };
                assert!((got - wanted).abs() <= tolerance * wanted.abs().max(1.0), "{name}: {got} {wanted}");
            }
        }
    }
}

#[test]
fn categories_are_those_of_one_hot_encoder_and_target_encoder() {
    let set = FeatureSet::builder("categories", "at")
        .categories(&["key"])
        .features([
            Feature::one_hot("key", "key", Unknown::AsAll),
            Feature::target("mean", "key", 20.0, Unknown::AsAll),
        ])
        .build(&Catalog::new())
        .unwrap();
    for case in cases() {
        let texts = case.texts.iter().map(String::as_str).chain(["unseen"]);
        let rows: Vec<_> = texts.map(|text| row(0, None, None, Some(text))).collect();
        let seen = &rows[..rows.len() - 1];
        let fit = fit(&set, seen, case.labels.iter().copied());
        let got = fit.features.encode_batch(&batch(&rows)).unwrap();
        let width = got.names.len() - 1;
        for (got, wanted) in got.values.rows().into_iter().zip(&case.one_hot) {
            assert_eq!(got.as_slice().unwrap()[..width], wanted[..]);
        }
        assert!(got.values.row(seen.len()).iter().take(width).all(|&x| x == 0.0), "unseen is no one's");
        for (got, &wanted) in got.values.column(width).iter().zip(&case.target) {
            assert!(near(*got, wanted), "{got} {wanted}");
        }
    }
}

#[test]
fn target_encoding_of_the_rows_it_was_fitted_on_knows_only_earlier_labels() {
    let set = FeatureSet::builder("categories", "at")
        .categories(&["key"])
        .features([Feature::target("mean", "key", 1.0, Unknown::AsAll)])
        .build(&Catalog::new())
        .unwrap();
    // Ten rows a second apart, five folds of two; each label is known a second after its row, so the label of the
    // row before a fold is known when it begins.
    let rows: Vec<_> = (0..10).map(|i| row(i * 1_000_000, None, None, Some("a"))).collect();
    let values = [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0];
    let fit = fit(&set, &rows, values);
    let overall: f64 = values.iter().sum::<f64>() / 10.0;
    for fold in 0..5 {
        let known = &values[..fold * 2];
        let wanted = match known.len() {
            0 => overall,
            count => {
                let mean = known.iter().sum::<f64>() / count as f64;
                (known.iter().sum::<f64>() + mean) / (count as f64 + 1.0)
            }
        };
        for row in [fold * 2, fold * 2 + 1] {
            assert!(near(fit.matrix.values()[[row, 0]], wanted), "row {row}");
        }
    }
    // Everybody else gets the full fit.
    let everybody = fit.features.encode_batch(&batch(&rows)).unwrap();
    assert!(everybody.values.iter().all(|&x| near(x, (6.0 + overall) / 11.0)));
}

#[test]
fn labels_after_the_cutoff_change_nothing() {
    let rows: Vec<_> =
        (0..40).map(|i| row(i * 1_000_000, Some(i as f64), Some(i), Some(["a", "b"][i as usize % 2]))).collect();
    let catalog = Catalog::new();
    let cutoff = Timestamp::from_micros(30_000_000);
    let fitted = |junk: f64| {
        let values = (0..40).map(|i| if i < 30 { f64::from(i % 3) } else { junk });
        crate::rows::set().fit_encode(&batch(&rows), &crate::rows::labels(&rows, values), cutoff, &catalog).unwrap()
    };
    let (zeros, junk) = (fitted(0.0), fitted(1e6));
    assert_eq!(zeros.features.to_bytes(), junk.features.to_bytes());
    assert_eq!(zeros.matrix.values(), junk.matrix.values());
    assert_eq!(zeros.left_out, 10);
}
