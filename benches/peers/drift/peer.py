"""Checks what the Rust side found against scipy, scouter and Evidently, times these and prints both:
`peer.py FOLDER MADE REPEATS`. MADE holds the lines of the Rust side."""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from data import FLOATS
from evidently import Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
from report import head, line, span, waited
from scipy.stats import ks_2samp, wasserstein_distance
from scouter.drift import Drifter, PsiDriftConfig

warnings.simplefilter("ignore")
METHODS = ["ks", "wasserstein", "psi", "jensenshannon"]


def timed(once, repeats):
    """The best and the median of the repeats, after one to warm up, in nanoseconds; and what came out."""
    result, times = once(), []
    for _ in range(repeats):
        start = time.perf_counter_ns()
        result = once()
        times.append(time.perf_counter_ns() - start)
    times.sort()
    return times[0], times[len(times) // 2], result


def close(what, got, wanted, relative):
    if not abs(got - wanted) <= relative * abs(wanted):
        sys.exit(f"{what}: {got} is not {wanted}")


def main():
    folder, made, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    lines = [json.loads(text) for text in open(made)]
    ours = {found["work"]: found for found in lines if "work" in found}
    found = {}
    for other in lines:
        if "work" not in other:
            found |= other
    reference = pd.read_parquet(f"{folder}/reference.parquet")
    current = pd.read_parquet(f"{folder}/current.parquet")

    a, b = reference[FLOATS[1]].to_numpy(), current[FLOATS[1]].to_numpy()
    ks = timed(lambda: ks_2samp(a, b), repeats)
    close("KS", found["ks"], ks[2].statistic, 1e-12)
    if ks[2].pvalue > 1e-300:
        close("KS p-value", found["ks_p"], ks[2].pvalue, 0.2)
    distance = timed(lambda: wasserstein_distance(a, b), repeats)
    close("Wasserstein", found["wasserstein"], distance[2], 1e-10)

    drifter = Drifter()
    profile = drifter.create_drift_profile(reference, PsiDriftConfig(name="peer", space="peer", version="0.1.0"))
    psi = timed(lambda: drifter.compute_drift(current, profile), repeats)
    for name, got in zip(FLOATS, found["psi"]):
        # Other edges, by interpolated quantiles, and none for what is out of range: of the same size, not the same.
        wanted = psi[2].features[name]
        if abs(got - wanted) > 0.1 * wanted + 60 / len(current):
            sys.exit(f"PSI of {name}: {got} is not near {wanted}")

    def every():
        metrics = [ValueDrift(column=name, method=method) for name in FLOATS for method in METHODS]
        return Report(metrics).run(current_data=current, reference_data=reference)

    def preset():
        return Report([DataDriftPreset()]).run(current_data=current, reference_data=reference)

    all_four = timed(every, 1)
    values = {}
    for metric in all_four[2].dict()["metrics"]:
        config = metric["config"]
        values[config["column"], config["method"]] = float(metric["value"])
    for i, name in enumerate(FLOATS):
        wanted = values[name, "wasserstein"]
        # Evidently divides by 0.001 at least.
        if reference[name].std(ddof=0) > 0.001:
            close(f"Evidently's Wasserstein of {name}", found["all_wasserstein"][i], wanted, 1e-9)
        wanted = values[name, "ks"]
        if abs(found["all_ks_p"][i] - wanted) > 2e-4:
            sys.exit(f"Evidently's KS of {name}: {found['all_ks_p'][i]} is not {wanted}")
    default = timed(preset, 1)

    rows = len(reference)
    print(f"{rows:,} rows a side; best (median) of {repeats}, of Evidently of 1")
    head(["work", "ours", "peer", "peer ÷ ours"])
    for work, peer, times in [
        ("ks, cold", "scipy", ks),
        ("ks, prepared", "scipy", ks),
        ("wasserstein, cold", "scipy", distance),
        ("wasserstein, prepared", "scipy", distance),
        ("psi", "scouter", psi),
        ("all, cold, 1 threads", "Evidently, the same four", all_four),
        ("all, prepared, 1 threads", "Evidently, the same four", all_four),
        ("all, cold, 2 threads", "Evidently, the same four", all_four),
        ("all, cold, 1 threads", "Evidently's preset", default),
        ("all, prepared, 1 threads", "Evidently's preset", default),
    ]:
        mine = ours[work]
        line([
            work,
            f"{span(mine['best_ns'])} ({span(mine['median_ns'])})",
            f"{peer}: {span(times[0])} ({span(times[1])})",
            f"{times[0] / mine['best_ns']:.1f} ({times[1] / mine['median_ns']:.1f})",
        ])
    print(f"\nwaited for a core: ours {100 * found['waited']:.1f} %, theirs {100 * waited():.1f} %")


main()
