"""Σ|f||g| of a task's results from below, by blocks of neighbouring elements.

The array is cut into blocks of a few elements, of each of which the length ‖f‖₂ ≤ Σ|f| is known,
and the kernel into the smallest weight that can come to lie over a block. The sum over blocks costs
1/16 to 1/256 of the direct sum.
"""

from __future__ import annotations

import math

import numpy as np

from ... import _engine
from ..boundaries import FILL, Indices
from ..task import Array, CorrelationTask
from . import direct
from .whole import present

_LARGEST_SIDES = {1: 1024, 2: 64, 3: 4}  # of a block, by how many axes it has
_MOST_BLOCKS = 1000  # under a kernel


def finite_energy(task: CorrelationTask, sides: tuple[int, ...]) -> Array:
    """Return the sums of squares of all blocks; NaN is dealt with apart, as if it were zero."""
    energy = block_energies(task.source, sides)
    if not np.isfinite(energy).all():
        clean = np.where(np.isfinite(task.source), task.source, 0.0)
        energy = block_energies(clean.astype(np.float64), sides)
    return energy


def sides_of(task: CorrelationTask) -> tuple[int, ...]:
    """Return the sides of a block along each axis."""
    largest = _LARGEST_SIDES[min(task.axes, 3)]
    sides = [min(side_of(size), largest) for size in task.kernel.shape]
    # Of each result, the bound costs as many multiplications as blocks lie under the kernel.
    if task.kernel.size > _MOST_BLOCKS * math.prod(sides):
        sides = [
            2 * side if 4 * side <= size else side
            for side, size in zip(sides, task.kernel.shape, strict=True)
        ]
    return tuple(sides)


def least_sums(task: CorrelationTask, sides: tuple[int, ...], lengths: Array) -> Array:
    """Return what Σ|f||g| is at least, at each result of a block, from the lengths of blocks."""
    least = np.zeros((len(lengths), *counts(task.outputs, sides), lengths.shape[-1]))
    known = _smallest_weights(task, sides)
    if known is None:
        return least
    weights, firsts = known
    lists: list[Indices] = []
    for axis, first in enumerate(firsts):
        count = least.shape[axis + 1] + weights.shape[axis] - 1
        along = np.arange(first, first + count, dtype=np.int32)
        along[(along < 0) | (along >= lengths.shape[axis + 1])] = FILL
        lists.append(along)
    direct.run(CorrelationTask(np.ascontiguousarray(lengths), weights, tuple(lists), 0.0, least))
    return least


