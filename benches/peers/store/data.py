"""Makes what both sides read: `data.py FOLDER ENTITIES`. `events.parquet` holds an event of each entity, `requests.parquet`
the entities of each request, 100 rows a request."""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FLOATS = [f"x{i:02}" for i in range(40)]
INTS = [f"n{i}" for i in range(5)]
TEXTS = [f"c{i}" for i in range(5)]
FEATURES = FLOATS + INTS + TEXTS
# The time of the events, an hour before that of the requests.
AT = 1_700_000_000_000_000
ENTITIES_A_REQUEST = 100
REQUESTS = 64


def main():
    folder, entities = Path(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(20240229)
    names = np.array([f"customer-{i:06}" for i in rng.permutation(entities)])
    words = np.array([f"word {i} of some" for i in range(1000)])
    columns = {"entity": pa.array(names), "at": pa.array(np.full(entities, AT), pa.timestamp("us", "UTC"))}
    # A hundredth are null, which isn't an entity that is missing.
    null = lambda: rng.uniform(size=entities) < 0.01
    columns |= {name: pa.array(rng.normal(0, 10.0 ** (i % 12 - 6), entities), mask=null()) for i, name in enumerate(FLOATS)}
    columns |= {name: pa.array(rng.integers(-(2**40), 2**40, entities), mask=null()) for name in INTS}
    columns |= {name: pa.array(rng.choice(words, entities), mask=null()) for name in TEXTS}
    folder.mkdir(parents=True, exist_ok=True)
    requests = np.concatenate([rng.choice(names, ENTITIES_A_REQUEST, replace=False) for _ in range(REQUESTS)])
    pq.write_table(pa.table({"entity": requests}), folder / "requests.parquet")
    part = folder / ".part"
    pq.write_table(pa.table(columns), part)
    os.replace(part, folder / "events.parquet")


if __name__ == "__main__":
    main()
