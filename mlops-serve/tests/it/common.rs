//! Matrices to train on.

use mlops_core::{Fingerprint, ModelError, TrainingMatrix};
use ndarray::{Array1, Array2};

pub(crate) fn matrix(values: Array2<f64>, labels: impl IntoIterator<Item = f64>) -> TrainingMatrix {
    let names = (0..values.ncols()).map(|column| format!("x{column}")).collect();
    TrainingMatrix::new(values, labels.into_iter().collect(), names, Fingerprint::of(b"features")).unwrap()
}

/// Numbers in [−1, 1) without a pattern that matters: the fractional parts of multiples of √2, mixed.
pub(crate) fn values(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let index = (row * columns + column + 1) as f64;
        2.0 * (index * std::f64::consts::SQRT_2 * (1.0 + (index * 0.37).sin().abs())).fract() - 1.0
    })
}

/// Label 1 where the first two columns have one sign, which no line separates.
pub(crate) fn xor(rows: usize, columns: usize) -> TrainingMatrix {
    let values = values(rows, columns);
    let labels: Array1<f64> = values.rows().into_iter().map(|row| f64::from(row[0] * row[1] > 0.0)).collect();
    matrix(values, labels)
}

pub(crate) fn problem(error: ModelError) -> String {
    match error {
        ModelError::Training { problem, .. } | ModelError::BadPart { problem, .. } => problem,
        other => panic!("another error: {other:?}"),
    }
}
