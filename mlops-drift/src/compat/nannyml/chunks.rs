//! Cutting rows into chunks.

use std::ops::Range;

use crate::DriftError;
use crate::error::out_of_range;

/// How rows are cut into chunks. What is left over is a chunk of its own, however few rows it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunks {
    /// Ten chunks of n // 10 rows, and an eleventh of what is left over: NannyML's default.
    #[default]
    Ten,
    /// So many chunks of n // number rows, and one more of what is left over: `chunk_number`.
    Number(usize),
    /// Chunks of so many rows: `chunk_size`.
    Size(usize),
}

impl Chunks {
    /// The chunks of so many rows.
    ///
    /// # Errors
    /// [`DriftError::OutOfRange`] where a chunk would have no row.
    ///
    /// ```
    /// use mlops_drift::compat::nannyml::Chunks;
    ///
    /// let chunks = Chunks::default().of(25).unwrap();
    /// assert_eq!((chunks.len(), chunks[0].clone(), chunks[12].clone()), (13, 0..2, 24..25));
    /// assert!(Chunks::default().of(9).is_err());
    /// ```
    pub fn of(self, rows: usize) -> Result<Vec<Range<usize>>, DriftError> {
        let size = match self {
            Self::Ten => rows / 10,
            Self::Number(number) => rows.checked_div(number).unwrap_or(0),
            Self::Size(size) => size,
        };
        if size == 0 {
            return out_of_range("rows in a chunk", &size, "at least 1");
        }
        Ok((0..rows).step_by(size).map(|start| start..rows.min(start.saturating_add(size))).collect())
    }
}
