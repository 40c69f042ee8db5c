"""How all comparisons print what they measured: tables in Markdown."""

from pathlib import Path


def span(nanoseconds):
    for unit, size in ("s", 1e9), ("ms", 1e6), ("µs", 1e3):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def line(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def head(cells):
    print()
    line(cells)
    line(["---"] * len(cells))


def waited():
    """Which share of the time in which this thread could have run it waited for a core."""
    try:
        ran, waited, _ = map(int, Path("/proc/thread-self/schedstat").read_text().split())
    except OSError:
        return 0.0
    return waited / (ran + waited)
