"""Makes tests/data/distances.json: what scipy says of pairs of samples and of counts.

Run with the packages of requirements.txt: python tests/oracle/distances.py
"""
import json
import pathlib

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

rng = np.random.default_rng(20130101)

counts = []
for n, m, bins, shift in [(100, 100, 10, 0), (1000, 50, 10, 0.3), (20, 7, 12, 0.5), (100000, 5000, 20, 0.1), (5, 5, 2, 0)]:
    shares = rng.dirichlet(np.ones(bins))
    a = rng.multinomial(n, shares)
    b = rng.multinomial(m, (1 - shift) * shares + shift * np.eye(bins)[bins // 2])
    p, q = a / n, b / m
    kept = (a > 0) | (b > 0)
    k = kept.sum()
    ps, qs = (a[kept] + 0.5) / (n + 0.5 * k), (b[kept] + 0.5) / (m + 0.5 * k)
    full = (a > 0) & (b > 0)
    counts.append({
        "reference": a.tolist(),
        "current": b.tolist(),
        "js_distance": float(jensenshannon(p, q)),
        "psi_jeffreys": float(np.sum((qs - ps) * np.log(qs / ps))),
        "psi_plain": float(np.sum((q - p)[full] * np.log((q / p)[full]))) if (full == kept).all() else None,
    })

samples = []
for n, m, shift, digits in [
    (5, 4, 0, 3), (10, 10, 1, 3), (30, 30, 0.2, 3), (100, 37, 0.3, 3), (50, 80, 2, 3), (60, 45, 0, 0), (7, 300, 5, 3),
]:
    a, b = np.round(rng.normal(0, 1, n), digits), np.round(rng.normal(shift, 1, m), digits)
    test = ks_2samp(a, b)
    samples.append({
        "reference": a.tolist(), "current": b.tolist(),
        "statistic": float(test.statistic), "p_value": float(test.pvalue),
    })

# Too long to store: reference i/n, current ((i + 0.5)/m)^power, for i = 0 to n − 1 and m − 1.
long = []
for n, m, power in [(10000, 10000, 1.02), (3000, 2000, 1.05), (20000, 20000, 1.02), (50000, 1000, 1.1), (50000, 1000, 1.02), (12000, 100, 1.2), (11000, 10, 1.5), (30000, 30000, 1.2)]:
    a = np.arange(n) / n
    b = ((np.arange(m) + 0.5) / m) ** power
    test = ks_2samp(a, b)
    long.append({"n": n, "m": m, "power": power, "statistic": float(test.statistic), "p_value": float(test.pvalue)})

path = pathlib.Path(__file__).parent.parent / "data" / "distances.json"
path.write_text(json.dumps({"counts": counts, "samples": samples, "long": long}, indent=0) + "\n")
