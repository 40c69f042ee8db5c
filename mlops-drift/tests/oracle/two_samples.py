"""Makes tests/data/two_samples.json: statistics and p-values of generated pairs of samples, to more digits than a float.

Statistics are computed in whole numbers, in mpmath or in 80-bit floats, p-values from the definition of their distribution
in mpmath, by another formula than the library's for the Cramér–von Mises and Anderson–Darling limits, or by counting; scipy's own numbers are compared
with them on the way, to the error that scipy documents. Where a statistic has no value the entry is null.

Run with the packages of requirements.txt: python tests/oracle/two_samples.py
"""
import json
import math
import pathlib
import warnings
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate

import numpy as np
import scipy.stats as st
from mpmath import mp, mpf

from samples import case

warnings.simplefilter("ignore")
mp.dps = 40
CASES = 320
L = np.longdouble


def merged(a, b):
    z = np.unique(np.concatenate([a, b]))
    i, j = np.searchsorted(a, z, "right"), np.searchsorted(b, z, "right")
    return z, i.astype(object), j.astype(object)


def ties(a, b):
    z = np.unique(np.concatenate([a, b]))
    i, j = np.searchsorted(a, z, "left"), np.searchsorted(b, z, "left")
    f, g = np.searchsorted(a, z, "right") - i, np.searchsorted(b, z, "right") - j
    return [x.tolist() for x in (i, j, f, g)]


# Kolmogorov–Smirnov

def gap(a, b):
    _, i, j = merged(a, b)
    return max(abs(x * len(b) - y * len(a)) for x, y in zip(i.tolist(), j.tolist()))


def kolmogorov_smirnov(a, b):
    return float(Fraction(gap(a, b), len(a) * len(b)))


def kolmogorov_smirnov_p(a, b):
    """The share of orders whose gap is as large, by counting those whose gap stays smaller in whole numbers."""
    n, m, least = len(a), len(b), gap(a, b)
    inside = [0] * (m + 1)
    for i in range(n + 1):
        before = 0
        for j in range(m + 1):
            here = inside[j] + before if i + j else 1
            inside[j] = before = here if abs(i * m - j * n) < least else 0
    return float(1 - Fraction(inside[m], math.comb(n + m, n)))


# Kuiper

@lru_cache(maxsize=None)
def kuiper_ranges(n, m):
    """How many orders have each range of i·m − j·n."""
    states = {(0, 0): Counter({(0, 0): 1})}
    for i in range(n + 1):
        for j in range(m + 1):
            if i + j == 0:
                continue
            d = i * m - j * n
            here = Counter()
            for before in ((i - 1, j), (i, j - 1)):
                for (low, high), orders in states.get(before, {}).items():
                    here[min(low, d), max(high, d)] += orders
            states[i, j] = here
        for j in range(m + 1):
            states.pop((i - 1, j), None)
    ranges = Counter()
    for (low, high), orders in states[n, m].items():
        ranges[high - low] += orders
    return ranges


def kuiper(a, b):
    n, m = len(a), len(b)
    _, i, j = merged(a, b)
    d = [0] + [x * m - y * n for x, y in zip(i.tolist(), j.tolist())]
    span = max(d) - min(d)
    if max(n, m) <= 20:
        ranges = kuiper_ranges(n, m)
        p = Fraction(sum(c for r, c in ranges.items() if r >= span), sum(ranges.values()))
        return float(Fraction(span, n * m)), float(p)
    rows = mpf(n) * m / (n + m)
    v = mpf(span) / (n * m)
    x = (mp.sqrt(rows) + mpf("0.155") + mpf("0.24") / mp.sqrt(rows)) * v
    if x < mpf("0.1"):
        return float(v), 1.0
    p = 2 * mp.fsum((4 * k * k * x * x - 1) * mp.exp(-2 * k * k * x * x) for k in range(1, 400))
    return float(v), float(min(p, 1))


# Cramér–von Mises

def cvm_cdf(x):
    def term(k):
        q = mpf(4 * k + 1) ** 2 / (16 * x)
        return mp.gamma(k + mpf(1) / 2) / mp.gamma(k + 1) / (mp.pi ** mpf("1.5") * mp.sqrt(x)) * mp.sqrt(4 * k + 1) * mp.exp(-q) * mp.besselk(mpf(1) / 4, q)
    total, k = mpf(0), 0
    while True:
        t = term(k)
        total += t
        k += 1
        if abs(t) < mpf(10) ** -(mp.dps - 2) and k > 3:
            return total


