//! One binary for all tests of the crate.
#![allow(clippy::unwrap_used)]

mod adwin;
mod distances;
mod laws;
mod monitor;
mod performance;
mod profile;
mod rows;
