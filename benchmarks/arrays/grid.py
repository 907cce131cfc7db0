"""Every size, kernel and dtype against the best of OpenCV, SciPy, NumPy, scikit-image and Pillow.

``python -m benchmarks grid`` (``make bench ARGS=grid``) runs the cells that are not yet in
``build/grid.jsonl``, prints each, and once all are there writes ``benchmarks/GRID.md``. With
``--seconds`` it stops after so long, to go on when it is called again; ``--only`` takes cells by a
regular expression, ``--again`` runs those that match once more. All take about 15 minutes on two
cores, 0.9 s a cell: ``--seconds 100`` is some 110 of them.

Before it is timed, each candidate is compared with sums in float64 at a few hundred points.
Fencepost has to keep what it promises there, the others what is left of it (`PEERS`); what they
are off by is written down. A candidate `HOPELESS` times slower than another is not timed further.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import harness
from ..machine import machine
from .cells import Cell, Contest, allowed, cells, points

KEPT = Path("build/grid.jsonl")
TABLE = Path(__file__).parents[1] / "GRID.md"
ROUNDS, BLOCK = 5, 0.015  # blocks of each candidate, and the seconds of one
HOPELESS = 4.0
PEERS = 3.0  # levels of an integer image that a peer may be off by; SciPy cuts off after each pass
OTHER_BORDER = ("SciPy oaconvolve", "SciPy fftconvolve", "Pillow")  # compared within the image
Entry = dict[str, Any]


def verify(contest: Contest) -> tuple[dict[str, float], dict[str, float]]:
    """Compare all candidates with the sums themselves; return seconds, and levels off."""
    positions, sums, magnitudes = points(contest)
    integers = contest.f.dtype.kind == "u"
    if integers:
        sums = sums.clip(0, np.iinfo(contest.f.dtype).max)
    opaque = contest.f.ndim == 3 and contest.f.shape[2] == 4 and contest.border == "symmetric"
    spread = float(magnitudes.max()) + 1e-30
    seconds, off = {}, {}
    for name, call in contest.calls.items():
        start = time.perf_counter()
        result = np.asarray(call())
        seconds[name] = time.perf_counter() - start
        found = result[tuple(positions.T)].astype(np.float64)
        inside = slice(None)
        if contest.border == "symmetric" and name in OTHER_BORDER:
            inside = _inner(contest, positions)
        error = np.abs(found - sums)[inside]
        if opaque:
            error = error[..., :3]
        largest = float(error.max(initial=0.0))
        off[name] = largest if integers else largest / spread
        if name == "fencepost":
            limit = allowed(contest, sums, magnitudes)
            limit = limit[..., :3] if opaque else limit
            assert (error <= limit).all(), f"fencepost is off by {largest:g}"
        else:
            most = PEERS if integers else spread * (1e-3 if contest.f.dtype == "f" else 1e-9)
            assert largest <= most, f"{name} is off by {largest:g}"
    return seconds, off


def _inner(contest: Contest, positions: np.ndarray) -> Any:
    halves = np.array(contest.kernel.shape) // 2
    sizes = np.array(contest.f.shape[: contest.kernel.ndim])
    return ((positions >= halves) & (positions < sizes - halves)).all(axis=1)


def run(cell: Cell) -> Entry:
    """Verify all candidates of a cell, then time them in turn and keep the least of each."""
    contest = cell.make()
    try:
        first, off = verify(contest)
    except AssertionError as error:
        raise AssertionError(f"{cell.name}: {error}") from None
    times: dict[str, float] = {}
    calls = dict(contest.calls)
    rounds = 2 if harness.ROUNDS < ROUNDS else ROUNDS
    for turn in range(rounds):
        for name, call in calls.items():
            if turn == 0 and first[name] > 1.0 and first[name] > HOPELESS * first["fencepost"]:
                times[name] = first[name]
                continue
            count, start = 0, time.perf_counter()
            while count == 0 or time.perf_counter() - start < BLOCK:
                call()
                count += 1
            taken = (time.perf_counter() - start) / count
            times[name] = min(taken, times.get(name, np.inf))
        limit = HOPELESS * min(times.values())
        calls = {
            name: call
            for name, call in calls.items()
            if name == "fencepost" or min(times[name], first[name]) < limit
        }
    ours = times.pop("fencepost")
    best = min(times, key=times.__getitem__)
    return {
        "cell": cell.name,
        "dtype": cell.dtype,
        "kernel": cell.kernel,
        "size": cell.size,
        "ours": ours,
        "best": best,
        "peer": times[best],
        "ratio": times[best] / ours,
        "off": off[best],
        "ours off": off["fencepost"],
    }


def _kept(path: Path) -> dict[str, Entry]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {entry["cell"]: entry for entry in map(json.loads, lines)}


def _line(entry: Entry) -> str:
    ours, best = entry["ours"] * 1e3, entry["peer"] * 1e3
    off = ""
    if entry["dtype"].startswith("uint") and entry["off"] > 0.51:
        off = f" (off by up to {entry['off']:.2g})"
    return (
        f"| {entry['cell']} | {ours:.4g} | {best:.4g} | {entry['best']}{off} "
        f"| **{entry['ratio']:.2f}** |"
    )


def summary(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the median and minimum of all ratios, by dtype, kernel and size."""
    ratios = [entry["ratio"] for entry in entries]
    below = sum(ratio < 1 for ratio in ratios)
    yield (
        f"{len(entries)} cells; the median is **{statistics.median(ratios):.2f}** times the best "
        f"of the peers, the least {min(ratios):.2f}; {below} cells are below 1, "
        f"{1 - below / len(ratios):.1%} at least 1."
    )
    for key in ("dtype", "kernel", "size"):
        groups: dict[str, list[float]] = defaultdict(list)
        for entry in entries:
            name = entry[key]
            if key == "kernel":  # the kind: "3D box" of 3D box 17 × 17 × 17, "dense" of dense 3²
                words = name.split(" ")
                name = " ".join(words[: 2 if words[0] in ("1D", "2D", "3D") else 1])
            groups[name].append(entry["ratio"])
        yield from ("", f"| {key} | cells | median | least | below 1 |", "| --- |" + " ---: |" * 4)
        for name, values in groups.items():
            low = sum(value < 1 for value in values)
            middle = statistics.median(values)
            yield f"| {name} | {len(values)} | **{middle:.2f}** | {min(values):.2f} | {low} |"


