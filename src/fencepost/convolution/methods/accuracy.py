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
from .whole import Whole

FACTOR = 16.0
_LARGEST_SIDES = {1: 16, 2: 16, 3: 4}  # of a block, by how many axes it has
# An element of the array, in blocks of sides up to 2 and of larger ones: 58 and 12 ms for an image
# of 3840 × 2160 under 11 × 11 and 31 × 31 (Zen 4).
_SECONDS = (7e-9, 1.5e-9)


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
    return bool((error * largest <= _allowed(task, known.least)).all())


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
        return ~np.asarray(self.error <= self.allowed)

    def with_sums(self, task: CorrelationTask, sums: Array) -> Doubt:
        """Return what is left in doubt once Σ|f||g| is known, to within the transform's error."""
        for axis, side in enumerate(self.sides, 1):
            sums = np.minimum.reduceat(sums, np.arange(0, sums.shape[axis], side), axis=axis)
        return Doubt(self.sides, self.error, _allowed(task, sums - self.error))


def seconds(task: CorrelationTask) -> float:
    """Return what `doubt` takes, on one thread: it is a choice's second largest cost."""
    return task.source.size * _SECONDS[min(_side(size) for size in task.kernel.shape) > 2]


def doubt(task: CorrelationTask, transform: Tiling | Whole) -> Doubt:
    """Compare the error of a transform with the direct sum's, in blocks of results."""
    known = scales(task)
    if isinstance(transform, Whole):
        eps = float(np.finfo(np.float64).eps)
        power = float(known.energy.sum(axis=tuple(range(1, known.energy.ndim - 1))).max())
        power += float(task.fill) ** 2 * transform.points
        error: Any = _error(task, eps, transform.points, power)
    else:
        eps = float(np.finfo(task.kernel.dtype).eps)
        if task.axes > 2:
            power = float(known.energy.max()) * transform.points * transform.terms
            error = _error(task, eps, transform.points, power)
        else:
            powers = _tile_powers(task, transform, known)
            error = _at_blocks(task, transform, known, _error(task, eps, transform.points, powers))
    return Doubt(known.sides, error, _allowed(task, known.least))


def _allowed(task: CorrelationTask, sums: Array) -> Array:
    unit = float(np.finfo(task.kernel.dtype).eps) / 2
    return FACTOR * unit * task.kernel.size * sums


def _error(task: CorrelationTask, eps: float, points: int, power: Any) -> Any:
    """Return what a transform of so many elements, of so large a sum of squares, is off by."""
    norm = float(np.linalg.norm(task.kernel.astype(np.float64).ravel()))
    return 4 * eps * math.log2(points) * norm * np.sqrt(power / points)


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
    energy = _energy(task.source, sides)
    if not np.isfinite(energy).all():  # NaN is dealt with apart, as if there were zeros
        clean = np.where(np.isfinite(task.source), task.source, 0.0)
        energy = _energy(clean.astype(np.float64), sides)
    return Scales(sides, energy, _least(task, sides, np.sqrt(energy)))


def block_sides(task: CorrelationTask) -> tuple[int, ...]:
    """Return the sides of a block along each axis."""
    largest = _LARGEST_SIDES[min(task.axes, 3)]
    return tuple(min(_side(size), largest) for size in task.kernel.shape)


