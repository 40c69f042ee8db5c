//! Functions of instants and dates.

use std::fmt;

use mlops_core::{SlotKind, Timestamp, Value};

use super::number::int;
use super::{ArgumentError, ScalarFn, Scratch, check_count};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = 3_600_000_000;

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
    weekday_at(Timestamp::from_date(year as i32, month as u32, day as u32))
}

/// Monday is 0; 1970-01-01 was a Thursday.
fn weekday_at(time: Timestamp) -> Value<'static> {
    Value::Int((time.as_micros().div_euclid(DAY) + 3).rem_euclid(7))
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
    vec![
        int("weekday", weekday_of),
        of_times("weekday_utc", SlotKind::Int, |[time]| weekday_at(time)),
        of_times("hour_utc", SlotKind::Int, |[time]| Value::Int(time.as_micros().rem_euclid(DAY).div_euclid(HOUR))),
        of_times("month_utc", SlotKind::Int, |[time]| Value::Int(i64::from(time.date().1))),
        of_times("seconds_since", SlotKind::Float, seconds_since),
    ]
}
