"""Makes tests/data/counts.json: what mpmath, scipy, statsmodels and exact arithmetic say of generated counts.

Run with the packages of requirements-counts.txt: python tests/oracle/counts.py
Each case is a list of numbers in the order of FIELDS; null where there is none.
"""
import json
import math
import pathlib
from decimal import Decimal, getcontext
from fractions import Fraction

import mpmath as mp
import numpy as np
from samples import bits, counts
from scipy import stats
from scipy.optimize import brentq
from scipy.special import betaincinv
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

mp.mp.dps = 50
getcontext().prec = 60
CASES = 330


def pair(i):
    """counts(i), in two cases of three mixed so that the sides are alike, as in tests/it/counts.rs."""
    a, b = counts(i)
    weight = [0, 1, 8][i % 3]
    return a, [weight * x + y for x, y in zip(a, b)]


def chi_square_p(x, k):
    if k < 1:
        return mp.mpf(1)
    return mp.gammainc(mp.mpf(k) / 2, x / 2, regularized=True)


def klterm(p, q):
    if p == 0:
        return mp.mpf(0)
    return mp.inf if q == 0 else p * mp.log(p / q)


def mpf(x):
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)


def interval(value, scale, n, m, p, q, by_p, by_q, k):
    """The interval that divergence_interval.rs approximates, with scipy's noncentral chi-square."""
    value = float(value)
    if k < 1:
        return [None, None]

    def variance(shares, slopes):
        mean = sum(s * x for s, x in zip(shares, slopes))
        return sum(s * (x - mean) ** 2 for s, x in zip(shares, slopes))

    v = (variance(p, by_p) / n if n else 0.0) + variance(q, by_q) / m
    r = scale * v / (4 * value) if value > 0 else 1.0

    def lower(observed, lam):
        x = observed - (1 - r) * lam
        return 0.0 if x <= 0 else float(stats.ncx2.cdf(x, k, r * lam)) if lam > 0 else float(stats.chi2.cdf(x, k))

    observed = scale * value
    low = 0.0
    if observed > k and lower(observed, 0.0) > 0.975:
        low = brentq(lambda lam: lower(observed, lam) - 0.975, 0.0, observed - k, xtol=1e-9)
    observed = max(observed, k)
    beyond = observed - k + math.sqrt(k) + 4.0
    while lower(observed, beyond) >= 0.025:
        beyond *= 2
    high = brentq(lambda lam: lower(observed, lam) - 0.025, observed - k, beyond, xtol=1e-9)
    return [float(f"{low / scale:.7g}"), float(f"{high / scale:.7g}")]


def fisher(a, b, c, d):
    """Exactly, or with 60 digits for supports above 3000; ties within 1e-7 relative."""
    top, left, bottom = a + b, a + c, c + d
    low, high = max(0, left - bottom), min(top, left)
    number = Fraction if high - low <= 300 else Decimal

    def ratio(k):  # P(k + 1) / P(k)
        return number((top - k) * (left - k)) / number((k + 1) * (bottom - left + k + 1))

    limit = number(1) + number(1) / number(10**7)
    total = tail = number(1)  # in units of P(a)
    for step, at in [(1, a), (-1, a)]:
        term = number(1)
        while low <= at + (step > 0) * 1 - (step < 0) * 1 <= high and (number is Fraction or term > Decimal(10) ** -400 * total or term > 1):
            term = term * ratio(at) if step > 0 else term / ratio(at - 1)
            at += step
            total += term
            if term <= limit:
                tail += term
    p = tail / total
    return mpf(p) if number is Fraction else mp.mpf(str(p))


def conditional_limits(a, b, c, d):
    """Roots of the tails of Fisher's noncentral hypergeometric distribution."""
    top, left, bottom = a + b, a + c, c + d
    low, high = max(0, left - bottom), min(top, left)
    weights = [mp.binomial(top, k) * mp.binomial(bottom, left - k) for k in range(low, high + 1)]

    def tail(log_odds, upper):
        odds = mp.exp(log_odds)
        terms = [w * odds ** (k + low - a) for k, w in enumerate(weights)]
        part = terms[a - low :] if upper else terms[: a - low + 1]
        return mp.fsum(part) / mp.fsum(terms)

    middle = mp.log(mp.mpf((a + 0.5) * (d + 0.5)) / ((b + 0.5) * (c + 0.5)))
    out = []
    for upper, edge in [(True, low), (False, high)]:
        if a == edge:
            out.append(0.0 if upper else None)
            continue
        f = lambda x: mp.log(tail(x, upper) / mp.mpf("0.025"))
        left_end, right_end = middle - 1, middle + 1
        while f(left_end) * f(middle) > 0 and f(right_end) * f(middle) > 0:
            left_end, right_end = left_end - 1, right_end + 1
        ends = (left_end, middle) if f(left_end) * f(middle) <= 0 else (middle, right_end)
        x = mp.findroot(f, ends, solver="anderson", tol=1e-40, verify=False, maxsteps=100)
        assert abs(f(x)) < 1e-12
        out.append(float(mp.exp(x)))
    return out


