"""Which method computes a convolution, and why: candidates in one table, the cheapest runs.

A method that cannot be used says why; the others say what they would cost.
"""

from __future__ import annotations

import math

from ...errors import ArgumentError
from ..task import CorrelationTask
from . import box, direct, fft, integer_fft, separable
from .candidate import Candidate, Choice
from .exchange import exchanged

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


def compute(task: CorrelationTask, method: str = "auto") -> None:
    """Compute `task` by the method asked for, or by the cheapest."""
    task = exchanged(task)
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


def choose(task: CorrelationTask, method: str = "auto") -> Choice:
    """Work every candidate out, so that all can be shown, and choose."""
    task = exchanged(task)
    candidates = tuple(
        propose(task, math.inf, name == method) for name, propose in _PROPOSALS.items()
    )
    possible = [candidate for candidate in candidates if candidate.seconds is not None]
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
