//! One kernel, and no future.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use mlops_core::{Dataset, Gather, SlotEncoder, Slots, Timestamp, Value};
use mlops_examples::{features, ingest, late};
use mlops_features::{Catalog, EventLog, FeatureServer, FeatureSet, Fit, OnlineState, gather_history};

use crate::by_hand::{Fitted, Raw, encoded, gathered};
use crate::flight::Flight;

/// The year, prepared once for all tests.
pub(crate) struct Year {
    pub(crate) flights: Dataset,
    pub(crate) weather: Dataset,
    pub(crate) set: FeatureSet,
    pub(crate) log: EventLog,
    pub(crate) gathered: Dataset,
    pub(crate) fit: Fit,
    _folder: tempfile::TempDir,
}

const APRIL: Timestamp = Timestamp::from_date(2013, 4, 1);

fn before(flights: &Dataset, end: Timestamp) -> Dataset {
    let scheduled = flights.column("scheduled").unwrap().as_primitive::<TimestampMicrosecondType>();
    let keep: Vec<bool> = scheduled.values().iter().map(|&t| t < end.as_micros()).collect();
    flights.filter(&keep).unwrap()
}

fn logged(set: &FeatureSet, flights: &Dataset, weather: &Dataset) -> (EventLog, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = EventLog::open(folder.path()).unwrap();
    for source in set.sources() {
        let rows = if source.name == "weather" { weather } else { flights };
        log.append(source, rows.batch()).unwrap();
    }
    (log, folder)
}

pub(crate) static YEAR: LazyLock<Year> = LazyLock::new(|| {
    let catalog = Catalog::new();
    let set = features(&catalog).unwrap();
    let [flights, weather] = ingest().unwrap();
    assert_eq!(weather.quarantine.to_string(), "1 wind_speed is outside of 0 to 200");
    let (flights, weather) = (flights.clean, weather.clean);
    let (log, _folder) = logged(&set, &flights, &weather);
    let gathered = gather_history(&set, &flights, &log, &catalog).unwrap();
    let train = before(&gathered, APRIL);
    let labels = late().of(train.batch(), &catalog).unwrap();
    let fit = set.fit_encode(train.batch(), &labels, APRIL, &catalog).unwrap();
    Year { flights, weather, set, log, gathered, fit, _folder }
});

fn same_bits(left: &[f64], right: &[f64]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(x, y)| x.to_bits() == y.to_bits())
}

#[test]
fn one_kernel_batch_and_rows_agree_for_all_flights() {
    let year = &*YEAR;
    let batch = year.fit.features.encode_batch(year.gathered.batch()).unwrap();
    assert!(batch.names.len() <= 40, "{}", batch.names.len());

    // The same flights as rows, in the order of time, from state that a replay of the log keeps.
    let rows: Vec<Flight> = serde_arrow::from_record_batch(year.flights.batch()).unwrap();
    let state = Arc::new(OnlineState::new(&year.set, &Catalog::new()).unwrap());
    let server = FeatureServer::new(Arc::new(year.fit.features.clone()), Arc::clone(&state)).unwrap();
    let mut replay = year.log.replay(&state).unwrap();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| rows[row].scheduled);
    let (mut slots, mut numbers) = (Slots::default(), vec![0.0; batch.names.len()]);
    for row in order {
        replay.advance(&state, rows[row].scheduled);
        server.gather(&rows[row], rows[row].scheduled, &mut slots).unwrap();
        year.fit.features.encode(&slots, &mut numbers).unwrap();
        assert!(same_bits(&numbers, batch.values.row(row).as_slice().unwrap()), "flight {row}");
    }
    println!("{} flights have the same bits as rows and in a batch, of {} numbers each", rows.len(), numbers.len());
}

/// Distinct rows by a seed.
fn drawn(count: usize, rows: usize, mut seed: u64) -> BTreeSet<usize> {
    let mut drawn = BTreeSet::new();
    while drawn.len() < count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        drawn.insert((seed >> 33) as usize % rows);
    }
    drawn
}

