"""Into what tiles an array is cut for the FFT.

Large tiles waste little of themselves on overlap, small ones
stay in the cache; both are weighed by the cost model. Sides are powers of two, the lengths that the
engine transforms.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _engine
from ..task import CorrelationTask
from . import costs

_LONGEST = 4096  # side of a tile of two axes
_COLUMNS = 32  # of a tile whose columns are transformed each by itself: those of two registers


@dataclass(frozen=True)
class Tiling:
    """Tiles of one size that cover the results.

    `tile` [(int, int)]: Rows and columns that are transformed; one row for a kernel of one row.
    `steps` [(int, int)]: Results of one tile: tile − kernel + 1. `outputs` [(int, int)]: Rows and
    columns of results in all. `images`: Planes that are cut alike. `terms`: Transforms that are
    added up for each: the layers of a kernel of more than two axes. `alone`: Whether each column is
    transformed by itself, under a kernel of one column, over one channel.
    """

    tile: tuple[int, int]
    steps: tuple[int, int]
    outputs: tuple[int, int]
    images: int
    terms: int
    alone: bool = False

    @property
    def points(self) -> int:
        """How many elements a transform has."""
        return self.tile[0] if self.alone else math.prod(self.tile)

    @property
    def count(self) -> int:
        """How many tiles there are."""
        cuts = (-(-size // step) for size, step in zip(self.outputs, self.steps, strict=True))
        return self.images * math.prod(cuts)

    def seconds(self, dtype: np.dtype[Any], threads: int) -> float:
        """Return what the cost model says."""
        if self.alone:
            return costs.columns(self.count, self.tile, self.terms, dtype, threads)
        return costs.transforms(self.count, self.tile, self.terms, dtype, threads)

    def __str__(self) -> str:
        tile = " × ".join(str(side) for side in self.tile if side > 1)
        return f"{self.count} tiles of {tile}" if self.count > 1 else f"one tile of {tile}"


def best(task: CorrelationTask, threads: int) -> Tiling:
    """Return the tiling of `task` that the cost model thinks quickest."""
    weights = task.kernel.shape
    alone = task.axes > 1 and weights[-1] == 1 < weights[-2] and task.source.shape[-1] == 1
    return _best(task.images, task.outputs, weights, task.kernel.dtype, threads, alone)


@functools.lru_cache(maxsize=256)
def _best(
    images: int,
    results: tuple[int, ...],
    weights: tuple[int, ...],
    dtype: np.dtype[Any],
    threads: int,
    alone: bool,
) -> Tiling:
    (*_, height), (*_, rows) = (1, *results[:-1]), (1, *weights[:-1])
    outputs, kernel = (height, results[-1]), (rows, weights[-1])
    images *= math.prod(results[:-2])
    terms = math.prod(weights[:-2])
    sides: tuple[Iterator[int], Iterator[int]]
    if rows == 1:
        sides = (
            iter([1]),
            _sides(outputs[1], kernel[1], _engine.SHORTEST_LINE, _engine.LONGEST_TILE),
        )
    else:
        sides = (
            _sides(outputs[0], kernel[0], _engine.SHORTEST_TILE, _LONGEST),
            iter([_COLUMNS])
            if alone
            else _sides(outputs[1], kernel[1], _engine.SHORTEST_TILE, _LONGEST),
        )
    tilings = (
        Tiling(
            tile, (tile[0] - kernel[0] + 1, tile[1] - kernel[1] + 1), outputs, images, terms, alone
        )
        for tile in itertools.product(*sides)
    )
    return min(tilings, key=lambda tiling: tiling.seconds(dtype, threads))


def _sides(outputs: int, kernel: int, shortest: int, longest: int) -> Iterator[int]:
    """Yield powers of two, from one that holds the kernel to one that holds all."""
    side = max(shortest, 1 << (kernel - 1).bit_length())
    yield side
    while side < min(outputs + kernel - 1, longest):
        side *= 2
        yield side
