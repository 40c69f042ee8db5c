use mlops_core::{Model, ModelError, ModelExt, ModelFormat, ModelPart, Tolerance, Trainer};
use mlops_serve::{LogisticFormat, LogisticTrainer};
use ndarray::{Array2, ArrayView2, array, s};
use proptest::prelude::*;
use serde::Deserialize;

use crate::common::{matrix, problem, values, xor};

#[derive(Deserialize)]
struct Oracle {
    values: Vec<Vec<f64>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    alpha: f64,
    labels: Vec<f64>,
    weights: Vec<f64>,
    intercept: f64,
    probabilities: Vec<f64>,
}

fn oracle() -> (Array2<f64>, Vec<Case>) {
    // Made by tests/oracle/logistic.py.
    let Oracle { values, cases } = serde_json::from_str(include_str!("../data/logistic.json")).unwrap();
    let shape = (values.len(), values[0].len());
    (Array2::from_shape_vec(shape, values.into_iter().flatten().collect()).unwrap(), cases)
}

fn close(got: f64, wanted: f64, tolerance: f64) {
    assert!((got - wanted).abs() <= tolerance * wanted.abs().max(1.0), "{got} is not near {wanted}");
}

#[test]
fn agrees_with_scikit_learn() {
    let (values, cases) = oracle();
    for case in cases {
        let trainer = LogisticTrainer::builder().alpha(case.alpha).gradient_tolerance(1e-10).build().unwrap();
        let model = trainer.train(&matrix(values.clone(), case.labels), None).unwrap();
        // Where a step no longer changes the bits of J, at 7e-15 apart here, training ends whatever the gradient,
        // and J is flat: with a curvature of at least alpha = 0.1, weights within √(2 · 7e-15 / 0.1) = 4e-7 give one J.
        model.weights().iter().zip(&case.weights).for_each(|(&got, &wanted)| close(got, wanted, 4e-7));
        close(model.intercept(), case.intercept, 4e-7);
        let answers = model.predict(values.slice(s![..10, ..])).unwrap();
        answers.iter().zip(&case.probabilities).for_each(|(&got, &wanted)| close(got, wanted, 4e-7));
    }
}

#[test]
fn answers_the_probability_of_label_one() {
    let values = array![[-2.0], [-1.0], [0.5], [1.0], [2.0]];
    // Either label first, either label more frequent, and as many of each.
    for labels in [vec![0., 0., 0., 1., 1.], vec![0., 0., 1., 1., 1.]] {
        for reversed in [false, true] {
            let (mut values, mut labels) = (values.clone(), labels.clone());
            if reversed {
                values.invert_axis(ndarray::Axis(0));
                labels.reverse();
            }
            let model = LogisticTrainer::default().train(&matrix(values, labels), None).unwrap();
            let answers = model.predict(array![[-2.0], [2.0]].view()).unwrap();
            assert!(answers[[0, 0]] < 0.3 && answers[[1, 0]] > 0.7, "{answers}");
        }
    }
    for labels in [[0., 1.], [1., 0.]] {
        let model = LogisticTrainer::default().train(&matrix(array![[-1.0], [1.0]], labels), None).unwrap();
        let answers = model.predict(array![[-1.0], [1.0]].view()).unwrap();
        assert_eq!(answers[[1, 0]] > 0.5, labels[1] == 1.0);
    }
}

#[test]
fn starts_from_an_earlier_model() {
    let (values, cases) = oracle();
    for case in cases {
        let matrix = matrix(values.clone(), case.labels);
        let builder = LogisticTrainer::builder().alpha(case.alpha);
        let fitted = builder.clone().gradient_tolerance(1e-9).build().unwrap().train(&matrix, None).unwrap();
        // What is already good enough stays as it is.
        let again =
            builder.clone().gradient_tolerance(1e-8).build().unwrap().train(&matrix, Some(&fitted)).unwrap();
        assert_eq!(again, fitted);
        // One step from near the end ends nearer than one from zero.
        let near = builder.clone().max_iterations(8).build().unwrap().train(&matrix, None).unwrap();
        let one = builder.max_iterations(1).build().unwrap();
        let [warm, cold] = [Some(&near), None].map(|start| one.train(&matrix, start).unwrap());
        let distance = |model: &mlops_serve::LogisticModel| {
            model.weights().iter().zip(fitted.weights()).map(|(a, b)| (a - b).abs()).sum::<f64>()
        };
        assert!(distance(&warm) < 0.2 * distance(&cold), "{} {}", distance(&warm), distance(&cold));
    }
    let narrow = LogisticTrainer::default().train(&xor(20, 2), None).unwrap();
    let error = LogisticTrainer::default().train(&xor(20, 3), Some(&narrow)).unwrap_err();
    assert_eq!(problem(error), "the earlier model takes 2 columns, the matrix has 3");
}

