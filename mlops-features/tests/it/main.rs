//! Integration tests of mlops-features, in one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod bad_input;
mod encodings;
mod events_damaged;
mod events_killed;
mod events_online;
mod functions;
mod one_kernel;
mod outputs;
mod over_time;
mod rows;
mod streams;
