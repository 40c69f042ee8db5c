//! One binary for all tests of the crate.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adwin;
mod codes;
mod compat;
mod correction;
mod counts;
mod distances;
mod domain;
mod embedding;
mod laws;
mod monitor;
mod observe;
mod outcomes;
mod performance;
mod prepared;
mod profile;
mod rows;
mod samples;
mod two_samples;
