//! What a registry promises, on the stores that it is kept on.

mod faults;
mod format;
mod one_history;
mod release;
mod stores;
mod tampering;
