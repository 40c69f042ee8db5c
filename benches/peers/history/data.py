"""Makes the rows and the events, in the order of time and shuffled: `data.py FOLDER ROWS`. Events are five times as
many."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEYS = 10_000
DAYS = 90

folder, rows = Path(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(7)
# The last hundred keys have no events.
names = pa.array([f"customer-{key:06}" for key in range(KEYS + 100)])


def table(count, keys, **columns):
    at = np.sort(random.choice(DAYS * 86_400 * 1_000, count, replace=False)) * 1_000 + random.integers(0, 1_000, count)
    key = pa.DictionaryArray.from_arrays(pa.array(random.integers(0, keys, count, dtype=np.int32)), names)
    at = pa.array(1_700_000_000_000_000 + at, pa.timestamp("us", "UTC"))
    return pa.table({"key": key.cast(pa.string()), "at": at, **columns})


events = 5 * rows
tables = {
    "rows": table(rows, KEYS + 100),
    "events": table(events, KEYS, amount=random.normal(size=events), score=random.normal(size=events)),
}
for order in "sorted", "unsorted":
    (folder / order).mkdir(parents=True, exist_ok=True)
    for name, whole in tables.items():
        if order == "unsorted":
            whole = whole.take(pa.array(random.permutation(len(whole))))
        part = folder / order / ".part"
        pq.write_table(whole, part)
        os.replace(part, folder / order / f"{name}.parquet")
