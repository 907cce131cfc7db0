"""Correlation by one Fourier transform of the whole array, over any number of axes.

Where kernel and array are of like size, tiles would mostly overlap. Always in float64, so that
rounding is far below float32's.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _engine
from ..boundaries import FILL, Indices
from ..task import CorrelationTask
from . import costs

_LARGEST = 1 << 28  # elements of a transform: of two such arrays 4 GB


@dataclass(frozen=True)
class Whole:
    """One transform of each array, of at least as many elements as its extension has.

    `line`: Elements of a row, as which a single axis is transformed.
    """

    sizes: tuple[int, ...]
    images: int
    line: int = 0

    @property
    def points(self) -> int:
        """How many elements a transform has."""
        return math.prod(self.sizes)

    def seconds(self, _: np.dtype[Any], threads: int) -> float:
        """Return what the cost model says."""
        return costs.whole(self.images, self.sizes, threads)

    def __str__(self) -> str:
        return f"whole arrays of {' × '.join(map(str, self.sizes))}"


def sizes_of(task: CorrelationTask) -> Whole | None:
    """Return the transform that holds a task's extended array, unless it is too large."""
    needed = [
        max(_needed(along, size, task.fill), kernel, outputs)
        for along, size, kernel, outputs in zip(
            task.indices, task.source.shape[1:-1], task.kernel.shape, task.outputs, strict=True
        )
    ]
    if math.prod(needed) > _LARGEST:
        return None
    if task.axes == 1:
        size, line = _quick_line(needed[0])
        return Whole((size,), task.images, line)
    first, *others = needed
    sizes = (_quick_length(first, 4), *(_quick_length(size, 2) for size in others))
    return Whole(sizes, task.images) if math.prod(sizes) <= _LARGEST else None


def _needed(indices: Indices, size: int, fill: float) -> int:
    """Return the elements of an extended axis; zeros before it may stand for those behind it."""
    if fill or len(indices) == 0:
        return len(indices)
    first, last = present(indices, size)
    return len(indices) - min(first, len(indices) - 1 - last) if first <= last else len(indices)


def present(indices: Indices, size: int) -> tuple[int, int]:
    """Return the first and the last position that is no fill; (0, −1) if all are.

    `size`: Elements of the axis itself, all of which mostly stand in its list.
    """
    count = len(indices)
    if indices[0] != FILL and indices[-1] != FILL:
        return 0, count - 1  # fill stands at the ends only
    first = count // 2 - int(indices[count // 2])
    last = first + size - 1
    is_first = 0 <= first < count and indices[first] == 0 and (first == 0 or indices[0] == FILL)
    is_last = last < count and indices[last] == size - 1
    if is_first and is_last and (last == count - 1 or indices[-1] == FILL):
        return first, last  # no list goes up by more than one at a time
    at = np.flatnonzero(indices != FILL)
    return (int(at[0]), int(at[-1])) if len(at) else (0, -1)


@functools.lru_cache(maxsize=256)
def _quick_length(least: int, multiple: int) -> int:
    """Return the smallest `multiple` of twos, threes and fives that is at least `least`."""
    least = -(-least // multiple)
    best = 1 << (least - 1).bit_length()
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = threes << max(0, (-(-least // threes) - 1).bit_length())
            best = min(best, twos)
            threes *= 3
        fives *= 5
    return best * multiple


@functools.lru_cache(maxsize=256)
def _quick_line(least: int) -> tuple[int, int]:
    """Return a length for one axis, and that of the rows it is transformed as: about its root."""
    size = _quick_length(least, 8)
    pairs = size // 2
    lines = [line for line in range(2, math.isqrt(pairs) + 1, 2) if pairs % (2 * line) == 0]
    return size, lines[-1]


def run(task: CorrelationTask, whole: Whole) -> bool:
    """Compute `task`, and say whether all results are finite."""
    sizes = task.source.shape[1:-1]
    indices = [
        along[: _needed(along, size, task.fill)]
        for along, size in zip(task.indices, sizes, strict=True)
    ]
    planes, channels = task.source.shape[0], task.source.shape[-1]
    rows = _rows(sizes[:-1], indices[:-1])
    axes = [
        (transform, len(along), kernel, outputs)
        for transform, along, kernel, outputs in zip(
            whole.sizes, indices, task.kernel.shape, task.outputs, strict=True
        )
    ]
    return _engine.correlate_whole(
        task.source.reshape(planes, -1, sizes[-1], channels),
        np.ascontiguousarray(task.kernel, np.float64).reshape(-1),
        rows,
        np.ascontiguousarray(indices[-1]),
        task.fill,
        task.out.reshape(planes, -1, task.outputs[-1], channels),
        axes,
        whole.line,
        task.offset,
        keep=task.keep,
    )


def _rows(sizes: tuple[int, ...], indices: list[Indices]) -> Indices:
    """List the rows of the extended array, as they are counted in the array itself."""
    rows = np.zeros(1, np.int64)
    for size, along in zip(sizes, indices, strict=True):
        deeper = rows[:, None] * size + along
        rows = np.where((rows[:, None] == FILL) | (along == FILL), FILL, deeper).ravel()
    return rows.astype(np.int32)
