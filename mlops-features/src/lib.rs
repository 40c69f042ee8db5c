#![doc = include_str!("../README.md")]

mod define;
mod encode;
mod error;
mod fit;
mod fitted;
mod label;
mod read;
mod server;
mod split;
mod threads;
mod time;
mod transform;

pub use define::catalog::Catalog;
pub use define::expression::{Expr, call, column, haversine, numbers, text, texts, weekday};
pub use define::feature::{Feature, Input, Step};
pub use define::function::{Argument, ArgumentError, MAX_ARGUMENTS, ScalarFn, Scratch};
pub use define::set::{FeatureSet, FeatureSetBuilder};
pub use define::source::{Aggregate, Availability, Source, View, Window};
pub use encode::EncodedSparse;
pub use error::FeatureError;
pub use fit::{Fit, FitProgress, Fitting};
pub use fitted::FittedFeatures;
pub use label::{Label, LabelDefinition, Labelled, Labels};
pub use read::TableRow;
pub use server::{FeatureServer, FeaturesFormat};
pub use split::FitSplit;
pub use time::{Appended, EventLog, EventStream, Feed, OnlineState, Replay, Stamp, gather_history};
pub use transform::{
    FitRows, Fitted, Folds, InputKind, Learns, Nulls, Number, OneHot, Ordinal, Refusal, RowTimes, Seen, Standard,
    Target, Transform, TransformError, Unknown, Values, text_of,
};
