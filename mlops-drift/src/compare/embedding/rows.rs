//! Rows of numbers on two sides, checked and brought to one scale.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis, s};

use crate::DriftError;

/// Refuses sides that have fewer than `least` rows, no column, other widths, or a value that is not finite.
pub(super) fn check(
    reference: &ArrayView2<f64>,
    current: &ArrayView2<f64>,
    least: usize,
) -> Result<(), DriftError> {
    check_side("reference", reference, least)?;
    check_side("current", current, least)?;
    if reference.ncols() != current.ncols() {
        return Err(DriftError::OtherWidths { reference: reference.ncols(), current: current.ncols() });
    }
    Ok(())
}

/// The same for one side.
pub(super) fn check_side(side: &'static str, rows: &ArrayView2<f64>, least: usize) -> Result<(), DriftError> {
    if rows.nrows() == 0 {
        return Err(DriftError::Empty { side });
    }
    if rows.ncols() == 0 {
        return Err(DriftError::NoColumns { side });
    }
    if rows.nrows() < least {
        return Err(DriftError::TooFewRows { side, rows: rows.nrows(), least });
    }
    match rows.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((row, column), _)) => Err(DriftError::NotFinite { side, row, column }),
        None => Ok(()),
    }
}

/// Both sides below each other, near 0 and of a size of about 1, which loses no digit of a difference.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) rows: Array2<f64>,
    /// What was taken from each column, in the same unit.
    pub(super) centre: Array1<f64>,
    /// A length in `rows` times this is one in the data; a power of two.
    pub(super) unit: f64,
}

impl Pooled {
    pub(super) fn of(reference: &ArrayView2<f64>, current: &ArrayView2<f64>) -> Self {
        let n = reference.nrows();
        let mut rows = Array2::zeros((n + current.nrows(), reference.ncols()));
        rows.slice_mut(s![..n, ..]).assign(reference);
        rows.slice_mut(s![n.., ..]).assign(current);
        let largest = rows.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        // Its power of two alone.
        let power = f64::from_bits(largest.to_bits() & (0x7FF << 52)).max(f64::MIN_POSITIVE);
        let unit = if largest > 0.0 { power } else { 1.0 };
        rows.mapv_inplace(|x| x / unit);
        // A distance is the same from any centre, but its digits aren't: the medians of some rows are near most rows,
        // however far out a few may lie.
        let step = rows.nrows().div_ceil(63);
        let take_centre = |mut column: ArrayViewMut1<f64>| {
            let mut some: Vec<f64> = column.iter().step_by(step).copied().collect();
            some.sort_unstable_by(f64::total_cmp);
            let centre = some[some.len() / 2];
            column.mapv_inplace(|x| x - centre);
            centre
        };
        let centre = rows.axis_iter_mut(Axis(1)).map(take_centre).collect();
        Self { rows, centre, unit }
    }
}
