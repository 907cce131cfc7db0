"""Parts of a result that are computed again as the sum is defined: boxes of blocks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..boundaries import FILL, Indices
from ..task import CorrelationTask
from . import costs, direct
from .whole import present

Region = tuple[slice, ...]  # (plane, *results along each axis)
Box = tuple[tuple[int, int], ...]  # the same of blocks: first and last + 1
# What share of an end has to be in doubt for it to be one box, and how much less of so few blocks.
_MOSTLY, _RATHER, _THIN = 0.5, 5, 2
_REGION = 40e-6  # seconds that a region takes, however small


def boxes(mask: NDArray[np.bool_], sides: Sequence[int], outputs: Sequence[int]) -> list[Region]:
    """Cover the blocks of a mask (planes, *blocks, channels) with boxes of results."""
    blocks = np.asarray(mask.any(axis=-1))
    if not blocks.any():
        return []
    sides, outputs = (1, *sides), (len(blocks), *outputs)
    return [
        tuple(
            slice(first * side, min(last * side, size))
            for (first, last), side, size in zip(box, sides, outputs, strict=True)
        )
        for box in _boxes(blocks)
    ]


def _boxes(mask: NDArray[np.bool_]) -> Iterator[Box]:
    """Cover a mask of planes: first the ends of axes that are mostly in it, then what is left."""
    left = [(0, size) for size in mask.shape]
    for axis in range(1, mask.ndim):
        inner = mask[tuple(slice(*part) for part in left)]
        first, last = left[axis]
        others = tuple(other for other in range(mask.ndim) if other != axis)
        shares = inner.mean(axis=others)
        shares[:_THIN] *= _RATHER
        shares[-_THIN:] *= _RATHER
        between = np.flatnonzero(shares <= _MOSTLY)
        if len(between) == 0:
            yield tuple(left)
            return
        start, stop = first + int(between[0]), first + int(between[-1]) + 1
        for end in ((first, start), (stop, last)):
            if end[0] < end[1]:
                yield (*left[:axis], end, *left[axis + 1 :])
        left[axis] = start, stop
    inner = mask[tuple(slice(*part) for part in left)]
    if inner.any():
        for box in _runs(inner):
            yield tuple(
                (first + start, last + start)
                for (first, last), (start, _) in zip(box, left, strict=True)
            )


def _runs(mask: NDArray[np.bool_]) -> Iterator[Box]:
    """Cover a mask: runs along its last axis, each for as long as what follows has the same."""
    if mask.ndim == 1:
        ends = (np.flatnonzero(mask[1:] != mask[:-1]) + 1).tolist()
        edges = [*([0] if mask[0] else []), *ends, len(mask)]
        yield from (((first, last),) for first, last in zip(edges[::2], edges[1::2], strict=False))
        return
    flat = mask.reshape(len(mask), -1)
    changes = np.flatnonzero((flat[1:] != flat[:-1]).any(axis=1)) + 1
    for first, last in itertools.pairwise([0, *changes.tolist(), len(mask)]):
        if flat[first].any():
            yield from (((first, last), *box) for box in _runs(mask[first]))


def without_frame(task: CorrelationTask) -> CorrelationTask:
    """Return a task without the zeros around its array: fill, of which it is known that it is zero.

    Else nothing would be known of results whose windows hold mostly zeros, and all of their terms
    would be summed.
    """
    if task.fill != 0 or task.keep:
        return task
    source, lists = task.source, list(task.indices)
    for axis in range(1, task.axes + 1):
        along = np.moveaxis(source, axis, 0)
        if along[0].any() and along[-1].any():  # nearly always, and quick to see
            continue
        at = np.flatnonzero(along.any(axis=tuple(range(1, along.ndim))))
        if len(at) == 0:
            continue
        inner = _inner(lists[axis - 1], int(at[0]), int(at[-1]) + 1)
        if inner is not None:
            lists[axis - 1] = inner
            source = source[(slice(None),) * axis + (slice(at[0], at[-1] + 1),)]
    if source is task.source:
        return task
    return replace(task, source=np.ascontiguousarray(source), indices=tuple(lists))


def _inner(indices: Indices, first: int, last: int) -> Indices | None:
    """Return the list of an axis of which only a part is left; None if that is there twice.

    Then fill would not stand at its ends only (`present`).
    """
    inner = np.where((first <= indices) & (indices < last), indices - first, np.int32(FILL))
    at = np.flatnonzero(inner != FILL)
    once = len(at) and np.array_equal(inner[at[0] : at[-1] + 1], np.arange(last - first))
    return inner if once else None


def without_terms(task: CorrelationTask) -> list[Region]:
    """Return the ends of results over which all windows hold fill only, which is zero."""
    found: list[Region] = []
    if task.fill != 0 or task.offset != 0 or task.keep:
        return found
    ends = zip(_ends(task), task.kernel.shape, task.outputs, strict=True)
    for axis, ((start, end), kernel, results) in enumerate(ends, 1):
        before = (slice(None),) * axis
        for first, last in ((0, start - kernel + 1), (end + 1, results)):
            if first < last:
                found.append((*before, slice(first, last)))
    return found


def whole_blocks(ends: Sequence[Region], sides: Sequence[int]) -> list[Region]:
    """Return the blocks of a mask (planes, *blocks, channels) that lie wholly within such ends."""
    return [
        (*before, slice(-(-end.start // side), end.stop // side if end.start == 0 else None))
        for *before, end in ends
        for side in [sides[len(before) - 1]]
    ]


def seconds(task: CorrelationTask, regions: Sequence[Region]) -> float:
    """Return what it costs to compute regions directly, on one thread."""
    ends = _ends(task)
    total = 0.0
    for region in regions:
        results = math.prod(part.stop - part.start for part in region) * task.source.shape[-1]
        kernel = [last - first for first, last in _weights(task, region, ends)]
        total += costs.direct(results, kernel, task.kernel.dtype) + _REGION
    return total


def compute(task: CorrelationTask, regions: Sequence[Region]) -> None:
    """Compute regions of a task directly, into its out."""
    ends = _ends(task)
    for region in regions:
        part = _part(task, region, ends)
        part = replace(part, out=np.empty(part.out.shape, part.out.dtype))
        direct.run(part)
        stop = -1 if task.keep else None
        task.out[region][..., :stop] = part.out[..., :stop]


Ends = list[tuple[int, int]]


def _ends(task: CorrelationTask) -> Ends:
    """Return, along each axis, the first and the last position that is not zero for certain."""
    if task.fill != 0:
        return [(0, len(along) - 1) for along in task.indices]
    return [
        present(along, n) for along, n in zip(task.indices, task.source.shape[1:], strict=False)
    ]


def _weights(task: CorrelationTask, region: Region, ends: Ends) -> Ends:
    """Return, along each axis, the weights (first, last + 1) that do not lie over zeros only."""
    weights = []
    for results, size, (start, end) in zip(region[1:], task.kernel.shape, ends, strict=True):
        first = max(0, start - results.stop + 1)
        last = min(size, end - results.start + 1)
        weights.append((min(first, size - 1), last) if first < last else (0, 1))
    return weights


def _part(task: CorrelationTask, region: Region, ends: Ends) -> CorrelationTask:
    """Return the task of one region; weights that lie over zeros only are left out."""
    plane, *along = region
    weights = _weights(task, region, ends)
    indices = tuple(
        list_[results.start + first : results.stop + last - 1]
        for list_, results, (first, last) in zip(task.indices, along, weights, strict=True)
    )
    elements = tuple(slice(*part) for part in weights)
    return replace(
        task,
        source=task.source[plane],
        kernel=np.ascontiguousarray(task.kernel[elements]),
        indices=indices,
        out=task.out[region],
        keep=None,
    )
