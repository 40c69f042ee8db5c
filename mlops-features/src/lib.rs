#![doc = include_str!("../README.md")]

mod define;
mod encode;
mod error;
mod fit;
mod fitted;
mod label;
#[cfg(feature = "onnx")]
mod onnx;
mod read;
mod server;
mod split;
mod store;
mod stored;
mod threads;
mod time;
mod transform;
mod verify;

pub use define::aggregate::{
    Aggregate, ApproximateDistinct, ApproximateQuantile, Count, Distinct, First, Last, Max, Mean, Min, Needs, Rate,
    Sum, TimeSinceLast, TopK, Variance, Within,
};
pub use define::catalog::Catalog;
pub use define::expression::{
    Expr, call, column, concat, cross, geohash, haversine, numbers, text, texts, weekday,
};
pub use define::feature::{Feature, Input};
pub use define::function::{Argument, ArgumentError, MAX_ARGUMENTS, ScalarFn, Scratch, as_float};
pub use define::lineage::Lineage;
pub use define::set::{FeatureSet, FeatureSetBuilder};
pub use define::source::{Availability, Late, LeadingEdge, Limit, Overflow, Source, Unique, View, Window};
pub use define::step::Step;
pub use encode::EncodedSparse;
pub use error::FeatureError;
pub use fit::{Fit, FitProgress, Fitting};
pub use fitted::FittedFeatures;
pub use label::{Label, LabelDefinition, Labelled, Labels};
pub use read::TableRow;
pub use server::{FeatureServer, FeaturesFormat};
pub use split::FitSplit;
#[cfg(feature = "redb")]
pub use store::RedbStore;
pub use store::{
    Materialize, MaterializeCursor, Materialized, MemoryStore, OnlineStore, Record, StoreKey, StorePut, StoreView,
};
#[cfg(feature = "redis")]
pub use store::{RedisOptions, RedisStore};
pub use time::{
    Appended, Backfill, EventLog, EventStream, Feed, OnlineState, OnlineStates, Replay, Stamp, gather_files,
    gather_history, gather_tables,
};
pub use transform::{
    BucketEncoding, Bucketise, ClipToQuantiles, Distribution, DropConstant, DropMissing, Edges, Fill, Impute,
    MaxAbs, MinMax, NaNs, Power, PowerMethod, Quantile, Robust,
};
pub use transform::{
    CategoryCount, Classes, Dropped, FitRows, Fitted, Folds, Frequency, Hashing, Infrequent, InputKind, Learns,
    Norm, NullPlace, NullTexts, Nulls, Number, OneHot, Ordinal, Refusal, RowTimes, Seen, Smoothing, Standard,
    Target, TfIdf, Transform, TransformError, Unknown, Values, text_of,
};
pub use verify::{Difference, Verified};

/// What tests of an online store need: a suite that every store passes.
#[cfg(feature = "testing")]
pub mod testing {
    pub use crate::store::conformance;
}
