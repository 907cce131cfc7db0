"""Whole runs of `fencepost train` over five seeds: time, accuracy and peak memory (slow).

``python -m benchmarks.photographs.whole_trainings [NAME...]`` runs each recipe as a user would, in
a process of its own, and writes benchmarks/TRAINING_RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..machine import machine

RESULTS = Path(__file__).parents[1] / "TRAINING_RESULTS.md"
SEEDS = range(5)


@dataclass(frozen=True)
class Recipe:
    """The arguments of `fencepost train`, and what the run is to reach."""

    arguments: Sequence[str]
    accuracy: float
    seconds: float | None = None


RECIPES = {
    "lenet5": Recipe([], 0.990, 15),
    "small_cnn": Recipe(["--model", "small_cnn"], 0.995, 120),
    "lenet5_1998": Recipe(["--model", "lenet5_1998"], 0.9905),
    "lenet5_1998, distorted": Recipe(
        ["--model", "lenet5_1998", "--augment", "shift=1,rotate=8,scale=0.08"], 0.9920
    ),
}


@dataclass(frozen=True)
class Run:
    """One whole process: its wall clock, its peak memory, and the accuracy that it printed."""

    seconds: float
    megabytes: float
    accuracy: float


def train(arguments: Sequence[str], seed: int, folder: Path) -> Run:
    """Run `fencepost train`, and measure it from outside."""
    command = [
        str(Path(sys.executable).with_name("fencepost")),
        *("train", "--data", "mnist", *arguments, "--seed", str(seed), "--threads", "2"),
        *("--out", str(folder / "model.safetensors"), "--json"),
    ]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        printed = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    return Run(seconds, usage.ru_maxrss * unit / 1e6, json.loads(printed)["test_accuracy"])


def report(name: str, recipe: Recipe, runs: Sequence[Run]) -> str:
    """Return the recipe's line of the table."""
    accuracies = [run.accuracy for run in runs]
    range_ = f"{min(accuracies):.2%} to {max(accuracies):.2%}"
    limit = f" (aim {recipe.seconds:g})" if recipe.seconds else ""
    return (
        f"| {name} | **{statistics.mean(accuracies):.3%}** (aim {recipe.accuracy:.2%}) | {range_} "
        f"| {statistics.median(run.seconds for run in runs):.1f}{limit} "
        f"| {max(run.megabytes for run in runs):.0f} |"
    )


def table(names: Sequence[str]) -> Iterator[str]:
    """Yield the table's lines, each as soon as its runs are done."""
    yield "| `fencepost train` | mean test accuracy | lowest to highest | median s | peak MB |"
    yield "| --- | --- | --- | ---: | ---: |"
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            runs = [train(RECIPES[name].arguments, seed, Path(folder)) for seed in SEEDS]
        yield report(name, RECIPES[name], runs)


def main() -> None:
    """Run the recipes that are named on the command line, or all, which is also written down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photographs.whole_trainings")
    parser.add_argument("recipes", nargs="*", help=f"any of {', '.join(RECIPES)}; all by default")
    chosen = parser.parse_args().recipes or list(RECIPES)
    lines = []
    for line in table(chosen):
        print(line, flush=True)
        lines.append(line)
    if len(chosen) == len(RECIPES):
        text = [
            "# Results of `make bench-train`",
            "",
            *machine(),
            f"- seeds: {len(SEEDS)}",
            "",
            *lines,
        ]
        RESULTS.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