def least_of_all(task: CorrelationTask, sides: tuple[int, ...], energy: Array) -> Array:
    """Return what Σ|f||g| is at least in each block of results, as if all were the shortest."""
    outputs = counts(task.outputs, sides)
    known = _smallest_weights(task, sides)
    whole = tuple(size // side for size, side in zip(task.source.shape[1:-1], sides, strict=True))
    if known is None or 0 in whole:
        return np.zeros((1, *outputs, 1))
    sums, firsts = known
    total = float(sums.sum())
    for axis, (first, blocks, results) in enumerate(zip(firsts, whole, outputs, strict=True)):
        at = np.arange(first, first + results)  # the block under the kernel's first weights
        count = sums.shape[axis]
        low, high = np.clip(-at, 0, count), np.clip(blocks - at, 0, count)
        before = np.insert(sums.cumsum(axis=axis), 0, 0.0, axis=axis)
        sums = before.take(np.maximum(low, high), axis) - before.take(low, axis)
    shortest = math.sqrt(float(energy[(slice(None), *map(slice, whole))].min()))
    least: Array = shortest * np.maximum(sums - 1e-12 * total, 0.0)
    return least[None, ..., None]


def _smallest_weights(
    task: CorrelationTask, sides: tuple[int, ...]
) -> tuple[Array, list[int]] | None:
    """Return the smallest |g| that can come to lie over a block of the array, for each block.

    Block B + c of the array, c from the first that is returned with it on, lies under weights
    c·side + before + (−side, side) of the results of block B. None if no block lies wholly under
    the kernel.
    """
    weights = np.abs(task.kernel.astype(np.float64))
    firsts = []
    for axis, (side, size) in enumerate(zip(sides, task.source.shape[1:-1], strict=True)):
        before, kernel = _before(task.indices[axis], size), weights.shape[axis]
        first = -((before - side + 1) // side)
        last = (kernel - side - before) // side
        if last < first:
            return None
        start, count = first * side + before - side + 1, last - first + 1
        weights = _smallest_along(weights, axis, start, count, side)
        firsts.append(first)
    return np.ascontiguousarray(weights), firsts


def _smallest_along(weights: Array, axis: int, start: int, count: int, side: int) -> Array:
    """Return the smallest of each of `count` windows of 2 side − 1 weights, a side apart."""
    reach, stop = 2 * side - 1, start + (count - 1) * side + 1
    if weights.ndim == 1:
        starts = np.arange(count) * side
        limits = np.stack([starts, starts + reach], axis=1).ravel()[:-1]
        return np.minimum.reduceat(weights[start : stop + reach - 1], limits)[::2]
    before = (slice(None),) * axis  # NumPy's reduceat is slow along other axes
    smallest: Array = weights[(*before, slice(start, stop, side))].copy()
    for i in range(1, reach):
        np.minimum(smallest, weights[(*before, slice(start + i, stop + i, side))], out=smallest)
    return smallest


def counts(sizes: tuple[int, ...], sides: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many blocks there are along each axis."""
    return tuple(-(-size // side) for size, side in zip(sizes, sides, strict=True))


def side_of(kernel: int) -> int:
    """Return the side of a block: small beside the kernel, so that most blocks lie inside it."""
    if kernel < 64:
        return 1 if kernel < 8 else 2 if kernel < 20 else 4
    return 8 if kernel < 256 else max(16, 1 << (kernel // 64).bit_length() - 1)


def block_energies(source: Array, sides: tuple[int, ...]) -> Array:
    """Return the sums of squares of all blocks, in float64."""
    if len(sides) > 2:  # first within the planes of the last two axes
        planes = source.reshape(-1, *source.shape[-3:])
        energy = block_energies(planes, sides[-2:])
        energy = energy.reshape(*source.shape[:-3], *energy.shape[1:])
        for axis, side in enumerate(sides[:-2], 1):
            energy = folded(energy, axis, side, np.add)
        return energy
    energies = np.empty((len(source), *counts(source.shape[1:-1], sides), source.shape[-1]))
    if len(sides) == 2:
        _engine.block_energies(source, (sides[0], sides[1]), energies)
    else:
        _engine.block_energies(source[:, None], (1, sides[0]), energies[:, None])
    return energies


def folded(values: Array, axis: int, side: int, function: np.ufunc) -> Array:
    """Add up `side` neighbours along an axis, or take the least; the last few may be fewer."""
    if side == 1:
        return values
    before = (slice(None),) * axis
    out: Array = values[(*before, slice(0, None, side))].copy()
    for i in range(1, min(side, values.shape[axis])):
        part = values[(*before, slice(i, None, side))]
        whole = out[(*before, slice(0, part.shape[axis]))]
        function(whole, part, out=whole)
    return out


def _before(indices: Indices, size: int) -> int:
    """Return how many elements an extended axis has before the array itself, or −1 for each less.

    The array as a whole, where it is extended by its own elements; of zeros around a part of it,
    that part.
    """
    first, last = present(indices, size)
    if is_one_piece(indices, first, last):
        return first - int(indices[first])
    for start in np.flatnonzero(indices[: max(0, len(indices) - size + 1)] == 0):
        if indices[start + size - 1] == size - 1 and (size < 3 or indices[start + 1] == 1):
            return int(start)
    return len(indices)


def is_one_piece(indices: Indices, first: int, last: int) -> bool:
    """Whether a list takes the elements from one position to another in turn, each once."""
    # No list goes up by more than one at a time.
    return bool(first <= last and indices[last] - indices[first] == last - first)
