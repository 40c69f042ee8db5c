//! What people look at.

mod table;

pub use table::Table;
