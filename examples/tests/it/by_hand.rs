//! The features once more, from the words of their definitions, with no code of the crates: every value is
//! recomputed from all rows by plain loops.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

const HOUR: i64 = 3_600_000_000;

pub(crate) struct Column<T>(Vec<Option<T>>);

impl<T: Clone> Column<T> {
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        self.0[row].clone()
    }
}

pub(crate) fn floats(batch: &RecordBatch, name: &str) -> Column<f64> {
    Column(batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().iter().collect())
}

pub(crate) fn ints(batch: &RecordBatch, name: &str) -> Column<i64> {
    Column(batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().iter().collect())
}

pub(crate) fn times(batch: &RecordBatch, name: &str) -> Column<i64> {
    let array = batch.column_by_name(name).unwrap();
    Column(array.as_primitive::<TimestampMicrosecondType>().iter().collect())
}

pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Column<String> {
    let array =
        arrow::compute::cast(batch.column_by_name(name).unwrap(), &arrow::datatypes::DataType::Utf8).unwrap();
    let array = array.as_string::<i32>();
    Column((0..array.len()).map(|row| array.is_valid(row).then(|| array.value(row).to_owned())).collect())
}

pub(crate) struct Raw {
    pub(crate) scheduled: Column<i64>,
    pub(crate) departed: Column<i64>,
    pub(crate) arrived: Column<i64>,
    pub(crate) arr_delay: Column<f64>,
    pub(crate) date: [Column<i64>; 3],
    pub(crate) hour: Column<i64>,
    pub(crate) distance: Column<i64>,
    pub(crate) carrier: Column<String>,
    pub(crate) origin: Column<String>,
    pub(crate) dest: Column<String>,
    pub(crate) rows: usize,
}

impl Raw {
    pub(crate) fn new(flights: &RecordBatch) -> Self {
        Self {
            scheduled: times(flights, "scheduled"),
            departed: times(flights, "departed"),
            arrived: times(flights, "arrived"),
            arr_delay: floats(flights, "arr_delay"),
            date: ["year", "month", "day"].map(|name| ints(flights, name)),
            hour: ints(flights, "hour"),
            distance: ints(flights, "distance"),
            carrier: texts(flights, "carrier"),
            origin: texts(flights, "origin"),
            dest: texts(flights, "dest"),
            rows: flights.num_rows(),
        }
    }

    /// Delays of flights of the same carrier or origin that landed in the last hours: (t − hours, t].
    fn delays(&self, same: &Column<String>, row: usize, hours: i64) -> Vec<f64> {
        let (t, key) = (self.scheduled.get(row).unwrap(), same.get(row));
        (0..self.rows)
            .filter(|&other| self.arrived.0[other].is_some_and(|a| a <= t && a > t - hours * HOUR))
            .filter(|&other| same.0[other] == key)
            .map(|other| self.arr_delay.get(other).unwrap())
            .collect()
    }
}

/// The mean of whole minutes: an exact sum, one division.
fn mean(values: &[f64]) -> Option<f64> {
    let sum: i64 = values.iter().map(|&x| x as i64).sum();
    (!values.is_empty()).then(|| sum as f64 / values.len() as f64)
}

