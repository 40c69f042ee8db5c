//! What a comparison of rows answers with.

use crate::compare::Method;

/// A test of rows of numbers on two sides.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RowsTest {
    /// The statistic; it doesn't grow with the number of rows.
    pub statistic: f64,
    /// The probability of a statistic as large or larger without a change; `None` where none was asked for.
    ///
    /// It says whether a change can be told from chance, not whether it is large: with enough rows every change can.
    pub p_value: Option<f64>,
    /// How the p-value was computed.
    pub method: Method,
    /// How many permutations the p-value is from.
    pub permutations: usize,
    /// The bandwidth σ of the kernel, in the data's units, where there is a kernel.
    pub bandwidth: Option<f64>,
    /// Rows of the reference that the statistic is of.
    pub reference_rows: u64,
    /// Rows of the current sample that the statistic is of.
    pub current_rows: u64,
    /// Columns on both sides.
    pub columns: u64,
}

/// (1 + #{≥}) / (1 + B), where the first of the statistics is the data's own, and `scale` is how large the terms are
/// that it is a difference of: what differs by 1e-9 of that, or 1e-13 with `f64`, is equal.
pub(super) fn p_value(statistics: &[f64], scale: f64, tolerance: f64) -> Option<f64> {
    let (own, others) = statistics.split_first()?;
    let least = own - tolerance * scale;
    let at_least = others.iter().filter(|&&other| other >= least).count();
    Some((1 + at_least) as f64 / (1 + others.len()) as f64)
}
