//! What binary classifiers have in common: their labels, their output, their link function.

use mlops_core::{ModelError, Signature, TrainingMatrix};

/// The signature of a model that was trained on a matrix and answers the probability of label 1.
pub(super) fn signature(matrix: &TrainingMatrix) -> Signature {
    Signature {
        features: matrix.features(),
        inputs: matrix.names().to_vec(),
        outputs: vec!["probability".to_owned()],
    }
}

/// Checks that a signature has the one output of a binary classifier.
pub(super) fn check_outputs(media_type: &'static str, signature: &Signature) -> Result<(), ModelError> {
    let outputs = signature.outputs.len();
    if outputs == 1 {
        Ok(())
    } else {
        Err(ModelError::BadPart {
            media_type,
            problem: format!("the model has 1 output, the signature has {outputs}"),
        })
    }
}

/// Checks that a matrix can train a binary classifier: labels of 0 and 1, some of each, and values that
/// `usable` accepts.
pub(super) fn check_matrix(
    trainer: &'static str,
    matrix: &TrainingMatrix,
    usable: impl Fn(f64) -> bool,
) -> Result<(), ModelError> {
    let refuse = |problem| Err(ModelError::Training { trainer, problem });
    for (row, &label) in matrix.labels().iter().enumerate() {
        if !(label == 0.0 || label == 1.0) {
            return refuse(format!("the label of row {row} is {label}; labels are 0 or 1"));
        }
    }
    for label in [0.0, 1.0] {
        if !matrix.labels().iter().any(|&got| got == label) {
            return refuse(format!("no row of the {} has label {label}", matrix.labels().len()));
        }
    }
    for ((row, column), &value) in matrix.values().indexed_iter() {
        if !usable(value) {
            let name = matrix.names().get(column).map_or("", String::as_str);
            return refuse(format!("row {row} has {value} in column `{name}`; impute such values first"));
        }
    }
    Ok(())
}

/// Checks that a model trained before takes the numbers of this matrix.
pub(super) fn check_warm_start(
    trainer: &'static str,
    matrix: &TrainingMatrix,
    earlier: &Signature,
) -> Result<(), ModelError> {
    if earlier.inputs[..] == matrix.names()[..] {
        return Ok(());
    }
    let problem = match earlier.inputs.iter().zip(matrix.names().iter()).find(|(had, has)| had != has) {
        Some((had, has)) => format!("the earlier model takes `{had}` where the matrix has `{has}`"),
        None => {
            format!(
                "the earlier model takes {} columns, the matrix has {}",
                earlier.inputs.len(),
                matrix.names().len()
            )
        }
    };
    Err(ModelError::Training { trainer, problem })
}

/// The logistic function 1 / (1 + e^−z), the same bits on every platform; nothing in it overflows, and NaN
/// stays NaN.
pub(super) fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + libm::exp(-z))
    } else {
        let power = libm::exp(z);
        power / (1.0 + power)
    }
}
