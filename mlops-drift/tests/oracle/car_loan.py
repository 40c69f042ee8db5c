"""Makes tests/data/car_loan from the data inside nannyml's wheel: two columns of the reference's 50,000 rows and of rows
35,000 to 39,999 of the analysis, which have drifted.

Run with the packages of requirements-nannyml.txt: NML_DISABLE_USAGE_LOGGING=1 python tests/oracle/car_loan.py
"""
import importlib.metadata
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent.parent / "data" / "car_loan"
NOTICE = """rows.bin is made by tests/oracle/car_loan.py from synthetic_car_loan_reference.csv and synthetic_car_loan_analysis.csv
of NannyML 0.13.1 (Copyright 2022 NannyML NV), which is licensed under the Apache License, Version 2.0: see
LICENSE. It was changed: two columns of some rows are kept, in another format. Each row is three bytes, the least first:
the low 17 bits are `car_value`, the next two say which of the sorted values of `salary_range` it has. The first 50,000
rows are the reference, the next 5,000 are rows 35,000 to 39,999 of the analysis.
"""


def read():
    """The values and the ranges of the reference, and those of the chunk."""
    rows = np.fromfile(FOLDER / "rows.bin", dtype=np.uint8).reshape(-1, 3).astype(np.uint32)
    rows = rows[:, 0] | rows[:, 1] << 8 | rows[:, 2] << 16
    values, ranges = (rows & 0x1FFFF).astype(np.float64), np.array([f"{k:02}" for k in range(4)])[rows >> 17]
    return (values[:50_000], ranges[:50_000]), (values[50_000:], ranges[50_000:])


if __name__ == "__main__":
    import nannyml

    reference, analysis, _ = nannyml.load_synthetic_car_loan_dataset()
    names = sorted(reference["salary_range"].unique())
    parts = []
    for frame in (reference, analysis[35_000:40_000]):
        values = frame["car_value"].to_numpy()
        assert (values == values.astype(np.uint32)).all() and values.max() < 1 << 17 and len(names) == 4
        parts.append(values.astype(np.uint32) | frame["salary_range"].map(names.index).to_numpy().astype(np.uint32) << 17)
    rows = np.concatenate(parts)
    FOLDER.mkdir(exist_ok=True)
    np.stack([rows & 0xFF, rows >> 8 & 0xFF, rows >> 16], axis=1).astype(np.uint8).tofile(FOLDER / "rows.bin")
    licence = next(f for f in importlib.metadata.files("nannyml") if f.name == "LICENSE")
    (FOLDER / "LICENSE").write_text(licence.read_text())
    (FOLDER / "NOTICE").write_text(NOTICE)
