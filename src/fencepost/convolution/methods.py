"""Which method computes a convolution, and why: candidates in one table, the cheapest runs.

Part of convolution; may call costs, direct, separable, fft, tiles and errors. A method that cannot
be used says why; the others say what they would cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _engine
from ..errors import ArgumentError
from . import costs, direct, fft, separable, tiles
from .task import Task

METHODS = ("auto", "direct", "separable", "fft")
_ROUNDS = "it rounds, and whole numbers stay exact"


@dataclass(frozen=True)
class Candidate:
    """One method: what it would do and cost, or why it cannot.

    Attributes
    ----------
    method : str
    seconds : float or None
        What the cost model expects on the threads in use; None if the method is not possible.
    note : str
        How it would go about it, or why it cannot.
    """

    method: str
    seconds: float | None
    note: str

    def __str__(self) -> str:
        cost = "–" if self.seconds is None else _time(self.seconds)
        return f"{self.method:<9}  {cost:>7}  {self.note}"


@dataclass(frozen=True)
class Choice:
    """The method that is used for a convolution, and what there was to choose from.

    Prints as a sentence and a table.

    Attributes
    ----------
    method : {"direct", "separable", "fft"}
    reason : str
        Why this one.
    candidates : tuple of Candidate
        All three, with their costs.
    """

    method: str
    reason: str
    candidates: tuple[Candidate, ...]

    def __str__(self) -> str:
        return "\n".join(
            [f"{self.method}: {self.reason}", *(f"  {one}" for one in self.candidates)]
        )


@dataclass(frozen=True)
class Plan:
    """A choice and what it needs to be carried out."""

    choice: Choice
    factors: separable.Factors | None
    tiling: tiles.Tiling | None

    def run(self, task: Task) -> None:
        """Compute `task` by the method chosen."""
        if self.choice.method == "fft" and self.tiling is not None:
            fft.run(task, self.tiling)
        elif self.choice.method == "separable" and self.factors is not None:
            separable.run(task, self.factors)
        else:
            direct.run(task)


def plan(task: Task, method: str = "auto", *, tell: bool = False) -> Plan:
    """Choose a method for `task`.

    A method that is asked for is used if it is possible. Candidates that cannot win are not worked
    out, except with `tell`, so that they can be shown.
    """
    dtype, kernel, shape = task.kernel.dtype, task.kernel, task.kernel.shape
    cells = task.images * int(np.prod(task.outputs))
    share = 1 / _engine.get_num_threads()

    def matters(one: str, least: float) -> bool:
        return tell or method == one or (method == "auto" and least <= cheapest)

    found = Candidate(
        "direct", costs.direct(cells, shape, dtype) * share, _multiplications(kernel.size)
    )
    candidates = [found]
    cheapest = found.seconds or 0.0

    factors = None
    note = _not_separable(task)
    least = costs.separable(cells, shape, 1, dtype) * share
    if not note and not matters("separable", least):
        note = "finding the factors would take longer than is gained"
    if not note:
        factors = separable.factors(kernel, exact=task.exact)
        note = (
            f"rank {factors.rank}: {_multiplications(factors.multiplications)}"
            if factors
            else f"rank above {separable.LARGEST_RANK}"
        )
        if not factors and task.exact:
            note = "no factors in whole numbers"
    seconds = costs.separable(cells, shape, factors.rank, dtype) * share if factors else None
    candidates.append(Candidate("separable", seconds, note))
    cheapest = min(cheapest, seconds or cheapest)

    tiling = None
    if task.exact or dtype.kind == "i":
        candidates.append(Candidate("fft", None, _ROUNDS))
    elif not matters("fft", costs.least_transforms(cells, shape, dtype) * share):
        candidates.append(Candidate("fft", None, "the transforms would take longer"))
    else:
        threads = _engine.get_num_threads()
        tiling = tiles.best(task, threads)
        candidates.append(Candidate("fft", tiling.seconds(dtype, threads), str(tiling)))

    choice = _choose(candidates, method)
    if choice is None:
        if not tell:  # what else is possible?
            return plan(task, method, tell=True)
        raise _impossible(candidates, method)
    return Plan(choice, factors, tiling)


def _choose(candidates: list[Candidate], method: str) -> Choice | None:
    possible = [one for one in candidates if one.seconds is not None]
    if method == "auto":
        best = min(possible, key=lambda one: one.seconds or 0.0)
        reason = "the cheapest" if len(possible) > 1 else "the only one possible"
        return Choice(best.method, f"{reason}, {best.note}", tuple(candidates))
    asked = next((one for one in possible if one.method == method), None)
    return Choice(method, f"as asked, {asked.note}", tuple(candidates)) if asked else None


def _impossible(candidates: list[Candidate], method: str) -> ArgumentError:
    asked = next(one for one in candidates if one.method == method)
    others = (f'"{one.method}"' for one in candidates if one.seconds is not None)
    return ArgumentError(
        f'method="{method}" cannot compute this: {asked.note}. Use method={" or ".join(others)}, '
        'or "auto".'
    )


def _not_separable(task: Task) -> str:
    """Say why passes along the axes are out of the question; nothing if they are not."""
    if task.kernel.dtype.kind == "i":
        return "whole numbers of this size are summed directly, in 128 bits"
    if sum(size > 1 for size in task.kernel.shape) < 2:
        return "the kernel has one axis only"
    return ""


def _multiplications(count: int) -> str:
    return "1 multiplication per result" if count == 1 else f"{count:,} multiplications per result"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
