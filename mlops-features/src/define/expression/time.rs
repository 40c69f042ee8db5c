//! Parts of instants, holidays and the time between.

use super::{Expr, call, text, texts};

impl Expr {
    /// The minute of an instant in UTC, 0 to 59.
    #[must_use]
    pub fn minute_utc(self) -> Self {
        call("minute_utc", 1, [self])
    }

    /// The hour of an instant in UTC, 0 to 23.
    #[must_use]
    pub fn hour_utc(self) -> Self {
        call("hour_utc", 1, [self])
    }

    /// The weekday of an instant in UTC, 0 for Monday to 6 for Sunday.
    #[must_use]
    pub fn weekday_utc(self) -> Self {
        call("weekday_utc", 1, [self])
    }

    /// The day of the month of an instant in UTC, 1 to 31.
    #[must_use]
    pub fn day_utc(self) -> Self {
        call("day_utc", 1, [self])
    }

    /// The day of the year of an instant in UTC, 1 to 366.
    #[must_use]
    pub fn day_of_year_utc(self) -> Self {
        call("day_of_year_utc", 1, [self])
    }

    /// The month of an instant in UTC, 1 to 12.
    #[must_use]
    pub fn month_utc(self) -> Self {
        call("month_utc", 1, [self])
    }

    /// The year of an instant in UTC, of the proleptic Gregorian calendar; before 1 they are 0, −1 and so on.
    #[must_use]
    pub fn year_utc(self) -> Self {
        call("year_utc", 1, [self])
    }

    /// 1 on Saturdays and Sundays in UTC, else 0.
    #[must_use]
    pub fn is_weekend_utc(self) -> Self {
        call("is_weekend_utc", 1, [self])
    }

    /// The minute of an instant in a time zone, 0 to 59; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn minute_in(self, zone: impl Into<String>) -> Self {
        call("minute_in", 1, [self, text(zone)])
    }

    /// The hour of an instant in a time zone, 0 to 23.
    ///
    /// The zone is a name of the IANA time zone database that the crate `jiff` brings along, of 2026f when this was written;
    /// the machine's own is not asked. Beyond the years −9999 to 9999 it is missing.
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let hour = column("scheduled").hour_in("America/New_York");
    /// assert_eq!(hour.to_string(), "hour_in(scheduled, \"America/New_York\")");
    /// ```
    #[must_use]
    pub fn hour_in(self, zone: impl Into<String>) -> Self {
        call("hour_in", 1, [self, text(zone)])
    }

    /// The weekday of an instant in a time zone, 0 for Monday to 6 for Sunday; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn weekday_in(self, zone: impl Into<String>) -> Self {
        call("weekday_in", 1, [self, text(zone)])
    }

    /// The day of the month of an instant in a time zone, 1 to 31; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn day_in(self, zone: impl Into<String>) -> Self {
        call("day_in", 1, [self, text(zone)])
    }

    /// The day of the year of an instant in a time zone, 1 to 366; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn day_of_year_in(self, zone: impl Into<String>) -> Self {
        call("day_of_year_in", 1, [self, text(zone)])
    }

    /// The month of an instant in a time zone, 1 to 12; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn month_in(self, zone: impl Into<String>) -> Self {
        call("month_in", 1, [self, text(zone)])
    }

    /// The year of an instant in a time zone; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn year_in(self, zone: impl Into<String>) -> Self {
        call("year_in", 1, [self, text(zone)])
    }

    /// 1 on Saturdays and Sundays in a time zone, else 0; zones are those of [`Expr::hour_in`].
    #[must_use]
    pub fn is_weekend_in(self, zone: impl Into<String>) -> Self {
        call("is_weekend_in", 1, [self, text(zone)])
    }

    /// 1 if an instant is on one of these days in a time zone, else 0. Days are written as `2013-12-25`, which is all that
    /// is taken; zones are those of [`Expr::hour_in`].
    ///
    /// ```
    /// use mlops_features::column;
    ///
    /// let holiday = column("scheduled").is_holiday("America/New_York", ["2013-12-25", "2014-01-01"]);
    /// assert_eq!(holiday.to_string(), "is_holiday(scheduled, \"America/New_York\", [\"2013-12-25\", \"2014-01-01\"])");
    /// ```
    #[must_use]
    pub fn is_holiday<T: Into<String>>(self, zone: impl Into<String>, days: impl IntoIterator<Item = T>) -> Self {
        call("is_holiday", 1, [self, text(zone), texts(days)])
    }

    /// How many days there are from the day of an instant in a time zone to the nearest of these days: negative where that is
    /// over, 0 on it; of two as near, the one to come. Days and zones are those of [`Expr::is_holiday`].
    #[must_use]
    pub fn days_to_holiday<T: Into<String>>(
        self,
        zone: impl Into<String>,
        days: impl IntoIterator<Item = T>,
    ) -> Self {
        call("days_to_holiday", 1, [self, text(zone), texts(days)])
    }

    /// The seconds from an earlier instant to this one; negative if that was later.
    #[must_use]
    pub fn seconds_since(self, earlier: impl Into<Self>) -> Self {
        call("seconds_since", 1, [self, earlier.into()])
    }
}

/// The weekday of a date of the Gregorian calendar, from three columns: 0 is Monday. Missing where the month is not
/// 1 to 12, the day not 1 to 31 or the year beyond 9999; a day past the end of its month runs on into the next.
#[must_use]
pub fn weekday(year: impl Into<Expr>, month: impl Into<Expr>, day: impl Into<Expr>) -> Expr {
    call("weekday", 1, [year.into(), month.into(), day.into()])
}
