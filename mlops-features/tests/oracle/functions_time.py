"""Makes ../data/functions_time.json: what clocks show in time zones, by Python's zoneinfo.

python functions_time.py  (with the pins of requirements.txt; the system's zones are not asked)

A row is an instant in microseconds since 1970, then minute, hour, weekday, whether it is a weekend, day, day of the year,
month, year, whether it is a holiday, and the days to the nearest holiday.
"""

import json
import pathlib
import zoneinfo
from datetime import UTC, date, datetime, timedelta

import numpy as np
import tzdata

assert tzdata.__version__ == "2026.6" and tzdata.IANA_VERSION == "2026f"
zoneinfo.reset_tzpath(to=[])
rng = np.random.default_rng(2013)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
ZONES = [
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
]
HOLIDAYS = [date(2014, 1, 1), date(2013, 12, 25), date(2013, 7, 4), date(2012, 2, 29), date(1969, 12, 31)]


def changes(zone):
    """The first microseconds of other offsets."""

    def offset(micros):
        return (EPOCH + micros * MICRO).astimezone(zone).utcoffset()

    step, found = 7 * 86_400_000_000, []
    for low in range(-90 * 365 * 86_400_000_000, 80 * 365 * 86_400_000_000, step):
        high = low + step
        if offset(low) != offset(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high)
    return found


def row(micros, zone):
    local = (EPOCH + micros * MICRO).astimezone(zone)
    days = [(day - local.date()).days for day in HOLIDAYS]
    nearest = min(days, key=lambda days: (abs(days), days < 0))
    weekday, day_of_year = local.weekday(), local.timetuple().tm_yday
    parts = [local.minute, local.hour, weekday, int(weekday > 4), local.day, day_of_year, local.month, local.year]
    return [micros, *parts, int(0 in days), nearest]


def main():
    lines = []
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        edges = changes(zone)
        edges = edges if len(edges) < 12 else [edges[i] for i in sorted(rng.choice(len(edges), 12, replace=False))]
        instants = [edge + after for edge in edges for after in (-1, 0)]
        # Years 2 to 9998, 1880 to 2100, and the days around the holidays.
        instants += [int(x) for x in rng.integers(-62_000_000_000_000_000, 253_300_000_000_000_000, 10)]
        instants += [int(x) for x in rng.integers(-2_840_000_000_000_000, 4_100_000_000_000_000, 15)]
        instants += [int(x) for x in rng.integers(1_387_700_000_000_000, 1_388_800_000_000_000, 10)]
        instants += [-1, 0, 1_330_473_600_000_000, 1_330_473_599_999_999]
        rows = ",\n".join(json.dumps(row(micros, zone)) for micros in instants)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n]")
    holidays = json.dumps([day.isoformat() for day in HOLIDAYS])
    text = f'{{\n"holidays": {holidays},\n"zones": {{\n' + ",\n".join(lines) + "\n}\n}\n"
    (pathlib.Path(__file__).parent.parent / "data" / "functions_time.json").write_text(text)


if __name__ == "__main__":
    main()
