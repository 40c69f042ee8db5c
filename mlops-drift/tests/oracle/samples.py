"""Generated samples, the same bit for bit as those of tests/it/samples.rs: only exact integer arithmetic, +, - and *
in the same order, and division. Fixtures so hold answers and not samples.
"""
import numpy as np

GAMMA = np.uint64(0x9E3779B97F4A7C15)
KINDS = ["uniform", "bell", "ties", "grid", "constant", "heavy", "huge", "tiny"]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 20, 21, 30, 47, 60, 100, 150, 233, 400, 1000, 2500, 10000, 10001, 30000, 100000]


def bits(seed, n):
    """SplitMix64 (Steele, Lea and Flood, 2014): n words."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + (np.arange(1, n + 1, dtype=np.uint64)) * GAMMA
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniforms(seed, n):
    """n floats within (0, 1), never 0 or 1."""
    return ((bits(seed, n) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def sample(seed, n, kind):
    if kind == "bell":  # standard deviation 1/√3
        u = uniforms(seed, 4 * n)
        return ((u[0::4] + u[1::4]) + u[2::4]) + u[3::4] - 2.0
    u = uniforms(seed, n)
    return {
        "uniform": lambda: u,
        "ties": lambda: np.floor(u * 5.0),
        "grid": lambda: np.floor(u * 1000.0) / 8.0,
        "constant": lambda: u * 0.0 + 3.0,
        "heavy": lambda: (u - 0.5) / (u * (1.0 - u)),
        "huge": lambda: (u - 0.5) / (u * (1.0 - u)) * 1e100,
        "tiny": lambda: u * 1e-100,
    }[kind]()


def case(i, most=100000):
    """The i-th pair: sizes up to `most`, kind, reference and current, the latter shifted in two cases of three."""
    w = bits(1000 + i, 5)
    sizes = [s for s in SIZES if s <= most]
    n = sizes[int(w[0] % np.uint64(len(sizes)))]
    m = n if int(w[1] % np.uint64(4)) == 0 else sizes[int(w[1] // np.uint64(4) % np.uint64(len(sizes)))]
    kind = KINDS[int(w[2] % np.uint64(len(KINDS)))]
    scale = {"huge": 1e100, "tiny": 1e-100}.get(kind, 1.0)
    shift = [0.0, 0.0625, 0.5][int(w[3] % np.uint64(3))] * scale
    stretch = [1.0, 1.25][int(w[4] % np.uint64(2))]
    reference = sample(2 * i + 1, n, kind)
    current = sample(2 * i + 2, m, kind) * stretch + shift
    return kind, reference, current


def counts(i, bins_most=12, rows_most=100000):
    """The i-th pair of counts in the same bins: 1 to `bins_most` bins, many of them empty."""
    w = bits(500000 + i, 4)
    bins = 1 + int(w[0] % np.uint64(bins_most))
    largest = [1, 3, 10, 100, 1000, rows_most][int(w[1] % np.uint64(6))]
    largest_current = [1, 3, 10, 100, 1000, rows_most][int(w[2] % np.uint64(6))]
    a = bits(600000 + 2 * i, bins) % np.uint64(largest + 1)
    b = bits(600001 + 2 * i, bins) % np.uint64(largest_current + 1)
    if int(w[3] % np.uint64(3)) == 0:
        b[int(w[3] // np.uint64(3) % np.uint64(bins))] = 0
    # Each side has a row.
    a[0] += np.uint64(1)
    b[bins - 1] += np.uint64(1)
    return [int(x) for x in a], [int(x) for x in b]


def digest(values):
    mixed = 0
    for word in np.asarray(values, dtype=np.float64).view(np.uint64).tolist():
        mixed = ((mixed << 5 | mixed >> 59) & (2**64 - 1)) * int(GAMMA) % 2**64 ^ word
    return mixed


if __name__ == "__main__":
    import json
    import pathlib

    path = pathlib.Path(__file__).parent.parent / "data" / "samples.json"
    pairs = [case(i, 2500)[1:] for i in range(64)]
    path.write_text(json.dumps([[digest(a), digest(b)] for a, b in pairs], indent=0) + "\n")
