//! Functions of instants and dates.

use std::fmt;

use mlops_core::{SlotKind, Timestamp, Value};

use super::number::int;
use super::{ArgumentError, ScalarFn, Scratch, check_count};

pub(super) const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;
const MINUTE: i64 = 60_000_000;

/// A number that clocks and calendars show.
pub(super) type Part = fn(Timestamp) -> i64;

/// The parts of an instant: their names in UTC, in a zone, and what they are.
pub(super) const PARTS: [(&str, &str, Part); 8] = [
    ("minute_utc", "minute_in", |time| time.as_micros().rem_euclid(HOUR).div_euclid(MINUTE)),
    ("hour_utc", "hour_in", |time| time.as_micros().rem_euclid(DAY).div_euclid(HOUR)),
    ("weekday_utc", "weekday_in", weekday_at),
    ("is_weekend_utc", "is_weekend_in", |time| i64::from(weekday_at(time) >= 5)),
    ("day_utc", "day_in", |time| time.date().2.into()),
    ("day_of_year_utc", "day_of_year_in", day_of_year),
    ("month_utc", "month_in", |time| time.date().1.into()),
    ("year_utc", "year_in", |time| time.date().0),
];

/// A built-in function of instants.
struct OfTimes<const N: usize, F> {
    name: &'static str,
    answers: SlotKind,
    kernel: F,
}

impl<const N: usize, F> fmt::Debug for OfTimes<N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<const N: usize, F: Fn([Timestamp; N]) -> Value<'static> + Send + Sync> ScalarFn for OfTimes<N, F> {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> u32 {
        1
    }

    fn kind(&self, arguments: &[SlotKind]) -> Result<SlotKind, ArgumentError> {
        check_count(arguments, N)?;
        match arguments.iter().position(|kind| *kind != SlotKind::Time) {
            Some(argument) => {
                Err(ArgumentError { argument, got: arguments[argument].to_string(), wanted: "a time".into() })
            }
            None => Ok(self.answers),
        }
    }

    #[inline]
    fn call<'a>(&self, arguments: &[Value<'a>], _: &'a Scratch) -> Value<'a> {
        let mut times = [Timestamp::MIN; N];
        for (time, &argument) in times.iter_mut().zip(arguments) {
            match argument {
                Value::Time(t) => *time = t,
                _ => return Value::Missing,
            }
        }
        (self.kernel)(times)
    }
}

/// Monday is 0; missing for what is no date.
fn weekday_of([year, month, day]: [f64; 3]) -> Value<'static> {
    let in_calendar = (-9999.0..=9999.0).contains(&year) && (1.0..=12.0).contains(&month);
    if !in_calendar || !(1.0..=31.0).contains(&day) {
        return Value::Missing;
    }
    Value::Int(weekday_at(Timestamp::from_date(year as i32, month as u32, day as u32)))
}

/// Monday is 0; 1970-01-01 was a Thursday.
fn weekday_at(time: Timestamp) -> i64 {
    (time.as_micros().div_euclid(DAY) + 3).rem_euclid(7)
}

/// January 1 is 1.
fn day_of_year(time: Timestamp) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let (year, month, day) = time.date();
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    BEFORE[month as usize - 1] + i64::from(day) + i64::from(is_leap && month > 2)
}

/// Exact up to 285 years, in which microseconds are whole as floats.
fn seconds_since([time, earlier]: [Timestamp; 2]) -> Value<'static> {
    let micros = i128::from(time.as_micros()) - i128::from(earlier.as_micros());
    Value::Float(micros as f64 / 1e6)
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    fn of_times<const N: usize>(
        name: &'static str,
        answers: SlotKind,
        kernel: impl Fn([Timestamp; N]) -> Value<'static> + Send + Sync + 'static,
    ) -> Box<dyn ScalarFn> {
        Box::new(OfTimes { name, answers, kernel })
    }
    let mut functions = vec![int("weekday", weekday_of), of_times("seconds_since", SlotKind::Float, seconds_since)];
    functions
        .extend(PARTS.map(|(name, _, part)| of_times(name, SlotKind::Int, move |[time]| Value::Int(part(time)))));
    functions
}
