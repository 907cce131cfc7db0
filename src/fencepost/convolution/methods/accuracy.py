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

Σ|f||g| is bounded from below without computing it: in blocks (`blocks`), or by the results
themselves once they are there, as none is larger.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..boundaries import FILL, Indices
from ..task import Array, CorrelationTask
from . import blocks
from .tiles import Tiling
from .whole import Whole, present

FACTOR = 16.0
_ROOM = {"f": 4.0, "d": 1.0}  # in float32 it costs nothing to think worse of a transform in float64
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

    @np.errstate(invalid="ignore")  # infinities less infinities are in doubt
    def with_sums(self, task: CorrelationTask, sums: Array) -> Doubt:
        """Return what is left in doubt once Σ|f||g| is known, to within the transform's error.

        Or what it is at least: the magnitudes of the results. NaN is no sum, and not in doubt.
        """
        for axis, side in enumerate(self.sides, 1):
            sums = blocks.folded(sums, axis, side, np.fmin)
        sums = np.where(np.isnan(sums), np.inf, sums)
        allowed = np.maximum(self.allowed, _allowed(task, sums - self.error))
        return Doubt(self.sides, self.error, allowed)


def seconds(task: CorrelationTask) -> float:
    """Return what `doubt` takes, on one thread: it is a choice's second largest cost."""
    return task.source.size * _SECONDS[min(blocks.side_of(size) for size in task.kernel.shape) > 2]


@np.errstate(over="ignore", invalid="ignore")  # what overflows is in doubt
def doubt(task: CorrelationTask, transform: Tiling | Whole) -> Doubt:
    """Compare the error of a transform with the direct sum's, in blocks of results."""
    sides = blocks.sides_of(task)
    energy = blocks.finite_energy(task, sides)
    if isinstance(transform, Whole):
        error: Any = _error_of_whole(task, transform, _power(task, sides, energy))
        least = blocks.least_of_all(task, sides, energy)
        known = Doubt(sides, error, _allowed(task, least))
        if known.blocks.sum() <= 1.5 * np.sum(least == 0):
            return known  # what is in doubt lies at the ends, where no block tells anything
        return Doubt(sides, error, _allowed(task, blocks.least_sums(task, sides, np.sqrt(energy))))
    allowed = _allowed(task, blocks.least_sums(task, sides, np.sqrt(energy)))
    eps = float(np.finfo(task.kernel.dtype).eps)
    last = sides[-2:]
    across = (
        size / side + 2 for size, side in zip(transform.tile[-len(last) :], last, strict=True)
    )
    power = float(energy.max()) * math.prod(across) + task.fill * task.fill * transform.points
    times = _times_taken(task) if task.axes < 3 else 1.0
    error = _error(task, eps, transform.points, 2 * power * transform.terms * times)
    if task.axes < 3 and not (error <= allowed).all():
        powers = _tile_powers(task, transform, sides, energy)
        errors = _error(task, eps, transform.points, powers)
        error = _at_blocks(task, transform, sides, errors)
    return Doubt(sides, error, allowed)


@np.errstate(over="ignore", invalid="ignore")
def error_seen(task: CorrelationTask, transform: Whole) -> float:
    """Return what a transform that has been computed is off by; of smooth data more than before."""
    if _is_taken_once(task):
        power = _largest_energy(task.source)
    else:
        sides = blocks.sides_of(task)
        power = _power(task, sides, blocks.finite_energy(task, sides))
    rms = math.sqrt(_largest_energy(task.out) / math.prod(task.outputs))  # is rounded, too
    rounded = float(np.finfo(np.float64).eps) * math.log2(transform.points) * rms
    return _ROOM[task.kernel.dtype.char] * (_error_of_whole(task, transform, power) + rounded)


def _largest_energy(arrays: Array) -> float:
    """Return the sum of squares of the one of many arrays that has most."""
    if arrays.shape[0] == arrays.shape[-1] == 1:
        flat = arrays.reshape(-1)
        return float(np.einsum("i,i", flat, flat))  # BLAS would wake threads of its own
    return float(blocks.block_energies(arrays, arrays.shape[1:-1]).max())


def least_sum(task: CorrelationTask, error: float) -> float:
    """Return what Σ|f||g| must be for a result that is off by so much to be as exact as a sum."""
    return error + error / float(_allowed(task, 1.0))


def _error_of_whole(task: CorrelationTask, transform: Whole, power: float) -> float:
    power += task.fill * task.fill * transform.points
    return float(_error(task, float(np.finfo(np.float64).eps), transform.points, power))


def has_bare_ends(task: CorrelationTask) -> bool:
    """Whether results at an end have so few terms that blocks tell nothing of them."""
    if task.fill:
        return False
    axes = zip(
        task.indices, task.source.shape[1:-1], task.kernel.shape, blocks.sides_of(task), strict=True
    )
    for along, size, kernel, side in axes:
        first, last = present(along, size)
        if min(kernel - first, last + 1 - (len(along) - kernel)) < 2 * side:
            return True
    return False


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
    sides = blocks.sides_of(task)
    ones = np.ones((1, *blocks.counts(task.source.shape[1:-1], sides), 1))
    least = float(blocks.least_sums(task, sides, ones).min())
    eps = float(np.finfo(task.kernel.dtype).eps)
    power = 2.0 * transform.points * transform.terms  # of a tile and its partner
    error = _error(task, eps, transform.points, power)
    allowed = float(_allowed(task, np.array(least)))
    return float(error) / allowed if allowed > 0 else None


def scales(task: CorrelationTask) -> Scales:
    """Bound Σ|f||g| from below in every block of results."""
    sides = blocks.sides_of(task)
    energy = blocks.finite_energy(task, sides)
    return Scales(sides, energy, blocks.least_sums(task, sides, np.sqrt(energy)))


def _is_taken_once(task: CorrelationTask) -> bool:
    """Whether no element of the array stands in its extension twice."""
    axes = zip(task.indices, task.source.shape[1:-1], strict=True)
    return all(blocks.is_one_piece(along, *present(along, size)) for along, size in axes)


def _times_taken(task: CorrelationTask) -> float:
    """Return how often an element of the array stands in its extension, at most."""
    if _is_taken_once(task):
        return 1.0
    if task.axes == 1:
        return math.inf  # to count them in a long signal would take longer than it can save
    taken = (np.bincount(along[along != FILL]) for along in task.indices)
    return float(math.prod(int(times.max(initial=1)) for times in taken))


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
        if blocks.is_one_piece(along, first, last):
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
        pieces = np.take(energy, np.maximum(ends, 0) // side, axis=axis)
        out = out + pieces * times.reshape(shape)
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
