"""Kernels whose weights are all the same: sums over windows, whatever their size.

A window's sum is made of the sums before it, so that a result costs a few additions instead of a
multiplication for each weight; of integers they are exact, of floats no less so than in any order.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ... import _engine
from ..task import CorrelationTask
from . import costs, direct
from .candidate import Candidate


def propose(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    """Say what sums over windows would cost, if the weights are all the same."""
    note = _not_possible(task)
    if note:
        return Candidate("box", None, note)
    seconds = costs.box(task.out.size, task.kernel.shape, task.source.dtype, task.kernel.dtype)
    return Candidate(
        "box", seconds / _engine.get_num_threads(), "sums over windows", lambda: run(task)
    )


def rounds_best(task: CorrelationTask) -> bool:
    """Return whether pixels come from sums over windows: a sum is exact, and so are its halves.

    A direct sum of rounded weights falls on either side of a half, each method on its own: a tile
    of an image would differ from the whole.
    """
    return task.out.dtype.kind == "u" and task.kernel.dtype.kind == "f" and not _not_possible(task)


def divisor_of(weight: np.floating[Any]) -> float:
    """Return what a sum is divided by: an integer, if 1 / weight is one but for its rounding.

    Of 1/9 it is 9, and the mean is that of the sum; of 1/961 / 2 it is 1922.
    """
    divisor = float(1 / weight)
    nearest = float(round(divisor))
    exact = math.isclose(divisor, nearest, rel_tol=2 * float(np.finfo(weight.dtype).eps))
    return nearest if exact and nearest else divisor


def _not_possible(task: CorrelationTask) -> str:
    first = task.kernel.flat[0]
    if task.kernel.size == 1 or not (task.kernel == first).all():
        return "the weights are not all the same"
    if task.kernel.dtype.kind == "i":
        return "integers of this size are summed directly, in 128 bits"
    with np.errstate(all="ignore"):
        return "" if first and math.isfinite(1 / first) else "nothing can be divided by the weight"


def run(task: CorrelationTask) -> None:
    """Compute `task`, all of whose weights are the same."""
    source, fill, axes = task.source, float(task.fill), task.axes
    for axis in range(axes - 2):  # the axes before the last two, one by one
        before, size, after = (
            source.shape[: axis + 1],
            source.shape[axis + 1],
            source.shape[axis + 2 :],
        )
        sums = np.empty(
            (math.prod(before), task.outputs[axis], math.prod(after), 1), task.kernel.dtype
        )
        windows = task.kernel.shape[axis], 1
        flat = source.reshape(len(sums), size, -1, 1)
        columns = np.arange(sums.shape[2], dtype=np.int32)
        _engine.box(flat, windows, task.indices[axis], columns, fill, sums)
        source = sums.reshape(*before, -1, *after)
        fill *= task.kernel.shape[axis]
    last = replace(task, source=source)
    kernel = task.kernel if axes < 3 else task.kernel.reshape(-1, *task.kernel.shape[-2:])[0]
    if axes > 2:
        last = replace(
            task,
            source=source.reshape(-1, *source.shape[-3:]),
            kernel=kernel,
            indices=task.indices[-2:],
            out=task.out.reshape(-1, *task.out.shape[-3:]),
        )
    flat_task = direct.lay_out(last)
    weight = task.kernel.flat[0]
    divisor = 1.0 if task.largest is not None else divisor_of(weight)
    _engine.box(
        flat_task.source,
        flat_task.kernels.shape[1:],
        flat_task.rows,
        flat_task.columns,
        fill,
        flat_task.out,
        divisor,
        task.offset,
        keep=task.keep,
    )
    if task.largest is not None and weight != 1:
        task.out[...] *= weight
