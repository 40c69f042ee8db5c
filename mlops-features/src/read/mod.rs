//! Rows and batches become slots.

mod batch;
mod column;
mod row;
mod table_row;

pub(crate) use batch::BatchReader;
pub(crate) use column::Column;
pub(crate) use row::RowReader;
pub use table_row::TableRow;