#[test]
fn names_what_it_cannot_train_on() {
    let trainer = LogisticTrainer::default();
    let train = |values, labels: [f64; 3]| problem(trainer.train(&matrix(values, labels), None).unwrap_err());
    let good = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    assert_eq!(train(good.clone(), [0., 1., 2.]), "the label of row 2 is 2; labels are 0 or 1");
    assert_eq!(train(good.clone(), [0., f64::NAN, 1.]), "the label of row 1 is NaN; labels are 0 or 1");
    assert_eq!(train(good.clone(), [1., 1., 1.]), "no row of the 3 has label 0");
    for (value, text) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let mut bad = good.clone();
        bad[[1, 1]] = value;
        assert_eq!(train(bad, [0., 1., 1.]), format!("row 1 has {text} in column `x1`; impute such values first"));
    }
    let none = trainer.train(&matrix(Array2::zeros((0, 2)), []), None).unwrap_err();
    assert_eq!(problem(none), "no row of the 0 has label 0");
}

#[test]
fn trains_where_columns_say_nothing() {
    // Without columns the intercept is the log odds of the labels.
    let trainer = LogisticTrainer::builder().gradient_tolerance(1e-12).build().unwrap();
    let model = trainer.train(&matrix(Array2::zeros((4, 0)), [0., 1., 1., 1.]), None).unwrap();
    close(model.intercept(), 3.0_f64.ln(), 1e-10);
    let model = trainer.train(&matrix(Array2::ones((4, 1)), [0., 0., 1., 1.]), None).unwrap();
    close(model.predict(array![[1.0]].view()).unwrap()[[0, 0]], 0.5, 1e-10);
    // What a line separates has no minimum without a penalty; training ends all the same.
    let trainer = LogisticTrainer::builder().alpha(0.0).build().unwrap();
    let model = trainer.train(&matrix(array![[-1.0], [1.0]], [0., 1.]), None).unwrap();
    assert!(model.weights()[0] > 5.0);
}

#[test]
fn refuses_parameters_out_of_range() {
    let build = |builder: mlops_serve::LogisticTrainerBuilder| builder.build().unwrap_err();
    let error = build(LogisticTrainer::builder().alpha(-1.0));
    assert_eq!(error.to_string(), "`alpha` is -1.0; allowed is finite, at least 0");
    assert_eq!(build(LogisticTrainer::builder().alpha(f64::INFINITY)).parameter, "alpha");
    assert_eq!(build(LogisticTrainer::builder().max_iterations(0)).parameter, "max_iterations");
    assert_eq!(build(LogisticTrainer::builder().gradient_tolerance(0.0)).parameter, "gradient_tolerance");
    assert_eq!(build(LogisticTrainer::builder().gradient_tolerance(f64::NAN)).parameter, "gradient_tolerance");
}

fn small_model() -> mlops_serve::LogisticModel {
    LogisticTrainer::default().train(&xor(40, 3), None).unwrap()
}

#[test]
fn comes_back_bit_for_bit() {
    let model = small_model();
    let part = ModelPart::new(&model, &LogisticFormat).unwrap();
    assert_eq!((part.media_type(), part.tolerance()), ("application/vnd.mlops.logistic+json", Tolerance::EXACT));
    assert_eq!(LogisticFormat.save(part.model().as_ref()).unwrap(), part.bytes().to_vec());
    let inputs = values(50, 3);
    let [made, loaded] = [model.predict(inputs.view()), part.model().predict(inputs.view())];
    assert_eq!(made.unwrap(), loaded.unwrap());
}

#[test]
fn reads_the_first_version() {
    // A part of version 1 as written once: later code opens it.
    let bytes = br#"{"version":1,"weights":[0.1,-2.5e-300,-0.0],"intercept":1}"#;
    let signature = small_model().signature().clone();
    let model = LogisticFormat.load(bytes, &signature).unwrap();
    // 1 / (1 + math.exp(-1.2)) in Python
    assert_eq!(model.predict(array![[2.0, 0.0, 5.0]].view()).unwrap()[[0, 0]], 0.7685247834990175);
}

