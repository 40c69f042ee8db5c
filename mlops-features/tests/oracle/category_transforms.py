"""Makes ../data/category_transforms.json: what scikit-learn makes of the same categories, lists of texts and products.

python category_transforms.py  (with the pins of requirements.txt)

A null is None, which scikit-learn takes for a category of its own, or NaN where it says so.
"""

import itertools
import json
import pathlib
import warnings
from collections import Counter

import numpy as np
import sklearn
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler, TargetEncoder

assert sklearn.__version__ == "1.9.1"
rng = np.random.default_rng(2013)
ROWS = 40
RULES = [(None, None), (3, None), (0.15, None), (None, 1), (None, 2), (None, 3), (None, 5), (4, 3), (100, None)]


def drawn(letters, shares, rows=ROWS):
    return [str(x) for x in rng.choice(list(letters), rows, p=shares)]


COLUMNS = {
    "many": drawn("abcdef", [0.4, 0.25, 0.2, 0.08, 0.04, 0.03]),
    "two": drawn("ab", [0.8, 0.2]),
    "one": ["only"] * 7,
    "ties": ["d", "a", "c", "b"] * 5 + ["e"] * 6,
    "words": drawn(["", "ä", "z", "Ω", "zz"], [0.2] * 5),
}


def with_nulls(texts):
    return [None if place % 4 == 1 else text for place, text in enumerate(texts)]


for name in list(COLUMNS):
    COLUMNS[name + ".nulls"] = with_nulls(COLUMNS[name])


def column(texts):
    values = np.empty((len(texts), 1), dtype=object)
    values[:, 0] = texts
    return values


def rules(rule):
    least, most = rule
    return {
        "min_count": least if isinstance(least, int) else None,
        "min_share": least if isinstance(least, float) else None,
        "max_categories": most,
    }


def one_hot():
    for name, rule, drop in itertools.product(COLUMNS, RULES, [None, "first", "if_binary"]):
        texts = COLUMNS[name]
        for unknown in ["error", "ignore", "infrequent_if_exist"]:
            # What is refused here when the set is built.
            if (unknown == "ignore" and drop) or (unknown == "infrequent_if_exist" and rule == (None, None)):
                continue
            encoder = OneHotEncoder(
                sparse_output=False, handle_unknown=unknown, drop=drop, min_frequency=rule[0], max_categories=rule[1]
            ).fit(column(texts))
            categories = [None if x is None else str(x) for x in encoder.categories_[0]]
            probe = categories + ([] if unknown == "error" else ["unseen"])
            got = encoder.transform(column(probe))
            assert set(np.unique(got)) <= {0.0, 1.0} and (got.sum(1) <= 1).all()
            places = [int(row.argmax()) if row.any() else None for row in got]
            dropped = drop is not None and encoder.drop_idx_ is not None and encoder.drop_idx_[0] is not None
            refused = unknown == "infrequent_if_exist" and dropped and encoder.infrequent_categories_[0] is None
            yield {
                "column": name, **rules(rule), "drop": drop, "unknown": unknown,
                "names": encoder.get_feature_names_out(["key"]).tolist(), "probe": probe, "places": places,
                "unseen_is_refused": refused,
            }


def ordinal():
    for name, nulls, rule, given in itertools.product(COLUMNS, ["none", "nan"], RULES, [False, True]):
        texts = COLUMNS[name]
        if given and texts[0] not in "abcdef":
            continue
        if None not in texts:
            nulls = "no"
        values = [np.nan if text is None and nulls == "nan" else text for text in texts]
        order = list("fdbxace") + {"no": [], "none": [None], "nan": [np.nan]}[nulls]
        encoder = OrdinalEncoder(
            categories=[np.array(order, dtype=object)] if given else "auto", handle_unknown="use_encoded_value",
            unknown_value=-1, encoded_missing_value=-2.5, min_frequency=rule[0], max_categories=rule[1],
        ).fit(column(values))
        probe = sorted({x for x in texts if x is not None} | set("abcdefx" if given else "")) + ["unseen"]
        probe += [] if nulls == "no" else [None if nulls == "none" else np.nan]
        places = encoder.transform(column(probe)).ravel().tolist()
        clean = lambda values: [None if not isinstance(x, str) else x for x in values]
        yield {
            "column": name, "nulls": nulls, **rules(rule), "given": list("fdbxace") if given else None,
            "probe": clean(probe), "places": places,
        }


def counts():
    for name, texts in COLUMNS.items():
        count = Counter(texts)
        probe = list(count)
        yield {
            "column": name, "probe": probe, "counts": [count[text] for text in probe],
            "shares": [count[text] / len(texts) for text in probe],
        }


def lists(rows, words, most):
    return [[str(x) for x in rng.choice(words, rng.integers(0, most))] for _ in range(rows)]


WORDS = ["red", "green", "blue", "Ärger", "cat", "dog", "zebra", "a", "the", "of", "x1", "x2", "x3"]


def hashing():
    rows = lists(30, WORDS + [f"w{i}" for i in range(60)], 12)
    yield {"rows": rows}
    for numbers, signed in itertools.product([1, 2, 7, 16, 100, 1 << 12], [True, False]):
        hasher = FeatureHasher(numbers, input_type="string", alternate_sign=signed)
        got = hasher.transform(rows).toarray()
        entries = [[[int(place), float(row[place])] for place in np.flatnonzero(row)] for row in got]
        yield {"numbers": numbers, "signed": signed, "entries": entries}


