"""Checks what the Rust side computed against frouros and numpy, times both and prints all: `peer.py DATA OURS REPEATS`.
OURS is what the Rust side said."""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from data import COLUMNS, PERMUTATIONS
from frouros.callbacks import PermutationTestDistanceBased
from frouros.detectors.data_drift import MMD
from frouros.utils.kernels import rbf_kernel
from report import head, line, span, waited
from threadpoolctl import threadpool_info, threadpool_limits


def check(what, ours, theirs, allowed):
    if not abs(ours - theirs) <= allowed:
        sys.exit(f"the sides differ: {what}: {ours} and {theirs}")


def labels(rows, permutations, kind):
    """1 and −1 of the data, and of permutations of it."""
    rng = np.random.default_rng(1)
    own = np.repeat([1.0, -1.0], rows)
    return np.array([own] + [rng.permutation(own) for _ in range(permutations)], dtype=kind).T.copy()


def by_numpy(both, sigma, permutations, kind):
    """The fastest form known to us: squared distances by one product, which numpy knows to be symmetric, all else in
    place, and all permutations by another."""
    n = len(both) // 2
    z = (both - both.mean(0)).astype(kind)
    kernel = z @ z.T
    norms = kernel.diagonal().copy()
    kernel *= -2
    kernel += norms[:, None]
    kernel += norms
    if sigma is None:
        sigma = np.sqrt(median(kernel) / 2)
    kernel *= -1 / (2 * sigma**2)
    np.exp(kernel, out=kernel)
    np.fill_diagonal(kernel, 0)
    y = labels(n, permutations, kind)
    product = kernel @ y
    forms = np.einsum("ib,ib->b", product, y, dtype=np.float64)
    sums = kernel.sum(1, dtype=np.float64)
    everything, against = sums.sum(), sums @ y
    x, c, between = (everything + forms + 2 * against) / 4, (everything + forms - 2 * against) / 4, (everything - forms) / 4
    statistics = (x + c) / (n * (n - 1)) - 2 * between / n**2
    p_value = (1 + (statistics[1:] >= statistics[0]).sum()) / (1 + permutations)
    return float(statistics[0]), float(p_value), float(sigma)


def median(squared):
    """Of all pairs, each once: the rows above the diagonal, put together."""
    n = len(squared)
    pairs = np.empty(n * (n - 1) // 2, squared.dtype)
    at = 0
    for i in range(n - 1):
        pairs[at : at + n - 1 - i] = squared[i, i + 1 :]
        at += n - 1 - i
    middle = len(pairs) // 2
    pairs.partition([middle - 1, middle])
    return (pairs[middle - 1] + pairs[middle]) / 2 if len(pairs) % 2 == 0 else pairs[middle]


def by_frouros(both, sigma, permutations, threads):
    n = len(both) // 2
    tests = []
    if permutations:
        arguments = {"num_permutations": permutations, "num_jobs": threads, "random_state": 1}
        tests = [PermutationTestDistanceBased(method="conservative", name="test", **arguments)]
    detector = MMD(kernel=partial(rbf_kernel, sigma=sigma), callbacks=tests)
    detector.fit(X=both[:n])
    result, logs = detector.compare(X=both[n:])
    return float(result.distance), logs["test"]["p_value"] if permutations else None


def timed(repeats, call):
    times = []
    for _ in range(repeats):
        start = time.perf_counter_ns()
        answer = call()
        times.append(time.perf_counter_ns() - start)
    return answer, min(times), float(np.median(times))


def main():
    data, repeats = Path(sys.argv[1]), int(sys.argv[3])
    ours = [json.loads(line) for line in Path(sys.argv[2]).read_text().splitlines()]
    both = np.fromfile(data / "rows.f64").reshape(-1, COLUMNS)
    answers = {one["answer"]: one for one in ours if "answer" in one}
    times = {one["work"]: one for one in ours if "work" in one}
    exact = answers["f64, 1 threads"]
    sigma = exact["sigma"]
    print(f"{len(both) // 2} + {len(both) // 2} rows of {COLUMNS}, {PERMUTATIONS} permutations, BLAS", end=" ")
    print(", ".join(f"{one['version']} for {one['architecture']}" for one in threadpool_info()))

    distance, _ = by_frouros(both, sigma, 0, 1)
    check("frouros", exact["statistic"], distance, 1e-12)
    for name, answer in answers.items():
        check(name, answer["statistic"], distance, 1e-12 if name.startswith("f64") else 1e-7)

    head(["", "threads", "numpy, best (median)", "ours, best (median)", "numpy ÷ ours"])
    for threads in (1, 2):
        with threadpool_limits(threads):
            for kind in ("f64", "f32"):
                for heuristic in (False, True):
                    given = None if heuristic else sigma
                    run = lambda: by_numpy(both, given, PERMUTATIONS, np.dtype(kind.replace("f", "float")))
                    run()
                    (statistic, p_value, found), best, middle = timed(repeats, run)
                    check(f"numpy {kind}", statistic, distance, 1e-12 if kind == "f64" else 1e-6)
                    check("bandwidth", found, sigma, 1e-12 * sigma if kind == "f64" else 1e-5 * sigma)
                    # The permutations are others: five standard errors of a share.
                    share = exact["p_value"]
                    check("p-value", p_value, share, 5 * np.sqrt(2 * share * (1 - share) / PERMUTATIONS) + 0.01)
                    work = f"{kind}, {'median' if heuristic else 'given'} bandwidth, {threads} threads"
                    mine = times[work]
                    line([
                        f"{kind}, {'median' if heuristic else 'given'} bandwidth", str(threads),
                        f"{span(best)} ({span(middle)})",
                        f"{span(mine['best_ns'])} ({span(mine['median_ns'])})", f"{best / mine['best_ns']:.3g}",
                    ])

    # frouros starts anew for each permutation; a few say what one costs.
    few = min(PERMUTATIONS, int(os.environ.get("MLOPS_FROUROS_PERMUTATIONS", 4)))
    head(["frouros", "threads", f"statistic and {few} permutations", f"with {PERMUTATIONS}, at that rate", "÷ ours, f64"])
    with threadpool_limits(1):
        _, alone, _ = timed(1, lambda: by_frouros(both, sigma, 0, 1))
        for threads in (1, 2):
            _, some, _ = timed(1, lambda: by_frouros(both, sigma, few, threads))
            whole = alone + (some - alone) / few * PERMUTATIONS
            mine = times[f"f64, given bandwidth, {threads} threads"]["best_ns"]
            line(["", str(threads), span(some), span(whole), f"{whole / mine:.3g}"])
    rust = next(one["waited"] for one in ours if "waited" in one)
    print(f"\nwaited for a core: Rust {rust:.1%}, Python {waited():.1%} of the time")


if __name__ == "__main__":
    main()
