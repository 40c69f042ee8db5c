//! Served rows against a replay of the log: nothing differs where nothing was changed, and what was changed is named.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use mlops_core::{Dataset, Gather, SlotEncoder, SlotKind, Slots, Timestamp, Value};
use mlops_features::{
    Catalog, EventLog, Feature, FeatureError, FeatureServer, FeatureSet, FittedFeatures, Nulls, OnlineState,
    Source, Verified, Window, column, gather_history,
};
use proptest::prelude::*;

use crate::over_time::{Event, asked, events, table};
use crate::rows::{Row, batch, labels, set_over_time};

const MINUTE: i64 = 60_000_000;

/// A log, features, and rows as they were served from state, each so many minutes after its own time.
struct Served {
    folder: tempfile::TempDir,
    log: EventLog,
    features: FittedFeatures,
    columns: Vec<(String, ArrayRef)>,
}

impl Served {
    fn new(set: &FeatureSet, events: &[Event], rows: &[Row], delays: &[i64]) -> Self {
        let (catalog, folder) = (Catalog::new(), tempfile::tempdir().unwrap());
        let mut log = EventLog::open(folder.path()).unwrap();
        log.append(&set.sources()[0], &table(events)).unwrap();
        let request = Dataset::from_batches([batch(rows)]).unwrap();
        let gathered = gather_history(set, &request, &log, &catalog).unwrap();
        let labels = labels(rows, vec![0.0; rows.len()]);
        let features = set.fit_encode(gathered.batch(), &labels, Timestamp::MAX, &catalog).unwrap().features;

        let state = Arc::new(OnlineState::new(set, &catalog).unwrap());
        let server = FeatureServer::new(Arc::new(features.clone()), Arc::clone(&state)).unwrap();
        let mut replay = log.replay(&state).unwrap();
        let at = |row: usize| rows[row].at + Duration::from_micros((delays[row % delays.len()] * MINUTE) as u64);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&row| at(row));
        let mut slots = vec![Slots::default(); rows.len()];
        let mut numbers = vec![vec![0.0; features.names().len()]; rows.len()];
        for row in order {
            replay.advance(&state, at(row));
            server.gather(&rows[row], at(row), &mut slots[row]).unwrap();
            features.encode(&slots[row], &mut numbers[row]).unwrap();
        }

        let times = TimestampMicrosecondArray::from_iter_values((0..rows.len()).map(|row| at(row).as_micros()));
        let mut columns: Vec<(String, ArrayRef)> = vec![("served".into(), Arc::new(times))];
        for (slot, field) in features.slot_schema().fields.iter().enumerate() {
            let values = slots.iter().map(|slots| slots.value(slot));
            columns.push((field.name.clone(), array(field.kind, values, field.vocabulary.as_deref())));
        }
        for (place, name) in features.names().iter().enumerate() {
            let numbers = numbers.iter().map(|numbers| numbers[place]);
            columns.push((format!("number.{name}"), Arc::new(Float64Array::from_iter_values(numbers))));
        }
        Self { folder, log, features, columns }
    }

    fn verify(&self) -> Result<Verified, FeatureError> {
        let columns = self.columns.iter().map(|(name, array)| (name.as_str(), array.clone(), true));
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        self.features.verify(&Dataset::from_batches([rows]).unwrap(), "served", &self.log, &Catalog::new())
    }
}

fn array<'a>(
    kind: SlotKind,
    values: impl Iterator<Item = Value<'a>>,
    vocabulary: Option<&'a mlops_core::Vocabulary>,
) -> ArrayRef {
    let time = |value| if let Value::Time(t) = value { Some(t.as_micros()) } else { None };
    let int = |value| if let Value::Int(x) = value { Some(x) } else { None };
    let float = |value| if let Value::Float(x) = value { Some(x) } else { None };
    let text = |value| match value {
        Value::Text(text) | Value::Unseen(text) => Some(text),
        Value::Category(code) => vocabulary?.text(code),
        _ => None,
    };
    match kind {
        SlotKind::Float => Arc::new(Float64Array::from_iter(values.map(float))),
        SlotKind::Int => Arc::new(Int64Array::from_iter(values.map(int))),
        SlotKind::Time => Arc::new(TimestampMicrosecondArray::from_iter(values.map(time)).with_timezone("UTC")),
        _ => Arc::new(StringArray::from_iter(values.map(text))),
    }
}

