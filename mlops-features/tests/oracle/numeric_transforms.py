"""Makes ../data/numeric_transforms.json and ../data/normal_quantiles.json: what scikit-learn, numpy and scipy make of the
same columns.

python numeric_transforms.py  (with the pins of requirements.txt)

A case fits a transform on a column and applies it to that column and some numbers more; `wanted` is null where the fit
has to fail. Its `condition` is by how much rounding counts more than at zero: the distance from zero, in the unit of what
comes out.
"""

import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import special, stats
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

assert (sklearn.__version__, np.__version__, scipy.__version__) == ("1.9.1", "2.4.6", "1.17.1")
warnings.simplefilter("ignore")
rng = np.random.default_rng(2013)
ROWS = 30


def columns():
    plain = rng.normal(3.0, 2.0, ROWS)
    made = {
        "plain": plain,
        "far": 1e9 + rng.normal(0.0, 1.0, ROWS),
        "ties": rng.integers(0, 4, ROWS).astype(float),
        "constant": np.full(ROWS, 0.1),
        "all_nan": np.full(5, np.nan),
        "two": np.array([3.0, -1.0]),
        "holes": np.where(rng.random(ROWS) < 0.3, np.nan, plain),
        "tiny": rng.normal(0.0, 1e-12, ROWS),
        "huge": rng.normal(0.0, 1e300, ROWS),
        "skewed": rng.lognormal(0.0, 2.0, ROWS),
        "negative": -rng.lognormal(0.0, 1.0, ROWS),
        "long": rng.normal(0.0, 1.0, 1500).round(2),
    }
    return made


def applied(column):
    """What a transform is applied to: a part of the column, what is near it, and NaN."""
    some = column[:ROWS]
    known = column[~np.isnan(column)]
    if known.size == 0:
        return np.array([0.0, 1.0, np.nan])
    least, greatest = known.min(), known.max()
    more = [least, greatest, (least + greatest) / 2, least - abs(least) / 2, greatest + abs(greatest) / 2, 0.0, np.nan]
    return np.concatenate([some, more])


def as_json(values):
    def one(x):
        return "NaN" if np.isnan(x) else "Infinity" if x == np.inf else "-Infinity" if x == -np.inf else float(x)

    return [one(x) for x in np.asarray(values, float).ravel()]


COLUMNS = columns()
CASES = []


def case(transform, parameters, name, rows, condition=1.0, **more):
    """`rows` are the numbers of each row that the transform is applied to; None where the fit has to fail."""
    if rows is not None:
        rows = np.asarray(rows, float).reshape(len(applied(COLUMNS[name])), -1)
        more["width"] = rows.shape[1]
        rows = as_json(rows)
    condition = 1.0 if np.isnan(condition) else float(max(condition, 1.0))
    CASES.append({"transform": transform, "parameters": parameters, "column": name, "condition": condition,
                  "wanted": rows, **more})


def upright(values):
    return np.asarray(values, float).reshape(-1, 1)


def scaled(scaler, column):
    return scaler.fit(upright(column)).transform(upright(applied(column)))


def distance(column, scale):
    return np.nanmax(np.abs(column)) / scale if not np.all(np.isnan(column)) else 1.0


