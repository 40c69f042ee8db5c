"""Makes the table that both sides read: `data.py FILE ROWS`."""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FLOATS = [f"x{i:02}" for i in range(40)]
TEXTS = [f"c{i}" for i in range(10)]
DISTINCT = 1000


def floats(rng, rows, i):
    """One of four shapes, at a scale between 1e-6 and 1e6."""
    size = 10.0 ** rng.uniform(-6, 6)
    shape = [
        lambda: rng.normal(rng.uniform(-3, 3), 1.0, rows),
        lambda: rng.lognormal(0.0, 1.0, rows),
        lambda: rng.uniform(0.0, 1.0, rows),
        lambda: rng.poisson(5.0, rows).astype(float),
    ][i % 4]
    return size * shape()


def texts(rng, rows):
    """1,000 different random ASCII texts of 8 to 24 bytes, each as likely as the others."""
    letters = np.array([chr(c) for c in range(33, 127)])
    distinct = set()
    while len(distinct) < DISTINCT:
        distinct.add("".join(rng.choice(letters, rng.integers(8, 25))))
    dictionary = pa.array(sorted(distinct))
    return dictionary.take(pa.array(rng.integers(0, DISTINCT, rows)))


def main():
    path, rows = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(20240229)
    columns = {"at": pa.array(np.arange(rows) * 1_000_000, pa.timestamp("us"))}
    columns |= {name: pa.array(floats(rng, rows, i)) for i, name in enumerate(FLOATS)}
    columns |= {name: texts(rng, rows) for name in TEXTS}
    pq.write_table(pa.table(columns), path + ".part", compression="snappy")
    os.replace(path + ".part", path)


if __name__ == "__main__":
    main()