def _least(task: CorrelationTask, sides: tuple[int, ...], lengths: Array) -> Array:
    """Return what Σ|f||g| is at least, at each result of a block, from the lengths of blocks."""
    befores = [
        _before(along, n) for along, n in zip(task.indices, task.source.shape[1:-1], strict=True)
    ]
    weights = np.abs(task.kernel.astype(np.float64))
    lists: list[Indices] = []
    least = np.zeros((len(lengths), *_blocks(task.outputs, sides), lengths.shape[-1]))
    for axis, (side, before) in enumerate(zip(sides, befores, strict=True)):
        size = weights.shape[axis]
        # Block B of the array lies under weights c·side + before + (−side, side) of block B − c.
        first = -((before - side + 1) // side)
        last = (size - side - before) // side
        if last < first:
            return least
        starts = [c * side + before - side + 1 for c in range(first, last + 1)]
        weights = np.minimum.reduce(
            [np.take(weights, np.array(starts) + i, axis=axis) for i in range(2 * side - 1)]
        )
        blocks = -(-task.outputs[axis] // side)
        along = np.arange(first, blocks + last, dtype=np.int32)
        along[(along < 0) | (along >= lengths.shape[axis + 1])] = FILL
        lists.append(along)
    direct.run(
        CorrelationTask(
            np.ascontiguousarray(lengths), np.ascontiguousarray(weights), tuple(lists), 0.0, least
        )
    )
    return least


def _blocks(sizes: tuple[int, ...], sides: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-size // side) for size, side in zip(sizes, sides, strict=True))


def _side(kernel: int) -> int:
    """Return the side of a block: small beside the kernel, so that most blocks lie inside it."""
    return (
        1 if kernel < 8 else 2 if kernel < 20 else 4 if kernel < 64 else 8 if kernel < 256 else 16
    )


def _energy(source: Array, sides: tuple[int, ...]) -> Array:
    """Return the sums of squares of all blocks, in float64."""
    if len(sides) > 2:
        energy = np.square(source)
        for axis, side in enumerate(sides, 1):
            energy = _folded(energy, axis, side)
        return energy.astype(np.float64)
    energies = np.empty((len(source), *_blocks(source.shape[1:-1], sides), source.shape[-1]))
    if len(sides) == 2:
        _engine.block_energies(source, (sides[0], sides[1]), energies)
    else:
        _engine.block_energies(source[:, None], (1, sides[0]), energies[:, None])
    return energies


def _folded(values: Array, axis: int, side: int) -> Array:
    """Add up `side` neighbours along an axis; the last few may be fewer."""
    if side == 1:
        return values
    before = (slice(None),) * axis
    out: Array = values[(*before, slice(0, None, side))].copy()
    for i in range(1, side):
        part = values[(*before, slice(i, None, side))]
        out[(*before, slice(0, part.shape[axis]))] += part
    return out


def _before(indices: Indices, size: int) -> int:
    """Return how many elements an extended axis has before the array itself."""
    for start in np.flatnonzero(indices[: len(indices) - size + 1] == 0):
        if indices[start + size - 1] == size - 1 and (size < 3 or indices[start + 1] == 1):
            return int(start)
    return 0


def _tile_powers(task: CorrelationTask, tiling: Tiling, known: Scales) -> Array:
    """Return the sum of squares of each tile and its partner: (planes, *tiles, channels)."""
    powers = known.energy + float(task.fill) ** 2 * math.prod(known.sides)
    for axis, side in enumerate(known.sides):
        powers = _extended(powers, task.indices[axis], axis + 1, side)
        step, tile = (sides[axis - task.axes] for sides in (tiling.steps, tiling.tile))
        starts = np.arange(0, task.outputs[axis], step)
        end = np.zeros((*powers.shape[: axis + 1], 1, *powers.shape[axis + 2 :]))
        limits = np.stack([starts // side, -(-(starts + tile) // side)], axis=1)
        padded = np.concatenate([powers, end], axis=axis + 1)
        limits = np.minimum(limits, powers.shape[axis + 1])
        powers = np.add.reduceat(padded, limits.ravel(), axis=axis + 1)
        powers = powers[(slice(None),) * (axis + 1) + (slice(0, None, 2),)]
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


def _at_blocks(task: CorrelationTask, tiling: Tiling, known: Scales, errors: Array) -> Array:
    """Return, for blocks of results, the error of the tile (or the two) that they lie in."""
    for axis, side in enumerate(known.sides):
        step, size = tiling.steps[axis - task.axes], task.outputs[axis]
        starts = np.arange(0, size, side)
        ends = np.minimum(starts + side, size) - 1
        errors = functools.reduce(
            np.maximum, (errors.take(at // step, axis=axis + 1) for at in (starts, ends))
        )
    return errors
