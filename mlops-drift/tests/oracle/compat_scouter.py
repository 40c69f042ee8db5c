"""Makes tests/data/compat_scouter.json: what scouter says of generated pairs, and the thresholds of its documentation, which
its Python package doesn't compute.

Run with the packages of requirements-scouter.txt: python tests/oracle/compat_scouter.py
"""
import json
import pathlib

import numpy as np
from scipy.stats import chi2, norm
from scouter.drift import Drifter, PsiDriftConfig

import samples

drifter = Drifter()


def psi(reference, current, categories):
    config = PsiDriftConfig(categorical_features=["feature_0"] if categories else None)
    profile = drifter.create_drift_profile(np.asarray(reference, dtype=float).reshape(-1, 1), config)
    drift = drifter.compute_drift(np.asarray(current, dtype=float).reshape(-1, 1), profile)
    return float(drift.features["feature_0"])


numbers = []
for i in range(330):
    _, a, b = samples.case(i)
    if i % 5 == 0:  # what isn't finite
        a, b = np.concatenate([a, [np.nan, np.inf, -np.inf]]), np.concatenate([b, [np.nan, np.inf, -np.inf]])
    numbers.append(psi(a, b, False))

categories = [psi(*(np.repeat(np.arange(len(c)), c) for c in samples.counts(i)), True) for i in range(330)]

thresholds = [
    [rows, bins, alpha, float(chi2.isf(alpha, bins - 1) / rows), float((bins - 1 + norm.isf(alpha) * (2 * (bins - 1)) ** 0.5) / rows)]
    for rows in [1, 400, 1_000_000] for bins in [2, 3, 10, 60] for alpha in [0.001, 0.05, 0.9]
]

path = pathlib.Path(__file__).parent.parent / "data" / "compat_scouter.json"
path.write_text(json.dumps({"numbers": numbers, "categories": categories, "thresholds": thresholds}, indent=0) + "\n")
