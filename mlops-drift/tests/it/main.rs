//! One binary for all tests of the crate.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adwin;
mod distances;
mod laws;
mod monitor;
mod observe;
mod outcomes;
mod performance;
mod profile;
mod rows;
mod samples;
