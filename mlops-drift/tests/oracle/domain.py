"""Makes tests/data/domain.json: what scikit-learn's classifiers and scipy say of rows and of texts.

Run with the packages of requirements-embedding.txt: python tests/oracle/domain.py
"""
import json
import pathlib
import re

import numpy as np
from scipy.stats import ks_2samp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from embedding import SplitMix, rows
from samples import bits

WORDS = "ask Buy call Deal east file give help idea join keep late make need open pay quit read send take über жить 语言 x86 2024".split()


def texts(i):
    """The i-th pair of lists of texts, the same as in tests/it/domain.rs."""
    w = [int(x) for x in bits(3_000_000 + i, 4)]
    n, m = 5 + w[0] % 30, 5 + w[1] % 30
    most = [len(WORDS), 12][w[2] % 2]
    first = [0, 6][w[3] % 2]

    def text(seed, first, most):
        drawn = [int(x) for x in bits(seed, 13)]
        count = drawn[0] % 12
        return ", ".join(WORDS[(first + x % most) % len(WORDS)] for x in drawn[1 : 1 + count])

    reference = [text(6_000_000 + 1000 * i + k, 0, most) for k in range(n)]
    return reference, [text(7_000_000 + 1000 * i + k, first, len(WORDS)) for k in range(m)]


def folds(n, m, count, seed):
    """Which fold each row is in."""
    fold, chance = np.zeros(n + m, int), SplitMix(seed, 0)
    for start, end in ((0, n), (n, n + m)):
        order = list(range(start, end))
        for i in range(len(order)):
            other = i + (chance.word() * (len(order) - i) >> 64)
            order[i], order[other] = order[other], order[i]
        for place, row in enumerate(order):
            fold[row] = place % count
    return fold


def classify(z, n, scale, alpha, count=5, seed=3):
    label, fold = np.arange(len(z)) >= n, folds(n, len(z) - n, count, seed)
    def fit(kept):
        scaler = StandardScaler().fit(z[kept]) if scale else None
        use = scaler.transform if scale else lambda x: x
        model = LogisticRegression(C=1 / alpha, tol=1e-12, max_iter=10000, solver="newton-cholesky")
        return model.fit(use(z[kept]), label[kept]), use
    scores = np.zeros(len(z))
    for held_out in range(count):
        model, use = fit(fold != held_out)
        scores[fold == held_out] = model.decision_function(use(z[fold == held_out]))
    return float(roc_auc_score(label, scores)), fit(fold >= 0)[0].coef_[0]


def of_texts(reference, current):
    split = lambda text: [word.lower() for word in re.findall(r"[^\W_]+", text)]
    having = {}
    for text in reference:
        for word in set(split(text)):
            having[word] = having.get(word, 0) + 1
    share = lambda text, least: sum(having.get(w, 0) < least for w in split(text)) / max(1, len(split(text)))
    digits = lambda text: sum(c.isnumeric() for c in text) / max(1, len(text))
    measures = [
        ([len(t) for t in reference], [len(t) for t in current]),
        ([len(split(t)) for t in reference], [len(split(t)) for t in current]),
        ([share(t, 2) for t in reference], [share(t, 1) for t in current]),
        ([digits(t) for t in reference], [digits(t) for t in current]),
    ]
    tests = [ks_2samp(a, b, method="exact") for a, b in measures]
    return [[float(t.statistic), float(t.pvalue)] for t in tests], [float(np.mean(x)) for pair in measures[2:] for x in pair]


if __name__ == "__main__":
    of_rows, texts_out = [], []
    for i in range(360):
        x, y = rows(i)
        if min(len(x), len(y)) < 5:
            continue
        scale = np.abs(np.vstack([x, y])).max()
        area, weights = classify(np.vstack([x, y]) / scale, len(x), True, [1.0, 0.1][i % 2])
        of_rows.append({"case": i, "auc": area, "weights": [float(f"{w:.9g}") for w in weights]})
    for i in range(300):
        reference, current = texts(i)
        vectors = TfidfVectorizer(token_pattern=r"[^\W_]+").fit_transform(reference + current).toarray()
        area, weights = classify(vectors, len(reference), False, 1.0)
        tests, means = of_texts(reference, current)
        largest = float(np.abs(weights).max())
        texts_out.append({"auc": area, "largest": float(f"{largest:.9g}"), "tests": tests, "means": means})
    path = pathlib.Path(__file__).parent.parent / "data" / "domain.json"
    text = json.dumps({"rows": of_rows, "texts": texts_out}, separators=(",", ":"))
    path.write_text(text.replace("},{", "},\n{") + "\n")