@lru_cache(maxsize=None)
def cvm_orders(n, m):
    columns = [Counter() for _ in range(m + 1)]
    for i in range(n + 1):
        for j in range(m + 1):
            d2 = (i * m - j * n) ** 2
            here = Counter()
            if i + j == 0:
                here[0] = 1
            if i > 0:
                for s, c in columns[j].items():
                    here[s + d2] += c
            if j > 0:
                for s, c in columns[j - 1].items():
                    here[s + d2] += c
            columns[j] = here
    return columns[m]


def cramer_von_mises(a, b):
    n, m = len(a), len(b)
    if min(n, m) < 2:
        return None
    k, total = n * m, n + m
    squares = sum((f + g) * ((i + f) * m - (j + g) * n) ** 2 for i, j, f, g in zip(*ties(a, b)))
    t = Fraction(squares, k * total * total)
    theirs = st.cramervonmises_2samp(a, b)
    untied = len(set(a.tolist()) | set(b.tolist())) == total
    # scipy subtracts numbers as large as the ranks.
    assert not untied or abs(theirs.statistic - float(t)) <= 1e-9 * max(1, total)
    if max(n, m) <= 20:
        orders = cvm_orders(n, m)
        p = Fraction(sum(c for s, c in orders.items() if Fraction(s, k * total * total) >= t), sum(orders.values()))
        assert not untied or abs(theirs.pvalue - float(p)) < 1e-12
        return float(t), float(p)
    mean = (1 + mpf(1) / total) / 6
    variance = mpf((total + 1) * (4 * k * total - 3 * (n * n + m * m) - 2 * k)) / (45 * total**2 * 4 * k)
    x = mpf(1) / 6 + (mpf(t.numerator) / t.denominator - mean) / mp.sqrt(45 * variance)
    if x < mpf("0.005"):
        return float(t), 1.0
    digits = mp.dps
    mp.dps = int(digits + x * 2.2 + 5)  # the tail falls like exp(−π²x/2)
    p = 1 - cvm_cdf(x) if x < 160 else mpf(0)
    mp.dps = digits
    assert not untied or abs(theirs.pvalue - p) < 2e-6, (theirs, p)
    return float(t), float(p)


# Anderson–Darling

def ad_cdf(x):
    total, j = mpf(0), 0
    while True:
        c = (4 * j + 1) ** 2 * mp.pi**2 / (8 * x)
        width = mp.sqrt(1 / c)
        integral = mp.quad(lambda w: mp.exp(x / (8 * (w * w + 1)) - c * w * w), [0, width, 3 * width, 6 * width, 12 * width])
        t = mp.binomial(mpf(-1) / 2, j) * (4 * j + 1) * mp.exp(-c) * integral
        total += t
        j += 1
        if abs(t) < mpf(10) ** -(mp.dps - 4):
            return mp.sqrt(2 * mp.pi) / x * total


def anderson_darling(a, b):
    n, m = len(a), len(b)
    total = n + m
    if min(n, m) < 2 or len(set(a.tolist()) | set(b.tolist())) < 2:
        return None
    i, j, f, g = (np.array(x, dtype=object) for x in ties(a, b))
    l = f + g
    twice_b = 2 * (i + j) + l
    d = m * (2 * i + f) - n * (2 * j + g)
    top = np.array((l * d * d).tolist(), dtype=L)
    bottom = np.array((twice_b * (2 * total - twice_b) - total * l).tolist(), dtype=L)
    squared = (top / bottom).sum() / total * (L(1) / n + L(1) / m) * (total - 1) / total
    # equation 4 of Scholz and Stephens
    h_sums = np.cumsum(L(1) / np.arange(total - 1, 1, -1, dtype=L))
    h = h_sums[-1] + 1
    gg = (h_sums / np.arange(2, total, dtype=L)).sum()
    big, k = L(1) / n + L(1) / m, 2
    aa = (4 * gg - 6) * (k - 1) + (10 - 6 * gg) * big
    bb = (2 * gg - 4) * k**2 + 8 * h * k + (2 * gg - 14 * h - 4) * big - 8 * h + 4 * gg - 6
    cc = (6 * h + 2 * gg - 2) * k**2 + (4 * h - 4 * gg + 6) * k + (2 * h - 6) * big + 4 * h
    dd = (2 * h + 6) * k**2 - 4 * h * k
    rows = L(total)
    sigma = np.sqrt((aa * rows**3 + bb * rows**2 + cc * rows + dd) / ((rows - 1) * (rows - 2) * (rows - 3)))
    statistic = float((squared - 1) / sigma)
    theirs = st.anderson_ksamp([a, b], variant="midrank")
    assert abs(theirs.statistic - statistic) < 1e-9 * max(1, abs(statistic)), (theirs, statistic)
    x = 1 + mp.sqrt(2 * (mp.pi**2 / 3 - 3)) * mpf(statistic)
    if x < mpf("0.03"):
        return statistic, 1.0, float(sigma)
    if x > 30:
        return statistic, None, float(sigma)  # the series is not for so far a tail
    digits = mp.dps
    mp.dps = int(22 + x * 0.6)
    p = 1 - ad_cdf(x)
    mp.dps = digits
    if 0.001 < theirs.pvalue < 0.25:
        assert abs(theirs.pvalue / float(p) - 1) < 0.05, (theirs, p)
    return statistic, float(p), float(sigma)