proptest! {
    #[test]
    fn what_was_served_is_history_and_a_changed_bit_is_named(
        events in events(), rows in asked(), delays in prop::collection::vec(0_i64..90, 1..4),
        at in any::<prop::sample::Index>(), of in any::<prop::sample::Index>(),
    ) {
        let mut served = Served::new(&set_over_time(), &events, &rows, &delays);
        let verified = served.verify().unwrap();
        prop_assert_eq!((verified.rows, verified.differing), (rows.len(), 0), "{:?}", verified.differences);

        let floats: Vec<usize> = (5..served.columns.len())
            .filter(|&place| served.columns[place].1.data_type().is_floating())
            .collect();
        let (row, place) = (at.index(rows.len()), *of.get(&floats));
        let floats = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&*served.columns[place].1);
        let mut changed: Vec<Option<f64>> = floats.iter().collect();
        changed[row] = Some(changed[row].map_or(1.0, |x| f64::from_bits(x.to_bits() ^ 1)));
        served.columns[place].1 = Arc::new(Float64Array::from(changed));
        let verified = served.verify().unwrap();
        prop_assert_eq!((verified.rows, verified.differing, verified.differences.len()), (rows.len(), 1, 1));
        let found = (verified.differences[0].row, &verified.differences[0].column);
        prop_assert_eq!(found, (row, &served.columns[place].0));
    }
}

/// Three events of a key, and a row after each.
fn few() -> (Vec<Event>, Vec<Row>) {
    let event = |minute: i64| Event {
        happened: minute * MINUTE,
        known: minute * MINUTE,
        key: Some("a"),
        n: Some(1),
        value: Some(minute as f64),
    };
    let rows = [10, 20, 30].map(|minute| crate::rows::row(minute * MINUTE, Some(0.0), Some(1), Some("a")));
    ([10, 20, 30].map(event).into(), rows.into())
}

/// The set with windows alone of the values of events, whose sum is refused as null.
fn sums(hours: u64) -> FeatureSet {
    FeatureSet::builder("sums", "at")
        .floats(&["x"])
        .ints(&["n"])
        .categories(&["key"])
        .sources([Source::new("events", "happened").known_at("known").texts(&["key"]).floats(&["value"])])
        .windows([Window::sum("sum", "events", &["key"], "value", Duration::from_secs(600 * hours))])
        .features([Feature::number("half", column("sum").over(2.0), Nulls::Refuse)])
        .build(&Catalog::new())
        .unwrap()
}

fn told(verified: &Verified) -> Vec<String> {
    verified.differences.iter().map(ToString::to_string).collect()
}

#[test]
fn events_that_were_changed_and_other_definitions_are_named() {
    let (events, rows) = few();
    let mut served = Served::new(&sums(1), &events, &rows, &[0]);
    assert_eq!(served.verify().unwrap().differing, 0);

    // As if the second event had been another one when the rows were served.
    let mut others = events.clone();
    others[1].value = Some(21.0);
    let other = Served::new(&sums(1), &others, &rows, &[0]);
    let log = std::mem::replace(&mut served.log, EventLog::open(other.folder.path()).unwrap());
    let wanted = [
        "`sum` of row 1 was served as 20.0; history has 21.0",
        "`number.half` of row 1 was served as 10.0; history has 10.5",
    ];
    assert_eq!(told(&served.verify().unwrap()), wanted);

    // As if it had been served by a window of twice the length.
    served.log = log;
    served.features = Served::new(&sums(2), &events, &rows, &[0]).features;
    let wanted = [
        "`sum` of row 1 was served as 20.0; history has 30.0",
        "`number.half` of row 1 was served as 10.0; history has 15.0",
        "`sum` of row 2 was served as 30.0; history has 50.0",
        "`number.half` of row 2 was served as 15.0; history has 25.0",
    ];
    assert_eq!(told(&served.verify().unwrap()), wanted);
}

#[test]
fn tables_that_are_not_served_rows_are_errors() {
    let (events, rows) = few();
    let mut served = Served::new(&set_over_time(), &events, &rows, &[0]);
    let columns = served.columns.clone();
    for place in 0..columns.len() {
        served.columns = columns.clone();
        let (name, _) = served.columns.remove(place);
        let error = served.verify().unwrap_err();
        let told = match &error {
            FeatureError::Schema { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(told.contains(&name) || source.contains(&name), "{name}: {error}, {source}");
    }
    served.columns = columns;
    served.columns[0].1 = Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None, Some(2)]));
    let error = served.verify().unwrap_err();
    let is_it = matches!(&error, FeatureError::NullKey { row: 1, column, .. } if column == "served");
    assert!(is_it, "{error}");
}
