//! Integration tests of mlops-features, in one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aggregate_laws;
mod allocation;
mod bad_input;
mod category_codes;
mod category_laws;
mod category_policies;
mod category_transforms;
mod definitions;
mod encodings;
mod events_backfill;
mod events_damaged;
mod events_killed;
mod events_online;
mod events_unique;
mod functions;
mod functions_lists;
mod functions_text;
mod functions_time;
mod history;
mod interactions;
mod kept_features;
mod lists;
mod mutated_input;
mod named_errors;
mod nested;
mod numeric_transforms;
mod one_kernel;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "onnx")]
mod onnx_run;
mod outputs;
mod over_time;
mod printing;
mod random_definitions;
mod random_rows;
mod random_transforms;
mod rows;
mod store_damaged;
mod store_materialize;
#[cfg(all(feature = "redb", unix))]
mod store_redb;
#[cfg(feature = "redis")]
mod store_redis;
mod store_support;
mod stores;
mod streams;
mod target_transforms;
mod verify;
mod wide;
mod window_values;
mod windows;