#[test]
fn one_kernel_agrees_with_a_recomputation_by_hand() {
    let year = &*YEAR;
    let raw = Raw::new(year.flights.batch());
    let weather = year.weather.batch();
    let mut rows = drawn(1000, raw.rows, 2013);
    // The days of the clock change: 10 March and 3 November.
    let changed = |row: &usize| {
        let [_, month, day] = [0, 1, 2].map(|i| raw.date[i].get(*row).unwrap());
        (month, day) == (3, 10) || (month, day) == (11, 3)
    };
    rows.extend((0..raw.rows).filter(changed).step_by(40));
    assert!(rows.iter().filter(|row| changed(row)).count() >= 40);

    let fitted = fitted_by_hand(year, &raw);
    let batch = year.fit.features.encode_batch(year.gathered.batch()).unwrap();
    for row in rows {
        let all = gathered(&raw, weather, row);
        for (&name, wanted) in &all {
            let column = year.gathered.column(name).unwrap().as_primitive::<Float64Type>();
            let got = column.is_valid(row).then(|| column.value(row));
            assert_eq!(
                got.map(f64::to_bits),
                wanted.map(f64::to_bits),
                "{name} of flight {row}: {got:?} {wanted:?}"
            );
        }
        let numbers = encoded(&raw, &all, &fitted, row);
        let got = batch.values.row(row);
        for ((name, got), wanted) in batch.names.iter().zip(got).zip(&numbers) {
            // Means and deviations are correctly rounded there; here they are rounded on the way.
            assert!(
                (got - wanted).abs() <= 1e-13 * wanted.abs().max(1.0),
                "{name} of flight {row}: {got} {wanted}"
            );
        }
        assert_eq!(batch.names.len(), numbers.len());
    }
}

/// Means and deviations over the training rows: those of January to March whose flights had landed by April.
fn fitted_by_hand(year: &Year, raw: &Raw) -> Fitted {
    let april = APRIL.as_micros();
    let rows: Vec<usize> = (0..raw.rows)
        .filter(|&row| raw.scheduled.get(row).unwrap() < april && raw.arrived.get(row).is_some_and(|a| a <= april))
        .collect();
    let mut moments = HashMap::new();
    for name in [
        "weather.temp",
        "weather.humid",
        "weather.wind_speed",
        "weather.precip",
        "weather.pressure",
        "weather.visib",
        "carrier_delay",
        "carrier_late",
        "origin_delay",
        "origin_late",
        "origin_departures",
        "distance",
    ] {
        // The values are checked against a recomputation above; here only what is fitted to them.
        let values: Vec<f64> = if name == "distance" {
            rows.iter().map(|&row| libm::log1p(raw.distance.get(row).unwrap() as f64)).collect()
        } else {
            let column = year.gathered.column(name).unwrap().as_primitive::<Float64Type>();
            let known: Vec<f64> =
                rows.iter().filter(|&&row| column.is_valid(row)).map(|&row| column.value(row)).collect();
            // A null is taken for the mean before anything is scaled.
            let mean = exact_sum(&known) / known.len() as f64;
            rows.iter().map(|&row| if column.is_valid(row) { column.value(row) } else { mean }).collect()
        };
        let mean = exact_sum(&values) / values.len() as f64;
        let squares: Vec<f64> = values.iter().map(|x| (x - mean) * (x - mean)).collect();
        moments.insert(name, (mean, (exact_sum(&squares) / values.len() as f64).sqrt()));
    }
    let mut dests: HashMap<String, (f64, f64)> = HashMap::new();
    let (mut late, mut carriers) = (0.0, BTreeSet::new());
    for &row in &rows {
        let label = f64::from(u8::from(raw.arr_delay.get(row).unwrap() > 15.0));
        let (sum, count) = dests.entry(raw.dest.get(row).unwrap()).or_default();
        *sum += label;
        *count += 1.0;
        late += label;
        carriers.insert(raw.carrier.get(row).unwrap());
    }
    Fitted { moments, carriers: carriers.into_iter().collect(), dests, late: late / rows.len() as f64 }
}

/// Shewchuk's exact sum with partials, as Python's `math.fsum` has it.
fn exact_sum(values: &[f64]) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for &value in values {
        let mut x = value;
        let mut kept = Vec::new();
        for &partial in &partials {
            let (big, small) = if x.abs() < partial.abs() { (partial, x) } else { (x, partial) };
            let sum = big + small;
            let lost = small - (sum - big);
            if lost != 0.0 {
                kept.push(lost);
            }
            x = sum;
        }
        kept.push(x);
        partials = kept;
    }
    let mut sum = 0.0;
    let mut rest = partials.iter().rev().copied().peekable();
    while let Some(x) = rest.next() {
        let total = sum + x;
        let lost = x - (total - sum);
        sum = total;
        if lost != 0.0 {
            // Half-way cases round to even by the sign of what is left.
            if let Some(&next) = rest.peek()
                && ((lost < 0.0 && next < 0.0) || (lost > 0.0 && next > 0.0))
            {
                let doubled = lost * 2.0;
                let candidate = sum + doubled;
                if doubled == candidate - sum {
                    sum = candidate;
                }
            }
            break;
        }
    }
    sum
}

