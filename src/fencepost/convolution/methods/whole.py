"""Correlation by one Fourier transform of the whole array, over any number of axes.

Where kernel and array are of like size, tiles would mostly overlap. Always in float64 (NumPy's
transforms in float32 are slower), so that rounding is far below float32's.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _engine
from ..boundaries import FILL, Indices
from ..task import Array, CorrelationTask
from . import costs

_THREADED = 1 << 17  # elements that are worth more than one thread
_LARGEST = 1 << 28  # elements of a transform: of four such arrays 16 GB


@dataclass(frozen=True)
class Whole:
    """One transform of each array, of at least as many elements as its extension has."""

    sizes: tuple[int, ...]
    images: int

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
    sizes = tuple(_quick_length(_needed(along, task.fill)) for along in task.indices)
    return Whole(sizes, task.images) if math.prod(sizes) <= _LARGEST else None


def _needed(indices: Indices, fill: float) -> int:
    """Return the elements of an extended axis; zeros before it may stand for those behind it."""
    if fill or len(indices) == 0:
        return len(indices)
    first, last = present(indices)
    return len(indices) - min(first, len(indices) - 1 - last) if first <= last else len(indices)


def present(indices: Indices) -> tuple[int, int]:
    """Return the first and the last position that is no fill; (0, −1) if all are."""
    middle = len(indices) // 2
    if indices[middle] == FILL:  # what is present is short, or nothing
        at = np.flatnonzero(indices != FILL)
        return (int(at[0]), int(at[-1])) if len(at) else (0, -1)
    positions = range(len(indices))
    first = bisect.bisect_left(positions, True, hi=middle, key=lambda i: indices[i] != FILL)
    last = bisect.bisect_left(positions, True, lo=middle, key=lambda i: indices[i] == FILL) - 1
    return first, last


@functools.lru_cache(maxsize=256)
def _quick_length(least: int) -> int:
    """Return the smallest product of twos, threes and fives that is at least `least`."""
    best = 1 << (least - 1).bit_length()
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = threes << max(0, (-(-least // threes) - 1).bit_length())
            best = min(best, twos)
            threes *= 3
        fives *= 5
    return best


def run(task: CorrelationTask, whole: Whole) -> None:
    """Compute `task`; a result is irfftn(rfftn(f) · conj(rfftn(kernel)))."""
    indices = tuple(along[: _needed(along, task.fill)] for along in task.indices)
    kernel = np.conj(_forward(task.kernel.astype(np.float64), whole.sizes))
    for plane in range(task.source.shape[0]):
        for channel in range(task.source.shape[-1] - (task.keep is not None)):
            extended = extend(task.source[plane, ..., channel], indices, task.fill)
            spectrum = _forward(extended, whole.sizes)
            spectrum *= kernel
            result = _backward(spectrum, whole.sizes, task.outputs)
            out = task.out[plane, ..., channel]
            if task.offset:
                result += task.offset
            if out.dtype.kind in "ui":
                limits = np.iinfo(out.dtype)
                np.rint(result, out=result).clip(limits.min, limits.max, out=result)
            out[...] = result
    if task.keep is not None:
        rows, columns = (
            along[start : start + size]
            for along, start, size in zip(task.indices, task.keep, task.outputs, strict=True)
        )
        task.out[..., -1] = task.source[:, rows[:, None], columns, -1]


def extend(source: Array, indices: Sequence[Indices], fill: float) -> Array:
    """Return the extended array, source[indices…] with the fill, in float64."""
    out = np.empty([len(along) for along in indices])
    inside: list[slice] = []
    known: list[slice] = []
    for axis, along in enumerate(indices):
        present = np.flatnonzero(along != FILL)  # one piece: the fill is at the ends of a list
        if len(present) == 0:
            out[...] = fill
            return out
        known.append(slice(int(present[0]), int(present[-1]) + 1))
        piece = along[known[-1]]
        first, last = int(piece[0]), int(piece[-1])
        # No list goes up by more than one at a time, so one that gains all it can is a slice.
        if last - first == len(piece) - 1:
            inside.append(slice(first, last + 1))
        else:
            inside.append(slice(None))
            source = source.take(piece, axis=axis)
    if any(part != slice(0, size) for part, size in zip(known, out.shape, strict=True)):
        out[...] = fill
    out[tuple(known)] = source[tuple(inside)]
    return out


def _forward(values: Array, sizes: tuple[int, ...]) -> Array:
    """Return the spectrum of real values, padded with zeros to `sizes`."""
    rows = np.empty((*values.shape[:-1], sizes[-1] // 2 + 1), complex)

    def along_rows(part: tuple[slice, ...]) -> None:
        rows[part] = np.fft.rfft(values[part], sizes[-1])

    _in_parts(along_rows, rows.shape, len(sizes) - 1)
    for axis in range(len(sizes) - 2, -1, -1):
        rows = _along(np.fft.fft, rows, axis, sizes[axis], sizes[axis])
    return rows


def _backward(spectrum: Array, sizes: tuple[int, ...], outputs: tuple[int, ...]) -> Array:
    """Return the first `outputs` of the real values of a spectrum."""
    for axis in range(len(sizes) - 1):
        spectrum = _along(np.fft.ifft, spectrum, axis, sizes[axis], outputs[axis])
    values = np.empty(outputs)

    def along_rows(part: tuple[slice, ...]) -> None:
        values[part] = np.fft.irfft(spectrum[part], sizes[-1])[..., : outputs[-1]]

    _in_parts(along_rows, outputs, len(sizes) - 1)
    return values


def _along(transform: Callable[..., Any], values: Array, axis: int, size: int, kept: int) -> Array:
    """Transform along one axis that is not the last, padded to `size`; keep the first results."""
    shape = (*values.shape[:axis], kept, *values.shape[axis + 1 :])
    out = np.empty(shape, complex)
    first = (slice(None),) * axis + (slice(0, kept),)

    def along_axis(part: tuple[slice, ...]) -> None:
        out[part] = transform(values[part], size, axis=axis)[first]

    _in_parts(along_axis, shape, axis)
    return out


def _in_parts(
    compute: Callable[[tuple[slice, ...]], None], shape: tuple[int, ...], fixed: int
) -> None:
    """Call `compute` for parts of an array, on all threads: cut along an axis that is not fixed."""
    threads = _engine.get_num_threads() if math.prod(shape) >= _THREADED else 1
    other = max(
        (axis for axis in range(len(shape)) if axis != fixed),
        key=lambda axis: shape[axis],
        default=None,
    )
    if other is None or threads == 1:
        compute(())
        return
    edges = [shape[other] * i // threads for i in range(threads + 1)]
    before = (slice(None),) * other
    parts = [(*before, slice(start, stop)) for start, stop in itertools.pairwise(edges)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(compute, parts))
