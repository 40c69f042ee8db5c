//! Functions of instants in time zones, held to Python's zoneinfo.

use std::collections::BTreeMap;

use mlops_core::{SlotKind, Timestamp, Value};
use mlops_features::{Argument, Scratch};
use serde::Deserialize;

use crate::functions::{call, called, list, prepared};

const PARTS: [&str; 8] = ["minute", "hour", "weekday", "is_weekend", "day", "day_of_year", "month", "year"];

#[derive(Deserialize)]
struct Fixture {
    holidays: Vec<String>,
    /// The instant, its parts, whether it is a holiday and the days to one.
    zones: BTreeMap<String, Vec<[i64; 11]>>,
}

fn at(micros: i64) -> Value<'static> {
    Value::Time(Timestamp::from_micros(micros))
}

#[test]
fn clocks_show_what_zoneinfo_says() {
    let fixture: Fixture = serde_json::from_str(include_str!("../data/functions_time.json")).unwrap();
    assert_eq!(fixture.zones.len(), 16);
    let varies = Argument { kind: SlotKind::Time, constant: None };
    let fixed = |value, kind| Argument { kind, constant: Some(value) };
    for (zone, rows) in &fixture.zones {
        let zone = fixed(Value::Text(zone), SlotKind::Text);
        let days = fixed(list(&fixture.holidays), SlotKind::Texts);
        let in_zone = PARTS.map(|part| prepared(&format!("{part}_in"), &[varies, zone]).unwrap().1);
        let holidays =
            ["is_holiday", "days_to_holiday"].map(|name| prepared(name, &[varies, zone, days]).unwrap().1);
        for row in rows {
            let (scratch, time) = (Scratch::default(), at(row[0]));
            let values = [time, zone.constant.unwrap(), days.constant.unwrap()];
            let parts = in_zone.iter().map(|function| function.call(&values[..2], &scratch));
            let holidays = holidays.iter().map(|function| function.call(&values, &scratch));
            let got: Vec<_> = parts.chain(holidays).collect();
            assert_eq!(got, row[1..].iter().map(|part| Value::Int(*part)).collect::<Vec<_>>(), "{zone:?} {time:?}");
        }
    }
    for row in &fixture.zones["UTC"] {
        let got = PARTS.map(|part| call(&format!("{part}_utc"), &[at(row[0])]));
        assert_eq!(got.as_slice(), row[1..9].iter().map(|part| Value::Int(*part)).collect::<Vec<_>>());
    }
}

#[test]
fn instants_beyond_all_calendars_are_missing_in_zones() {
    for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "America/New_York"].map(Value::Text) {
        for time in [i64::MIN, i64::MAX, 253_402_300_800_000_000, -377_705_116_800_000_001].map(at) {
            for part in PARTS {
                assert_eq!(call(&format!("{part}_in"), &[time, zone]), Value::Missing, "{part} {time:?}");
            }
            assert_eq!(call("days_to_holiday", &[time, zone, list(&["2013-12-25"])]), Value::Missing);
        }
    }
    assert_eq!(call("hour_in", &[Value::Missing, Value::Text("UTC")]), Value::Missing);
    // In UTC there is no end: 292,277 years each way, by the days of the Gregorian calendar.
    assert_eq!(call("year_utc", &[at(i64::MAX)]), Value::Int(294_247));
    assert_eq!(call("year_utc", &[at(i64::MIN)]), Value::Int(-290_308));
    assert_eq!(call("day_of_year_utc", &[at(i64::MIN)]), Value::Int(356));
}

#[test]
fn zones_and_days_that_are_none_are_errors_that_name_them() {
    let time = at(0);
    let zone = "the constant name of a time zone, as `Europe/Berlin`";
    let days = "constant days, as `2013-12-25`";
    for (name, arguments, wanted) in [
        ("hour_in", vec![time, Value::Text("Europe/Bonn")], (1, "\"Europe/Bonn\"", zone)),
        ("hour_in", vec![Value::Int(0), Value::Text("UTC")], (0, "int", "a time")),
        ("is_holiday", vec![time, Value::Text(""), list(&["2013-12-25"])], (1, "\"\"", zone)),
        (
            "is_holiday",
            vec![time, Value::Text("UTC"), list(&["2013-12-25", "2013-02-29"])],
            (2, "\"2013-02-29\"", days),
        ),
        ("days_to_holiday", vec![time, Value::Text("UTC"), list(&["25.12.2013"])], (2, "\"25.12.2013\"", days)),
        ("days_to_holiday", vec![time, Value::Text("UTC"), list(&["+013-12-25"])], (2, "\"+013-12-25\"", days)),
        ("days_to_holiday", vec![time, Value::Text("UTC"), list(&[""; 0])], (2, "no day", days)),
    ] {
        let error = called(name, &arguments).unwrap_err();
        assert_eq!((error.argument, error.got.as_str(), error.wanted.as_str()), wanted, "{name}");
    }
}
