//! What can go wrong with features.

use std::path::PathBuf;

use arrow::error::ArrowError;
use mlops_core::{DatasetError, EncodeError, Fingerprint, SchemaError, SlotKind, Timestamp};
use parquet::errors::ParquetError;

use crate::transform::TransformError;

/// Why features can't be defined, fitted, gathered, encoded or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// Two things of one name.
    #[error("there are two {what} named `{name}`")]
    Duplicate {
        /// `columns`, `features`, …
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that nothing has.
    #[error("`{user}` uses the {what} `{name}`, which the set doesn't have")]
    Unknown {
        /// `column`, `source`, …
        what: &'static str,
        /// The name.
        name: String,
        /// Who uses it.
        user: String,
    },
    /// A function that the catalog doesn't have.
    #[error("`{user}` calls `{function}` version {version}, which is not registered in the catalog")]
    UnknownFunction {
        /// The function.
        function: String,
        /// Its version.
        version: u32,
        /// Who calls it.
        user: String,
    },
    /// A transform that the catalog doesn't have.
    #[error("`{user}` uses the transform `{transform}` version {version}, which is not registered in the catalog")]
    UnknownTransform {
        /// The transform.
        transform: String,
        /// Its version.
        version: u32,
        /// The feature that uses it.
        user: String,
    },
    /// A value that nothing makes into numbers.
    #[error("feature `{feature}` has no transform that makes numbers of its value")]
    NoTransform {
        /// The feature.
        feature: String,
    },
    /// A transform that can't be used, fitted or loaded.
    #[error("feature `{feature}` can't be transformed by `{transform}`")]
    Transform {
        /// The feature.
        feature: String,
        /// The transform.
        transform: String,
        /// Why.
        source: TransformError,
    },
    /// An aggregate that the catalog doesn't have.
    #[error("`{user}` uses the aggregate `{aggregate}` version {version}, which is not registered in the catalog")]
    UnknownAggregate {
        /// The aggregate.
        aggregate: String,
        /// Its version.
        version: u32,
        /// The window that uses it.
        user: String,
    },
    /// An aggregate that can't be used.
    #[error("the window `{window}` can't aggregate by `{aggregate}`")]
    Aggregate {
        /// The window.
        window: String,
        /// The aggregate.
        aggregate: String,
        /// Why.
        source: TransformError,
    },
    /// Features that are made of each other.
    #[error("the features {} are made of each other", quoted(features))]
    Cycle {
        /// The features that are in the cycle, or made of it.
        features: Vec<String>,
    },
    /// A transform that learns from labels, without any.
    #[error("feature `{feature}` learns from labels, which were not given for these rows")]
    NoLabels {
        /// The feature.
        feature: String,
    },
    /// A fit that has seen no row.
    #[error("`{set}` can't be fitted on no rows")]
    NoRows {
        /// The set.
        set: String,
    },
    /// Passes that don't belong together.
    #[error("{got} can't be merged into {wanted}: they are of different fits")]
    OtherFit {
        /// What was to be merged.
        got: String,
        /// Into what.
        wanted: String,
    },
    /// An argument of a kind that the function doesn't take.
    #[error("`{user}` calls `{function}` with {got} as argument {argument}, where it takes {wanted}")]
    WrongArgument {
        /// Who calls.
        user: String,
        /// The function.
        function: String,
        /// Which argument, from 0.
        argument: usize,
        /// What it was given.
        got: String,
        /// What it takes.
        wanted: String,
    },
    /// A value of a kind that its encoding doesn't take.
    #[error("feature `{feature}` is {got}; its encoding takes {wanted}")]
    WrongKind {
        /// The feature.
        feature: String,
        /// What it is.
        got: SlotKind,
        /// What the encoding takes.
        wanted: &'static str,
    },
    /// A parameter out of its range.
    #[error("{parameter} of `{name}` is {got}; it must be {allowed}")]
    Parameter {
        /// Whose parameter.
        name: String,
        /// Which.
        parameter: &'static str,
        /// What it is.
        got: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A name that was asked for and that nothing in the set has.
    #[error("the set `{set}` has no {what} `{name}`")]
    NotInSet {
        /// The set.
        set: String,
        /// `feature` or `number`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A set without any feature.
    #[error("the set `{set}` has no feature")]
    NoFeature {
        /// The set.
        set: String,
    },
    /// More numbers a row than a matrix of all of them may have.
    #[error(
        "`{set}` makes {width} numbers of a row, where a matrix may have {allowed}: build it with `sparse()` and encode \
         it by `encode_batch_sparse`, or let it make fewer"
    )]
    TooWide {
        /// The set.
        set: String,
        /// How many it makes.
        width: usize,
        /// How many it may make.
        allowed: usize,
    },
    /// A table that doesn't fit.
    #[error("the rows of {table} don't fit")]
    Schema {
        /// Which table.
        table: String,
        /// What doesn't fit.
        source: SchemaError,
    },
    /// A row that can't be read, gathered or encoded.
    #[error("row {row} can't be used")]
    Row {
        /// Its number, from 0.
        row: usize,
        /// Why.
        source: EncodeError,
    },
    /// A row that can't be read as an event.
    #[error("an event of `{name}` can't be read")]
    Event {
        /// The event's source.
        name: String,
        /// Why.
        source: EncodeError,
    },
    /// An event with more text than is kept of a row.
    #[error("an event of `{name}` has more than {allowed} bytes of text")]
    LongEvent {
        /// The event's source.
        name: String,
        /// How many it may have.
        allowed: usize,
    },
    /// A source whose events are in no table.
    #[error("there is no table for the source `{name}`")]
    NoTable {
        /// The source.
        name: String,
    },
    /// A log that lacks events which were passed on before.
    #[error("the log has {got} events of `{name}`, but {wanted} were passed on: it is another log")]
    OtherLog {
        /// The events' source.
        name: String,
        /// How many the log has.
        got: u64,
        /// How many were passed on.
        wanted: u64,
    },
    /// A log that someone else is writing.
    #[error("the log in `{}` is open for writing elsewhere", path.display())]
    InUse {
        /// The log's folder.
        path: PathBuf,
    },
    /// A file that ends in half a record, so that nothing may be written behind it.
    #[error("`{}` ends in half a record: seal it, or open the log again", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
    /// A null where the row needs a value.
    #[error("row {row} of {table} has a null in column `{column}`, which has to hold a value")]
    NullKey {
        /// Which table.
        table: String,
        /// The row's number, from 0.
        row: usize,
        /// The column.
        column: String,
    },
    /// A null among the items of a list.
    #[error("row {row} of {table} has a null in the list of column `{column}`")]
    NullItem {
        /// Which table.
        table: String,
        /// The row's number, from 0.
        row: usize,
        /// The column.
        column: String,
    },
    /// A source with a column of lists.
    #[error("column `{column}` of the source `{name}` is a {kind}; events hold no lists")]
    ListInEvent {
        /// The source.
        name: String,
        /// The column.
        column: String,
        /// What it holds.
        kind: SlotKind,
    },
    /// Labels that are not one a row.
    #[error("{got} labels were given for {wanted} rows")]
    WrongLength {
        /// How many were given.
        got: usize,
        /// How many there are.
        wanted: usize,
    },
    /// No row to fit on.
    #[error("of {rows} rows none has a label that was available by {cutoff}: nothing to fit on")]
    NothingToFit {
        /// How many rows there were.
        rows: usize,
        /// The cut-off.
        cutoff: Timestamp,
    },
    /// Stored features of a later format.
    #[error("the features are of format {got}; this library reads up to {known}")]
    NewerFormat {
        /// Their format.
        got: u32,
        /// The latest that is known.
        known: u32,
    },
    /// Stored features that don't hold together.
    #[error("the stored features are bad: {problem}")]
    Corrupt {
        /// What is wrong.
        problem: String,
    },
    /// State that was made for other views.
    #[error("the online state is of the views {got}; the features are gathered from {wanted}")]
    ForeignState {
        /// The views of the state.
        got: Fingerprint,
        /// The views of the features.
        wanted: Fingerprint,
    },
    /// State that has not seen all events of its log yet.
    #[error("the state of the views {views} is not ready: past events are still being read")]
    StateNotReady {
        /// Its views.
        views: Fingerprint,
    },
    /// A store that holds another view of that name.
    #[error("the store's view `{view}` is of the definition {got}, not of {wanted}")]
    OtherView {
        /// The view.
        view: String,
        /// The fingerprint of what is stored.
        got: Fingerprint,
        /// The fingerprint of the view that was asked for.
        wanted: Fingerprint,
    },
    /// A stored value of a later format.
    #[error("a stored value of the view `{view}` is of format {got}; this library reads up to {known}")]
    NewerValue {
        /// The view.
        view: String,
        /// Its format.
        got: u8,
        /// The latest that is known.
        known: u8,
    },
    /// A stored value that doesn't hold together.
    #[error("a stored value of the view `{view}` is bad: {problem}")]
    BadValue {
        /// The view.
        view: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A store that failed, or can't be reached.
    #[error("the store `{store}` failed to {call}")]
    Store {
        /// Which store.
        store: String,
        /// `open`, `put` or `get`.
        call: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A feature that has no form in ONNX.
    #[cfg(feature = "onnx")]
    #[error("feature `{feature}` can't be written in ONNX, which lacks {what}")]
    NotInOnnx {
        /// The feature.
        feature: String,
        /// What ONNX lacks.
        what: String,
    },
    /// A file that can't be read or written.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that isn't whole Parquet.
    #[error("`{}` is not a whole segment of events", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// What the reader met.
        source: ParquetError,
    },
    /// A table that can't be cut as is needed.
    #[error("the table can't be used")]
    Dataset {
        /// What was met.
        #[from]
        source: DatasetError,
    },
    /// Columns that can't be put together.
    #[error("the columns can't be put together")]
    Arrow {
        /// What was met.
        #[from]
        source: ArrowError,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
