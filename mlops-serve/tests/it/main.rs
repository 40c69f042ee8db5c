//! Tests of the crate from the outside.

#![allow(clippy::unwrap_used)]

#[cfg(any(feature = "linfa", feature = "candle"))]
mod common;
#[cfg(feature = "linfa")]
mod logistic;
#[cfg(feature = "candle")]
mod mlp;