FIELDS = """kl kl_jeffreys psi_jeffreys hellinger tv linf chi2 chi2_p yates yates_p g g_p v gof gof_p z z_p diff diff_low diff_high
fisher_p odds_low odds_high unseen unseen_low unseen_high unseen_chance unseen_p""".split()
MEASURES = ["kl", "psi", "js", "hellinger2", "phi2", "mi", "w2"]

cases = []
for i in range(CASES):
    a, b = pair(i)
    n, m = sum(a), sum(b)
    N = n + m
    kept = [(x, y) for x, y in zip(a, b) if x or y]
    k = len(kept)
    P = [mpf(Fraction(x, n)) for x, _ in kept]
    Q = [mpf(Fraction(y, m)) for _, y in kept]
    J = [mpf(Fraction(2 * x + 1, 2 * n + k)) for x, _ in kept]
    L = [mpf(Fraction(2 * y + 1, 2 * m + k)) for _, y in kept]
    row = {}
    row["kl"] = mp.fsum(klterm(p, q) for p, q in zip(P, Q))
    row["kl_jeffreys"] = mp.fsum(klterm(p, q) for p, q in zip(J, L))
    row["psi_jeffreys"] = mp.fsum((q - p) * mp.log(q / p) for p, q in zip(J, L))
    row["hellinger"] = mp.sqrt(mp.fsum((mp.sqrt(p) - mp.sqrt(q)) ** 2 for p, q in zip(P, Q)) / 2)
    row["tv"] = mp.fsum(abs(p - q) for p, q in zip(P, Q)) / 2
    row["linf"] = max(abs(p - q) for p, q in zip(P, Q))
    chi2 = mpf(sum(Fraction((x * m - y * n) ** 2, n * m * (x + y)) for x, y in kept))
    row["chi2"], row["chi2_p"], row["v"] = chi2, chi_square_p(chi2, k - 1), mp.sqrt(chi2 / N)
    if k == 2:
        def gap(x, y):
            g = abs(Fraction(x * m - y * n, N))
            return g - min(g, Fraction(1, 2))
        yates = mpf(sum(gap(x, y) ** 2 * Fraction(N * N, n * m * (x + y)) for x, y in kept))
        row["yates"], row["yates_p"] = yates, chi_square_p(yates, 1)
    g = 2 * mp.fsum(klterm(mp.mpf(o), mpf(Fraction(t * (x + y), N))) for x, y in kept for o, t in [(x, n), (y, m)])
    row["g"], row["g_p"] = g, chi_square_p(g, k - 1)
    if k > 1:  # scipy agrees
        table = np.array(kept).T
        for statistic, options in [(chi2, {"correction": False}), (g, {"correction": False, "lambda_": "log-likelihood"}), (row.get("yates"), {})]:
            if statistic is not None:
                assert abs(stats.chi2_contingency(table, **options).statistic - float(statistic)) <= 1e-9 * max(1e-3, float(statistic), 1e-4 * N), i
    shares = [x / n for x in a]  # rounded, as Rust has them
    exact = [Fraction(s) for s in shares]
    total = sum(exact)
    possible = sum(s > 0 for s in shares)
    if any(s == 0 and y > 0 for s, y in zip(shares, b)):
        row["gof"], row["gof_p"] = mp.inf, mp.mpf(0)
    else:
        gof = mpf(sum((y * total - m * s) ** 2 / (m * s * total) for s, y in zip(exact, b) if s > 0))
        row["gof"], row["gof_p"] = gof, chi_square_p(gof, possible - 1)
    # The first category against the others.
    x, y = a[0], b[0]
    inside = x + y
    if 0 < inside < N:
        z = (mp.mpf(y * n - x * m) / (n * m)) / mp.sqrt(mp.mpf(inside) * (N - inside) / N**2 * (mp.mpf(1) / n + mp.mpf(1) / m))
        assert abs(proportions_ztest([y, x], [m, n])[0] - float(z)) <= 1e-9 * max(1, abs(float(z)))
    else:
        z = mp.mpf(0)
    row["z"], row["z_p"], row["diff"] = z, mp.erfc(abs(z) / mp.sqrt(2)), mpf(Fraction(y, m) - Fraction(x, n))
    zq = mp.sqrt(2) * mp.erfinv(mp.mpf("0.95"))
    def wilson(c, r):
        reach = zq * mp.sqrt(mp.mpf(c) * (r - c) / r + zq**2 / 4)
        return (c + zq**2 / 2 - reach) / (r + zq**2), (c + zq**2 / 2 + reach) / (r + zq**2)
    (lp, up), (lq, uq) = wilson(x, n), wilson(y, m)
    p, q = mp.mpf(x) / n, mp.mpf(y) / m
    row["diff_low"] = row["diff"] - mp.sqrt((q - lq) ** 2 + (up - p) ** 2)
    row["diff_high"] = row["diff"] + mp.sqrt((uq - q) ** 2 + (p - lp) ** 2)
    theirs = confint_proportions_2indep(y, m, x, n, method="newcomb", compare="diff")
    assert abs(theirs[0] - float(row["diff_low"])) < 1e-9 and abs(theirs[1] - float(row["diff_high"])) < 1e-9
    table = (x, n - x, y, m - y)
    if 0 < inside < N:
        row["fisher_p"] = fisher(*table)
        support = min(n, inside) - max(0, inside - m)
        if support <= 400:
            row["odds_low"], row["odds_high"] = conditional_limits(*table)
            if N < 2000:
                theirs = stats.contingency.odds_ratio([table[:2], table[2:]]).confidence_interval()
                assert abs(theirs.low - row["odds_low"]) <= 1e-5 * max(1e-9, row["odds_low"])
    else:
        row["fisher_p"] = mp.mpf(1)
    unseen = sum(y for x, y in zip(a, b) if x == 0)
    row["unseen"] = mpf(Fraction(unseen, m))
    row["unseen_low"] = 0.0 if unseen == 0 else float(betaincinv(unseen, m - unseen + 1, 0.025))
    row["unseen_high"] = 1.0 if unseen == m else float(betaincinv(unseen + 1, m - unseen, 0.975))
    groups = []
    for x, y in kept:
        c = x + y
        if c <= m:  # as in unseen.rs: the 64th factor for all further ones
            alone = mp.mpf(1)
            for j in range(min(c, 64)):
                alone *= mp.mpf(m - j) / (N - j)
            if c > 64:
                alone *= (mp.mpf(m - 63) / (N - 63)) ** (c - 64)
            groups.append((c, alone))
    chance = mp.fsum(c * alone for c, alone in groups)
    row["unseen_chance"] = chance / m
    row["unseen_p"] = mp.mpf(1)
    if unseen > chance:
        ln_bound = lambda t: mp.fsum(mp.log(1 + w * (mp.exp(t * c) - 1)) for c, w in groups) - t * unseen
        lo, hi = mp.mpf(0), mp.mpf(1024)
        for _ in range(200):  # thirds of a convex function
            s, t = lo + (hi - lo) / 3, hi - (hi - lo) / 3
            if ln_bound(s) < ln_bound(t):
                hi = t
            else:
                lo = s
        row["unseen_p"] = mp.exp(ln_bound(lo))
    numbers = []
    for name in FIELDS:
        value = row.get(name)
        if value is None or (name == "odds_high" and value is None):
            numbers.append(None)
        elif value == mp.inf:
            numbers.append("inf")
        else:
            numbers.append(float(mp.nstr(mp.mpf(value), 17)))
    # Intervals, where each occupied bin has 5 rows on both sides.
    intervals = None
    if k > 1 and min(min(x, y) for x, y in kept) >= 5:
        f = lambda v: [float(x) for x in v]
        p, q, j, l = f(P), f(Q), f(J), f(L)
        per = 1 / n + 1 / m
        u, w = n / N, m / N
        mid = [u * s + w * t for s, t in zip(p, q)]
        half = [(s + t) / 2 for s, t in zip(p, q)]
        log = math.log
        of = lambda value, scale, p, q, by_p, by_q: interval(value, scale, n, m, p, q, by_p, by_q, k - 1)
        js = mp.fsum(klterm(s, (s + t) / 2) + klterm(t, (s + t) / 2) for s, t in zip(P, Q)) / 2
        rel = [(t - s) / h for s, t, h in zip(p, q, mid)]
        intervals = [
            *of(row["kl_jeffreys"], 2 / per, j, l, [log(s / t) for s, t in zip(j, l)], [-s / t for s, t in zip(j, l)]),
            *of(row["psi_jeffreys"], 1 / per, j, l, [log(s / t) - t / s for s, t in zip(j, l)], [log(t / s) - s / t for s, t in zip(j, l)]),
            *of(js, 8 / per, p, q, [log(s / h) / 2 for s, h in zip(p, half)], [log(t / h) / 2 for t, h in zip(q, half)]),
            *of(row["hellinger"] ** 2, 8 / per, p, q, [-math.sqrt(t / s) / 2 for s, t in zip(p, q)], [-math.sqrt(s / t) / 2 for s, t in zip(p, q)]),
            *of(chi2 / N, N, p, q, [u * w * (-2 * r - u * r * r) for r in rel], [u * w * (2 * r - w * r * r) for r in rel]),
            *of(g / (2 * N), 2 * N, p, q, [u * log(s / h) for s, h in zip(p, mid)], [w * log(t / h) for t, h in zip(q, mid)]),
            *interval(row["gof"] / m, m, 0, m, p, q, p, [2 * (t - s) / s for s, t in zip(p, q)], k - 1),
        ]
    cases.append([numbers, intervals])
    if i % 30 == 0:
        print(i, flush=True)

tiny = [float(c[0][FIELDS.index("chi2_p")]) for c in cases]
print("p of chi-square below 1e-10:", sum(1e-300 < p < 1e-10 for p in tiny), "below 1e-300:", sum(p < 1e-300 for p in tiny), "intervals:", sum(c[1] is not None for c in cases))
path = pathlib.Path(__file__).parent.parent / "data" / "counts.json"
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
