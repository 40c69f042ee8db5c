//! Integration tests of mlops-core, in one binary.

mod evaluation;
mod evaluation_laws;
mod gate;
mod scored;
mod toy;
