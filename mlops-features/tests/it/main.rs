//! Integration tests of mlops-features, in one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod bad_input;
mod encodings;
mod events_damaged;
mod events_killed;
mod events_online;
mod functions;
mod functions_lists;
mod functions_text;
mod functions_time;
mod lists;
mod nested;
mod numeric_transforms;
mod one_kernel;
mod outputs;
mod over_time;
mod printing;
mod rows;
mod streams;
