use std::collections::HashMap;

use mlops_core::{Model, ModelError, ModelExt, ModelFormat, ModelPart, Tolerance, Trainer, TrainingMatrix};
use mlops_serve::{ComputeDevice, MlpFormat, MlpModel, MlpTrainer, MlpTrainerBuilder};
use ndarray::{Array2, array, s};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

use crate::common::{matrix, problem, values, xor};

fn log_loss(model: &MlpModel, matrix: &TrainingMatrix) -> f64 {
    let answers = model.predict(matrix.values().view()).unwrap();
    let losses = answers.iter().zip(matrix.labels()).map(|(&p, &y)| -(y * p.ln() + (1.0 - y) * (1.0 - p).ln()));
    losses.sum::<f64>() / matrix.labels().len() as f64
}

fn quick() -> MlpTrainerBuilder {
    MlpTrainer::builder().hidden([16, 8]).batch_size(64).learning_rate(0.01)
}

fn small_model() -> MlpModel {
    quick().epochs(1).build().unwrap().train(&xor(100, 3), None).unwrap()
}

#[test]
fn learns_what_no_line_separates() {
    let (training, fresh) = (xor(1000, 2), xor(1400, 2));
    let mut before = f64::INFINITY;
    for epochs in [1, 5, 30] {
        let model = quick().epochs(epochs).build().unwrap().train(&training, None).unwrap();
        let loss = log_loss(&model, &training);
        assert!(loss < before, "{loss} after {epochs} epochs, {before} before");
        before = loss;
        if epochs == 30 {
            let answers = model.predict(fresh.values().view()).unwrap();
            let right = answers.iter().zip(fresh.labels()).filter(|&(&p, &y)| (p > 0.5) == (y == 1.0)).count();
            assert!(right > 1330, "{right} of 1400");
        }
    }
}

