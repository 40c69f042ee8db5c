//! What tests of a registry need: a suite that every registry and every store passes, a store that fails when it
//! is told to, and bundles with evidence.

mod conformance;
mod fault;
mod sample;
mod writers;

pub use conformance::conformance;
pub use fault::{Fault, FaultStore};
pub use sample::Sample;
