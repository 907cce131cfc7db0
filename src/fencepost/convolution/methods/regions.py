"""Parts of a result that are computed again as the sum is defined: rectangles of blocks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..boundaries import FILL
from ..task import CorrelationTask
from . import costs, direct

Region = tuple[slice, ...]  # (plane, *results along each axis)
_REGION = 80e-6  # seconds that a region takes, however small
_MANY = 32  # regions of which the weights over zeros are not counted


def rectangles(
    mask: NDArray[np.bool_], sides: Sequence[int], outputs: Sequence[int]
) -> list[Region]:
    """Cover the blocks of a mask (planes, *blocks, channels) with rectangles of results."""
    blocks = np.asarray(mask.any(axis=-1))
    regions: list[Region] = []
    if not blocks.any():
        return regions
    if blocks.ndim == 2:
        blocks, sides, outputs = blocks[:, None], (1, *sides), (1, *outputs)
    for index in np.ndindex(blocks.shape[:-2]):
        plane = blocks[index]
        if not plane.any():
            continue
        leading = [slice(index[0], index[0] + 1)]
        leading += [
            slice(i * side, min((i + 1) * side, size))
            for i, side, size in zip(index[1:], sides, outputs, strict=False)
        ]
        (side_y, side_x), (height, width) = sides[-2:], outputs[-2:]
        for top, bottom, left, right in _rectangles(plane):
            rows = slice(top * side_y, min(bottom * side_y, height))
            columns = slice(left * side_x, min(right * side_x, width))
            regions.append((*leading, rows, columns) if mask.ndim > 3 else (*leading, columns))
    return regions


def _rectangles(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int]]:
    """Cover a mask: runs of a row, drawn down for as long as the rows below have the same."""
    changes = np.flatnonzero((mask[1:] != mask[:-1]).any(axis=1)) + 1
    for top, bottom in itertools.pairwise([0, *changes.tolist(), len(mask)]):
        edges = np.flatnonzero(np.diff(mask[top].astype(np.int8), prepend=0, append=0))
        for left, right in edges.reshape(-1, 2).tolist():
            yield top, bottom, left, right


def seconds(task: CorrelationTask, regions: Sequence[Region]) -> float:
    """Return what it costs to compute regions directly, on one thread."""
    if len(regions) > _MANY:
        shapes = ([part.stop - part.start for part in region] for region in regions)
        results = task.source.shape[-1] * sum(map(math.prod, shapes))
        return costs.direct(results, task.kernel.shape, task.kernel.dtype) + len(regions) * _REGION
    total = 0.0
    for region in regions:
        part = _part(task, region)
        results = math.prod(part.outputs) * part.images
        total += costs.direct(results, part.kernel.shape, task.kernel.dtype) + _REGION
    return total


def compute(task: CorrelationTask, regions: Sequence[Region]) -> None:
    """Compute regions of a task directly, into its out."""
    for region in regions:
        part = _part(task, region)
        part = replace(part, out=np.empty(part.out.shape, part.out.dtype))
        direct.run(part)
        stop = -1 if task.keep else None
        task.out[region][..., :stop] = part.out[..., :stop]


def _part(task: CorrelationTask, region: Region) -> CorrelationTask:
    """Return the task of one region; weights that lie over zeros only are left out."""
    plane, *along = region
    indices, elements = [], []
    for axis, results in enumerate(along):
        size = task.kernel.shape[axis]
        read = task.indices[axis][results.start : results.stop + size - 1]
        first, last = 0, size
        if task.fill == 0:
            present = np.flatnonzero(read != FILL)
            count = results.stop - results.start
            if len(present) == 0:
                first, last = 0, 1
            else:
                first = max(0, int(present[0]) - count + 1)
                last = max(first + 1, min(size, int(present[-1]) + 1))
        elements.append(slice(first, last))
        indices.append(read[first : len(read) - (size - last)])
    return replace(
        task,
        source=task.source[plane],
        kernel=np.ascontiguousarray(task.kernel[tuple(elements)]),
        indices=tuple(indices),
        out=task.out[region],
        keep=None,
    )