#[test]
fn without_hidden_layers_it_is_a_logistic_regression() {
    // The label's log odds by the one column are ln 3 and −ln 3, which weights of ln 3 and 0 give exactly.
    let inputs = [-1., -1., -1., -1., 1., 1., 1., 1.];
    let labels = [0., 0., 0., 1., 0., 1., 1., 1.];
    let matrix = matrix(Array2::from_shape_vec((8, 1), inputs.to_vec()).unwrap(), labels);
    let trainer =
        MlpTrainer::builder().hidden([]).epochs(2000).learning_rate(0.01).weight_decay(0.0).build().unwrap();
    let model = trainer.train(&matrix, None).unwrap();
    let answers = model.predict(array![[-1.0], [1.0]].view()).unwrap();
    // Adam hovers around the minimum by a part of its step.
    assert!((answers[[0, 0]] - 0.25).abs() < 1e-3 && (answers[[1, 0]] - 0.75).abs() < 1e-3, "{answers}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    // Large enough that candle shares its products between threads.
    let matrix = xor(3000, 40);
    let bytes = |seed| {
        let trainer = MlpTrainer::builder().epochs(1).seed(seed).build().unwrap();
        MlpFormat.save(&trainer.train(&matrix, None).unwrap()).unwrap()
    };
    let first = bytes(1);
    for _ in 0..3 {
        assert_eq!(bytes(1), first);
    }
    assert_ne!(bytes(2), first);
}

#[test]
fn goes_on_from_an_earlier_model() {
    let matrix = xor(1000, 2);
    let first = quick().epochs(20).build().unwrap().train(&matrix, None).unwrap();
    let further = quick().epochs(1).seed(1).build().unwrap().train(&matrix, Some(&first)).unwrap();
    let fresh = quick().epochs(1).seed(1).build().unwrap().train(&matrix, None).unwrap();
    assert!(log_loss(&further, &matrix) < 0.5 * log_loss(&fresh, &matrix));
    let other = quick().hidden([4]).build().unwrap().train(&matrix, Some(&first)).unwrap_err();
    assert_eq!(problem(other), "the earlier model's hidden layers are [16, 8], wanted are [4]");
    let other = quick().build().unwrap().train(&xor(100, 3), Some(&first)).unwrap_err();
    assert_eq!(problem(other), "the earlier model takes 2 columns, the matrix has 3");
}

#[test]
fn answers_the_probability_of_label_one() {
    for labels in [[0., 1., 1.], [1., 0., 0.]] {
        let trainer = quick().epochs(200).build().unwrap();
        let model = trainer.train(&matrix(array![[-1.0], [0.5], [1.0]], labels), None).unwrap();
        let answers = model.predict(array![[-1.0], [1.0]].view()).unwrap();
        assert_eq!([answers[[0, 0]] > 0.5, answers[[1, 0]] > 0.5], [labels[0] == 1.0, labels[2] == 1.0]);
    }
}

#[test]
fn names_what_it_cannot_train_on() {
    let train = |values, labels: [f64; 2]| {
        problem(quick().build().unwrap().train(&matrix(values, labels), None).unwrap_err())
    };
    assert_eq!(train(array![[1.0], [2.0]], [0., 0.5]), "the label of row 1 is 0.5; labels are 0 or 1");
    let wanted = "row 1 has NaN in column `x0`; impute such values first";
    assert_eq!(train(array![[1.0], [f64::NAN]], [0., 1.]), wanted);
    // Beyond f32.
    assert!(train(array![[1.0], [1e39]], [0., 1.]).starts_with("row 1 has 1"));
    assert_eq!(train(Array2::zeros((2, 0)), [0., 1.]), "the matrix has no columns");
    let wild = quick().learning_rate(1e38).epochs(3).build().unwrap();
    let grown = problem(wild.train(&xor(100, 2), None).unwrap_err());
    assert!(grown.contains("learning rate"), "{grown}");
}

#[test]
fn refuses_parameters_out_of_range() {
    for (builder, parameter) in [
        (quick().hidden([0]), "hidden"),
        (quick().hidden([1; 33]), "hidden"),
        (quick().epochs(0), "epochs"),
        (quick().batch_size(0), "batch_size"),
        (quick().learning_rate(f64::NAN), "learning_rate"),
        (quick().weight_decay(-0.1), "weight_decay"),
    ] {
        assert_eq!(builder.build().unwrap_err().parameter, parameter);
    }
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_there_is_an_error() {
    let cuda = ComputeDevice::Cuda { ordinal: 0 };
    let error = quick().device(cuda).build().unwrap().train(&xor(100, 2), None).unwrap_err();
    assert!(matches!(error, ModelError::Backend { library: "candle", .. }), "{error:?}");
}

#[test]
fn comes_back_bit_for_bit() {
    let model = small_model();
    let part = ModelPart::new(&model, &MlpFormat).unwrap();
    assert_eq!(part.media_type(), "application/vnd.mlops.mlp+safetensors");
    assert_eq!(part.tolerance(), Tolerance::EXACT);
    assert_eq!(MlpFormat.save(part.model().as_ref()).unwrap(), part.bytes().to_vec());
    let inputs = values(50, 3);
    let [made, loaded] = [model.predict(inputs.view()), part.model().predict(inputs.view())];
    assert_eq!(made.unwrap(), loaded.unwrap());
}

#[test]
fn a_row_answers_as_in_any_batch() {
    let matrix = xor(300, 40);
    for hidden in [vec![64, 64], vec![33, 1], vec![]] {
        let model = MlpTrainer::builder().hidden(hidden).epochs(1).build().unwrap().train(&matrix, None).unwrap();
        let batch = model.predict(matrix.values().view()).unwrap();
        let mut turned = Array2::zeros((40, 300)).reversed_axes();
        turned.assign(matrix.values());
        assert_eq!(model.predict(turned.view()).unwrap(), batch);
        for row in 0..300 {
            let alone = model.predict(matrix.values().slice(s![row..=row, ..])).unwrap();
            assert_eq!(alone[[0, 0]].to_bits(), batch[[row, 0]].to_bits());
        }
    }
}

#[test]
fn nan_is_answered_by_nan_and_harms_no_other_row() {
    let model = small_model();
    let mut inputs = values(6, 3);
    let before = model.predict(inputs.view()).unwrap();
    inputs[[1, 2]] = f64::NAN;
    let after = model.predict(inputs.view()).unwrap();
    for row in 0..6 {
        let wanted = if row == 1 { f64::NAN } else { before[[row, 0]] };
        assert!(Tolerance::EXACT.allows(after[[row, 0]], wanted), "row {row}: {}", after[[row, 0]]);
    }
    assert_eq!(model.predict(Array2::zeros((0, 3)).view()).unwrap().dim(), (0, 1));
    let error = model.predict(values(2, 4).view()).unwrap_err();
    assert!(matches!(error, ModelError::WrongShape { what: "inputs", got: [2, 4], wanted: [2, 3] }), "{error:?}");
}

/// A part with these tensors, each filled with one value.
fn part(version: &str, tensors: &[(&str, Dtype, &[usize], f32)]) -> Vec<u8> {
    let filled: Vec<_> = tensors
        .iter()
        .map(|&(name, dtype, shape, value)| {
            let count = shape.iter().product::<usize>() * dtype.bitsize() / 32;
            (name, dtype, shape.to_vec(), value.to_le_bytes().repeat(count))
        })
        .collect();
    let views = filled
        .iter()
        .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, Some(HashMap::from([("mlops.mlp.version".into(), version.into())]))).unwrap()
}

#[test]
fn names_what_is_wrong_with_a_part() {
    use Dtype::{F32, F64};
    let signature = small_model().signature().clone();
    let load = |bytes: Vec<u8>| problem(MlpFormat.load(&bytes, &signature).unwrap_err());
    let (weight, bias) = ("layers.0.weight", "layers.0.bias");
    let (wide, narrow): (&[usize], &[usize]) = (&[1, 3], &[1]);
    let one = [(weight, F32, wide, 0.5), (bias, F32, narrow, 0.0)];
    let model = MlpFormat.load(&part("1", &one), &signature).unwrap();
    // 1 / (1 + math.exp(-1.5)) in Python
    assert_eq!(model.predict(array![[1.0, 1.0, 1.0]].view()).unwrap()[[0, 0]], 0.8175744761936437);
    for (bytes, wanted) in [
        (part("2", &one), "it is of version `2`, known is version `1`"),
        (part("1", &one[..1]), "it has 1 tensors rather than two a layer"),
        (part("1", &[]), "it has 0 tensors rather than two a layer"),
        (part("1", &[one[0], ("layers.1.bias", F32, narrow, 0.0)]), "`layers.0.bias` is missing"),
        (part("1", &[one[0], (bias, F64, narrow, 0.0)]), "`layers.0.bias` is F64 rather than F32"),
        (part("1", &[one[0], (bias, F32, narrow, f32::NAN)]), "`layers.0.bias` holds NaN"),
        (part("1", &[one[0], (bias, F32, &[2], 0.0)]), "`layers.0.bias` is of shape [2] rather than [1]"),
        (
            part("1", &[(weight, F32, &[3], 0.0), one[1]]),
            "`layers.0.weight` is of shape [3] rather than outputs × inputs",
        ),
        (part("1", &[(weight, F32, &[1, 0], 0.0), one[1]]), "`layers.0.weight` is of shape [1, 0], which is empty"),
        (part("1", &[(weight, F32, &[1, 2], 0.0), one[1]]), "layer 0 takes 2 numbers, what comes before has 3"),
        (
            part("1", &[(weight, F32, &[2, 3], 0.0), (bias, F32, &[2], 0.0)]),
            "the last layer has 2 outputs rather than 1",
        ),
    ] {
        assert_eq!(load(bytes), wanted);
    }
    let mut two = signature.clone();
    two.outputs.push("other".into());
    let error = MlpFormat.load(&part("1", &one), &two).unwrap_err();
    assert_eq!(problem(error), "the model has 1 output, the signature has 2");
}

#[cfg(feature = "linfa")]
#[test]
fn refuses_other_models() {
    let other = mlops_serve::LogisticTrainer::default().train(&xor(20, 2), None).unwrap();
    let error = MlpFormat.save(&other).unwrap_err();
    assert!(matches!(error, ModelError::ForeignModel { .. }), "{error:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_an_error(
        header in proptest::option::of(0_u64..300),
        tail in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        // A believable length first, or bytes from the start.
        let mut bytes = header.map_or(Vec::new(), |length| length.to_le_bytes().to_vec());
        bytes.extend(tail);
        prop_assert!(MlpFormat.load(&bytes, &part_signature()).is_err());
    }

    #[test]
    fn damaged_bytes_are_no_panic(at in any::<prop::sample::Index>(), flip in 1_u8.., cut in any::<bool>()) {
        use Dtype::F32;
        let (weight, bias) = ("layers.0.weight", "layers.0.bias");
        let mut bytes = part("1", &[(weight, F32, &[1, 3], 0.5), (bias, F32, &[1], 0.0)]);
        // Mostly in the header, where the sizes are.
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(MlpFormat.load(&bytes, &part_signature()).is_err());
        } else {
            bytes[at] ^= flip;
            if let Ok(loaded) = MlpFormat.load(&bytes, &part_signature()) {
                prop_assert!(loaded.predict(values(1, 3).view()).is_ok());
            }
        }
    }
}

fn part_signature() -> mlops_core::Signature {
    mlops_core::Signature {
        features: mlops_core::Fingerprint::of(b"features"),
        inputs: ["x0", "x1", "x2"].map(String::from).to_vec(),
        outputs: vec!["probability".into()],
    }
}