for name, column in COLUMNS.items():
    extent = np.nanmax(column) - np.nanmin(column)
    far = 1.0 if not extent > 0 else distance(column, extent)
    for low, high, clip in [(0.0, 1.0, False), (-1.0, 2.5, True)]:
        scaler = MinMaxScaler((low, high), clip=clip)
        case("min_max", {"low": low, "high": high, "clip": clip}, name, scaled(scaler, column), 3 * far)
    case("max_abs", {}, name, scaled(MaxAbsScaler(), column))
    for low, high, center, scale, unit in [
        (25.0, 75.0, True, True, False),
        (10.0, 95.0, True, True, True),
        (25.0, 75.0, False, True, False),
        (25.0, 75.0, True, False, False),
    ]:
        scaler = RobustScaler(quantile_range=(low, high), with_centering=center, with_scaling=scale, unit_variance=unit)
        parameters = {"low_quantile": low / 100, "high_quantile": high / 100, "center": center, "scale": scale,
                      "unit_variance": unit}
        case("robust", parameters, name, scaled(scaler, column))
    for quantiles, output in [(1000, "uniform"), (1000, "normal"), (10, "uniform"), (7, "normal"), (1, "uniform")]:
        if name == "all_nan" and quantiles == 1:
            continue  # scikit-learn gives 0 there and NaN for any other count.
        scaler = QuantileTransformer(n_quantiles=quantiles, output_distribution=output, subsample=None)
        case("quantile", {"quantiles": quantiles, "output": output}, name, scaled(scaler, column))

    all_nan = np.all(np.isnan(column))
    known = column[~np.isnan(column)]
    at = applied(column)
    for strategy in ["uniform", "quantile"]:
        for bins in [2, 5]:
            parameters = {"edges": {strategy: bins}, "nan": "bucket"}
            if all_nan:
                case("bucketise", {**parameters, "encode": "ordinal"}, name, None)
                continue
            binner = KBinsDiscretizer(bins, encode="ordinal", strategy=strategy, quantile_method="linear", subsample=None)
            binner.fit(upright(known))
            codes = np.full(len(at), float(max(binner.n_bins_[0], 1)))
            codes[~np.isnan(at)] = binner.transform(upright(at[~np.isnan(at)])).ravel()
            case("bucketise", {**parameters, "encode": "ordinal"}, name, codes)
            one_hot = np.eye(max(int(binner.n_bins_[0]), 1) + 1)[codes.astype(int)]
            case("bucketise", {**parameters, "encode": "one_hot"}, name, one_hot)
    edges = [-2.0, 0.0, 0.5, 3.0]
    codes = np.where(np.isnan(at), 3, np.digitize(at, edges[1:-1]))
    case("bucketise", {"edges": {"given": edges}, "encode": "ordinal", "nan": "bucket"}, name, codes)

    for strategy, fill in [("mean", "mean"), ("median", "median"), ("most_frequent", "most_frequent"),
                           ("constant", {"constant": -7.5})]:
        for flagged in [False, True]:
            if all_nan and strategy != "constant":
                case("impute", {"with": fill, "flagged": flagged}, name, None)
                continue
            imputer = SimpleImputer(strategy=strategy, fill_value=-7.5, keep_empty_features=True)
            rows = scaled(imputer, column)
            if flagged:
                flags = MissingIndicator(features="all").fit(upright(column)).transform(upright(at))
                rows = np.hstack([rows, flags])
            case("impute", {"with": fill, "flagged": flagged}, name, rows)

    for low, high in [(0.01, 0.99), (0.25, 0.6), (0.0, 1.0)]:
        bounds = np.nanquantile(column, [low, high])
        rows = None if all_nan else np.clip(at, *bounds)
        case("clip_to_quantiles", {"low": low, "high": high}, name, rows)

    for variance in [0.0, 1.0, 4.5]:
        # A second column keeps scikit-learn from refusing to drop all.
        both = np.stack([column, np.where(np.arange(len(column)) % 2, 100.0, -100.0)], 1)
        kept = VarianceThreshold(variance).fit(both).get_support()[0]
        case("drop_constant", {"variance": variance}, name, at if kept else np.empty((len(at), 0)))
    for share in [0.0, 0.3, np.isnan(column).mean(), 1.0]:
        kept = np.isnan(column).mean() <= share
        case("drop_missing", {"share": float(share)}, name, at if kept else np.empty((len(at), 0)))

    for method, function in [("yeo_johnson", stats.yeojohnson), ("box_cox", special.boxcox)]:
        positive = bool(np.all(known > 0))
        asked = at if method == "yeo_johnson" else np.where(at > 0, at, np.nan)
        for power in [-0.5, 0.0, 1.0, 2.0, 0.3]:
            made = function(column, power)
            for standardise in [False, True]:
                parameters = {"method": method, "standardise": standardise, "lambda": power}
                rows = function(asked, power)
                if not standardise:
                    case("power", parameters, name, rows)
                    continue
                if all_nan or (method == "box_cox" and not positive) or np.any(np.isinf(made)):
                    case("power", parameters, name, None)
                    continue
                if name == "huge" and not np.isfinite(np.nanvar(made)):
                    continue
                scaler = StandardScaler().fit(upright(made))
                case("power", parameters, name, scaler.transform(upright(rows)), distance(made, scaler.scale_[0]))
        parameters = {"method": method, "standardise": True, "lambda": None}
        if all_nan or (method == "box_cox" and not positive):
            case("power", parameters, name, None)
        elif method == "box_cox" and len(np.unique(known)) == 1:
            pass  # scikit-learn refuses it.
        elif name == "far":
            pass  # Its likelihood is flat for floats: what is found is rounding.
        else:
            transformer = PowerTransformer(method.replace("_", "-")).fit(upright(column))
            # Of numbers around 1e-12 the likelihood is flatter.
            CASES.append({"transform": "power", "parameters": parameters, "column": name, "wanted": None,
                          "condition": 10.0 if name == "tiny" else 1.0, "lambda": float(transformer.lambdas_[0])})

folder = pathlib.Path(__file__).parent.parent / "data"
lines = ",\n".join(json.dumps(case) for case in CASES)
stored = {name: {"fit": as_json(column), "apply": as_json(applied(column))} for name, column in COLUMNS.items()}
(folder / "numeric_transforms.json").write_text(f'{{"columns": {json.dumps(stored)},\n"cases": [\n{lines}\n]}}\n')

levels = np.concatenate([rng.random(60), 10.0 ** -rng.uniform(1, 300, 40), 1 - 10.0 ** -rng.uniform(1, 15, 30),
                         0.5 + 10.0 ** -rng.uniform(1, 15, 10), [0.5, 0.075, 0.925, 1e-7, 1 - 1e-7]])
pairs = [[float(level), float(special.ndtri(level))] for level in levels]
(folder / "normal_quantiles.json").write_text(json.dumps(pairs) + "\n")
