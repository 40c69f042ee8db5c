//! A table of floats that is filled by place and read by row.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use mlops_core::Value;

use super::groups::Groups;
use super::prefix::MISSING;
use super::{SHARE, threads};
use crate::threads::{share_of, share_out};

/// Floats by place; `MISSING` stands for one that is missing. Those of a row lie side by side, since it is read whole.
pub(super) struct Table {
    floats: Vec<f64>,
    columns: usize,
}

/// The rows of some entities.
pub(super) struct Part<'a> {
    floats: &'a mut [f64],
    columns: usize,
}

/// A column for the rows of an entity.
pub(crate) struct Cells<'a> {
    floats: &'a mut [f64],
    columns: usize,
    column: usize,
}

/// Rows that are near enough in the cache to be read column by column.
const BLOCK: usize = 1 << 8;

impl Table {
    pub(super) fn new(rows: &Groups, columns: usize) -> Self {
        Self { floats: vec![0.0; rows.len() * columns], columns }
    }

    /// Its rows in parts of the entities.
    pub(super) fn split(&mut self, rows: &Groups, parts: &[Range<usize>]) -> Vec<Part<'_>> {
        let columns = self.columns;
        let parts = rows.split(&mut self.floats, parts, columns);
        parts.into_iter().map(|floats| Part { floats, columns }).collect()
    }

    /// Its columns in the order of the rows; a row of no entity has nothing.
    pub(super) fn by_row(self, rows: &Groups) -> Vec<ArrayRef> {
        let Self { floats, columns: width } = self;
        let places = rows.places();
        let mut columns = share_out(threads(), vec![places.len(); width], |rows| vec![0.0; rows]);
        let share = share_of(places.len(), SHARE, threads());
        let mut shares: Vec<_> = places.chunks(share).map(|places| (places, Vec::new())).collect();
        for column in &mut columns {
            shares.iter_mut().zip(column.chunks_mut(share)).for_each(|((_, columns), chunk)| columns.push(chunk));
        }
        let no_row = vec![f64::from_bits(MISSING); width];
        share_out(threads(), shares, |(places, mut columns): (&[u32], Vec<&mut [f64]>)| {
            let mut block = Vec::with_capacity(BLOCK);
            for (start, places) in (0..).step_by(BLOCK).zip(places.chunks(BLOCK)) {
                block.clear();
                let row = |place: &u32| floats.get(*place as usize * width..).and_then(|row| row.get(..width));
                block.extend(places.iter().map(|place| row(place).unwrap_or(&no_row)));
                for (column, values) in columns.iter_mut().enumerate() {
                    values[start..].iter_mut().zip(&block).for_each(|(value, row)| *value = row[column]);
                }
            }
        });
        share_out(threads(), columns, |values: Vec<f64>| {
            let is_missing = |value: &f64| value.to_bits() == MISSING;
            let nulls = values.iter().any(is_missing).then(|| {
                NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |row| !is_missing(&values[row])))
            });
            Arc::new(Float64Array::new(values.into(), nulls)) as ArrayRef
        })
    }
}

impl<'a> Part<'a> {
    /// The next rows.
    pub(super) fn next(&mut self, rows: usize) -> Part<'a> {
        let floats = self.floats.split_off_mut(..rows * self.columns).expect("a part has its entities' rows");
        Part { floats, columns: self.columns }
    }

    pub(super) fn column(&mut self, column: usize) -> Cells<'_> {
        Cells { floats: self.floats, columns: self.columns, column }
    }
}

impl Cells<'_> {
    /// Fills the cell of a row.
    #[inline]
    pub(crate) fn put(&mut self, row: usize, value: Value<'_>) {
        self.floats[row * self.columns + self.column] = cell(value);
    }

    /// Fills the cells of all rows.
    #[inline]
    pub(crate) fn fill<'v>(&mut self, values: impl Iterator<Item = Value<'v>>) {
        let cells = self.floats.iter_mut().skip(self.column).step_by(self.columns);
        cells.zip(values).for_each(|(cell_of_row, value)| *cell_of_row = cell(value));
    }
}

#[inline]
fn cell(value: Value<'_>) -> f64 {
    match value {
        // Of the NaNs, one stands for what is missing.
        Value::Float(x) if x.to_bits() == MISSING => f64::NAN,
        Value::Float(x) => x,
        _ => f64::from_bits(MISSING),
    }
}
