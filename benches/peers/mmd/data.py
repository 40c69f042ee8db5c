"""Makes what both sides read: `data.py FOLDER ROWS`. `rows.f64` holds ROWS rows of the reference and then as many of the
current sample, 384 floats each, little-endian; the current rows are shifted a little in a tenth of the columns."""

import os
import sys
from pathlib import Path

import numpy as np

COLUMNS = 384
PERMUTATIONS = 200


def main():
    folder, rows = Path(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(20240229)
    # What an embedding is like: its columns hang together, and it lies off the origin.
    mix = rng.normal(0, 1 / np.sqrt(64), (64, COLUMNS))
    both = rng.normal(size=(2 * rows, 64)) @ mix + 0.3 * rng.normal(size=(2 * rows, COLUMNS)) + 0.5
    both[rows:, :: COLUMNS // 38] += 0.02
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / ".part"
    both.astype("<f8").tofile(part)
    os.replace(part, folder / "rows.f64")


if __name__ == "__main__":
    main()