#[test]
fn names_what_is_wrong_with_a_part() {
    let signature = small_model().signature().clone();
    let load = |text: &str| problem(LogisticFormat.load(text.as_bytes(), &signature).unwrap_err());
    for (text, wanted) in [
        (r#"{"version":2,"trees":[]}"#, "it is of version 2, known is version 1"),
        (r#"{"version":1,"weights":[1],"intercept":0}"#, "it has 1 weights, the signature has 3 inputs"),
        (r#"{"version":1,"weights":[1,"NaN",1],"intercept":0}"#, "the weight of `x1` is NaN"),
        (r#"{"version":1,"weights":[1,1,1],"intercept":"-Infinity"}"#, "the intercept is -inf"),
    ] {
        assert_eq!(load(text), wanted);
    }
    assert!(load(r#"{"version":1,"weights":[1,1,1]}"#).contains("missing field `intercept`"));
    assert!(load(r#"{"version":1,"weights":[1,1,1],"intercept":0,"bias":1}"#).contains("unknown field `bias`"));
    let mut two = signature.clone();
    two.outputs.push("other".into());
    let error = LogisticFormat.load(br#"{"version":1,"weights":[1,1,1],"intercept":0}"#, &two).unwrap_err();
    assert_eq!(problem(error), "the model has 1 output, the signature has 2");
}

#[test]
fn refuses_other_shapes_and_models() {
    let model = small_model();
    let error = model.predict(values(2, 4).view()).unwrap_err();
    assert!(matches!(error, ModelError::WrongShape { what: "inputs", got: [2, 4], wanted: [2, 3] }), "{error:?}");

    #[derive(Debug)]
    struct Other(mlops_core::Signature);
    impl Model for Other {
        fn signature(&self) -> &mlops_core::Signature {
            &self.0
        }
        fn predict_into(
            &self,
            _: ArrayView2<'_, f64>,
            _: ndarray::ArrayViewMut2<'_, f64>,
        ) -> Result<(), ModelError> {
            Ok(())
        }
    }
    let error = LogisticFormat.save(&Other(model.signature().clone())).unwrap_err();
    assert!(matches!(error, ModelError::ForeignModel { .. }), "{error:?}");
}

fn any_weights() -> impl Strategy<Value = (Vec<f64>, f64)> {
    let finite = any::<f64>().prop_filter("finite", |x| x.is_finite());
    (proptest::collection::vec(finite.clone(), 0..20), finite)
}

proptest! {
    #[test]
    fn a_row_answers_as_in_any_batch((weights, intercept) in any_weights(), rows in 1_usize..7, bits in any::<u64>()) {
        let text = format!("{{\"version\":1,\"weights\":{weights:?},\"intercept\":{intercept:?}}}");
        let mut signature = small_model().signature().clone();
        signature.inputs = (0..weights.len()).map(|column| format!("x{column}")).collect();
        let model = LogisticFormat.load(text.as_bytes(), &signature).unwrap();
        // What was decoded from a text encodes to what decodes to it.
        let saved = LogisticFormat.save(model.as_ref()).unwrap();
        let back = LogisticFormat.load(&saved, &signature).unwrap();
        let (model, back) = (format!("{model:?}"), (format!("{back:?}"), back));
        prop_assert_eq!(model, back.0);
        let model = back.1;

        let mut inputs = values(rows, weights.len());
        if bits & 1 == 1 && !inputs.is_empty() {
            inputs[[0, 0]] = f64::from_bits(bits);
        }
        let batch = model.predict(inputs.view()).unwrap();
        // Column-major in memory, so that no row is a slice.
        let mut turned = Array2::zeros((weights.len(), rows)).reversed_axes();
        turned.assign(&inputs);
        let strided = model.predict(turned.view()).unwrap();
        for row in 0..rows {
            let alone = model.predict(inputs.slice(s![row..=row, ..])).unwrap();
            prop_assert_eq!(alone[[0, 0]].to_bits(), batch[[row, 0]].to_bits());
            prop_assert_eq!(alone[[0, 0]].to_bits(), strided[[row, 0]].to_bits());
        }
    }

    #[test]
    fn any_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(LogisticFormat.load(&bytes, small_model().signature()).is_err());
    }

    #[test]
    fn damaged_bytes_are_no_panic(at in any::<prop::sample::Index>(), flip in 1_u8.., cut in any::<bool>()) {
        let model = small_model();
        let mut bytes = LogisticFormat.save(&model).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(LogisticFormat.load(&bytes, model.signature()).is_err());
        } else {
            bytes[at] ^= flip;
            if let Ok(loaded) = LogisticFormat.load(&bytes, model.signature()) {
                prop_assert!(loaded.predict(values(1, 3).view()).is_ok());
            }
        }
    }
}