/// What is gathered for a flight, by the words of the definitions.
pub(crate) fn gathered(raw: &Raw, weather: &RecordBatch, row: usize) -> HashMap<&'static str, Option<f64>> {
    let t = raw.scheduled.get(row).unwrap();
    let late = |delays: &[f64]| mean(&delays.iter().map(|&x| f64::from(u8::from(x > 15.0))).collect::<Vec<_>>());
    let by_carrier = raw.delays(&raw.carrier, row, 6);
    let by_origin = raw.delays(&raw.origin, row, 3);
    let departures = (0..raw.rows)
        .filter(|&other| raw.departed.0[other].is_some_and(|d| d <= t && d > t - 3 * HOUR))
        .filter(|&other| raw.origin.0[other] == raw.origin.0[row])
        .count();
    let mut all = HashMap::from([
        ("carrier_delay", mean(&by_carrier)),
        ("carrier_late", late(&by_carrier)),
        ("origin_delay", mean(&by_origin)),
        ("origin_late", late(&by_origin)),
        ("origin_departures", Some(departures as f64)),
    ]);
    // The last weather of the airport that was known (half an hour after its time), two hours old at most.
    let (hours, origins) = (times(weather, "time_hour"), texts(weather, "origin"));
    let last = (0..weather.num_rows())
        .filter(|&w| origins.0[w] == raw.origin.0[row] && hours.0[w].unwrap() + HOUR / 2 <= t)
        .max_by_key(|&w| hours.0[w].unwrap())
        .filter(|&w| hours.0[w].unwrap() >= t - 2 * HOUR);
    for (name, column) in [
        ("weather.temp", "temp"),
        ("weather.humid", "humid"),
        ("weather.wind_speed", "wind_speed"),
        ("weather.precip", "precip"),
        ("weather.pressure", "pressure"),
        ("weather.visib", "visib"),
    ] {
        all.insert(name, last.and_then(|w| floats(weather, column).get(w)));
    }
    all
}

/// What was fitted, by hand: from the training rows (their numbers in the table) and their labels.
pub(crate) struct Fitted {
    pub(crate) moments: HashMap<&'static str, (f64, f64)>,
    pub(crate) carriers: Vec<String>,
    pub(crate) dests: HashMap<String, (f64, f64)>,
    pub(crate) late: f64,
}

/// The weekday, counted from a known Tuesday, 1 January 2013: 0 is Monday.
fn weekday(year: i64, month: i64, day: i64) -> i64 {
    assert_eq!(year, 2013);
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before: i64 = days[..month as usize - 1].iter().sum();
    (1 + before + day - 1) % 7
}

/// The numbers of a flight in the order of the definitions.
pub(crate) fn encoded(
    raw: &Raw,
    gathered: &HashMap<&'static str, Option<f64>>,
    fitted: &Fitted,
    row: usize,
) -> Vec<f64> {
    let standard = |name: &str, x: Option<f64>| {
        let (mean, deviation) = fitted.moments[name];
        (x.unwrap_or(mean) - mean) / deviation
    };
    let flag = |x: Option<f64>| if x.is_none() { 1.0 } else { 0.0 };
    let on_circle = |x: i64, period: f64| {
        let angle = x as f64 / period * std::f64::consts::TAU;
        [libm::sin(angle), libm::cos(angle)]
    };
    let mut out = vec![standard("distance", Some(libm::log1p(raw.distance.get(row).unwrap() as f64)))];
    out.extend(on_circle(raw.hour.get(row).unwrap(), 24.0));
    let [year, month, day] = [0, 1, 2].map(|i| raw.date[i].get(row).unwrap());
    out.extend(on_circle(weekday(year, month, day), 7.0));
    let carrier = raw.carrier.get(row).unwrap();
    out.extend(fitted.carriers.iter().map(|other| f64::from(u8::from(*other == carrier))));
    out.push(match fitted.dests.get(&raw.dest.get(row).unwrap()) {
        Some((sum, count)) => (sum + 20.0 * fitted.late) / (count + 20.0),
        None => fitted.late,
    });
    for (name, flagged) in [
        ("carrier_delay", true),
        ("carrier_late", false),
        ("origin_delay", true),
        ("origin_late", false),
        ("origin_departures", false),
        ("weather.temp", false),
        ("weather.humid", false),
        ("weather.wind_speed", false),
        ("weather.precip", false),
        ("weather.pressure", false),
        ("weather.visib", false),
    ] {
        out.push(standard(name, gathered[name]));
        if flagged {
            out.push(flag(gathered[name]));
        }
    }
    out
}
