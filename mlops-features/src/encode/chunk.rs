//! The kernel over some rows of a batch.

use std::borrow::Cow;
use std::ops::Range;

use mlops_core::{EncodeError, SlotField, Value, Vocabulary};

use super::{multiply, one_nan, refused, resolved};
use crate::define::compile::CompiledExpr;
use crate::define::expression::Expr;
use crate::define::feature::{Feature, Input};
use crate::define::plan::PlannedSource;
use crate::define::scratch::Scratch;
use crate::define::set::FeatureSet;
use crate::fitted::FittedFeatures;
use crate::read::BatchReader;
use crate::transform::{Room, Values};

/// How many numbers of a chunk stay in the cache: 256 KiB of them.
const CACHED: usize = 1 << 15;

/// How many rows are computed at a time, of so many numbers each.
pub(crate) fn rows_at_a_time(width: usize) -> usize {
    if width > FeatureSet::WIDEST_DENSE { 1 } else { (CACHED / width.max(1)).clamp(64, 1024) }
}

/// How a column is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// Not at all.
    Not,
    /// Only as the value of features as it is.
    AsItIs,
    /// By functions, which want values.
    Computed,
}

/// How features use each slot.
pub(crate) fn uses<'f>(features: impl Iterator<Item = &'f Feature>, fields: &[SlotField]) -> Vec<Use> {
    let mut by_name = std::collections::BTreeMap::<&str, Use>::new();
    for feature in features {
        let how = match &feature.input {
            Input::Value(Expr::Column(_)) => Use::AsItIs,
            _ => Use::Computed,
        };
        for name in feature.columns() {
            let used = by_name.entry(name).or_insert(how);
            *used = how.max(*used);
        }
    }
    fields.iter().map(|field| by_name.get(field.name.as_str()).copied().unwrap_or(Use::Not)).collect()
}

/// Some rows of the columns that features read.
pub(crate) struct Columns<'a> {
    /// Columns of floats without a null among these rows.
    floats: Vec<Option<&'a [f64]>>,
    /// The others, and those that functions want.
    pub(crate) values: Vec<Vec<Value<'a>>>,
}

/// Some rows of the columns that are used.
pub(crate) fn columns<'a>(
    reader: &'a BatchReader,
    fields: &[SlotField],
    uses: &[Use],
    rows: &Range<usize>,
) -> Columns<'a> {
    let floats = |(column, &used)| {
        if used == Use::Not { None } else { reader.floats(column, rows.clone()) }
    };
    let floats: Vec<Option<&[f64]>> = uses.iter().enumerate().map(floats).collect();
    let values = |(column, field): (usize, &SlotField)| {
        let wanted = uses[column] == Use::Computed || uses[column] == Use::AsItIs && floats[column].is_none();
        if wanted { reader.values(column, field, rows.clone()) } else { Vec::new() }
    };
    let values = fields.iter().enumerate().map(values).collect();
    Columns { floats, values }
}

/// What a feature is made of, row by row.
pub(crate) enum Given<'c, 'a> {
    /// Floats without a null.
    Numbers(&'c [f64]),
    /// Any values.
    Any(Cow<'c, [Value<'a>]>),
}

impl<'a> Columns<'a> {
    /// The values of an expression, of all rows.
    pub(crate) fn given<'c>(&'c self, value: &'a CompiledExpr, rows: usize, scratch: &'a Scratch) -> Given<'c, 'a> {
        match value.slot().and_then(|slot| self.floats[slot]) {
            Some(numbers) => Given::Numbers(numbers),
            None => Given::Any(value.values(&self.values, rows, scratch)),
        }
    }
}

impl Given<'_, '_> {
    /// Texts as categories of the vocabulary that a feature has of its own, if it has one.
    pub(crate) fn resolved(self, own: Option<&Vocabulary>) -> Self {
        match self {
            Self::Any(values) => Self::Any(resolved(values, own)),
            numbers => numbers,
        }
    }

    pub(crate) fn values(&self) -> Values<'_> {
        match self {
            Self::Numbers(numbers) => Values::Numbers(numbers),
            Self::Any(values) => Values::Any(values),
        }
    }

    /// The value of one row.
    pub(crate) fn get(&self, row: usize) -> Option<Value<'_>> {
        match self {
            Self::Numbers(numbers) => numbers.get(row).map(|&x| Value::Float(x)),
            Self::Any(values) => values.get(row).copied(),
        }
    }
}

impl FittedFeatures {
    /// Some rows, to `out`, which has a place for each number, all 0. Of the rows that are refused the first is named.
    pub(super) fn encode_chunk(
        &self,
        reader: &BatchReader,
        mut rows: Range<usize>,
        (scratch, room): (&Scratch, &mut Room),
        out: &mut [f64],
    ) -> Result<(), (usize, EncodeError)> {
        let mut bad = Ok(());
        // Features are computed one after another: a later one may refuse an earlier row.
        while !rows.is_empty()
            && let Err((row, error)) = self.encode_rows(reader, &rows, scratch, room, out)
        {
            rows.end = rows.start + row;
            bad = Err((rows.end, error));
        }
        bad
    }

    fn encode_rows(
        &self,
        reader: &BatchReader,
        range: &Range<usize>,
        scratch: &Scratch,
        room: &mut Room,
        out: &mut [f64],
    ) -> Result<(), (usize, EncodeError)> {
        let (rows, width) = (range.len(), self.names.len());
        let columns = columns(reader, &self.schema.fields, &self.uses, range);
        for &place in &self.order {
            let feature = &self.features[place];
            let numbers = feature.numbers();
            match &feature.source {
                PlannedSource::Value { value, .. } => {
                    let given = columns.given(value, rows, scratch).resolved(feature.own_vocabulary());
                    let out = &mut out[numbers.start..];
                    feature
                        .chain
                        .rows_into(given.values(), &feature.vocabulary, room, out, width)
                        .map_err(|(row, refusal)| (row, refused(&feature.name, refusal, given.get(row))))
                }
                PlannedSource::Product(factors) => {
                    let factors = || factors.iter().map(|&factor| self.features[factor].numbers());
                    let product: usize = factors().map(|factor| factor.len()).product();
                    room.numbers.clear();
                    room.numbers.resize(rows * product, 1.0);
                    for (product, row) in
                        room.numbers.chunks_exact_mut(product.max(1)).zip(out.chunks(width.max(1)))
                    {
                        multiply(factors().map(|factor| &row[factor]), product);
                    }
                    feature
                        .chain
                        .rows_on(rows, &feature.vocabulary, room, &mut out[numbers.start..], width)
                        .map_err(|(row, refusal)| (row, refused(&feature.name, refusal, None)))
                }
            }?;
        }
        out[..rows * width].iter_mut().for_each(|x| *x = one_nan(*x));
        Ok(())
    }
}
