//! Drift as other tools compute it: the same numbers, thresholds and choice of test, by the name of the tool.
//!
//! For those who come from another tool, or have to answer for numbers beside its own. What is new is better served by
//! the crate's own comparisons, whose documentation says why; each module here lists where they differ.
//!
//! | | [`evidently`] |
//! |---|---|
//! | version | 0.7.23 |
//! | a column of numbers | test by rows and different values |
//! | bins of numbers | Sturges, both sides together |
//! | empty bins | 0.0001, or less |
//! | missing values | dropped |
//! | unseen categories | a category like others |
//! | alarm | p-value or distance, fixed |
//!
//! Each number was compared with what the tool itself gives on more than 300 generated pairs of samples.

mod counts;
mod distances;
pub mod evidently;
pub mod frouros;
mod kolmogorov;
pub mod nannyml;
mod numpy;
pub mod scouter;

pub use counts::Categories;
