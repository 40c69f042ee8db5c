//! Rows that were served, replayed from the log.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use mlops_core::{Dataset, SlotEncoder, Slots, Timestamp, Value};

use crate::FeatureError;
use crate::define::catalog::Catalog;
use crate::fitted::FittedFeatures;
use crate::read::BatchReader;
use crate::time::{EventLog, gather_history};

/// How many differences are told one by one.
const TOLD: usize = 100;

/// What a replay of served rows found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// How many rows were replayed.
    pub rows: usize,
    /// How many of their values were served otherwise.
    pub differing: usize,
    /// The first hundred of these, by row.
    pub differences: Vec<Difference>,
}

/// A value that was served otherwise than history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The row of the table, from 0.
    pub row: usize,
    /// The column of the table: a view's field, a window, or `number.` and the name of a number.
    pub column: String,
    /// What was served, as text.
    pub served: String,
    /// What history has, as text, or why the row can't be encoded from it.
    pub replayed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, column, served, replayed } = self;
        write!(f, "`{column}` of row {row} was served as {served}; history has {replayed}")
    }
}

impl Verified {
    fn add(&mut self, row: usize, column: &str, served: &Shown<'_>, replayed: &impl fmt::Display) {
        self.differing += 1;
        if self.differences.len() < TOLD {
            let (column, served, replayed) = (column.into(), served.to_string(), replayed.to_string());
            self.differences.push(Difference { row, column, served, replayed });
        }
    }
}

