"""Prints, from the manifests, the cargo arguments of one kind of check, a line a run.

Features that need a GPU toolkit (`cuda`, and what enables it) are left out.
"""

import json
import subprocess
import sys


def needs_gpu(features, name):
    return name == "cuda" or any(
        part.endswith("/cuda") or part in features and needs_gpu(features, part)
        for part in features[name]
    )


def usable(package):
    features = package["features"]
    return sorted(f for f in features if f != "default" and not needs_gpu(features, f))


def clippy(packages):
    """No features, with and without the tests' own; then each feature alone."""
    for package in packages:
        bare = f"-p {package['name']} --no-default-features"
        yield bare
        yield f"{bare} --all-targets"
        for feature in usable(package):
            yield f"{bare} --all-targets --features {feature}"


def doc(packages):
    """The whole workspace, with all features."""
    features = ",".join(f"{p['name']}/{f}" for p in packages for f in usable(p))
    yield "--workspace --no-deps" + (f" --features {features}" if features else "")


def test(packages):
    """The whole workspace, with all features: one build of the dependencies serves all crates."""
    features = ",".join(f"{p['name']}/{f}" for p in packages for f in usable(p))
    yield "--workspace" + (f" --features {features}" if features else "")


def examples(packages):
    """The examples crate's examples but for `lifecycle`, which README.md shows."""
    for package in packages:
        for target in package["targets"]:
            if package["name"] != "mlops-examples" or target["kind"] != ["example"]:
                continue
            needed = target.get("required-features", [])
            if target["name"] != "lifecycle" and set(needed) <= set(usable(package)):
                features = f" --features {','.join(needed)}" if needed else ""
                yield f"-p mlops-examples --example {target['name']}{features}"


metadata = subprocess.run(
    ["cargo", "metadata", "--no-deps", "--format-version", "1"],
    check=True,
    stdout=subprocess.PIPE,
)
packages = sorted(json.loads(metadata.stdout)["packages"], key=lambda p: p["name"])
kinds = {"clippy": clippy, "doc": doc, "test": test, "examples": examples}
for line in kinds[sys.argv[1]](packages):
    print(line)
