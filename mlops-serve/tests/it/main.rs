//! Tests of the crate from the outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(any(feature = "linfa", feature = "candle"))]
mod common;
mod follow;
mod latency;
#[cfg(feature = "log")]
mod log;
#[cfg(feature = "log")]
mod log_read;
#[cfg(feature = "linfa")]
mod logistic;
#[cfg(feature = "candle")]
mod mlp;
mod outcome;
mod runner;
#[cfg(feature = "log")]
mod service;
mod toy;
