"""Computes the windows by other tools, checks that ours are the same, and prints how long each takes:
`peer.py DATA MADE REPEATS`."""

import json
import math
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from report import head, line, span, waited

LENGTHS = {"1h": 3_600, "24h": 86_400, "7d": 7 * 86_400}
# A rounded sum of rounded sums is not ours to the last bit.
CLOSE = 1e-9
SAMPLE = 1_000


def check(what, ok):
    if not ok:
        sys.exit(f"the sides differ: {what}")


def over(frame):
    """The windows of a frame by key; the count is a sum of ones, of which polars has no faster form."""
    for name in LENGTHS:
        mean, count = (
            pl.col("amount").rolling_mean_by("at", name, closed="right"),
            pl.col("one").rolling_sum_by("at", name, closed="right"),
        )
        yield count.over("key").alias(f"count_{name}")
        yield mean.over("key").alias(f"mean_{name}")


def polars_forms(events):
    names = pl.Enum(events["key"].unique().sort())
    keys = {
        "text": events["key"],
        "categorical": events["key"].cast(pl.Categorical),
        "enum": events["key"].cast(names),
    }
    for key, column in keys.items():
        for ones, kind in ("f64", pl.Float64), ("u32", pl.UInt32):
            frame = events.with_columns(column.alias("key"), pl.lit(1, dtype=kind).alias("one"))
            lazy = frame.lazy().select(list(over(frame)))
            yield f"polars, {key}, ones {ones}, eager", lambda frame=frame: frame.select(list(over(frame)))
            yield f"polars, {key}, ones {ones}, lazy", lambda lazy=lazy: lazy.collect()
            yield f"polars, {key}, ones {ones}, streaming", lambda lazy=lazy: lazy.collect(engine="streaming")
    by_key = events.with_columns(keys["enum"].alias("key"), pl.lit(1.0).alias("one")).with_row_index("row")
    plain = [
        each
        for name in LENGTHS
        for each in (
            pl.col("one").rolling_sum_by("at", name, closed="right").alias(f"count_{name}"),
            pl.col("amount").rolling_mean_by("at", name, closed="right").alias(f"mean_{name}"),
        )
    ]
    yield "polars, group by and explode", lambda: (
        by_key.group_by("key").agg("row", *plain).explode(pl.exclude("key")).sort("row").drop("key", "row")
    )


def duckdb_forms(path):
    windows = ", ".join(
        f"count(*) over w{name} as count_{name}, avg(amount) over w{name} as mean_{name}" for name in LENGTHS
    )
    frames = ", ".join(
        f"w{name} as (partition by key order by \"at\" range between interval '{seconds * 1_000_000 - 1} microseconds' "
        "preceding and current row)"
        for name, seconds in LENGTHS.items()
    )
    for kind in "text", "enum":
        database = duckdb.connect()
        database.execute(f"create table events as select row_number() over () as row, * from '{path}'")
        if kind == "enum":
            database.execute("create type name as enum (select distinct key from events order by key)")
            database.execute("alter table events alter key type name")
        query = f"select {windows} from events window {frames} order by row"
        yield f"DuckDB, {kind}", lambda database=database, query=query: pl.from_arrow(database.sql(query).to_arrow_table())


def check_exact(events, ours):
    """Our means of a sample of the rows, by sums without error."""
    random = np.random.default_rng(11)
    at, amount = events["at"].to_physical().to_numpy(), events["amount"].to_numpy()
    key = events["key"].cast(pl.Categorical).to_physical().to_numpy()
    for row in random.integers(0, len(events), SAMPLE):
        for name, seconds in LENGTHS.items():
            first = np.searchsorted(at, at[row] - seconds * 1_000_000, side="right")
            values = amount[first : row + 1][key[first : row + 1] == key[row]]
            check(f"count_{name} of row {row}", ours[f"count_{name}"][row] == len(values))
            check(f"mean_{name} of row {row}", ours[f"mean_{name}"][row] == math.fsum(values) / len(values))


def check_close(what, answer, ours):
    """All counts exactly, and the means but for what sums lose; says how much that is."""
    furthest = 0.0
    for name in LENGTHS:
        same = (answer[f"count_{name}"].cast(pl.Float64).to_numpy() == ours[f"count_{name}"]).all()
        check(f"{what}, count_{name}", same)
        theirs, mean = answer[f"mean_{name}"].to_numpy(), ours[f"mean_{name}"]
        far = np.abs(theirs - mean) / np.abs(mean)
        # A null of theirs is NaN, which is not near anything.
        check(f"{what}, mean_{name}", bool((far < CLOSE).all()))
        furthest = max(furthest, float(far.max()))
    return furthest


def main():
    data, folder, repeats = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    path = data / "events.parquet"
    events = pl.read_parquet(path)
    made = pq.read_table(folder / "windows.parquet")
    ours = {name: made[name].to_numpy() for length in LENGTHS for name in (f"count_{length}", f"mean_{length}")}
    check_exact(events, ours)
    lines = [json.loads(text) for text in (folder / "ours.jsonl").read_text().splitlines()]
    best, median = next((one["best_ns"], one["median_ns"]) for one in lines if "work" in one)

    head([f"{len(events):,} events, best of the repeats (median)", "time", "÷ ours", "means off by at most"])
    line(["ours", f"{span(best)} ({span(median)})", "1", "0"])
    for forms in polars_forms(events), duckdb_forms(path):
        for form, get in forms:
            # The first is to warm up.
            furthest = check_close(form, get(), ours)
            times = []
            for _ in range(repeats):
                start = time.perf_counter_ns()
                answer = get()
                times.append(time.perf_counter_ns() - start)
                del answer
            line([form, f"{span(min(times))} ({span(float(np.median(times)))})", f"{min(times) / best:.3g}", f"{furthest:.1e}"])
    rust = next(one["waited"] for one in lines if "waited" in one)
    print(f"\nwaited for a core: Rust {rust:.1%}, Python {waited():.1%} of the time")


if __name__ == "__main__":
    main()
