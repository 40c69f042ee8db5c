//! A profile as bytes.

use std::collections::HashSet;
use std::sync::Arc;

use mlops_core::{Fingerprint, json_floats};
use serde::{Deserialize, Serialize};

use super::{BinCounts, Bins, CategoryBins, NumericBins, Plan, ProfileColumn, ReferenceProfile, Source};
use crate::DriftError;
use crate::error::out_of_range;

/// The latest format. The second is the first with up to 129 edges a column, and is written where one has over 16.
const FORMAT: u32 = 2;
const EDGES_OF_FORMAT_1: usize = 16;
/// Counts up to here are exact as floats.
const MAX_ROWS: u64 = 1 << 53;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    format: u32,
    rows: u64,
    columns: Vec<StoredColumn>,
    /// One list a column.
    counts: Vec<Vec<u64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_loss: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredColumn {
    name: String,
    source: StoredSource,
    bins: StoredBins,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredSource {
    Slot(u32),
    Output(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredBins {
    Numeric {
        #[serde(with = "json_floats")]
        edges: Vec<f64>,
    },
    Category {
        texts: Vec<String>,
        codes: Vec<u32>,
    },
    Presence {},
}

fn not_a_profile(problem: &dyn std::fmt::Display) -> DriftError {
    DriftError::NotAProfile { problem: problem.to_string() }
}

fn stored(name: &str, source: Source, bins: &Bins) -> Result<StoredColumn, DriftError> {
    let index = |i: usize| u32::try_from(i).map_err(|error| not_a_profile(&error));
    let source = match source {
        Source::Slot(i) => StoredSource::Slot(index(i)?),
        Source::Output(i) => StoredSource::Output(index(i)?),
    };
    let bins = match bins {
        Bins::Numeric(bins) => StoredBins::Numeric { edges: bins.edges().to_vec() },
        Bins::Category(bins) => StoredBins::Category { texts: bins.texts().to_vec(), codes: bins.codes().to_vec() },
        Bins::Presence => StoredBins::Presence {},
    };
    Ok(StoredColumn { name: name.into(), source, bins })
}

impl ReferenceProfile {
    /// A profile of these columns, each with its counts.
    pub(super) fn from_columns(
        rows: u64,
        parts: Vec<(String, Source, Bins, Vec<u64>)>,
        log_loss: Option<f64>,
    ) -> Result<Self, DriftError> {
        if let Some(got) = log_loss
            && !(got >= 0.0 && got.is_finite())
        {
            return out_of_range("log_loss", &got, "0 and more");
        }
        let mut columns: Vec<ProfileColumn> = Vec::with_capacity(parts.len());
        let mut names = HashSet::new();
        let mut text = Stored { format: 1, rows, columns: Vec::new(), counts: Vec::new(), log_loss };
        let mut all = Vec::new();
        for (name, source, bins, counts) in parts {
            if !names.insert((name.clone(), matches!(source, Source::Slot(_)))) {
                return Err(DriftError::RepeatedColumn { column: name });
            }
            let bad = |problem| Err(DriftError::BadColumn { column: name.clone(), problem });
            if counts.len() != bins.len() {
                return bad("it has not one count for each bin");
            }
            let sum = counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
            if sum != Some(rows) || rows > MAX_ROWS {
                return bad("its counts don't add up to the number of rows");
            }
            if matches!(&bins, Bins::Numeric(bins) if bins.edges().len() > EDGES_OF_FORMAT_1) {
                text.format = FORMAT;
            }
            text.columns.push(stored(&name, source, &bins)?);
            columns.push(ProfileColumn { name, source, bins, offset: all.len() });
            all.extend_from_slice(&counts);
            text.counts.push(counts);
        }
        if rows == 0 {
            return Err(DriftError::Empty { side: "reference" });
        }
        let profile =
            Fingerprint::of_json("drift profile bins", &text.columns).map_err(|error| not_a_profile(&error))?;
        let bytes = serde_json::to_vec(&text).map_err(|error| not_a_profile(&error))?;
        let reference = BinCounts { profile, rows, counts: all };
        let plan = Arc::new(Plan::new(&columns));
        Ok(Self { columns, plan, reference, log_loss, bytes: bytes.into() })
    }

    /// The profile that the bytes of a part hold. What they cost in memory is in proportion to their length.
    ///
    /// # Errors
    /// [`DriftError::NewerFormat`], or what is wrong with the bytes and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DriftError> {
        #[derive(Deserialize)]
        struct OnlyFormat {
            format: u32,
        }
        let OnlyFormat { format: got } = serde_json::from_slice(bytes).map_err(|error| not_a_profile(&error))?;
        if got > FORMAT {
            return Err(DriftError::NewerFormat { got, supported: FORMAT });
        }
        let Stored { rows, columns, counts, log_loss, .. } =
            serde_json::from_slice(bytes).map_err(|error| not_a_profile(&error))?;
        if columns.len() != counts.len() {
            return Err(not_a_profile(&"it has not one list of counts for each column"));
        }
        let mut parts = Vec::with_capacity(columns.len());
        for (StoredColumn { name, source, bins }, counts) in columns.into_iter().zip(counts) {
            let bins = match bins {
                StoredBins::Numeric { edges } => NumericBins::new(&edges).map(Bins::Numeric),
                StoredBins::Category { texts, codes } => CategoryBins::new(texts, codes).map(Bins::Category),
                StoredBins::Presence {} => Ok(Bins::Presence),
            };
            let bins = bins.map_err(|problem| DriftError::BadColumn { column: name.clone(), problem })?;
            let source = match source {
                StoredSource::Slot(i) => Source::Slot(i as usize),
                StoredSource::Output(i) => Source::Output(i as usize),
            };
            parts.push((name, source, bins, counts));
        }
        Self::from_columns(rows, parts, log_loss)
    }
}
