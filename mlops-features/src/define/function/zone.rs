//! Functions of instants as the clocks of a time zone show them, by the time zone database that is compiled in: the
//! machine's own is not asked, so that every platform gives the same.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use mlops_core::{SlotKind, Timestamp, Value};

use super::signature::{Signature, Takes, constant_text, constant_texts, signature, takes, wrong};
use super::time::{DAY, PARTS};
use super::{Argument, ArgumentError, ScalarFn};

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone in argument 1.
fn zone(arguments: &[Argument<'_>]) -> Result<TimeZone, ArgumentError> {
    let wanted = "the constant name of a time zone, as `Europe/Berlin`";
    let name = constant_text(arguments, 1, wanted)?;
    ZONES.get(name).map_err(|_| wrong(1, format!("{name:?}"), wanted))
}

/// What clocks show, as the instant at which those of UTC show the same; none beyond the years −9999 to 9999.
fn local(value: Value<'_>, zone: &TimeZone) -> Option<Timestamp> {
    let Value::Time(time) = value else { return None };
    let offset = zone.to_offset(jiff::Timestamp::from_microsecond(time.as_micros()).ok()?);
    Some(Timestamp::from_micros(time.as_micros() + i64::from(offset.seconds()) * 1_000_000))
}

fn day_number(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(DAY)
}

/// The day of a text like `2013-12-25`.
fn day(text: &str) -> Option<i64> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i16>().ok())?;
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if [year.len(), month.len(), day.len()] != [4, 2, 2] {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)? as i8, digits(day)? as i8);
    let date = Date::new(year, month, day).ok()?;
    Some(day_number(Timestamp::from_date(date.year().into(), date.month() as u32, date.day() as u32)))
}

/// The days in argument 2, in order.
fn days(arguments: &[Argument<'_>]) -> Result<Vec<i64>, ArgumentError> {
    let wanted = "constant days, as `2013-12-25`";
    let texts = constant_texts(arguments, 2, wanted)?;
    let days = texts.iter().map(|text| day(text).ok_or_else(|| wrong(2, format!("{text:?}"), wanted)));
    let mut days = days.collect::<Result<Vec<_>, _>>()?;
    days.sort_unstable();
    if days.is_empty() {
        return Err(wrong(2, "no day", wanted));
    }
    Ok(days)
}

fn is_holiday(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let (zone, days) = (zone(arguments)?, days(arguments)?);
    Ok(signature.with(move |arguments, _| {
        let today = day_number(local(*arguments.first()?, &zone)?);
        Some(Value::Int(i64::from(days.binary_search(&today).is_ok())))
    }))
}

fn days_to_holiday(signature: Signature, arguments: &[Argument<'_>]) -> Result<Box<dyn ScalarFn>, ArgumentError> {
    let (zone, days) = (zone(arguments)?, days(arguments)?);
    Ok(signature.with(move |arguments, _| {
        let today = day_number(local(*arguments.first()?, &zone)?);
        let next = days.partition_point(|day| *day < today);
        let (ahead, behind) = (days.get(next), next.checked_sub(1).and_then(|last| days.get(last)));
        let nearest = [ahead, behind].into_iter().flatten().min_by_key(|day| day.abs_diff(today))?;
        Some(Value::Int(nearest - today))
    }))
}

pub(super) fn functions() -> Vec<Box<dyn ScalarFn>> {
    let in_zone = |kinds: &[SlotKind]| takes(kinds, &[Takes::Time, Takes::Text], SlotKind::Int);
    let holidays = |kinds: &[SlotKind]| takes(kinds, &[Takes::Time, Takes::Text, Takes::Texts], SlotKind::Int);
    let mut functions = vec![
        signature("is_holiday", holidays).made_by(is_holiday),
        signature("days_to_holiday", holidays).made_by(days_to_holiday),
    ];
    functions.extend(PARTS.map(|(_, name, part)| {
        signature(name, in_zone).made_by(move |signature: Signature, arguments: &[Argument<'_>]| {
            let zone = zone(arguments)?;
            Ok(signature.with(move |arguments, _| Some(Value::Int(part(local(*arguments.first()?, &zone)?)))))
        })
    }));
    functions
}
