"""Which method computes a convolution, and why: candidates in one table, the cheapest runs.

A method that cannot be used says why; the others say what they would cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ... import _engine
from ...errors import ArgumentError
from ..task import CorrelationTask
from . import accuracy, blocks, box, costs, direct, fft, integer_fft, separable
from .candidate import Candidate, Choice
from .exchange import exchanged
from .factors import Factors, real_factors
from .tiles import Tiling

METHODS = ("auto", "direct", "separable", "box", "fft")


def _propose_fft(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    if task.largest is not None:
        return integer_fft.propose(task, budget)
    return fft.propose(task, budget, asked)


# Each is given the seconds that it has to beat, so that it does not work out what cannot win, and
# whether it was asked for by name: then it need not be as exact as the direct sum.
_PROPOSALS = {
    "direct": direct.propose,
    "separable": separable.propose,
    "box": box.propose,
    "fft": _propose_fft,
}
# The others are asked for because of what the kernel is.
_EXCHANGED = ("auto", "direct", "fft")


def compute(task: CorrelationTask, method: str = "auto") -> None:
    """Compute `task` by the method asked for, or by the cheapest."""
    task = exchanged(task) if method in _EXCHANGED else task
    if method == "auto" and box.rounds_best(task):
        box.run(task)
        return
    if method == "direct" or (method == "auto" and direct.is_quickest(task)):
        direct.run(task)
        return
    if method != "auto":
        candidate = _PROPOSALS[method](task, math.inf, True)
        if candidate.seconds is None:
            choose(task, method)  # raises, with what else is possible
        candidate.run()
        return
    cheapest = direct.propose(task, math.inf, False)
    for propose in (box.propose, separable.propose, _propose_fft):
        if (cheapest.seconds or 0.0) < direct.SMALL:
            break
        candidate = propose(task, cheapest.seconds or 0.0, False)
        if candidate.seconds is not None and candidate.seconds < (cheapest.seconds or 0.0):
            cheapest = candidate
    cheapest.run()


_KNOWN_SAVES = 300e-6  # seconds of a call whose tiles the engine knows


@dataclass(frozen=True)
class Lasting:
    """How a task is computed, whatever its values.

    `factors`: Those of "separable". `transform`: The tiles of "fft", which are as exact as the
    direct sum where every block of the sides `block` has `least_share` of the largest element.
    """

    method: str
    factors: Factors | None = None
    transform: Tiling | None = None
    block: tuple[int, int] = (1, 1)
    least_share: float = 0.0


def lasting(task: CorrelationTask) -> Lasting | None:
    """Choose what stays right for other values of the same shapes, or None if nothing does.

    To find factors costs nothing here: it is done once.
    """
    if box.rounds_best(task):
        return Lasting("box")
    threads = _engine.get_num_threads()
    seconds = {
        candidate.method: candidate.seconds
        for candidate in (direct.propose(task, math.inf, False), box.propose(task, math.inf, False))
        if candidate.seconds is not None
    }
    factors = None if separable.not_separable(task) else _lasting_factors(task)
    if factors is not None and not factors.leading:
        shape, dtype = task.kernel.shape, task.kernel.dtype
        passes = costs.separable(task.out.size, shape, factors.rank, dtype)
        seconds["separable"] = (passes - costs.factoring(shape)) / threads
    best = min(seconds, key=seconds.__getitem__)
    if seconds[best] > direct.SMALL / 2:
        transforms = _propose_fft(task, seconds[best], True).seconds
        if transforms is not None and transforms < seconds[best]:
            return _lasting_transform(task)
    return Lasting(best, factors if best == "separable" else None)


def _lasting_transform(task: CorrelationTask) -> Lasting | None:
    transform = fft.cheapest(task, _KNOWN_SAVES)
    if not isinstance(transform, Tiling) or task.axes != 2:
        return None
    if task.source.dtype.kind == "u":
        return Lasting("fft", transform=transform)
    share = accuracy.least_share(task, transform)
    height, width = blocks.sides_of(task)
    return None if share is None else Lasting("fft", None, transform, (height, width), share)


def _lasting_factors(task: CorrelationTask) -> Factors | None:
    factors = real_factors(task.kernel, every_weight=True)
    if factors is None and task.source.dtype.kind == "u":  # pixels are seen beside white
        factors = real_factors(task.kernel, every_weight=False)
    return factors


def choose(task: CorrelationTask, method: str = "auto") -> Choice:
    """Work every candidate out, so that all can be shown, and choose."""
    task = exchanged(task) if method in _EXCHANGED else task
    candidates = tuple(
        propose(task, math.inf, name == method) for name, propose in _PROPOSALS.items()
    )
    possible = [candidate for candidate in candidates if candidate.seconds is not None]
    if method == "auto" and box.rounds_best(task):
        return Choice("box", "exact sums, whose halves are rounded correctly", candidates)
    if method == "auto":
        best = min(possible, key=lambda candidate: candidate.seconds or 0.0)
        reason = "the cheapest" if len(possible) > 1 else "the only one possible"
        return Choice(best.method, f"{reason}, {best.note}", candidates)
    for candidate in possible:
        if candidate.method == method:
            return Choice(method, f"as asked, {candidate.note}", candidates)
    raise _impossible(candidates, method)


def _impossible(candidates: tuple[Candidate, ...], method: str) -> ArgumentError:
    asked = next(candidate for candidate in candidates if candidate.method == method)
    others = (f'"{candidate.method}"' for candidate in candidates if candidate.seconds is not None)
    return ArgumentError(
        f'method="{method}" cannot compute this: {asked.note}. Use method={" or ".join(others)}, '
        'or "auto".'
    )
