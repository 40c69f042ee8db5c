"""Makes tests/data/compat_evidently.json: what Evidently says of generated pairs.

Run with the packages of requirements-evidently.txt: DO_NOT_TRACK=1 python tests/oracle/compat_evidently.py
"""
import json
import pathlib
import warnings

import numpy as np
import pandas as pd
from evidently.legacy.calculations.data_drift import get_dataset_drift, get_one_column_drift
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.legacy.metric_results import DatasetColumns, DatasetUtilityColumns
from evidently.legacy.options.data_drift import DataDriftOptions

import car_loan
import samples

warnings.simplefilter("ignore")
DISTANCES = ["jensenshannon", "psi", "kl_div"]


def answer(reference, current, kind, name=None):
    test = get_stattest(reference, current, kind, name)
    result = test(reference, current, kind, None)
    score = float(result.drift_score)
    return test.name, (score if np.isfinite(score) else None), bool(result.drifted)


numbers = []
for i in range(330):
    _, a, b = samples.case(i)
    a, b = pd.Series(a), pd.Series(b)
    try:
        default = answer(a, b, ColumnType.Numerical)
        distances = [answer(a, b, ColumnType.Numerical, name)[1] for name in ["wasserstein", *DISTANCES]]
        numbers.append([*default, *distances])
    except ValueError as error:  # too many bins for the range
        print(i, error)
        numbers.append(None)

categories = []
for i in range(330):
    a, b = (pd.Series(np.repeat(np.arange(len(counts)), counts)) for counts in samples.counts(i))
    default = answer(a, b, ColumnType.Categorical)
    categories.append([*default, *[answer(a, b, ColumnType.Categorical, name)[1] for name in ["chisquare", "z", *DISTANCES]]])

# Whole reports, with NaN and infinities: ten columns a set.
sets = []
for first in range(0, 60, 10):
    columns = {}
    for i in range(first, first + 10):
        _, a, b = samples.case(i, 2500)
        frames = []
        for values in (a, b):
            values = np.concatenate([values, [np.nan, np.inf, -np.inf]])
            frames.append(pd.DataFrame({"x": values}))
        utility = DatasetUtilityColumns(date=None, id=None, target=None, prediction=None)
        known = DatasetColumns(
            utility_columns=utility, target_type=None, task=None, num_feature_names=["x"], cat_feature_names=[],
            text_feature_names=[], datetime_feature_names=[], target_names=None,
        )
        try:
            columns[i] = get_one_column_drift(
                current_data=frames[1], reference_data=frames[0], column_name="x", options=DataDriftOptions(),
                dataset_columns=known, column_type=ColumnType.Numerical, agg_data=True,
            )
        except ValueError as error:  # the plots' bins, not the test's
            print(i, error)
    drift = get_dataset_drift(columns)
    sets.append({
        "columns": [[i, float(c.drift_score), bool(c.drift_detected)] for i, c in columns.items()],
        "share": float(drift.dataset_drift_score), "drifted": bool(drift.dataset_drift),
    })

(values, ranges), (chunk_values, chunk_ranges) = (map(pd.Series, side) for side in car_loan.read())
loan = [
    [name, answer(a, b, kind, name)[1]]
    for a, b, kind, names in [
        (values, chunk_values, ColumnType.Numerical, ["wasserstein", *DISTANCES]),
        (ranges, chunk_ranges, ColumnType.Categorical, DISTANCES),
    ]
    for name in names
]

path = pathlib.Path(__file__).parent.parent / "data" / "compat_evidently.json"
parts = {"numbers": numbers, "categories": categories, "sets": sets, "car_loan": loan}
body = ",\n".join(f'"{name}": [\n' + ",\n".join(map(json.dumps, part)) + "\n]" for name, part in parts.items())
path.write_text("{\n" + body + "\n}\n")
