"""Checks what the Rust side made against scikit-learn, times scikit-learn and prints both:
`peer.py DATA FOLDER REPEATS`. FOLDER holds what the Rust side made."""

import gc
import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import sklearn
from data import FLOATS, TEXTS
from report import head, line, span, waited
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

# Of the size of what is subtracted: close to its mean, a number's own size says nothing about rounding.
TOLERANCE = 1e-12
# Between forms of scikit-learn: arrays by row are summed one number after another, which loses digits; columns aren't.
FORMS = 1e-9
# How many different rows the works of one row go through.
ROWS = 256

FAST = dict(assume_finite=True, skip_parameter_validation=True)
DEFAULT = dict(assume_finite=False, skip_parameter_validation=False)


def scaler(**options):
    return StandardScaler(**options)


def encoder():
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


class Columns:
    """One ColumnTransformer over a frame, or over one array of all columns."""

    def __init__(self, data, floats=FLOATS, texts=TEXTS):
        self.data = (data,)
        self.made = ColumnTransformer([("floats", scaler(), floats), ("texts", encoder(), texts)])

    def fit(self, data):
        self.made.fit(data)

    def transform(self, data):
        return self.made.transform(data)

    def fit_transform(self, data):
        return self.made.fit_transform(data)


class Direct:
    """The two transformers called one after the other, each on its own half; nothing is put together."""

    def __init__(self, floats, texts, **options):
        self.data = (floats, texts)
        self.scaler, self.encoder = scaler(**options), encoder()

    def fit(self, floats, texts):
        self.scaler.fit(floats)
        self.encoder.fit(texts)

    def transform(self, floats, texts):
        return self.scaler.transform(floats), self.encoder.transform(texts)

    def fit_transform(self, floats, texts):
        return self.scaler.fit_transform(floats), self.encoder.fit_transform(texts)


def frame(floats, texts):
    return pd.concat([floats, texts], axis=1)


def variants(floats, texts):
    """Each form by its name: scikit-learn's configuration, and what makes it. `texts` are objects, of which equal ones
    are one and the same, so that their hashes are there already."""
    numbers, objects = pd.DataFrame(floats, columns=FLOATS), pd.DataFrame(texts, columns=TEXTS)
    columns = np.asfortranarray(floats)
    yield "ColumnTransformer, frame, object", FAST, lambda: Columns(frame(numbers, objects))
    yield "ColumnTransformer, frame, object, default configuration", DEFAULT, lambda: Columns(frame(numbers, objects))
    yield "ColumnTransformer, frame, str", FAST, lambda: Columns(frame(numbers, objects.astype("str")))
    arrow = "string[pyarrow]"
    yield f"ColumnTransformer, frame, {arrow}", FAST, lambda: Columns(frame(numbers, objects.astype(arrow)))
    yield "ColumnTransformer, frame, category", FAST, lambda: Columns(frame(numbers, objects.astype("category")))
    both = lambda: np.hstack([floats.astype(object), texts])
    yield "ColumnTransformer, one object array", FAST, lambda: Columns(both(), slice(0, 40), slice(40, 50))
    yield "direct, arrays, object", FAST, lambda: Direct(floats, texts)
    yield "direct, arrays, object, default configuration", DEFAULT, lambda: Direct(floats, texts)
    yield "direct, arrays by column, object", FAST, lambda: Direct(columns, np.asfortranarray(texts))
    yield "direct, arrays, object, in place", FAST, lambda: Direct(floats.copy(), texts, copy=False)
    yield "direct, arrays, fixed-width text", FAST, lambda: Direct(floats, texts.astype("U24"))
    yield "direct, frames, object", FAST, lambda: Direct(numbers, objects)
    yield "direct, arrays and frame, category", FAST, lambda: Direct(floats, objects.astype("category"))


def one(data, row):
    return data.iloc[[row]] if isinstance(data, pd.DataFrame) else data[row : row + 1]


