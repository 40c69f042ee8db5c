//! Drift as other tools compute it: the same numbers, thresholds and choice of test, by the name of the tool.
//!
//! For those who come from another tool, or have to answer for numbers beside its own. What is new is better served
//! by the crate's own comparisons: each module here says where they differ, and why.
//!
//! | | [`evidently`] 0.7.23 | [`nannyml`] 0.13.1 | [`scouter`] 0.25 | [`frouros`] 0.9.0 |
//! |---|---|---|---|---|
//! | test of numbers | by rows and different values | Jensen–Shannon | PSI | the caller's |
//! | test of categories | by rows and different values | Jensen–Shannon | PSI | the caller's |
//! | bins | Sturges, both sides, or by value | Doane, reference; 10,000 for KS and Wasserstein | 10 by quantiles, reference | 10 of equal width, both sides |
//! | empty bins in a PSI | 0.0001, or less | no PSI | 1e-10 on every share | 2.2e-308 |
//! | missing values | dropped | dropped | dropped from the reference, in no bin after | refused |
//! | unseen categories | like others | one more bin (a row of the table for chi-square) | in no bin | like others |
//! | alarm | p < 0.05 or distance ≥ 0.1 | above mean + 3 standard deviations of reference chunks | above χ²(0.95; B − 1) / M | the caller's |
//!
//! Each statistic was compared with what the tool itself gives on more than 300 generated pairs of samples, by the
//! scripts `tests/oracle/compat_*.py`: distances agree to 1e-12, p-values to 1e-10, relative. Where terms cancel, the
//! square of a distance agrees to 4e-16, absolute.

mod counts;
mod distances;
pub mod evidently;
pub mod frouros;
mod kolmogorov;
pub mod nannyml;
mod numpy;
pub mod scouter;

pub use counts::Categories;
