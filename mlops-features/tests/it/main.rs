//! Integration tests of mlops-features, in one binary.

mod allocation;
mod bad_input;
mod encodings;
mod one_kernel;
mod rows;
mod over_time;
