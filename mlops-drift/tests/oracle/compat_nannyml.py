"""Makes tests/data/compat_nannyml.json: what NannyML says of generated pairs.

Run with the packages of requirements-nannyml.txt: NML_DISABLE_USAGE_LOGGING=1 python tests/oracle/compat_nannyml.py
"""
import json
import logging
import pathlib
import warnings

import numpy as np
import pandas as pd
from nannyml.chunk import DefaultChunker, SizeBasedChunker
from nannyml.drift.univariate.calculator import DEFAULT_THRESHOLDS
from nannyml.drift.univariate.methods import FeatureType, MethodFactory
from nannyml.exceptions import ChunkerException

import car_loan
import samples

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
NUMBERS = ["jensen_shannon", "hellinger", "kolmogorov_smirnov", "wasserstein"]
CATEGORIES = ["jensen_shannon", "hellinger", "chi2", "l_infinity"]


def answer(reference, chunk, name, kind, size):
    """The value, the p-value or the threshold, and whether it alarms; null where NannyML raises."""
    chunker = DefaultChunker() if size is None else SizeBasedChunker(size)
    method = MethodFactory.create(key=name, feature_type=kind, chunker=chunker, threshold=DEFAULT_THRESHOLDS[name])
    try:
        method.fit(pd.Series(reference, name="x"))
        value = method.calculate(pd.Series(chunk, name="x"))
    except (ChunkerException, ValueError) as error:
        print(name, len(reference), error)
        return None
    limit = method._p_value if name == "chi2" else method.upper_threshold_value
    numbers = [None if x is None or not np.isfinite(x) else float(x) for x in (value, limit)]
    return [*numbers, bool(method.alert(value))]


numbers = []
for i in range(360):
    _, a, b = samples.case(i)
    numbers.append([answer(a, b, name, FeatureType.CONTINUOUS, 7 if i % 8 and len(a) <= 1000 else None) for name in NUMBERS])

categories = []
for i in range(360):
    counts = samples.counts(i)
    # The reference's rows in an order that mixes the categories, so that its chunks differ: i-th by bits of seed i.
    a, b = (np.repeat(np.array([f"{k:02}" for k in range(len(c))]), [min(n, 3000) for n in c]) for c in counts)
    a = a[np.argsort(samples.bits(700_000 + i, len(a)), kind="stable")]
    categories.append([answer(a, b, name, FeatureType.CATEGORICAL, 7 if i % 8 and len(a) <= 1000 else None) for name in CATEGORIES])

(values, ranges), (chunk_values, chunk_ranges) = car_loan.read()
loan = [
    *[answer(values, chunk_values, name, FeatureType.CONTINUOUS, 5000) for name in NUMBERS],
    *[answer(ranges, chunk_ranges, name, FeatureType.CATEGORICAL, 5000) for name in CATEGORIES],
]

path = pathlib.Path(__file__).parent.parent / "data" / "compat_nannyml.json"
parts = {"numbers": numbers, "categories": categories, "car_loan": loan}
body = ",\n".join(f'"{name}": [\n' + ",\n".join(map(json.dumps, part)) + "\n]" for name, part in parts.items())
path.write_text("{\n" + body + "\n}\n")
