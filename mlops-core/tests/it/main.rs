//! Integration tests of mlops-core, in one binary.

mod bundle;
mod dataset;
mod evaluation;
mod evaluation_laws;
mod gate;
mod scored;
mod toy;
