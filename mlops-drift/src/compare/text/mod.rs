//! Texts become numbers that say how far apart two samples of them are.

#[cfg(feature = "linfa")]
mod classifier;
mod reference;
mod script;
mod words;

#[cfg(feature = "linfa")]
pub use classifier::{TextDomainDrift, WordWeight, text_domain_classifier};
pub use reference::{ScriptShare, TextDrift, TextReference};
pub use script::Script;