def tf_idf():
    shares = 1.0 / np.arange(1, len(WORDS) + 1)
    rows = [[str(x) for x in rng.choice(WORDS, rng.integers(0, 9), p=shares / shares.sum())] for _ in range(25)]
    probe = rows[:12] + [[], ["nobody"], ["red", "nobody", "red"], ["of"] * 5 + ["red"]]
    yield {"rows": rows, "probe": probe}
    options = itertools.product([False, True], ["l2", "l1", None], [False, True], [1, 3], [1.0, 0.5], [None, 2, 4])
    for sublinear, norm, smooth, least, most, limit in options:
        vectoriser = TfidfVectorizer(
            analyzer=list, sublinear_tf=sublinear, norm=norm, smooth_idf=smooth, min_df=least, max_df=most,
            max_features=limit,
        ).fit(rows)
        # Which of equal ones are left out at the limit is nobody's promise.
        unlimited = TfidfVectorizer(analyzer=list, min_df=least, max_df=most).fit(rows)
        kept = sorted((sum(row.count(w) for row in rows) for w in unlimited.vocabulary_), reverse=True)
        if limit is not None and limit < len(kept) and kept[limit - 1] == kept[limit]:
            continue
        got = vectoriser.transform(probe)
        got.sort_indices()
        dense = got.toarray()
        yield {
            "sublinear": sublinear, "norm": norm, "smooth": smooth, "min_documents": least,
            "max_share": most, "max_texts": limit, "names": vectoriser.get_feature_names_out().tolist(),
            "entries": [[[int(place), float(row[place])] for place in np.flatnonzero(row)] for row in dense],
        }


def target():
    size = 30
    texts = drawn("abcde", [0.4, 0.3, 0.2, 0.07, 0.03], size)
    labels = {
        "continuous": rng.normal(3.0, 2.0, size),
        "constant": np.full(size, 0.1),
        "binary": (rng.random(size) < 0.4).astype(float),
        "multiclass": rng.choice([3.0, -1.0, 7.0], size),
    }
    given = rng.integers(0, 4, size)
    for (kind, y), nulls, smooth in itertools.product(labels.items(), [False, True], [0.0, 20.0, "auto"]):
        kinds = "continuous" if kind == "constant" else kind
        values = with_nulls(texts) if nulls else texts
        folds = {"contiguous": KFold(4), "given": PredefinedSplit(given)}
        if kinds != "continuous":
            folds["stratified"] = StratifiedKFold(4)
        case = {"texts": values, "labels": y.tolist(), "each_class": kind == "multiclass", "null_category": nulls,
                "smooth": smooth, "given": given.tolist(), "out_of_fold": {}}
        for name, cv in folds.items():
            encoder = TargetEncoder(target_type=kinds, smooth=smooth, cv=cv)
            case["out_of_fold"][name] = encoder.fit_transform(column(values), y).tolist()
        # The number of folds alone is what it takes for the kind of label, without a shuffle.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = TargetEncoder(target_type=kinds, smooth=smooth, cv=4, shuffle=False).fit_transform(column(values), y)
        assert (plain == case["out_of_fold"]["contiguous" if kinds == "continuous" else "stratified"]).all()
        case["probe"] = sorted({x for x in values if x is not None}) + ["unseen"] + ([None] if nulls else [])
        case["means"] = encoder.transform(column(case["probe"])).tolist()
        yield case


def stratified():
    for size, folds, classes in [(2, 2, 2), (9, 3, 3), (17, 5, 2), (40, 7, 3), (23, 4, 1)]:
        y = rng.integers(0, classes, size)
        y[: folds + 1] = y[0]
        fold = np.empty(size, dtype=int)
        for place, (_, test) in enumerate(StratifiedKFold(folds).split(np.zeros(size), y)):
            fold[test] = place
        plain = np.empty(size, dtype=int)
        for place, (_, test) in enumerate(KFold(folds).split(np.zeros(size))):
            plain[test] = place
        yield {"labels": y.astype(float).tolist(), "folds": folds, "stratified": fold.tolist(), "contiguous": plain.tolist()}


def products():
    size = 25
    x, n = rng.normal(0.0, 3.0, size), rng.integers(-3, 4, size).astype(float)
    texts = drawn("abc", [0.5, 0.3, 0.2], size)
    hot = OneHotEncoder(sparse_output=False).fit_transform(column(texts))
    factors = {"x": x.reshape(-1, 1), "n": n.reshape(-1, 1), "key": hot}
    for names in [["x", "n"], ["key", "x"], ["x", "key"], ["key", "n", "x"]]:
        groups = [factors[name] for name in names]
        polynomial = PolynomialFeatures(len(groups), interaction_only=True, include_bias=False)
        got = polynomial.fit_transform(np.hstack(groups))
        starts = np.cumsum([0] + [group.shape[1] for group in groups])
        spans = [range(starts[i], starts[i + 1]) for i in range(len(groups))]
        powers = polynomial.powers_.tolist()
        wanted = []
        for chosen in itertools.product(*spans):
            power = [int(place in chosen) for place in range(starts[-1])]
            wanted.append(got[:, powers.index(power)])
        wanted = np.array(wanted).T
        yield {
            "x": x.tolist(), "n": n.astype(int).tolist(), "texts": texts, "factors": names, "numbers": wanted.tolist(),
            "scaled": StandardScaler().fit_transform(wanted).tolist(),
        }


def main():
    makers = [one_hot, ordinal, counts, hashing, tf_idf, target, stratified, products]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        made = {"columns": [COLUMNS]} | {maker.__name__: list(maker()) for maker in makers}
    parts = []
    for name, cases in made.items():
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    (pathlib.Path(__file__).parent.parent / "data" / "category_transforms.json").write_text(text)
    print({name: len(cases) for name, cases in made.items()})


if __name__ == "__main__":
    main()
