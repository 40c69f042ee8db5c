//! The keys of maps.

use serde::ser::Impossible;
use serde::{Serialize, Serializer};

use super::ReadError;

/// A map's key, which has to be a text; handed to a function.
pub(super) struct Key<F>(pub(super) F);

impl<F> Key<F> {
    fn refuse<T>(&self, _: &'static str) -> Result<T, ReadError> {
        Err(ReadError(mlops_core::EncodeError::NotARow { got: "a map with keys that are no texts" }))
    }
}

impl<F: FnOnce(&str) -> Result<(), ReadError>> Serializer for Key<F> {
    type Ok = ();
    type Error = ReadError;

    refuse!(numbers "");
    refuse!(nothing "");
    refuse!(sequences "");
    refuse!(variants "");
    refuse!(maps "");
    unwrap_inner!();
    texts!();

    fn serialize_str(self, text: &str) -> Result<(), ReadError> {
        (self.0)(text)
    }
}
