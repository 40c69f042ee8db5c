"""Makes the two tables that both sides read: `data.py FOLDER ROWS`."""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FLOATS = [f"x{i}" for i in range(10)]


def table(rng, rows, shift):
    """Four shapes at scales between 1e-3 and 1e3; every second column is moved by `shift` standard deviations."""
    columns = {}
    for i, name in enumerate(FLOATS):
        size, move = 10.0 ** (i % 7 - 3), shift * (i % 2)
        values = [
            lambda: rng.normal(0.0, 1.0, rows) + move,
            lambda: rng.lognormal(0.0, 0.5, rows) * np.exp(0.5 * move),
            lambda: rng.uniform(0.0, 1.0, rows) + move * 0.29,
            lambda: rng.poisson(5.0 + 2.2 * move, rows).astype(float),
        ][i % 4]()
        columns[name] = size * values
    return pa.table(columns)


def main():
    folder, rows = sys.argv[1], int(sys.argv[2])
    rng = np.random.default_rng(20130101)
    os.makedirs(folder + ".part", exist_ok=True)
    pq.write_table(table(rng, rows, 0.0), folder + ".part/reference.parquet")
    pq.write_table(table(rng, rows, 0.1), folder + ".part/current.parquet")
    os.replace(folder + ".part", folder)


if __name__ == "__main__":
    main()
