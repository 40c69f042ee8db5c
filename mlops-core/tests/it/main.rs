//! Integration tests of mlops-core, in one binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bundle;
mod dataset;
mod evaluation;
mod evaluation_laws;
mod gate;
mod golden_lists;
mod pipeline;
mod scored;
mod tables;
mod toy;
mod vocabulary;
