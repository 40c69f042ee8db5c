"""Makes ../data/encodings.json: what scikit-learn makes of the same columns.

python encodings.py  (with the pins of requirements.txt)
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

assert sklearn.__version__ == "1.9.1"
rng = np.random.default_rng(2013)


def numbers(rows):
    kinds = {
        "normal": rng.normal(3.0, 2.0, rows),
        "far": 1e9 + rng.normal(0.0, 1.0, rows),
        "tiny": rng.normal(0.0, 1e-12, rows),
        "constant": np.full(rows, 0.1),
        "skewed": rng.lognormal(0.0, 3.0, rows),
    }
    holes = rng.random(rows) < 0.1
    kinds["holes"] = np.where(holes, np.nan, kinds["normal"])
    return kinds


def column(values):
    return [None if np.isnan(x) else x for x in values.tolist()]


cases = []
for rows in [2, 7, 100, 500]:
    labels = (rng.random(rows) < 0.3).astype(float)
    labels[:2] = [0.0, 1.0]
    texts = rng.choice(["a", "b", "c", "d", "e"], rows, p=[0.4, 0.3, 0.2, 0.08, 0.02]).tolist()
    case = {"labels": labels.tolist(), "texts": texts, "numbers": {}}
    for name, values in numbers(rows).items():
        scaled = StandardScaler().fit_transform(values.reshape(-1, 1)).ravel()
        case["numbers"][name] = {"values": column(values), "scaled": column(scaled)}
    one_hot = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    case["one_hot"] = one_hot.fit_transform(np.array(texts).reshape(-1, 1)).tolist()
    # `transform` is the full fit; `fit_transform` would be out of fold.
    target = TargetEncoder(smooth=20.0, target_type="binary").fit(np.array(texts).reshape(-1, 1), labels)
    case["target"] = target.transform(np.array(texts + ["unseen"]).reshape(-1, 1)).ravel().tolist()
    cases.append(case)

out = pathlib.Path(__file__).parent.parent / "data" / "encodings.json"
out.write_text(json.dumps(cases) + "\n")
