"""Writes ../data/evaluation.json: what scikit-learn, SciPy and plain numpy say of many small evaluations.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python evaluation.py

Samples that are not spelled out are drawn by a generator that ../it/evaluation.rs has, too.
"""

import json
import math
import pathlib
import warnings

import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

CONFIDENCE = 0.95
BINS = 10


def draws(seed):
    """Knuth's MMIX linear congruential generator, its upper 53 bits as a number in [0, 1)."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 11) / 2**53


def sample(seed, rows, levels, base, slope):
    """Scores, on a grid of `levels` steps if that is not 0, and labels that are likelier where they are high."""
    stream = draws(seed)
    scores, labels = [], []
    for _ in range(rows):
        score = next(stream)
        if levels:
            score = math.floor(score * (levels + 1)) / levels
        scores.append(score)
        labels.append(next(stream) < base + slope * (score - 0.5))
    return scores, labels


def row_losses(scores, labels):
    right = np.where(labels, scores, 1.0 - scores)
    eps = np.finfo(float).eps
    return -np.log(np.clip(right, eps, 1 - eps)), (scores - labels) ** 2


def normal_of_mean(losses, ceiling):
    if len(losses) < 2:
        return None
    mean = math.fsum(losses) / len(losses)
    error = math.sqrt(math.fsum((losses - mean) ** 2) / (len(losses) - 1) / len(losses))
    reach = norm.ppf(0.5 + CONFIDENCE / 2) * error
    return [max(0.0, mean - reach), min(ceiling, mean + reach)]


def delong(scores, labels):
    """The variance from all placement values, pair by pair, and its interval on the logit scale."""
    high, low = scores[labels], scores[~labels]
    won = (high[:, None] > low[None, :]) + 0.5 * (high[:, None] == low[None, :])
    area = won.mean()
    if len(high) < 2 or len(low) < 2 or not 0 < area < 1:
        return None
    variance = won.mean(axis=1).var(ddof=1) / len(high) + won.mean(axis=0).var(ddof=1) / len(low)
    reach = norm.ppf(0.5 + CONFIDENCE / 2) * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    return [1 / (1 + math.exp(-(logit - reach))), 1 / (1 + math.exp(-(logit + reach)))]


def calibration_error(scores, labels, bins):
    sums = [math.fsum((labels - scores)[bins == b]) for b in range(BINS)]
    return math.fsum(map(abs, sums)) / len(scores)


def expected(scores, labels):
    scores, labels = np.array(scores, dtype=float), np.array(labels, dtype=bool)
    rows, positives = len(scores), int(labels.sum())
    both = 0 < positives < rows
    losses, squares = row_losses(scores, labels)
    ranks = np.array([((scores < s).sum() + (scores <= s).sum()) / 2 for s in scores])
    return {
        "roc_auc": float(roc_auc_score(labels, scores)) if both else None,
        "roc_auc_interval": delong(scores, labels) if both else None,
        "log_loss": float(log_loss(labels, scores, labels=[False, True])),
        "log_loss_interval": normal_of_mean(losses, math.inf),
        "brier": float(brier_score_loss(labels, scores, pos_label=True)),
        "brier_interval": normal_of_mean(squares, 1.0),
        "ece": calibration_error(scores, labels, np.minimum((scores * BINS).astype(int), BINS - 1)),
        "ece_equal_mass": calibration_error(scores, labels, (ranks * BINS / rows).astype(int)),
        "average_precision": float(average_precision_score(labels, scores)) if positives else None,
        "base_rate": positives / rows,
        "mean_score": math.fsum(scores) / rows,
    }


SPELLED_OUT = [
    ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]),
    ([0.5], [1]),
    ([0.5], [0]),
    ([0.0], [1]),
    ([1.0], [0]),
    ([1.0], [1]),
    ([0.0, 1.0], [0, 1]),
    ([0.0, 1.0], [1, 0]),
    ([0.3, 0.3], [0, 1]),
    ([0.3, 0.3, 0.3, 0.3], [0, 1, 0, 1]),
    ([0.0, 0.0, 1.0, 1.0], [0, 1, 0, 1]),
    ([0.2, 0.4, 0.6], [0, 0, 0]),
    ([0.2, 0.4, 0.6], [1, 1, 1]),
    ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),
    ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0]),
    ([0.1, 0.9, 0.5], [0, 1, 1]),
    ([1e-300, 1e-17, 1 - 2**-53, 0.5], [0, 1, 0, 1]),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [0, 0, 1, 0, 1, 0, 1, 1, 0, 1]),
    ([0.3, 0.7, 0.3, 0.7, 0.5], [1, 0, 0, 1, 1]),
]


def main():
    warnings.simplefilter("error")
    cases = []
    for scores, labels in SPELLED_OUT:
        found = {"scores": scores, "labels": [bool(label) for label in labels]}
        cases.append({"sample": found, "expected": expected(scores, labels)})
    seed = 0
    for rows in [2, 3, 5, 10, 33, 100, 250, 1000, 2000]:
        for levels in [0, 1, 3, 16, 100]:
            for base, slope in [(0.5, 1.0), (0.2, 0.4), (0.03, 0.02)]:
                seed += 1
                drawn = {"seed": seed, "rows": rows, "levels": levels, "base": base, "slope": slope}
                cases.append({"draw": drawn, "expected": expected(*sample(**drawn))})
    path = pathlib.Path(__file__).parent.parent / "data" / "evaluation.json"
    path.write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")


if __name__ == "__main__":
    main()
