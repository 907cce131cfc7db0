"""Where a transform, or factors true to the largest weight, are as exact as the sum itself.

The direct sum of K terms is off by at most K u Σ|f||g|, each result by what stands in its own
window (N. J. Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). A transform
spreads the rounding of a whole tile over all of its results: about 4 ε log₂ N · rms(tile) · ‖g‖₂.
That is an estimate: smooth data under smooth kernels exceed it up to 31 times, and a peak under a
peak, but there Σ|f||g| itself is larger still. A transform is as good only where Σ|f||g| is large
enough: here, where the estimate is at most `FACTOR` times the direct sum's bound. What is promised,
that such results are off by no more than that, is measured: over 263,000 tiles of ten kinds, some
made to be bad, they were off by 0.26 of it at the most (docs/decisions/exactness.md). Elsewhere, as
in the zeros beside a peak of 10¹⁷, results are computed directly.

Σ|f||g| is bounded from below without computing it: the array is cut into blocks of a few elements,
of each of which the length ‖f‖₂ ≤ Σ|f| is known, and the kernel into the smallest weight that can
come to lie over a block. The sum over blocks costs 1/16 to 1/256 of the direct sum.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import _engine
from ..boundaries import FILL, Indices
from ..task import Array, CorrelationTask
from . import direct
from .tiles import Tiling
from .whole import Whole, present

FACTOR = 16.0
_LARGEST_SIDES = {1: 1024, 2: 64, 3: 4}  # of a block, by how many axes it has
# An element of the array, in blocks of sides up to 2 and beyond: docs/decisions/exactness.md.
_SECONDS = (2.5e-9, 1.1e-9)


@dataclass(frozen=True)
class Scales:
    """What is known of a task's Σ|f||g|, in blocks of neighbouring results.

    `sides`: Elements of a block along each axis, of the array and of the results. `energy`
    [ndarray, (planes, *blocks of the array, channels)]: The sum of squares of each block. `least`
    [ndarray, (planes, *blocks of results, channels)]: What Σ|f||g| is at least, at each result of a
    block.
    """

    sides: tuple[int, ...]
    energy: Array
    least: Array


def is_benign(task: CorrelationTask, error: float) -> bool:
    """Whether an error of `error` times the largest |f| is as small as the direct sum's."""
    known = scales(task)
    largest = max(float(task.source.max()), -float(task.source.min()), abs(task.fill))
    if math.isnan(largest):
        largest = math.sqrt(float(known.energy.max())) + abs(task.fill)
    allowed = _allowed(task, known.least)
    return bool((np.isfinite(allowed) & (error * largest <= allowed)).all())


@dataclass(frozen=True)
class Doubt:
    """Where a transform may be less exact than the direct sum, and what is known of it.

    `sides`: Results of a block along each axis. `error` (ndarray, that broadcasts to the blocks):
    What the transform is off by. `allowed` [ndarray, (planes, *blocks of results, channels)]: What
    it may be off by, at least.
    """

    sides: tuple[int, ...]
    error: Any
    allowed: Array

    @property
    def blocks(self) -> NDArray[np.bool_]:
        """The blocks of results that are in doubt."""
        return ~np.asarray(np.isfinite(self.error) & (self.error <= self.allowed))

    def with_sums(self, task: CorrelationTask, sums: Array) -> Doubt:
        """Return what is left in doubt once Σ|f||g| is known, to within the transform's error."""
        for axis, side in enumerate(self.sides, 1):
            sums = _folded(sums, axis, side, np.minimum)
        return Doubt(self.sides, self.error, _allowed(task, sums - self.error))


def seconds(task: CorrelationTask) -> float:
    """Return what `doubt` takes, on one thread: it is a choice's second largest cost."""
    return task.source.size * _SECONDS[min(_side(size) for size in task.kernel.shape) > 2]


