"""Times candidates side by side, in one process, so that only their ratio has to be believed.

Each round gives every candidate one block of calls. The blocks alternate, so that a machine that
slows down slows all of them, and are long (0.2 s), as each system keeps a pool of threads that
spins for a while after its last call: a pause before each block lets the others' go to sleep.
A case first verifies that all candidates compute the same, then times them.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

THREADS = 2
ROUNDS = 9
BLOCK_SECONDS = 0.2
PAUSE_SECONDS = 0.02
NOISY = 0.25  # of the median, between the quartiles: then the machine was not quiet


@dataclass(frozen=True)
class Case:
    """One line of the table: what was timed, and what is asked of `ours` against each peer.

    `medians` are times by candidate in the unit of the table, the first of them fencepost's.
    `targets` maps a name to (peers, ratio): fencepost must be that many times as fast as the best
    of them.
    """

    name: str
    medians: dict[str, float]
    targets: dict[str, tuple[Sequence[str], float]]

    def ratio(self, target: str) -> float:
        """Return how many times as fast as the best of the target's peers fencepost is."""
        peers, _ = self.targets[target]
        ours = next(iter(self.medians.values()))
        return min(self.medians[peer] for peer in peers) / ours


def assert_agree(
    results: dict[str, np.ndarray], relative: float = 1e-4, absolute: float = 1e-5
) -> None:
    """Raise AssertionError unless every candidate's array is the first one's, to rounding."""
    (first, expected), *others = results.items()
    for name, result in others:
        np.testing.assert_allclose(
            result, expected, rtol=relative, atol=absolute, err_msg=f"{name} against {first}"
        )


def seconds_per_call(candidates: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return each candidate's seconds per call: the median over rounds of a block's mean."""
    calls = {}
    for name, call in candidates.items():
        call()
        start = time.perf_counter()
        call()
        calls[name] = max(1, round(BLOCK_SECONDS / (time.perf_counter() - start)))
    blocks: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, call in candidates.items():
            time.sleep(PAUSE_SECONDS)
            if calls[name] > 1:  # a call as long as a block wakes its threads within itself
                call()
            start = time.perf_counter()
            for _ in range(calls[name]):
                call()
            blocks[name].append((time.perf_counter() - start) / calls[name])
    for name, means in blocks.items():
        low, middle, high = statistics.quantiles(means, n=4)
        if high - low > NOISY * middle:
            print(
                f"noisy: half of {name}'s blocks lie between {low:.2e} and {high:.2e} seconds a "
                "call. Is something else running? Repeat this case.",
                file=sys.stderr,
            )
    return {name: statistics.median(means) for name, means in blocks.items()}


def microseconds_per_image(
    candidates: dict[str, Callable[[], object]], images_per_call: int
) -> dict[str, float]:
    """Return `seconds_per_call`, in microseconds for each image."""
    seconds = seconds_per_call(candidates)
    return {name: value / images_per_call * 1e6 for name, value in seconds.items()}
