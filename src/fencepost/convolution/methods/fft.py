"""Correlation by fast Fourier transform: in tiles that stay in the cache, or as a whole.

Each tile of the extended array is transformed, multiplied by the kernel's spectrum and transformed
back; of a tile of L elements, the L − K + 1 that no wrap-around has reached are results (overlap
and save: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, section 8.7.3).

Rounding: a result is off by a few ε · log₂(elements) · rms(tile) · ‖kernel‖₂, where a direct sum is
off by what its own window holds: `accuracy` says where that is as good, and elsewhere results are
computed directly. Integers are exact: `integer_fft`. NaN and infinity would be felt by a whole
tile: they are taken for zeros, and put where they belong.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ... import _engine
from ...text import percent
from ..task import Array, CorrelationTask
from . import (
    accuracy,
    box,
    costs,
    direct,
    regions,
    tiles,
    whole,
)
from .accuracy import Doubt
from .candidate import Candidate
from .regions import Region
from .tiles import Tiling
from .whole import Whole

_SETTLING = 300e-6  # seconds that bare ends take in tiles of float32
_FEW_AGAIN = 20  # multiplications of single results, for each element of a transform
_SUMS = 1.3  # of a transform's time: what finding Σ|f||g| by another takes
_MARKED = 16  # side of the blocks in which single results are computed again


def propose(task: CorrelationTask, budget: float, asked: bool) -> Candidate:
    """Say what transforms would cost, unless they cannot be quicker."""
    dtype, threads = task.kernel.dtype, _engine.get_num_threads()
    if costs.least_transforms(task.out.size, task.kernel.shape, dtype) / threads > budget:
        return Candidate("fft", None, "the transforms would take longer")
    if not asked:
        task = regions.without_frame(task)
    settling = not asked and accuracy.has_bare_ends(task)
    transform = cheapest(task, -_SETTLING if settling else 0.0)
    seconds, note = transform.seconds(dtype, threads), str(transform)
    if asked or seconds > budget or task.source.dtype.kind == "u" or task.of_pixels:
        return Candidate("fft", seconds, note, lambda: run(task, transform))
    if budget < math.inf and isinstance(transform, Whole):
        return Candidate("fft", seconds, note, lambda: _run_exactly(task, transform))
    seconds += accuracy.seconds(task)
    if seconds > budget:
        note += "; including finding where they are exact enough"
        return Candidate("fft", seconds, note, lambda: run(task, transform))
    doubt = accuracy.doubt(task, transform)
    zeros = regions.without_terms(task)
    for blocks in regions.whole_blocks(zeros, doubt.sides):
        doubt.allowed[blocks] = np.inf
    share = float(doubt.blocks.mean())
    if not share and not zeros:
        return Candidate("fft", seconds, note, lambda: run(task, transform))
    boxes = regions.boxes(doubt.blocks, doubt.sides, task.outputs)
    again = regions.seconds(task, boxes) / threads
    seconds += again
    if share:
        note += (
            f"; {percent(share, 1)} of the results directly, whose terms are small beside others"
        )

    def compute() -> None:
        run(task, transform)
        for known in zeros:
            task.out[known] = 0.0
        _settle(task, transform, doubt, boxes, again)

    return Candidate("fft", seconds, note, compute)


def _run_exactly(task: CorrelationTask, transform: Whole) -> None:
    """Transform, see from the results whether they are exact enough, and compute the others.

    No result is larger than its Σ|f||g|: most show themselves that it is large enough.
    """
    if task.out.dtype.kind == "u":  # which shows no more what the sums were
        sums = _engine.empty(task.out.shape, task.kernel.dtype)
        _run_exactly(replace(task, out=sums), transform)
        most = np.iinfo(task.out.dtype).max
        task.out[...] = np.fmin(np.fmax(np.rint(sums, out=sums), 0, out=sums), most, out=sums)
        return
    run(task, transform)
    magnitudes = np.abs(task.out)
    if task.keep:
        magnitudes[..., -1] = np.inf  # is no sum: it stays as it was
    error = accuracy.error_seen(task, transform)
    if math.isfinite(error):
        least, few = accuracy.least_sum(task, error), _FEW_AGAIN * transform.points
        doubtful = np.flatnonzero(magnitudes < least)
        if len(doubtful) * task.kernel.size > few:
            for zeros in regions.without_terms(task):
                task.out[zeros], magnitudes[zeros] = 0.0, np.inf
            doubtful = np.flatnonzero(magnitudes < least)
        if len(doubtful) * task.kernel.size <= few:
            direct.run_at(task, doubtful)
            return
    doubt = replace(accuracy.doubt(task, transform), error=error).with_sums(task, magnitudes)
    boxes = regions.boxes(doubt.blocks, doubt.sides, task.outputs)
    seconds = regions.seconds(task, boxes) / _engine.get_num_threads()
    _settle(task, transform, doubt, boxes, seconds)


def _settle(
    task: CorrelationTask,
    transform: Tiling | Whole,
    doubt: Doubt,
    boxes: list[Region],
    seconds: float,
) -> None:
    """Compute boxes directly; if that is much, what is in doubt once Σ|f||g| is known."""
    if seconds > _SUMS * transform.seconds(task.kernel.dtype, _engine.get_num_threads()):
        left = doubt.with_sums(task, _magnitudes(task, transform))
        boxes = regions.boxes(left.blocks, left.sides, task.outputs)
    regions.compute(task, boxes)


def _magnitudes(task: CorrelationTask, transform: Tiling | Whole) -> Array:
    """Return Σ|f||g|, as exact as the transform is."""
    sums = np.empty(task.out.shape, task.kernel.dtype)
    source = np.where(np.isfinite(task.source), np.abs(task.source), task.source.dtype.type(0))
    magnitudes = replace(
        task, source=source, kernel=np.abs(task.kernel), fill=abs(task.fill), offset=0.0, out=sums
    )
    _transformed(magnitudes, transform)
    return sums


def cheapest(task: CorrelationTask, lead: float = 0.0) -> Tiling | Whole:
    """Return the tiles, or the whole array, that the cost model thinks quickest.

    `lead`: Seconds that the whole array must be quicker by.
    """
    threads = _engine.get_num_threads()
    tiling = tiles.best(task, threads)
    entire = whole.sizes_of(task)
    dtype = task.kernel.dtype
    if entire is None or tiling.seconds(dtype, threads) <= entire.seconds(dtype, threads) + lead:
        return tiling
    return entire


def run(task: CorrelationTask, transform: Tiling | Whole) -> None:
    """Compute `task` by the transforms chosen."""
    if _transformed(task, transform):
        return
    finite = np.isfinite(task.source)
    if not finite.all():
        zero = task.source.dtype.type(0)
        _transformed(replace(task, source=np.where(finite, task.source, zero)), transform)
    overflown = ~np.isfinite(task.out)
    if overflown.any():  # beyond the largest number, perhaps only on the way
        _again(task, overflown)
    if not finite.all():
        _spread(task, finite)


def _spread(task: CorrelationTask, finite: Array) -> None:
    """Put NaN where a window has one; where it has an infinity, compute the sum."""
    infinite = np.isinf(task.source)
    nan = _touched(task, ~(finite | infinite))
    if infinite.any():
        _again(task, _touched(task, infinite) & ~nan)
    task.out[nan] = np.nan


def _touched(task: CorrelationTask, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which results have a marked element in their window, by counting them."""
    if not marked.any():
        return np.zeros(task.out.shape, bool)
    counts = np.empty(task.out.shape, np.float32)
    ones = np.ones(task.kernel.shape, np.float32)
    source = np.ascontiguousarray(marked).view(np.uint8)
    box.run(replace(task, source=source, kernel=ones, fill=0.0, offset=0.0, out=counts))
    return counts > 0