@np.errstate(over="ignore", invalid="ignore")  # what overflows is in doubt
def doubt(task: CorrelationTask, transform: Tiling | Whole) -> Doubt:
    """Compare the error of a transform with the direct sum's, in blocks of results."""
    sides = block_sides(task)
    energy = _finite_energy(task, sides)
    if isinstance(transform, Whole):
        eps = float(np.finfo(np.float64).eps)
        power = _power(task, sides, energy) + task.fill * task.fill * transform.points
        error: Any = _error(task, eps, transform.points, power)
        least = _least_of_all(task, sides, energy)
        if np.isfinite(error) and error <= _allowed(task, least):
            return Doubt(sides, error, np.full((1,) * energy.ndim, np.inf))
        return Doubt(sides, error, _allowed(task, _least(task, sides, np.sqrt(energy))))
    allowed = _allowed(task, _least(task, sides, np.sqrt(energy)))
    eps = float(np.finfo(task.kernel.dtype).eps)
    last = sides[-2:]
    blocks = (
        size / side + 1 for size, side in zip(transform.tile[-len(last) :], last, strict=True)
    )
    power = float(energy.max()) * math.prod(blocks) + task.fill * task.fill * transform.points
    error = _error(task, eps, transform.points, 2 * power * transform.terms)
    if task.axes < 3 and not (_is_taken_once(task) and (error <= allowed).all()):
        powers = _tile_powers(task, transform, sides, energy)
        errors = _error(task, eps, transform.points, powers)
        error = _at_blocks(task, transform, sides, errors)
    return Doubt(sides, error, allowed)


def _allowed(task: CorrelationTask, sums: Any) -> Any:
    unit = float(np.finfo(task.kernel.dtype).eps) / 2
    return FACTOR * unit * task.kernel.size * sums


def _error(task: CorrelationTask, eps: float, points: int, power: Any) -> Any:
    """Return what a transform of so many elements, of so large a sum of squares, is off by."""
    largest = max(float(task.kernel.max()), -float(task.kernel.min()))
    scale = largest if largest and not 1e-140 < largest < 1e140 else 1.0  # squares overflow
    weights = task.kernel if scale == 1.0 else task.kernel / scale
    squares = np.square(weights, dtype=np.float64)  # BLAS would wake threads of its own
    norm = scale * math.sqrt(float(squares.sum()))
    return 4 * eps * math.log2(points) * norm * np.sqrt(_seen(task, points, power) / points)


def _seen(task: CorrelationTask, points: int, power: Any) -> Any:
    """Return a sum of squares, raised where those of small elements may have become 0."""
    lost = 1e8 * float(np.finfo(task.kernel.dtype).tiny)
    if np.all(power >= lost * points):
        return power
    magnitudes = np.append(np.abs(task.source), abs(task.fill))
    if not ((magnitudes > 0) & (magnitudes < math.sqrt(lost * points))).any():
        return power
    return np.maximum(power, lost * points)


def least_share(task: CorrelationTask, transform: Tiling) -> float | None:
    """Return what share of the largest |f| the length of each block must have at least.

    Then the transform is as exact as the direct sum everywhere, whatever else the values are: no
    tile's root mean square exceeds the largest element. None if there is no such share.
    """
    sides = block_sides(task)
    ones = np.ones((1, *_blocks(task.source.shape[1:-1], sides), 1))
    least = float(_least(task, sides, ones).min())
    eps = float(np.finfo(task.kernel.dtype).eps)
    power = 2.0 * transform.points * transform.terms  # of a tile and its partner
    error = _error(task, eps, transform.points, power)
    allowed = float(_allowed(task, np.array(least)))
    return float(error) / allowed if allowed > 0 else None


def scales(task: CorrelationTask) -> Scales:
    """Bound Σ|f||g| from below in every block of results."""
    sides = block_sides(task)
    energy = _finite_energy(task, sides)
    return Scales(sides, energy, _least(task, sides, np.sqrt(energy)))