def timed(repeats, work):
    """Best and median of the repeats, in nanoseconds, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - start)
    return np.array([min(times[1:]), np.median(times[1:])])


def measure(repeats, form):
    """The four works of a form."""
    rows = [tuple(one(data, row) for data in form.data) for row in range(ROWS)]
    made = {"all rows, fit": timed(repeats, lambda: form.fit(*form.data))}
    made["all rows, transform"] = timed(repeats, lambda: form.transform(*form.data))
    made["one row"] = timed(repeats, lambda: [form.transform(*row) for row in rows]) / ROWS
    made["all rows, fit and transform"] = timed(repeats, lambda: form.fit_transform(*form.data))
    return made


def whole(made):
    return np.hstack(made).astype(float) if isinstance(made, tuple) else np.asarray(made, dtype=float)


def check(what, ok):
    if not np.all(ok):
        sys.exit(f"the sides differ: {what}, {np.size(ok) - np.count_nonzero(ok)} of {np.size(ok)}")


def check_outputs(folder, floats, texts):
    """Holds the Rust side's parameters and matrix to scikit-learn's; gives back scikit-learn's matrix and how far its
    numbers may be away from another's."""
    form = Direct(np.asfortranarray(floats), texts)
    theirs = whole(form.fit_transform(*form.data))
    means, scales = form.scaler.mean_, form.scaler.scale_
    slack = np.zeros_like(theirs)
    slack[:, :40] = TOLERANCE * (np.abs(floats) + np.abs(means)) / scales

    fitted = json.loads((folder / "fitted.json").read_text())
    # The first step lets numbers through, the second standardises.
    numbers = [steps[1][0] for steps in fitted["fitted"][:40]]
    got = np.array([number["shift"] for number in numbers])
    check("means", np.abs(got - means) <= TOLERANCE * np.maximum(np.abs(means), scales))
    got = np.array([number["scale"] for number in numbers])
    check("scales", np.abs(got - scales) <= TOLERANCE * scales)
    for name, categories in zip(TEXTS, form.encoder.categories_):
        check(f"categories of {name}", fitted["vocabularies"]["columns"][name] == list(categories))

    names = json.loads((folder / "names.json").read_text())
    ours = np.fromfile(folder / "encoded.f64", "<f8").reshape(len(floats), len(names))
    check("names", names == FLOATS + TEXTS)
    for i, name in enumerate(names):
        check(name, np.abs(ours[:, i] - theirs[:, i]) <= slack[:, i])
    print(f"equal: {ours.shape[0]} rows of {ours.shape[1]} numbers, and what was fitted")
    return theirs, slack


def main():
    path, folder, repeats = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    pa.set_cpu_count(1)
    data = pq.read_table(path)
    floats = np.column_stack([data[name].to_numpy() for name in FLOATS])
    columns = [data[name].combine_chunks().dictionary_encode() for name in TEXTS]
    texts = np.column_stack(
        [np.array(column.dictionary.to_pylist(), object)[column.indices.to_numpy()] for column in columns]
    )
    del data, columns
    theirs, slack = check_outputs(folder, floats, texts)

    works = ["one row", "all rows, transform", "all rows, fit", "all rows, fit and transform"]
    head(["scikit-learn, best of the repeats", *works])
    measured = {}
    for name, configuration, make in variants(floats, texts):
        with sklearn.config_context(**configuration):
            form = make()
            if "in place" not in name:
                form.fit(*form.data)
                check(name, np.abs(whole(form.transform(*form.data)) - theirs) <= slack * (FORMS / TOLERANCE))
            measured[name] = measure(repeats, form)
        line([name, *(span(measured[name][work][0]) for work in works)])
        del form
        gc.collect()

    fastest = {work: min(measured, key=lambda name: measured[name][work][0]) for work in works}
    head(["work", "ours", "median", "theirs", "median", "theirs / ours", "theirs is"])
    *lines, last = map(json.loads, (folder / "ours.jsonl").read_text().splitlines())
    for ours in lines:
        row = [ours["work"], span(ours["best_ns"]), span(ours["median_ns"])]
        work = next((work for work in works if ours["work"] == work), "one row" if "one row" in ours["work"] else None)
        if work and "alone" not in ours["work"]:
            name = fastest[work]
            best, median = measured[name][work]
            row += [span(best), span(median), f"{best / ours['best_ns']:.3g}", name]
        else:
            row += ["", "", "", ""]
        line(row)
    print(f"\nwaited for a core: ours {last['waited']:.1%} of the time, theirs {waited():.1%}")


if __name__ == "__main__":
    main()