/// Replaces what was not yet available at `t` by junk: later departures, arrivals and delays, later weather.
fn with_junk_after(flights: &Dataset, weather: &Dataset, t: Timestamp) -> (Dataset, Dataset) {
    let t = t.as_micros();
    let mut seed = 7_u64;
    let mut junk = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 40) as f64
    };
    let replaced = |batch: &RecordBatch, name: &str, column: ArrayRef| {
        let (schema, mut columns) = (batch.schema(), batch.columns().to_vec());
        columns[schema.index_of(name).unwrap()] = column;
        RecordBatch::try_new(schema, columns).unwrap()
    };
    let mut batch = flights.batch().clone();
    let arrived = batch.column_by_name("arrived").unwrap().as_primitive::<TimestampMicrosecondType>().clone();
    let delay: Float64Array = arrived
        .iter()
        .zip(batch.column_by_name("arr_delay").unwrap().as_primitive::<Float64Type>())
        .map(|(arrived, delay)| if arrived.is_none_or(|a| a > t) { Some(junk()) } else { delay })
        .collect();
    batch = replaced(&batch, "arr_delay", Arc::new(delay));
    for name in ["arrived", "departed"] {
        let times = batch.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>();
        let moved: TimestampMicrosecondArray = times
            .iter()
            .map(|time| Some(time.filter(|&time| time <= t).unwrap_or(t + 1 + junk() as i64)))
            .collect();
        batch = replaced(&batch, name, Arc::new(moved.with_timezone("UTC")));
    }
    let mut sky = weather.batch().clone();
    let hours = sky.column_by_name("time_hour").unwrap().as_primitive::<TimestampMicrosecondType>().clone();
    for name in ["temp", "humid", "wind_speed", "precip", "pressure", "visib"] {
        let values: Float64Array = hours
            .iter()
            .zip(sky.column_by_name(name).unwrap().as_primitive::<Float64Type>())
            .map(|(hour, value)| if hour.unwrap() + 1_800_000_000 > t { Some(junk()) } else { value })
            .collect();
        sky = replaced(&sky, name, Arc::new(values));
    }
    (Dataset::from_batches([batch]).unwrap(), Dataset::from_batches([sky]).unwrap())
}

/// Gathers the flights up to `t` from a log in which everything after `t` is junk.
fn gathered_with_junk_after(t: Timestamp) -> Dataset {
    let year = &*YEAR;
    let (flights, weather) = with_junk_after(&year.flights, &year.weather, t);
    let (log, _folder) = logged(&year.set, &flights, &weather);
    gather_history(&year.set, &before(&flights, t), &log, &Catalog::new()).unwrap()
}

#[test]
fn no_future_changes_a_feature() {
    let year = &*YEAR;
    // A snowstorm, the cut-off, and the night on which clocks went back.
    for t in [Timestamp::from_date(2013, 2, 9), APRIL, Timestamp::from_date(2013, 11, 3)] {
        let (got, wanted) = (gathered_with_junk_after(t), before(&year.gathered, t));
        for name in year.fit.features.slot_schema().fields.iter().map(|field| &field.name) {
            let (got, wanted) = (got.column(name).unwrap(), wanted.column(name).unwrap());
            assert_eq!(got.to_data(), wanted.to_data(), "{name} as of {t}");
        }
    }
}

#[test]
fn no_future_changes_a_fitted_parameter() {
    let year = &*YEAR;
    // The labels that became available after the cut-off are junk, and yet:
    let gathered = gathered_with_junk_after(APRIL);
    let labels = late().of(gathered.batch(), &Catalog::new()).unwrap();
    let fit = year.set.fit_encode(gathered.batch(), &labels, APRIL, &Catalog::new()).unwrap();
    assert_eq!(fit.features.to_bytes(), year.fit.features.to_bytes());
    assert_eq!(fit.matrix.values(), year.fit.matrix.values());
    assert!(fit.left_out > 0, "flights in the air at the cut-off");
}

#[test]
fn the_slots_of_a_batch_row_are_those_that_serving_reads() {
    let year = &*YEAR;
    let some = Dataset::from_batches([year.gathered.batch().slice(1000, 50)]).unwrap();
    let from_batch = year.fit.features.slots_of(some.batch()).unwrap();
    assert!(from_batch.iter().all(|slots| matches!(slots.value(0), Value::Time(_))));
    let batch = year.fit.features.encode_batch(some.batch()).unwrap();
    let mut numbers = vec![0.0; batch.names.len()];
    for (row, slots) in from_batch.iter().enumerate() {
        year.fit.features.encode(slots, &mut numbers).unwrap();
        assert!(same_bits(&numbers, batch.values.row(row).as_slice().unwrap()));
    }
}
