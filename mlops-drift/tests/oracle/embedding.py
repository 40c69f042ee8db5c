"""Makes tests/data/embedding.json: what frouros and scipy say of rows of numbers.

Run with the packages of requirements-embedding.txt: python tests/oracle/embedding.py
"""
import json
import pathlib
import warnings
from functools import partial

import numpy as np
from frouros.detectors.data_drift import MMD
from frouros.utils.kernels import rbf_kernel
from scipy.spatial.distance import cdist, cosine, pdist
from scipy.stats import energy_distance
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from samples import KINDS, bits, sample

warnings.simplefilter("ignore")
WORD = 2**64 - 1


def rows(i):
    """The i-th pair of matrices, the same as in tests/it/embedding.rs."""
    w = [int(x) for x in bits(2_000_000 + i, 5)]
    columns = [1, 2, 3, 5, 8, 20][w[0] % 6]
    n, m = 2 + w[1] % 40, 2 + w[2] % 40
    kind = KINDS[w[3] % 8]
    shift = [0.0, 0.0625, 0.5][w[4] % 3] * {"huge": 1e100, "tiny": 1e-100}.get(kind, 1.0)
    reference = sample(4_000_000 + 2 * i, n * columns, kind).reshape(n, columns)
    current = sample(4_000_001 + 2 * i, m * columns, kind).reshape(m, columns) + shift
    return reference, current


class SplitMix:
    def __init__(self, seed, number):
        self.state = seed
        start = self.word()
        self.state = start ^ (number * 0xD1342543DE82EF95 & WORD)
        self.state = self.word()

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & WORD
        z = (self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9 & WORD
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
        return z ^ (z >> 31)

    def deal(self, n, rows):
        sides = np.arange(rows) < n
        for i in range(rows):
            other = i + (self.word() * (rows - i) >> 64)
            sides[i], sides[other] = sides[other], sides[i]
        return sides


def p_value(matrix, n, statistic, permutations=60, seed=5):
    """Reindexes the matrix for each permutation."""
    rows = len(matrix)
    of = lambda side: statistic(matrix[np.ix_(side, side)], matrix[np.ix_(~side, ~side)], matrix[np.ix_(side, ~side)])
    least = of(np.arange(rows) < n)
    least -= 1e-12 * max(abs(least), np.abs(matrix).mean())
    count = sum(of(SplitMix(seed, b).deal(n, rows)) >= least for b in range(1, permutations + 1))
    return (1 + int(count)) / (1 + permutations)


def unbiased(xx, yy, xy):
    n, m = len(xx), len(yy)
    off = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return off(xx) + off(yy) - 2 * xy.mean()


def block(x, y, sigma):
    """Gretton's h over a block, Zaremba's mean."""
    h = rbf_kernel(x, x, sigma) + rbf_kernel(y, y, sigma) - rbf_kernel(x, y, sigma) - rbf_kernel(y, x, sigma)
    return (h.sum() - np.trace(h)) / (len(x) * (len(x) - 1))


def auc(x, y):
    """The area, and DeLong's standard error from all pairs."""
    wins = (x[:, None] < y[None]) + 0.5 * (x[:, None] == y[None])
    area = roc_auc_score(np.repeat([0, 1], [len(x), len(y)]), np.concatenate([x, y]))
    return float(area), float(np.sqrt(wins.mean(1).var(ddof=1) / len(x) + wins.mean(0).var(ddof=1) / len(y)))


def centroids(x, y, permutations=60, seed=5):
    pooled, n = np.vstack([x, y]), len(x)
    scale = np.abs(pooled).max()
    of = lambda side: (pooled[side] / scale).mean(0) - (pooled[~side] / scale).mean(0)
    norms = [np.linalg.norm(of(SplitMix(seed, b).deal(n, len(pooled)) if b else np.arange(len(pooled)) < n)) for b in range(permutations + 1)]
    p_value = (1 + sum(norm >= norms[0] - 1e-13 for norm in norms[1:])) / (1 + permutations)
    return float(norms[0] * scale), float(cosine(x.mean(0) / scale, y.mean(0) / scale)), p_value, float(np.sort(norms[1:])[56] * scale)


def pca(x, y):
    """As NannyML does: standardise, keep 65 % of the variance, mean of the norms of what is lost."""
    if (x == x[0]).all():
        return None
    scaler = StandardScaler().fit(x)
    components = PCA(n_components=0.65, svd_solver="full").fit(scaler.transform(x))
    loss = lambda z: float(np.linalg.norm(z - components.inverse_transform(components.transform(z)), axis=1).mean())
    return [int(components.n_components_), loss(scaler.transform(x)), loss(scaler.transform(y))]


if __name__ == "__main__":
    out = []
    for i in range(300):
        x, y = rows(i)
        pooled = np.vstack([x, y])
        squared = pdist(pooled, "sqeuclidean")
        squared = squared[squared > 0]
        sigma = float(np.sqrt(np.median(squared) / 2)) if len(squared) else 1.0
        distances = cdist(pooled, pooled)
        kernel = rbf_kernel(pooled, pooled, sigma)
        xx, yy, xy = cdist(x, x), cdist(y, y), cdist(x, y)
        energy = float(2 * xy.mean() - xx.mean() - yy.mean())
        if x.shape[1] == 1 and energy > 1e-6 * xy.mean():
            # scipy's differences of steps lose what is beyond 1e100 times the float's spacing.
            assert np.isclose(energy_distance(x[:, 0], y[:, 0]) ** 2, energy, rtol=1e-6), i
        detector = lambda s: float(MMD._mmd(x, y, kernel=partial(rbf_kernel, sigma=s)))
        b = 2 + i % 3
        count = min(len(x), len(y)) // b
        blocks = [block(x[k * b : k * b + b], y[k * b : k * b + b], sigma) for k in range(count)]
        area, error = auc(x[:, 0], y[:, 0])
        euclidean, of_cosine, p_centroid, expected = centroids(x, y)
        out.append({
            "auc": area, "auc_error": error, "pca": pca(x, y),
            "euclidean": euclidean, "cosine": of_cosine, "p_centroid": p_centroid, "without_change": expected,
            "sigma": sigma, "mmd": detector(sigma), "mmd_wide": detector(3 * sigma),
            "p_mmd": p_value(kernel, len(x), unbiased),
            "energy": energy, "scale": float(xy.mean()),
            "p_energy": p_value(distances, len(x), lambda a, c, d: 2 * d.mean() - a.mean() - c.mean()),
            "blocks": float(np.mean(blocks)) if count >= 2 else None,
            "deviation": float(np.std(blocks, ddof=1) / np.sqrt(count)) if count >= 2 else None,
        })
    path = pathlib.Path(__file__).parent.parent / "data" / "embedding.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in out) + "\n]\n")
