//! The seams of features: a row becomes slots, slots become numbers.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use crate::{Fingerprint, SlotKind, SlotSchema, Slots, Timestamp};

/// Why a row can't be read, gathered or encoded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The row lacks a field.
    #[error("field `{field}` is missing from the row")]
    MissingField {
        /// The field.
        field: String,
    },
    /// A field of another kind.
    #[error("field `{field}` is {got}, not {wanted}")]
    WrongKind {
        /// The field.
        field: String,
        /// What came.
        got: &'static str,
        /// What was wanted.
        wanted: SlotKind,
    },
    /// A null that the feature's policy refuses.
    #[error("feature `{feature}` got a null, which its null policy refuses")]
    Null {
        /// The feature.
        feature: String,
    },
    /// A category that the feature's policy refuses.
    #[error("feature `{feature}` got `{value}`, which was not seen in fitting and which its policy refuses")]
    Unseen {
        /// The feature.
        feature: String,
        /// The category.
        value: String,
    },
    /// A row that isn't a struct or a map with text keys.
    #[error("a row must be a struct or a map with text keys; got {got}")]
    NotARow {
        /// What came.
        got: &'static str,
    },
    /// A row whose own serialisation failed.
    #[error("the row doesn't serialise: {problem}")]
    Serialize {
        /// What it said.
        problem: String,
    },
    /// A buffer of another length than the encoder has numbers.
    #[error("the output has room for {got} numbers; {wanted} are needed")]
    WrongLength {
        /// What was given.
        got: usize,
        /// What was needed.
        wanted: usize,
    },
    /// State that can't answer as of that time.
    #[error("`{source_name}` can't be gathered as of {at}: {problem}")]
    NotReady {
        /// The view or window.
        source_name: String,
        /// The time that was asked for.
        at: Timestamp,
        /// Why not.
        problem: String,
    },
}

/// Slots become numbers: the half of an [`Encoder`] that doesn't depend on the type of the row.
///
/// # Contract
/// Nothing but the slots decides the numbers, and they are the same bits on every path and platform. Any number
/// of threads may call at once, and nothing is allocated. Encoding never looks at labels.
pub trait SlotEncoder: Send + Sync + fmt::Debug {
    /// What the slots hold: first what the row brings, then what is gathered.
    fn slot_schema(&self) -> &SlotSchema;

    /// The names of the numbers.
    fn names(&self) -> &Arc<[String]>;

    /// The fitted features.
    fn fingerprint(&self) -> Fingerprint;

    /// Computes the numbers, `names().len()` of them.
    ///
    /// # Errors
    /// [`EncodeError`] that names the feature. `numbers` is then of no use.
    fn encode(&self, slots: &Slots, numbers: &mut [f64]) -> Result<(), EncodeError>;
}

/// A row becomes slots, and slots become numbers.
///
/// # Contract
/// That of [`SlotEncoder`]; and nothing but the row decides its slots. `read` allocates nothing once `slots` has
/// grown to what comes.
pub trait Encoder<Row: ?Sized>: SlotEncoder {
    /// Reads a row into the slots of the request; those that are gathered become missing.
    ///
    /// # Errors
    /// [`EncodeError`] that names the field. The slots are then of no use until the next read.
    fn read(&self, row: &Row, slots: &mut Slots) -> Result<(), EncodeError>;
}

/// A row and a time become slots that hold what was known then.
///
/// # Contract
/// No value that became available after `at` reaches a slot. The slots are those of the [`Encoder`] that it was
/// made with. A missed look-up is a missing slot; state that can't answer is [`EncodeError::NotReady`].
pub trait Gather<Row: ?Sized>: Send + Sync + fmt::Debug {
    /// Reads the row and fills in what is gathered; blocks as long as its store does.
    ///
    /// # Errors
    /// [`EncodeError`] that names the field, view or window.
    fn gather(&self, row: &Row, at: Timestamp, slots: &mut Slots) -> Result<(), EncodeError>;

    /// The same for callers that may not block. Stores in memory answer at once; stores behind a network
    /// override this.
    fn gather_async<'a>(
        &'a self,
        row: &'a Row,
        at: Timestamp,
        slots: &'a mut Slots,
    ) -> Pin<Box<dyn Future<Output = Result<(), EncodeError>> + Send + 'a>>
    where
        Row: Sync,
    {
        Box::pin(ready(self.gather(row, at, slots)))
    }
}

/// What a features part gives for serving.
#[derive(Debug)]
pub struct LoadedEncoder<Row: ?Sized> {
    /// Slots to numbers.
    pub encoder: Arc<dyn Encoder<Row>>,
    /// Rows to slots, with what was known.
    pub gather: Arc<dyn Gather<Row>>,
}

impl<Row: ?Sized> Clone for LoadedEncoder<Row> {
    fn clone(&self) -> Self {
        Self { encoder: Arc::clone(&self.encoder), gather: Arc::clone(&self.gather) }
    }
}

/// A part (features, a profile) that can't be loaded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the part can't be loaded: {problem}")]
pub struct FormatError {
    /// What is wrong with it, and where.
    pub problem: String,
}

/// A features part's bytes and the application's catalog of functions become an encoder.
///
/// # Contract
/// Bytes are data: nothing in them is run, and bad ones get an error that says what is wrong. The encoder's
/// fingerprint is computed from what was loaded, not read from the bytes.
pub trait EncoderFormat<Row: ?Sized>: Send + Sync + fmt::Debug {
    /// What a part of this format is called.
    fn media_type(&self) -> &'static str;

    /// The encoder that the bytes hold, and how its rows are gathered.
    ///
    /// # Errors
    /// [`FormatError`] with what is wrong and where.
    fn load(&self, bytes: &[u8]) -> Result<LoadedEncoder<Row>, FormatError>;
}
