"""Makes ../data/functions.json: what numpy and scikit-learn make of the same arguments.

python functions.py  (with the pins of requirements.txt)

Every float is a text that Python and Rust read to the same bits.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics.pairwise import haversine_distances

assert sklearn.__version__ == "1.9.1"
rng = np.random.default_rng(2013)
SPECIAL = [0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 1.0, -1.0, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan]

ONE = {
    "negative": np.negative,
    "absolute": np.absolute,
    "square_root": np.sqrt,
    "exp": np.exp,
    "ln": np.log,
    "ln_1p": np.log1p,
    "log10": np.log10,
    "round": np.round,
    "floor": np.floor,
    "ceiling": np.ceil,
    "is_nan": np.isnan,
}
TWO = {
    "plus": np.add,
    "minus": np.subtract,
    "times": np.multiply,
    "over": np.divide,
    "power": np.power,
    "least": np.minimum,
    "greatest": np.maximum,
    "greater": np.greater,
    "at_least": np.greater_equal,
    "less": np.less,
    "at_most": np.less_equal,
    "equal": np.equal,
}


def texts(values):
    return [repr(float(value)) for value in values]


def drawn(rows):
    return np.concatenate([rng.normal(0.0, 3.0, rows), rng.lognormal(0.0, 4.0, rows)])


def main():
    cases = {}
    x = np.concatenate([SPECIAL, drawn(40)])
    with np.errstate(all="ignore"):
        for name, function in ONE.items():
            cases[name] = {"arguments": [texts(x)], "answers": texts(function(x))}
        pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL] + list(zip(drawn(40), drawn(40)))).T
        for name, function in TWO.items():
            cases[name] = {"arguments": [texts(one) for one in pairs], "answers": texts(function(*pairs))}
        bounds = np.array([(a, -1.0, 2.0) for a in x] + [(a, 2.0, -1.0) for a in SPECIAL]).T
        cases["clip"] = {"arguments": [texts(one) for one in bounds], "answers": texts(np.clip(*bounds))}
    places = np.stack([rng.uniform(-90, 90, 60), rng.uniform(-180, 180, 60)], 1)
    others = np.stack([rng.uniform(-90, 90, 60), rng.uniform(-180, 180, 60)], 1)
    others[:10] = places[:10] + rng.normal(0.0, 1e-3, (10, 2))
    others[10:13] = places[10:13]
    far = [6371.0088 * haversine_distances(np.radians([a]), np.radians([b]))[0, 0] for a, b in zip(places, others)]
    arguments = [places[:, 0], places[:, 1], others[:, 0], others[:, 1]]
    cases["haversine"] = {"arguments": [texts(one) for one in arguments], "answers": texts(far)}
    lines = (f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (pathlib.Path(__file__).parent.parent / "data" / "functions.json").write_text(text)


if __name__ == "__main__":
    main()
