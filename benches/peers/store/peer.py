"""Checks what the Rust side read against Feast, times Feast and prints both: `peer.py DATA FOLDER REPEATS REDIS`. FOLDER
holds what the Rust side made; REDIS is the address of a server, as host:port."""

import json
import logging
import os
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from data import ENTITIES_A_REQUEST, FEATURES, FLOATS, INTS, TEXTS
from report import head, line, span, waited

os.environ["FEAST_USAGE"] = "False"
warnings.filterwarnings("ignore")
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType  # noqa: E402
from feast.types import Float64, Int64, String  # noqa: E402

logging.getLogger("feast").setLevel(logging.ERROR)
PROJECT = "peer"


def feast(folder, data, online):
    """A repository of one feature view with the events in its online store."""
    folder.mkdir(parents=True, exist_ok=True)
    config = RepoConfig(
        project=PROJECT,
        provider="local",
        # The registry is read once and kept.
        registry={"path": str(folder / "registry.db"), "cache_ttl_seconds": 0},
        online_store=online,
        entity_key_serialization_version=3,
    )
    store = FeatureStore(config=config)
    entity = Entity(name="entity", join_keys=["entity"], value_type=ValueType.STRING)
    kinds = {name: Float64 for name in FLOATS} | {name: Int64 for name in INTS} | {name: String for name in TEXTS}
    view = FeatureView(
        name="view",
        entities=[entity],
        schema=[Field(name=name, dtype=kind) for name, kind in kinds.items()],
        source=FileSource(name="events", path=str(data / "events.parquet"), timestamp_field="at"),
        ttl=timedelta(days=36_500),
        online=True,
    )
    store.apply([entity, view, FeatureService(name="service", features=[view])])
    events = pq.read_table(data / "events.parquet").to_pandas(integer_object_nulls=True)
    for name in INTS:
        events[name] = events[name].astype("Int64")
    start = time.perf_counter()
    store.write_to_online_store("view", events)
    print(f"written to {online['type']} in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return store


def forms(store):
    """Each form that the documentation offers, as what is called for the entities of a request."""
    service = store.get_feature_service("service")
    names = [f"view:{name}" for name in FEATURES]
    listed = lambda entities: [{"entity": entity} for entity in entities]
    columns = lambda entities: {"entity": entities}
    get = store.get_online_features
    yield "list of rows, names, to_dict", lambda e: get(features=names, entity_rows=listed(e)).to_dict()
    yield "list of rows, service, to_dict", lambda e: get(features=service, entity_rows=listed(e)).to_dict()
    yield "columns, names, to_dict", lambda e: get(features=names, entity_rows=columns(e)).to_dict()
    yield "columns, service, to_dict", lambda e: get(features=service, entity_rows=columns(e)).to_dict()
    yield "columns, service, response alone", lambda e: get(features=service, entity_rows=columns(e))


def check(what, ok):
    if not ok:
        sys.exit(f"the sides differ: {what}")


def check_answers(what, answers, ours):
    """Every value of every request, exactly; nulls are nulls."""
    for number, (answer, rows) in enumerate(zip(answers, ours, strict=True)):
        for place, name in enumerate(FEATURES):
            column = [row[place] for row in rows]
            check(f"{what}, request {number}, {name}", list(answer[name]) == column)


def timed(repeats, requests, get):
    """Best and median of the repeats, in nanoseconds a request, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter_ns()
        for entities in requests:
            get(entities)
        times.append((time.perf_counter_ns() - start) / len(requests))
    return min(times[1:]), float(np.median(times[1:]))


def main():
    data, folder, repeats, redis = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    entities = pq.read_table(data / "requests.parquet")["entity"].to_pylist()
    requests = [entities[i : i + ENTITIES_A_REQUEST] for i in range(0, len(entities), ENTITIES_A_REQUEST)]
    ours = [json.loads(line) for line in (folder / "ours.jsonl").read_text().splitlines()]
    answers = json.loads((folder / "answers.json").read_text())
    stores = {
        "SQLite": {"type": "sqlite", "path": str(folder / "online.db")},
        "Redis": {"type": "redis", "connection_string": redis},
    }
    head(["Feast, best of the repeats (median)", *stores])
    measured = {}
    for store, online in stores.items():
        for form, get in forms(feast(folder / store, data, online)):
            if form.endswith("to_dict"):
                check_answers(f"Feast on {store}, {form}", map(get, requests), answers)
            measured.setdefault(form, {})[store] = timed(repeats, requests, get)
    for form, of in measured.items():
        line([form, *(f"{span(best)} ({span(median)})" for best, median in of.values())])
    fastest = {store: min(of[store][0] for of in measured.values()) for store in stores}

    head(["ours, best of the repeats (median)", "100 entities", "Feast on SQLite ÷ ours", "Feast on Redis ÷ ours"])
    for one in ours:
        if "work" in one:
            best, median = one["best_ns"], one["median_ns"]
            line([one["work"], f"{span(best)} ({span(median)})", *(f"{fastest[store] / best:.3g}" for store in stores)])
    rust = next(one["waited"] for one in ours if "waited" in one)
    print(f"\nwaited for a core: Rust {rust:.1%}, Python {waited():.1%} of the time")


if __name__ == "__main__":
    main()
