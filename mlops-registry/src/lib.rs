#![doc = include_str!("../README.md")]

mod blocking;
mod error;
mod evidence;
mod history;
mod log;
mod name;
mod registry;
#[cfg(feature = "testing")]
pub mod testing;

pub use blocking::BlockingRegistry;
pub use error::{LogProblem, RegistryError};
pub use history::{Action, AliasMove, Recorded, Registration, Version};
pub use log::{LogRegistry, Verified};
pub use registry::{Promotion, Registry};
