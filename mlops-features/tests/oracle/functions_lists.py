"""Makes ../data/functions_lists.json: what numpy makes of lists, and pygeohash of places.

python functions_lists.py  (with the pins of requirements.txt)

Every float is a text that Python and Rust read to the same bits.
"""

import json
import pathlib

import numpy as np
import pygeohash

assert np.__version__ == "2.4.6"
rng = np.random.default_rng(2013)
PLACES = [(0.0, 0.0), (-0.0, -0.0), (90.0, 180.0), (-90.0, -180.0), (45.0, 90.0), (-45.0, -90.0), (40.6925, -74.168667)]
PLACES += [(57.64911, 10.40744), (89.99999999999, 179.99999999999), (1e-300, -1e-300), (11.25, -22.5)]


def text(value):
    return repr(float(value))


def main():
    lists = [[], [0.5], [np.nan], [1e300, 1e300, -1e300], [np.inf, 1.0], [np.inf, -np.inf], [1e16, 1.0, -1e16]]
    lists.append([1.0, np.nan, 2.0])
    for length in (2, 7, 8, 9, 15, 16, 127, 128, 129, 130, 255, 256, 257, 384, 1000):
        lists.append(rng.normal(0.0, 10.0 ** rng.integers(-3, 9), length))
    rows = []
    with np.errstate(all="ignore"):
        for x in map(np.asarray, lists):
            few = [None] * 3 if len(x) == 0 else [text(answer) for answer in (np.mean(x), np.min(x), np.max(x))]
            rows.append([[text(item) for item in x], [text(np.sum(x)), *few]])
    places = PLACES + list(zip(rng.uniform(-90, 90, 60), rng.uniform(-180, 180, 60)))
    cells = [[text(a), text(b), [pygeohash.encode(a, b, precision=i) for i in range(1, 13)]] for a, b in places]
    lines = []
    for name, rows in {"lists": rows, "cells": cells}.items():
        lines.append(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
    whole = "{\n" + ",\n".join(lines) + "\n}\n"
    (pathlib.Path(__file__).parent.parent / "data" / "functions_lists.json").write_text(whole)


if __name__ == "__main__":
    main()
