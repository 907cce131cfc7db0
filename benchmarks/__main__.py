"""Run every group of cases, print the table, and write it to benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch

import fencepost as fp

from . import footprint, harness
from .arrays import convolution
from .harness import THREADS, Case
from .machine import machine
from .networks import inference, training
from .networks import table as network_table

RESULTS = Path(__file__).with_name("RESULTS.md")
NETWORKS = ("µs per image", ("fencepost", "ONNX Runtime", "PyTorch", "PyTorch channels-last"))
ARRAYS = ("ms per call", convolution.PEERS)
GROUPS = {
    "training": (*NETWORKS, training.cases),
    "inference": (*NETWORKS, inference.cases),
    "convolution": (*ARRAYS, convolution.cases),
}
GRID_OPTIONS = {
    "seconds": "of the grid: stop after so long, to go on when called again",
    "only": "of the grid: the cells that match a regular expression",
    "again": "of the grid: run cells that match once more",
    "kept": "of the grid: where its cells are kept, build/grid.jsonl by default",
}


def table(unit: str, names: Sequence[str], cases: Iterable[Case]) -> Iterator[str]:
    """Yield the lines of a table of speed."""
    yield f"| {unit} | " + " | ".join(names) + " | times as fast as |"
    yield "| --- |" + " ---: |" * len(names) + " --- |"
    for case in cases:
        cells = [f"{case.medians[name]:.4g}" if name in case.medians else "–" for name in names]
        ratios = ", ".join(
            f"{peer} **{case.ratio(peer):.2f}** (aim {aim:g})"
            for peer, (_, aim) in case.targets.items()
        )
        yield f"| {case.name} | " + " | ".join(cells) + f" | {ratios} |"


def costs() -> Iterator[str]:
    """Yield the lines about import time and size."""
    times = footprint.import_milliseconds()
    for name, value in times.items():
        ratio = value / times["import numpy"]
        yield f"- `{name}`: {value:.1f} ms ({ratio:.2f} × `import numpy`)"
    size = footprint.wheel_megabytes()
    if size is not None:
        yield f"- wheel with MNIST and every instruction set: {size:.1f} MB"


def main() -> None:
    """Time the groups that are named on the command line, or all, which is also written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups",
        nargs="*",
        help=f"any of {', '.join(GROUPS)}, networks, all by default; "
        "or grid, every size, kernel and dtype",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a few short rounds: all is verified, times are rough, nothing is written down",
    )
    for name, text in GRID_OPTIONS.items():
        parser.add_argument(f"--{name}", type=float if name == "seconds" else str, help=text)
    arguments = parser.parse_args()
    everything = [*GROUPS, "networks"]
    chosen = arguments.groups or everything
    if arguments.quick:
        harness.ROUNDS, harness.BLOCK_SECONDS = 3, 0.02
        network_table.QUICK = True
    torch.set_num_threads(THREADS)
    fp.set_num_threads(THREADS)

    print(*machine(), "", sep="\n")
    if chosen == ["grid"]:
        from .arrays import grid

        grid.main(arguments)
        return
    lines = []
    for group in chosen:
        heading = ["", f"## {group.capitalize()}", ""]
        if group == "networks":
            body = network_table.lines()
        else:
            unit, names, cases = GROUPS[group]
            body = table(unit, names, cases())
        for line in itertools.chain(heading, body):
            print(line, flush=True)
            lines.append(line)
    if arguments.quick or len(chosen) < len(everything):
        return
    lines = ["# Results of `make bench`", "", *machine(), *lines, "", "## Footprint", "", *costs()]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"\nWritten to {RESULTS}")


if __name__ == "__main__":
    main()
