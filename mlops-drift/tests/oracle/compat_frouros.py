"""Makes tests/data/compat_frouros.json: what frouros says of generated pairs.

Run with the packages of requirements-frouros.txt: python tests/oracle/compat_frouros.py
"""
import json
import pathlib
import warnings

import numpy as np
from frouros.detectors import data_drift

import samples

warnings.simplefilter("ignore")
DISTANCES = ["PSI", "HellingerDistance", "BhattacharyyaDistance", "HINormalizedComplement", "EMD", "EnergyDistance"]


def answer(name, a, b):
    detector = getattr(data_drift, name)()
    detector.fit(X=a)
    result, _ = detector.compare(X=b)
    if name in DISTANCES:
        return float(result.distance)
    return [float(result.statistic), float(result.p_value)]


cases = []
for i in range(330):
    kind, a, b = samples.case(i)
    # A category for each of many thousand different values is no use.
    tests = ["KSTest", "ChiSquareTest"] if kind in ("ties", "constant") or len(a) + len(b) <= 2000 else ["KSTest"]
    try:
        cases.append([answer(name, a, b) for name in [*DISTANCES, *tests]])
    except ValueError as error:
        print(i, error)
        cases.append(None)

path = pathlib.Path(__file__).parent.parent / "data" / "compat_frouros.json"
path.write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
