"""Makes the events: `data.py FOLDER EVENTS`."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

KEYS = 10_000
DAYS = 90

folder, events = Path(sys.argv[1]), int(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(7)

# Events of one key have different times, in microseconds.
at = np.sort(random.choice(DAYS * 86_400 * 1_000, events, replace=False)) * 1_000 + random.integers(0, 1_000, events)
names = pa.array([f"customer-{key:06}" for key in range(KEYS)])
key = pa.DictionaryArray.from_arrays(pa.array(random.integers(0, KEYS, events, dtype=np.int32)), names)
amount = np.round(random.lognormal(3, 1, events), 2)
start = 1_700_000_000_000_000
columns = {
    "key": key.cast(pa.string()),
    "at": pa.array(start + at, pa.timestamp("us", "UTC")),
    "amount": pa.array(amount),
}
part = folder / ".part"
pq.write_table(pa.table(columns), part)
os.replace(part, folder / "events.parquet")
