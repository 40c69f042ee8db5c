//! Instants, and who tells them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z; negative before.
///
/// serde sees the number of microseconds. Arithmetic saturates at the ends of the range (about 292,000 years
/// each way), so that no lag or time-to-live can overflow.
///
/// ```
/// use std::time::Duration;
/// use mlops_core::Timestamp;
///
/// let t = Timestamp::from_micros(1_357_034_400_000_000);
/// assert_eq!(t.to_string(), "2013-01-01T10:00:00Z");
/// assert_eq!((t - Duration::from_millis(1)).to_string(), "2013-01-01T09:59:59.999Z");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant so many microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Midnight UTC at the start of a day of the proleptic Gregorian calendar; month and day count from 1.
    ///
    /// Days beyond the end of a month run on into the next, as in `date(2013, 2, 29)`, which is March 1.
    ///
    /// ```
    /// use mlops_core::Timestamp;
    /// assert_eq!(Timestamp::from_date(2013, 4, 1).to_string(), "2013-04-01T00:00:00Z");
    /// ```
    #[must_use]
    pub const fn from_date(year: i32, month: u32, day: u32) -> Self {
        let days = days_from_civil(year as i64, month as i64, day as i64);
        Self(days.saturating_mul(SECONDS_PER_DAY * MICROS_PER_SECOND))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(if self.0 > earlier.0 { self.0.abs_diff(earlier.0) } else { 0 })
    }

    /// The month in UTC, as `2013-05`.
    ///
    /// ```
    /// assert_eq!(mlops_core::Timestamp::from_date(2013, 5, 31).month(), "2013-05");
    /// ```
    #[must_use]
    pub fn month(self) -> String {
        let (year, month, _) = self.date();
        format!("{year:04}-{month:02}")
    }

    /// Year, month and day (from 1) in UTC.
    #[must_use]
    pub const fn date(self) -> (i64, u32, u32) {
        civil_from_days(self.0.div_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// RFC 3339, with as many decimals as are needed (0, 3 or 6).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let micros = self.0.rem_euclid(SECONDS_PER_DAY * MICROS_PER_SECOND);
        let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match (fraction % 1000, fraction) {
            (_, 0) => f.write_str("Z"),
            (0, _) => write!(f, ".{:03}Z", fraction / 1000),
            _ => write!(f, ".{fraction:06}Z"),
        }
    }
}

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years start in March, eras are 400 years.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month as u32, day as u32)
}

/// Tells what time it is.
///
/// # Contract
/// `now` may be called from any thread at any rate. It need not be monotonic: callers that must not go back
/// take the later of it and what they saw before.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp(micros(after)),
            Err(before) => Timestamp(-micros(before.duration())),
        }
    }
}

/// A clock that shows what it was set to, for tests and replays.
#[cfg(feature = "testing")]
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicI64);

#[cfg(feature = "testing")]
impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(now.0.into())
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(feature = "testing")]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }
}