_HEADING = (
    "| cell | fencepost | best peer | | times as fast |",
    "| --- | ---: | ---: | --- | ---: |",
)


def _below(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the table of cells below 1, the slowest first."""
    yield from ("", "## Below 1", "", *_HEADING)
    yield from map(_line, sorted((e for e in entries if e["ratio"] < 1), key=lambda e: e["ratio"]))


def report(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the whole page: how it was made, the summary, the cells below 1, the table."""
    yield from ("# The grid", "", *machine(), "")
    yield (
        "Times in ms, the least of five blocks, all candidates in turn. A peer whose integers are "
        "more than half a level from the exact sum is marked: it truncates, or sums in fewer bits."
    )
    yield from ("", *summary(entries))
    yield from _below(entries)
    yield from ("", "## All cells", "", *_HEADING, *map(_line, entries))


def main(arguments: argparse.Namespace) -> None:
    """Run what is asked for and missing; write the table when nothing is."""
    cv2.setNumThreads(harness.THREADS)
    path = Path(arguments.kept or KEPT)
    start, kept = time.perf_counter(), _kept(path)
    again = re.compile(arguments.again) if arguments.again else None
    only = re.compile(arguments.only or "")
    everything = list(cells())
    path.parent.mkdir(exist_ok=True)
    chosen = [
        cell
        for cell in everything
        if only.search(cell.name) and (cell.name not in kept or (again and again.search(cell.name)))
    ]
    with path.open("a", encoding="utf-8") as file:
        for cell in chosen:
            if arguments.seconds and time.perf_counter() - start > arguments.seconds:
                print("stopped; call again to go on")
                break
            entry = kept[cell.name] = run(cell)
            print(_line(entry), flush=True)
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
    entries = [kept[cell.name] for cell in everything if cell.name in kept]
    if len(entries) == len(everything):
        TABLE.write_text("\n".join(report(entries)) + "\n", encoding="utf-8")
        print(f"\nWritten to {TABLE}")
    if entries:
        print("", *summary(entries), *_below(entries), sep="\n")