def _again(task: CorrelationTask, marked: NDArray[np.bool_]) -> None:
    sides = (_MARKED,) * task.axes
    blocks = marked
    for axis in range(1, task.axes + 1):
        blocks = np.logical_or.reduceat(
            blocks, np.arange(0, blocks.shape[axis], _MARKED), axis=axis
        )
    regions.compute(task, regions.boxes(blocks, sides, task.outputs))


def _transformed(task: CorrelationTask, transform: Tiling | Whole) -> bool:
    """Transform, and say whether all that came in and out is finite."""
    if isinstance(transform, Whole):
        return whole.run(task, transform)
    channels = task.source.shape[-1]
    if task.axes == 1 and channels > 1:  # tiles lie along rows: a signal must, too
        outs = np.empty((len(task.out) * channels, task.out.shape[1], 1), task.out.dtype)
        sources = np.ascontiguousarray(task.source.swapaxes(1, 2)).reshape(len(outs), -1, 1)
        is_finite = _transformed(replace(task, source=sources, out=outs), transform)
        task.out[...] = outs.reshape(len(task.out), channels, -1).swapaxes(1, 2)
        return is_finite
    doubtful = _engine.correlate_fft(
        *direct.arguments(task), transform.tile, task.offset, keep=task.keep
    )
    return not doubtful
