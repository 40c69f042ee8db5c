//! Rows and batches become slots.

mod batch;
mod row;

pub(crate) use batch::BatchReader;
pub(crate) use row::RowReader;
