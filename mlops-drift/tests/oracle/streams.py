"""Makes tests/data/adwin.json: what River's ADWIN says of several streams.

Run with the packages of requirements.txt: python tests/oracle/streams.py
Each stream is small whole numbers over 16, so that it is the same in every language.
"""
import json
import pathlib
import random

from river import drift


def normal(rng, mean, spread):
    return round((mean + spread * rng.gauss(0, 1)) * 16) / 16


def streams():
    rng = random.Random(20130101)
    yield "abrupt", {}, [float(rng.random() < (0.2 if i < 700 else 0.6)) for i in range(1500)]
    yield "gradual", {}, [normal(rng, max(0, i - 500) / 500, 1) for i in range(2000)]
    yield "null", {}, [normal(rng, 3, 1) for _ in range(2000)]
    yield "constant", {}, [2.5] * 300
    yield "twice", {}, [normal(rng, [0, 4, -2][i // 500], 0.5) for i in range(1500)]
    yield "spike", {}, [1000.0 if i == 400 else normal(rng, 0, 1) for i in range(800)]
    other = {"delta": 0.05, "clock": 7, "max_buckets": 3, "min_window_length": 9, "grace_period": 40}
    yield "other parameters", other, [normal(rng, 0 if i < 300 else 0.7, 1) for i in range(900)]


out = []
for name, parameters, values in streams():
    adwin = drift.ADWIN(**parameters)
    detections, states = [], []
    for i, x in enumerate(values):
        adwin.update(x)
        if adwin.drift_detected:
            detections.append(i)
        if adwin.drift_detected or i % 50 == 49:
            states.append([i, int(adwin.width), adwin.estimation])
    whole = [round(x * 16) for x in values]
    assert [x / 16 for x in whole] == values
    out.append({"name": name, "parameters": parameters, "sixteenths": whole, "detections": detections, "states": states})
    print(name, detections)
path = pathlib.Path(__file__).parent.parent / "data" / "adwin.json"
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
