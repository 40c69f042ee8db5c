"""Joins by other tools, checks that ours are the same, and prints how long each takes: `peer.py DATA MADE REPEATS`."""

import json
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from report import head, line, span, waited

FIELDS = ["amount", "score"]


def check(what, ok):
    if not ok:
        sys.exit(f"the sides differ: {what}")


def pandas_forms(rows, events, ordered):
    rows, events = rows.to_pandas(), events.to_pandas()
    names = pd.CategoricalDtype(sorted(set(rows["key"]) | set(events["key"])))
    kinds = {"text": rows["key"].dtype, "object": object, "categorical": names}
    for kind, dtype in kinds.items():
        left, right = rows.astype({"key": dtype}), events.astype({"key": dtype})
        if ordered:
            yield f"pandas, {kind}", lambda left=left, right=right: pd.merge_asof(left, right, on="at", by="key")
        else:
            yield f"pandas, {kind}", lambda left=left, right=right: pd.merge_asof(
                left.reset_index(names="row").sort_values("at"), right.sort_values("at"), on="at", by="key"
            ).sort_values("row")


def polars_forms(rows, events, ordered):
    names = pl.Enum(pl.concat([rows["key"], events["key"]]).unique().sort())
    for kind, dtype in ("text", pl.String), ("categorical", pl.Categorical), ("enum", names):
        left, right = rows.with_columns(pl.col("key").cast(dtype)), events.with_columns(pl.col("key").cast(dtype))
        if ordered:
            join = left.lazy().join_asof(right.lazy(), on="at", by="key", check_sortedness=False)
        else:
            sorted_rows = left.lazy().with_row_index("row").sort("at")
            join = sorted_rows.join_asof(right.lazy().sort("at"), on="at", by="key", check_sortedness=False).sort("row")
        yield f"polars, {kind}", lambda join=join: join.collect()
        yield f"polars, {kind}, streaming", lambda join=join: join.collect(engine="streaming")


def duckdb_forms(folder):
    query = "select amount, score from rows asof left join events on rows.key = events.key and rows.at >= events.at order by row"
    for kind in "text", "enum":
        database = duckdb.connect()
        database.execute(f"create table rows as select row_number() over () as row, * from '{folder}/rows.parquet'")
        database.execute(f"create table events as select * from '{folder}/events.parquet'")
        if kind == "enum":
            database.execute("create type name as enum (select key from rows union select key from events)")
            database.execute("alter table rows alter key type name")
            database.execute("alter table events alter key type name")
        yield f"DuckDB, {kind}", lambda database=database: pl.from_arrow(database.sql(query).to_arrow_table())


def check_answer(what, answer, ours):
    for name in FIELDS:
        theirs = np.asarray(answer[name], dtype=np.float64)
        check(f"{what}, {name}", np.array_equal(theirs, ours[name], equal_nan=True))


def main():
    data, folder, repeats = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    lines = [json.loads(text) for text in (folder / "ours.jsonl").read_text().splitlines()]
    for order in "sorted", "unsorted":
        rows, events = (pl.read_parquet(data / order / f"{name}.parquet") for name in ("rows", "events"))
        made = pl.read_parquet(folder / f"{order}.parquet")
        ours = {name: made[f"latest.{name}"].to_numpy() for name in FIELDS}
        best, median = next((one["best_ns"], one["median_ns"]) for one in lines if one.get("work") == order)
        head([f"{order}: {len(rows):,} rows, {len(events):,} events, best of the repeats (median)", "time", "÷ ours"])
        line(["ours", f"{span(best)} ({span(median)})", "1"])
        ordered = order == "sorted"
        all_forms = pandas_forms(rows, events, ordered), polars_forms(rows, events, ordered), duckdb_forms(data / order)
        for forms in all_forms:
            for form, get in forms:
                # The first is to warm up.
                check_answer(f"{order}, {form}", get(), ours)
                times = []
                for _ in range(repeats):
                    start = time.perf_counter_ns()
                    answer = get()
                    times.append(time.perf_counter_ns() - start)
                    del answer
                line([form, f"{span(min(times))} ({span(float(np.median(times)))})", f"{min(times) / best:.3g}"])
    rust = next(one["waited"] for one in lines if "waited" in one)
    print(f"\nwaited for a core: Rust {rust:.1%}, Python {waited():.1%} of the time")


if __name__ == "__main__":
    main()