# Mann–Whitney

def mann_whitney(a, b):
    n, m = len(a), len(b)
    i, j, f, g = ties(a, b)
    twice = sum(f * (2 * j + g) for j, f, g in zip(j, f, g))
    tie = sum((x + y) ** 3 - (x + y) for x, y in zip(f, g))
    theirs = st.mannwhitneyu(a, b, method="asymptotic")
    assert theirs.statistic == twice / 2
    few, many = min(n, m), max(n, m)
    if few <= 8 and tie == 0:
        least = min(twice // 2, n * m - twice // 2)
        orders = [1] + [0] * least
        for k in range(1, few + 1):
            for at in range(least, many + k - 1, -1):
                orders[at] -= orders[at - many - k]
            for at in range(k, least + 1):
                orders[at] += orders[at - k]
        p = min(1, 2 * Fraction(sum(orders), math.comb(n + m, few)))
        return twice / 2, float(p)
    total = n + m
    s = mp.sqrt(mpf(n) * m / 12 * ((total + 1) - mpf(tie) / (total * (total - 1)))) if total > 1 else mpf(0)
    away = abs(mpf(twice) / 2 - mpf(n) * m / 2) - mpf(1) / 2
    p = mpf(1) if away <= 0 or s == 0 else mp.erfc(away / s / mp.sqrt(2))
    assert s == 0 or abs(theirs.pvalue - min(p, 1)) <= 1e-9
    return twice / 2, float(p)


# Moments

def exact_moments(x):
    """Mean and sum of squared deviations, as fractions of whole numbers: no rounding."""
    ratios = [v.as_integer_ratio() for v in x.tolist()]
    scale = max(d for _, d in ratios)
    whole = [p * (scale // d) for p, d in ratios]
    n, s, ss = len(x), sum(whole), sum(w * w for w in whole)
    return mpf(s) / n / scale, mpf(ss * n - s * s) / n / scale**2


def welch(a, b):
    n, m = len(a), len(b)
    if min(n, m) < 2:
        return None
    with mp.workdps(700 if a.max() > 1e90 or 0 < abs(a).max() < 1e-90 else 60):
        (x, xs), (y, ys) = exact_moments(a), exact_moments(b)
        va, vb = xs / (n - 1) / n, ys / (m - 1) / m
        if va + vb == 0:
            return None
        t = (x - y) / mp.sqrt(va + vb)
        nu = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (m - 1))
    z = nu / (nu + t * t)
    p = mp.betainc(nu / 2, mpf(1) / 2, 0, z, regularized=True)
    return float(t), float(nu), float(p)


def levene(a, b):
    n, m = len(a), len(b)
    if min(n, m) < 2:
        return None
    with mp.workdps(700 if a.max() > 1e90 or 0 < abs(a).max() < 1e-90 else 60):
        (x, xs), (y, ys) = exact_moments(np.abs(a - np.median(a))), exact_moments(np.abs(b - np.median(b)))
        if xs + ys == 0:
            return None
        nu = mpf(n + m - 2)
        w = nu * n * m / (n + m) * (x - y) ** 2 / (xs + ys)
    p = mp.betainc(nu / 2, mpf(1) / 2, 0, nu / (nu + w), regularized=True)
    return float(w), float(p)


# Distances

def distances(a, b):
    n, m = len(a), len(b)
    z, i, j = merged(a, b)
    widths = np.diff(z.astype(L))
    f = np.array(i[:-1].tolist(), dtype=L) / n
    g = np.array(j[:-1].tolist(), dtype=L) / m
    d = np.array([x * m - y * n for x, y in zip(i[:-1].tolist(), j[:-1].tolist())], dtype=L) / (L(n) * m)
    w = (np.abs(d) * widths).sum()
    energy = np.sqrt(2 * (d * d * widths).sum())
    between = (f * (1 - g) + g * (1 - f)) * widths
    coefficient = (d * d * widths).sum() / between.sum() if len(z) > 1 else 0
    with mp.workdps(700 if a.max() > 1e90 or 0 < abs(a).max() < 1e-90 else 60):
        deviation = mp.sqrt(exact_moments(a)[1] / n)
    assert np.isclose(float(w), st.wasserstein_distance(a, b), rtol=1e-9, atol=0)
    assert np.isclose(float(energy), st.energy_distance(a, b), rtol=1e-8, atol=0)
    normalized = float(mpf(float(w)) / deviation) if deviation > 0 else None
    return float(w), normalized, float(energy), float(coefficient)


# Epps–Singleton

def epps_singleton(a, b):
    n, m = len(a), len(b)
    if min(n, m) < 5 or a[0] == a[-1] and b[0] == b[-1]:
        return None
    sigma = mpf(st.iqr(np.concatenate([a, b]))) / 2
    if sigma == 0:
        return None
    points = [mpf(0.4) / sigma, mpf(0.8) / sigma]
    def waves(x):
        rows = [[mp.cos(t * v) for t in points] + [mp.sin(t * v) for t in points] for v in map(mpf, x.tolist())]
        mean = [sum(r[k] for r in rows) / len(rows) for k in range(4)]
        cov = mp.matrix(4, 4)
        for p in range(4):
            for q in range(4):
                cov[p, q] = sum((r[p] - mean[p]) * (r[q] - mean[q]) for r in rows) / len(rows)
        return mean, cov
    (mean_a, cov_a), (mean_b, cov_b) = waves(a), waves(b)
    total = n + m
    s = cov_a * total / n + cov_b * total / m
    values, vectors = mp.eigsy(s)
    values = list(values)
    largest = max(values)
    if any(1e-20 * largest < abs(v) < 1e-11 * largest for v in values):
        return "ill"
    d = mp.matrix([x - y for x, y in zip(mean_a, mean_b)])
    along = vectors.T * d
    kept = [k for k in range(4) if values[k] > largest * mpf(2) ** -50]
    w = total * sum(along[k] ** 2 / values[k] for k in kept)
    if max(n, m) < 25:
        w /= 1 + mpf(total) ** mpf("-0.45") + mpf("10.1") * (mpf(n) ** mpf("-1.7") + mpf(m) ** mpf("-1.7"))
    p = mp.gammainc(mpf(len(kept)) / 2, w / 2, mp.inf, regularized=True)
    condition = largest / min(values[k] for k in kept)
    if condition < 1e4:
        assert abs(st.epps_singleton_2samp(a, b).statistic - w) < 1e-9 * max(w, 1)
    return float(w), float(p), len(kept), float(condition)


def main():
    answers = {name: [] for name in ["kolmogorov_smirnov", "kolmogorov_smirnov_p", "kuiper", "cramer_von_mises", "anderson_darling", "mann_whitney", "welch", "levene", "distances", "epps_singleton"]}
    for i in range(CASES):
        _, a, b = case(i)
        a, b = np.sort(a), np.sort(b)
        for name, of in [("kolmogorov_smirnov", kolmogorov_smirnov), ("kuiper", kuiper), ("cramer_von_mises", cramer_von_mises), ("anderson_darling", anderson_darling),
                         ("mann_whitney", mann_whitney), ("welch", welch), ("levene", levene), ("distances", distances)]:
            answers[name].append(of(a, b))
        # Sines and cosines in mpmath, and counts of all orders: shorter samples.
        _, a, b = case(i, 400)
        answers["kolmogorov_smirnov_p"].append(kolmogorov_smirnov_p(np.sort(a), np.sort(b)))
        answers["epps_singleton"].append(epps_singleton(np.sort(a), np.sort(b)))
        print(i, end=" ", flush=True)
    path = pathlib.Path(__file__).parent.parent / "data" / "two_samples.json"
    lines = [f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(x) for x in of) + "\n]" for name, of in answers.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
