//! Features as data.

pub(crate) mod aggregate;
pub(crate) mod catalog;
pub(crate) mod compile;
pub(crate) mod expression;
pub(crate) mod feature;
pub(crate) mod function;
pub(crate) mod lineage;
pub(crate) mod murmur;
pub(crate) mod plan;
pub(crate) mod print;
pub(crate) mod scratch;
pub(crate) mod set;
pub(crate) mod source;
pub(crate) mod step;
