"""Kernels that are a short sum of products, run as passes along one axis after another.

KH · KW multiplications become R · (KH + KW) for a matrix of rank R. The rank is found, never
assumed: `factors` says how.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ... import _engine
from ..task import Array, CorrelationTask
from . import accuracy, costs, direct
from .candidate import Candidate, multiplications
from .factors import (
    LARGEST_RANK,
    Factors,
    integer_factors,
    is_of_high_rank,
    real_factors,
)


def propose(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    """Look for factors, if they could save time, and say what passes along the axes would cost."""
    note = not_separable(task)
    if note:
        return Candidate("separable", None, note)
    dtype, shape, threads = task.kernel.dtype, task.kernel.shape, _engine.get_num_threads()
    if costs.separable(task.out.size, shape, 1, dtype) / threads > budget:
        return Candidate("separable", None, "finding the factors would take longer than is gained")
    exact = task.largest is not None
    factors = _factors(task, asked)
    if factors is None:
        note = "no integer factors whose sums stay exact" if exact else f"rank above {LARGEST_RANK}"
        return Candidate("separable", None, note)
    seconds = costs.separable(task.out.size, shape, factors.rank, dtype) / threads
    note = f"rank {factors.rank}: {multiplications(factors.multiplications)}"
    return Candidate("separable", seconds, note, lambda: _run(task, factors))


def not_separable(task: CorrelationTask) -> str:
    """Say why passes along the axes are out of the question; nothing if they are not."""
    if task.kernel.dtype.kind == "i":
        return "integers of this size are not summed in passes"
    if sum(size > 1 for size in task.kernel.shape) < 2:
        return "the kernel has one axis only"
    return ""


def _factors(task: CorrelationTask, asked: bool) -> Factors | None:
    """Return factors as exact as is asked for: of pixels, errors are seen beside white only."""
    if task.largest is not None:
        digits = np.finfo(task.kernel.dtype).nmant + 1
        return integer_factors(task.kernel, 2.0**digits / max(task.largest, 1))
    if is_of_high_rank(task.kernel):
        return None
    factors = real_factors(task.kernel, every_weight=True)
    if factors is None:
        factors = real_factors(task.kernel, every_weight=False)
        if factors is not None and not asked and task.source.dtype.kind != "u":
            missed = np.abs(factors.kernel() - task.kernel).sum(dtype=np.float64)
            rounded = factors.magnitudes().sum(dtype=np.float64) * sum(task.kernel.shape)
            error = float(missed + rounded * np.finfo(task.kernel.dtype).eps / 2)
            factors = factors if accuracy.is_benign(task, error) else None
    return factors


def _run(task: CorrelationTask, factors: Factors) -> None:
    """Compute `task`; where infinities cancel between products, as the definition has them."""
    run(task, factors)
    if factors.rank == 1 or task.out.dtype.kind != "f":
        return
    lost = np.isnan(task.out)
    if task.keep:
        lost[..., -1] = False
    if lost.any() and np.isinf(task.source).any():
        direct.run_at(task, np.flatnonzero(lost))


def run(task: CorrelationTask, factors: Factors) -> None:
    """Compute `task` by passes along its axes; the kernel is that of `factors`."""
    source, fill = task.source, task.fill
    for axis, factor in enumerate(factors.leading):
        source = _pass(source, axis, factor, task, fill)
        fill = fill * float(factor.sum())  # what the pass makes of an extension that is all fill
    rows, columns = task.indices[-2:]
    _engine.correlate_separable(
        source.reshape(-1, *source.shape[-3:]),
        factors.vertical,
        factors.horizontal,
        rows,
        columns,
        fill,
        task.out.reshape(-1, *task.out.shape[-3:]),
        task.offset,
        keep=task.keep,
    )


def _pass(source: Array, axis: int, factor: Array, task: CorrelationTask, fill: float) -> Array:
    """Correlate with one factor along one of the axes before the last two."""
    before, size, after = source.shape[: axis + 1], source.shape[axis + 1], source.shape[axis + 2 :]
    planes = int(np.prod(before))
    out = np.empty((planes, task.outputs[axis], int(np.prod(after))), factor.dtype)
    flat = source.reshape(planes, size, -1)
    along = (task.indices[axis],)
    direct.run(
        replace(task, source=flat, kernel=factor, indices=along, fill=fill, out=out, offset=0)
    )
    return out.reshape(*before, -1, *after)