/// A value as text; floats by their shortest digits.
struct Shown<'a>(Value<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Missing => f.write_str("null"),
            Value::Float(x) => write!(f, "{x:?}"),
            Value::Int(x) => write!(f, "{x}"),
            Value::Time(t) => write!(f, "{t}"),
            Value::Text(text) | Value::Unseen(text) => write!(f, "{text:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Whether two values are the same, floats by their bits.
fn same(one: Value<'_>, other: Value<'_>) -> bool {
    match (one, other) {
        (Value::Float(one), Value::Float(other)) => one.to_bits() == other.to_bits(),
        (Value::Numbers(one), Value::Numbers(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.to_bits() == other.to_bits())
        }
        (one, other) => one == other,
    }
}

impl FittedFeatures {
    /// Gathers and encodes rows that were served once more, from the log as of the times at which they were served, and
    /// holds every value to what was served, bit for bit. What differs was skewed in production: state that lost an event
    /// or a store that lagged behind, events that were changed afterwards, other code or another definition.
    ///
    /// `served` has a row for each answer: the columns of the request, those of the set's views and windows, a column
    /// `number.` and the name for each number that the model was given, and `at`, the time as of which it was served. It
    /// is what a prediction log reads back for one version. A part of it will do for a sample, but the log is read from
    /// its beginning for any.
    ///
    /// An event that was logged at the very microsecond of `at` after the row was served counts in history alone.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::time::Duration;
    /// # use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
    /// # use mlops_core::{Dataset, Timestamp};
    /// # use mlops_features::{Catalog, EventLog, Feature, FeatureSet, Labels, Nulls, Source, Window};
    /// # let catalog = Catalog::new();
    /// # let set = FeatureSet::builder("shop", "at")
    /// #     .categories(&["customer"])
    /// #     .sources([Source::new("orders", "ordered").texts(&["customer"])])
    /// #     .windows([Window::count("orders", "orders", &["customer"], Duration::from_secs(3600))])
    /// #     .features([Feature::number("orders", "orders", Nulls::Refuse)])
    /// #     .build(&catalog)?;
    /// # let folder = tempfile::tempdir()?;
    /// # let mut log = EventLog::open(folder.path())?;
    /// # let orders = RecordBatch::try_from_iter([
    /// #     ("ordered", Arc::new(TimestampMicrosecondArray::from(vec![10, 30])) as ArrayRef),
    /// #     ("customer", Arc::new(StringArray::from(vec!["ann", "ann"]))),
    /// # ])?;
    /// # log.append(&set.sources()[0], &orders)?;
    /// # let served = RecordBatch::try_from_iter([
    /// #     ("at", Arc::new(TimestampMicrosecondArray::from(vec![20, 40])) as ArrayRef),
    /// #     ("customer", Arc::new(StringArray::from(vec!["ann", "ann"]))),
    /// #     ("orders", Arc::new(Float64Array::from(vec![1.0, 1.0]))),
    /// #     ("number.orders", Arc::new(Float64Array::from(vec![1.0, 1.0]))),
    /// # ])?;
    /// # let served = Dataset::from_batches([served])?;
    /// # let rows = |_| Ok::<_, mlops_features::FeatureError>(served.batch().clone());
    /// # let features = set.fit(|| [()].map(rows), &catalog)?;
    /// let verified = features.verify(&served, "at", &log, &catalog)?;
    /// assert_eq!((verified.rows, verified.differing), (2, 2));
    /// assert_eq!(verified.differences[0].to_string(), "`orders` of row 1 was served as 1.0; history has 2.0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FeatureError::Schema`] or [`FeatureError::Dataset`] where the table lacks a column or has one of another type,
    /// [`FeatureError::NullKey`] for a row without `at`; what [`gather_history`] says of the log.
    #[tracing::instrument(skip_all, fields(rows = served.rows()))]
    pub fn verify(
        &self,
        served: &Dataset,
        at: &str,
        log: &EventLog,
        catalog: &Catalog,
    ) -> Result<Verified, FeatureError> {
        let (fields, request) = (&self.schema.fields, self.schema.request);
        let table = "the served rows";
        let was_served = BatchReader::new(fields, served.batch(), table)?;
        let numbers: Vec<String> = self.names.iter().map(|name| format!("number.{name}")).collect();
        let served_numbers = numbers.iter().map(|name| served.floats(name)).collect::<Result<Vec<_>, _>>()?;

        let replayed = self.replay(served, at, log, catalog)?;
        let has_history = BatchReader::new(fields, &replayed, "the replayed rows")?;
        let mut verified = Verified { rows: served.rows(), differing: 0, differences: Vec::new() };
        let (mut slots, mut again) = (Slots::default(), vec![0.0; numbers.len()]);
        for row in 0..served.rows() {
            for (slot, field) in fields.iter().enumerate().skip(request) {
                let [one, other] = [&was_served, &has_history].map(|reader| reader.value(slot, field, row));
                if !same(one, other) {
                    verified.add(row, &field.name, &Shown(one), &Shown(other));
                }
            }
            has_history.row(&self.schema, row, &mut slots);
            let encoded = self.encode(&slots, &mut again);
            for ((name, served), again) in numbers.iter().zip(&served_numbers).zip(&again) {
                let was = Shown(Value::Float(served[row]));
                match &encoded {
                    Err(error) => verified.add(row, name, &was, error),
                    Ok(()) if served[row].to_bits() != again.to_bits() => {
                        verified.add(row, name, &was, &Shown(Value::Float(*again)));
                    }
                    Ok(()) => {}
                }
            }
        }
        Ok(verified)
    }

    /// The columns of the request with what the log knew as of `at`.
    fn replay(
        &self,
        served: &Dataset,
        at: &str,
        log: &EventLog,
        catalog: &Catalog,
    ) -> Result<RecordBatch, FeatureError> {
        let time = |(row, time): (usize, Option<Timestamp>)| {
            let null = || FeatureError::NullKey { table: "the served rows".into(), row, column: at.into() };
            time.map(Timestamp::as_micros).ok_or_else(null)
        };
        let times = served.times(at)?.into_iter().enumerate().map(time).collect::<Result<Vec<_>, _>>()?;
        let asked: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"));
        let (time, request) = (&self.set().time, &self.schema.fields[..self.schema.request]);
        let columns = |time_of: &dyn Fn() -> Result<ArrayRef, FeatureError>| {
            let column = |name: &str| if name == time { time_of() } else { Ok(served.column(name)?.clone()) };
            let columns = request.iter().map(|field| Ok((field.name.as_str(), column(&field.name)?, true)));
            columns.collect::<Result<Vec<_>, FeatureError>>()
        };
        let asking = RecordBatch::try_from_iter_with_nullable(columns(&|| Ok(asked.clone()))?)?;
        let gathered = gather_history(self.set(), &Dataset::from_batches([asking])?, log, catalog)?;

        // What is computed from the row's own time is so again.
        let mut whole = columns(&|| Ok(served.column(time)?.clone()))?;
        for field in &self.schema.fields[request.len()..] {
            whole.push((&field.name, gathered.column(&field.name)?.clone(), true));
        }
        Ok(RecordBatch::try_from_iter_with_nullable(whole)?)
    }
}
