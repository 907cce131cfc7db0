"""Time and memory of one network as images and batches grow; writes ``docs/scale.svg``.

    python -m benchmarks.networks.scale           measures, prints a table, draws
    python -m benchmarks.networks.scale 512 256   one size and batch, as JSON

Each size and batch has a process of its own, so that the memory which is resident after the first
prediction, less what was before it, is that prediction's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fencepost as fp

SIZES = (32, 64, 128, 256, 512)
BATCHES = (1, 8, 64, 256)
THREADS = 2
SECONDS = 0.5  # that a case is repeated for
FIGURE = Path(__file__).parents[2] / "docs/scale.svg"
# What is freed goes back to the system at once, so that what is resident is what is used.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "16384"}


def layers() -> list[fp.layers.Layer]:
    """Return a VGG-like network for images of any size."""
    blocks: list[fp.layers.Layer] = []
    for out in (32, 64, 128):
        blocks += [fp.Conv2d(out, 3, padding=1), fp.ReLU(), fp.MaxPool2d(2)]
    return [*blocks, fp.GlobalAvgPool(), fp.Linear(10)]


def resident() -> int:
    """Return the bytes of this process that are in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def used(network: fp.Network, images: np.ndarray) -> tuple[int, int]:
    """Return the bytes that `explain` states of the first prediction, and those it then takes."""
    small = fp.Network((1, 20, 20), [fp.Conv2d(8, 3), fp.ReLU(), fp.Flatten(), fp.Linear(3)])
    for count in (1, 5, 40):  # loads code, starts threads
        small.explain(count=count)
        small(np.zeros((count, 1, 20, 20), np.uint8))
    stated = network.explain(count=len(images)).memory
    before = resident()
    network(images)
    return stated, resident() - before


def measure(size: int, batch: int) -> dict[str, float]:
    """Return seconds a batch, bytes stated and bytes taken, of one size and batch."""
    fp.set_num_threads(THREADS)
    network = fp.Network((3, size, size), layers())
    images = np.random.default_rng(0).integers(0, 256, (batch, 3, size, size), np.uint8)
    stated, taken = used(network, images)
    times: list[float] = []
    while not times or (sum(times) < SECONDS and len(times) < 1000):
        start = time.perf_counter()
        network(images)
        times.append(time.perf_counter() - start)
    seconds = float(np.median(times))
    return {"size": size, "batch": batch, "seconds": seconds, "stated": stated, "taken": taken}


def cases() -> Iterator[dict[str, float]]:
    """Yield what `measure` returns of each size and batch, in processes of their own."""
    for batch in BATCHES:
        for size in SIZES:
            command = [sys.executable, "-m", "benchmarks.networks.scale", str(size), str(batch)]
            output = subprocess.check_output(command, env=os.environ | ENVIRONMENT)
            yield json.loads(output)


def table(results: list[dict[str, float]]) -> Iterator[str]:
    """Yield the lines of a table: pixels down, batches across."""
    yield "| pixels | " + " | ".join(f"batch {b}: µs an image, MB, stated" for b in BATCHES) + " |"
    yield "| --- |" + " ---: |" * len(BATCHES)
    for size in SIZES:
        cells = [
            f"{r['seconds'] / r['batch'] * 1e6:,.0f}, {r['taken'] / 1e6:.1f}, "
            f"{r['stated'] / 1e6:.1f}"
            for r in results
            if r["size"] == size
        ]
        yield f"| {size} × {size} | " + " | ".join(cells) + " |"


def draw(results: list[dict[str, float]]) -> Any:
    """Return the figure: time an image, and memory, over the pixels of an image."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    times, memory = figure.subplots(1, 2)
    pixels = [size * size for size in SIZES]
    for batch, marker in zip(BATCHES, "osD^", strict=True):
        rows = [r for r in results if r["batch"] == batch]
        label = "1 image" if batch == 1 else f"{batch} images"
        microseconds = [r["seconds"] / batch * 1e6 for r in rows]
        (line,) = times.plot(pixels, microseconds, marker=marker, label=label)
        memory.plot(pixels, [r["stated"] / 1e6 for r in rows], color=line.get_color())
        memory.plot(pixels, [r["taken"] / 1e6 for r in rows], marker, color=line.get_color())
    slowest = max(r["seconds"] / r["batch"] / r["size"] ** 2 for r in results if r["size"] == 512)
    times.plot(pixels, [slowest * 1e6 * p for p in pixels], ":", color="grey", label="linear")
    times.set(title="Time", ylabel="µs an image")
    times.legend(frameon=False)
    memory.set(title="Memory: stated (lines), taken (marks)", ylabel="MB of a prediction")
    for axes in (times, memory):
        axes.set(xscale="log", yscale="log", xlabel="image")
        axes.set_xticks(pixels, [f"{size} × {size}" for size in SIZES], rotation=30)
        axes.minorticks_off()
    return figure


def main() -> None:
    """Measure one case, or all."""
    if len(sys.argv) == 3:
        print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
        return
    results = list(cases())
    print(*table(results), sep="\n")
    fp.plots.save(draw(results), FIGURE)


if __name__ == "__main__":
    main()