def _finite_energy(task: CorrelationTask, sides: tuple[int, ...]) -> Array:
    """Return the sums of squares of all blocks; NaN is dealt with apart, as if it were zero."""
    energy = _energy(task.source, sides)
    if not np.isfinite(energy).all():
        clean = np.where(np.isfinite(task.source), task.source, 0.0)
        energy = _energy(clean.astype(np.float64), sides)
    return energy


def block_sides(task: CorrelationTask) -> tuple[int, ...]:
    """Return the sides of a block along each axis."""
    largest = _LARGEST_SIDES[min(task.axes, 3)]
    return tuple(min(_side(size), largest) for size in task.kernel.shape)


def _least(task: CorrelationTask, sides: tuple[int, ...], lengths: Array) -> Array:
    """Return what Σ|f||g| is at least, at each result of a block, from the lengths of blocks."""
    least = np.zeros((len(lengths), *_blocks(task.outputs, sides), lengths.shape[-1]))
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


def _least_of_all(task: CorrelationTask, sides: tuple[int, ...], energy: Array) -> float:
    """Return what Σ|f||g| is at least everywhere, as if every block were the shortest."""
    known = _smallest_weights(task, sides)
    whole = tuple(size // side for size, side in zip(task.source.shape[1:-1], sides, strict=True))
    if known is None or 0 in whole:
        return 0.0
    sums, firsts = known
    total = float(sums.sum())
    outputs = _blocks(task.outputs, sides)
    for axis, (first, blocks, results) in enumerate(zip(firsts, whole, outputs, strict=True)):
        count = sums.shape[axis]
        # Results near the ends, where blocks under the kernel's ends are missing, and one between.
        near = np.arange(min(results, max(0, -first) + 1))
        far = np.arange(max(0, min(results - 1, blocks - first - count)), results)
        at = np.concatenate([near, far]) + first
        low, high = np.clip(-at, 0, count), np.clip(blocks - at, 0, count)
        before = np.insert(sums.cumsum(axis=axis), 0, 0.0, axis=axis)
        sums = before.take(np.maximum(low, high), axis) - before.take(low, axis)
    shortest = math.sqrt(float(energy[(slice(None), *map(slice, whole))].min()))
    return shortest * (float(sums.min()) - 1e-12 * total)


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


def _blocks(sizes: tuple[int, ...], sides: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-size // side) for size, side in zip(sizes, sides, strict=True))


def _side(kernel: int) -> int:
    """Return the side of a block: small beside the kernel, so that most blocks lie inside it."""
    if kernel < 64:
        return 1 if kernel < 8 else 2 if kernel < 20 else 4
    return 8 if kernel < 256 else max(16, 1 << (kernel // 64).bit_length() - 1)


def _energy(source: Array, sides: tuple[int, ...]) -> Array:
    """Return the sums of squares of all blocks, in float64."""
    if len(sides) > 2:  # first within the planes of the last two axes
        planes = source.reshape(-1, *source.shape[-3:])
        energy = _energy(planes, sides[-2:])
        energy = energy.reshape(*source.shape[:-3], *energy.shape[1:])
        for axis, side in enumerate(sides[:-2], 1):
            energy = _folded(energy, axis, side, np.add)
        return energy
    energies = np.empty((len(source), *_blocks(source.shape[1:-1], sides), source.shape[-1]))
    if len(sides) == 2:
        _engine.block_energies(source, (sides[0], sides[1]), energies)
    else:
        _engine.block_energies(source[:, None], (1, sides[0]), energies[:, None])
    return energies


def _folded(values: Array, axis: int, side: int, function: np.ufunc) -> Array:
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
    if _is_one_piece(indices, first, last):
        return first - int(indices[first])
    for start in np.flatnonzero(indices[: max(0, len(indices) - size + 1)] == 0):
        if indices[start + size - 1] == size - 1 and (size < 3 or indices[start + 1] == 1):
            return int(start)
    return len(indices)


def _is_taken_once(task: CorrelationTask) -> bool:
    """Whether no element of the array stands in its extension twice."""
    axes = zip(task.indices, task.source.shape[1:-1], strict=True)
    return all(_is_one_piece(along, *present(along, size)) for along, size in axes)


def _is_one_piece(indices: Indices, first: int, last: int) -> bool:
    # No list goes up by more than one at a time.
    return bool(first <= last and indices[last] - indices[first] == last - first)


def _power(task: CorrelationTask, sides: tuple[int, ...], energy: Array) -> float:
    """Return the sum of squares of what is extended, of the plane and channel that has most."""
    if not _is_taken_once(task):
        for axis, side in enumerate(sides):
            energy = _extended(energy, task.indices[axis], axis + 1, side)
    return float(energy.sum(axis=tuple(range(1, energy.ndim - 1))).max())


def _tile_powers(
    task: CorrelationTask, tiling: Tiling, sides: tuple[int, ...], powers: Array
) -> Array:
    """Return the sum of squares of each tile and its partner: (planes, *tiles, channels)."""
    for axis, side in enumerate(sides):
        along, before = task.indices[axis], 0
        first, last = present(along, task.source.shape[axis + 1])
        if _is_one_piece(along, first, last):
            before = first - int(along[first])
        else:
            powers = _extended(powers, along, axis + 1, side)
        step, tile = (size[axis - task.axes] for size in (tiling.steps, tiling.tile))
        starts = np.arange(0, task.outputs[axis], step) - before
        end = np.zeros((*powers.shape[: axis + 1], 1, *powers.shape[axis + 2 :]))
        limits = np.stack([starts // side, -(-(starts + tile) // side)], axis=1)
        limits = limits.clip(0, powers.shape[axis + 1])
        padded = np.concatenate([powers, end], axis=axis + 1)
        powers = np.add.reduceat(padded, limits.ravel(), axis=axis + 1)
        powers = powers[(slice(None),) * (axis + 1) + (slice(0, None, 2),)]
    powers = powers + task.fill * task.fill * tiling.points
    signals = task.axes == 1 and task.source.shape[-1] > 1  # then channels are tiled apart
    ordered = powers.swapaxes(1, 2) if signals else powers
    pairs = np.append(ordered.ravel(), [0.0] * (powers.size % 2)).reshape(-1, 2).sum(axis=1)
    paired = np.repeat(pairs, 2)[: powers.size].reshape(ordered.shape)
    return paired.swapaxes(1, 2) if signals else paired


def _extended(energy: Array, indices: Indices, axis: int, side: int) -> Array:
    """Bound the energy of blocks of the extended axis by that of the blocks they are made of."""
    first = indices[::side]
    last = indices[np.minimum(np.arange(side - 1, len(indices) + side - 1, side), len(indices) - 1)]
    shape = [1] * energy.ndim
    shape[axis] = -1
    out: Array = np.zeros(())
    for ends, counted in ((first, True), (last, first // side != last // side)):
        times = np.where((ends != FILL) & counted, 1.0, 0.0)
        times *= np.where(first == last, side, 1)  # the nearest, again and again
        blocks = np.take(energy, np.maximum(ends, 0) // side, axis=axis)
        out = out + blocks * times.reshape(shape)
    return out


def _at_blocks(
    task: CorrelationTask, tiling: Tiling, sides: tuple[int, ...], errors: Array
) -> Array:
    """Return, for blocks of results, the error of the tile (or the two) that they lie in."""
    for axis, side in enumerate(sides):
        step, size = tiling.steps[axis - task.axes], task.outputs[axis]
        starts = np.arange(0, size, side)
        ends = np.minimum(starts + side, size) - 1
        errors = functools.reduce(
            np.maximum, (errors.take(at // step, axis=axis + 1) for at in (starts, ends))
        )
    return errors
