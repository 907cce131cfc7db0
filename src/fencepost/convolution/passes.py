"""Images under kernels whose matrix nobody needs: a pass along each axis.

A kernel that is known by a factor for each axis may have any size: its matrix is never multiplied
out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import _engine
from .boundaries import FILL, Boundary, Indices, edges_of
from .methods import compute, costs, tiles
from .parsing import window_indices
from .task import Array, CorrelationTask

__all__ = ["Passes", "correlate_passes"]

Read = Callable[[int, int, int], Array]
_SMALL = 1 << 22  # elements of an image, up to which its memory matters less than its time
_USUAL = 1 << 20  # elements that have been passed down, and wait to be passed along


@dataclass(frozen=True, slots=True)
class Passes:
    """A column and a row over images (H, W, C) of one size: down first, then along.

    So many rows of results at a time that the cost model's transforms fit, and so few that what is
    between the passes takes at most twice the memory of the image. Of the rows above and below,
    nothing but the source itself is needed, and nothing is computed twice.

    `column`, `row` [ndarray]: In the dtype of the arithmetic. `rows`, `columns`: The image's row
    (column) at each position of the extended image. `shape` [(H, W, C)]. `block`: Rows of results
    that are passed down at a time. `few`: Elements that are best read, or passed along, at a time
    where they are not kept: in the dtype of the arithmetic a tenth of the image's memory.
    """

    column: Array
    row: Array
    rows: Indices
    columns: Indices
    shape: tuple[int, int, int]
    block: int
    few: int

    @classmethod
    def over(
        cls,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        factors: tuple[Array, Array],
        origin: tuple[int, int],
        edges: Boundary,
    ) -> Passes:
        """Lay factors over images of a dtype.

        What a factor reads beyond the edges repeats, or is all the same, so of each no more is left
        than twice the image's size (`folded`), however long it is.
        """
        exact = np.dtype(np.float64 if dtype in (np.float64, np.uint16) else np.float32)
        mode = "valid" if edges.kind == "none" else "same"
        weights, lists = [], []
        for whole, index, size in zip(factors, origin, shape, strict=False):
            factor, position = folded(whole, index, size, edges)
            weights.append(np.ascontiguousarray(factor, exact))
            lists.append(window_indices(edges, mode, size, len(factor), position))
        (column, row), (rows, columns) = weights, lists
        size = math.prod(shape)
        few = min(size * dtype.itemsize // (10 * exact.itemsize), _USUAL)
        few = few if size > _SMALL else _USUAL // 2
        passes = cls(column, row, rows, columns, shape, 0, few)
        return replace(passes, block=passes._block(most_rows(shape, dtype, exact)))

    def _block(self, most: int) -> int:
        """Return how many rows are passed down at a time."""
        height, elements = self.outputs[0], math.prod(self.shape[1:])
        out = np.broadcast_to(self.column[:1], (1, height, elements, 1))
        lists = self.rows, np.arange(elements, dtype=np.int32)
        task = CorrelationTask(out[:, :1], self.column[:, None], lists, 0.0, out)
        tiling, threads = tiles.best(task, _engine.get_num_threads()), _engine.get_num_threads()
        directly = costs.direct(out.size, task.kernel.shape, task.kernel.dtype) / threads
        transforms = tiling.seconds(task.kernel.dtype, threads) < directly
        step = tiling.steps[0] if transforms else 1
        if _USUAL // elements >= height:
            return height
        rows = max(max(_USUAL // elements, len(self.column)) // step, 1) * step
        return rows if rows <= most else evenly(height, most)

    def times(self, factor: float, over: float = 1.0) -> Passes:
        """Return passes whose results are `factor` times these, divided by `over`."""
        exact = self.column.dtype.type
        return replace(self, column=self.column * exact(factor) / exact(over))

    @property
    def outputs(self) -> tuple[int, int]:
        """How many rows and columns the results have."""
        return len(self.rows) - len(self.column) + 1, len(self.columns) - len(self.row) + 1

    @property
    def starts(self) -> range:
        """The first row of results of each block."""
        return range(0, self.outputs[0], self.block)

    def columns_at_a_time(self, rows: int, channels: int) -> int:
        """Return of how many columns so many rows have few elements."""
        return max(self.few // (rows * channels) // 32, 1) * 32

    def rows_at_a_time(self) -> int:
        """Return how many rows of results have few elements."""
        return max(self.few // (self.outputs[1] * self.shape[2]), 1)

    def room(self, channels: int) -> Array:
        """Return an array for what is passed down to the rows of any block."""
        rows = min(self.block, self.outputs[0])
        return _engine.empty((rows, self.shape[1] * channels), self.column.dtype)

    def down(
        self, read: Read, start: int, fill: float, room: Array, *, of_pixels: bool = False
    ) -> Array:
        """Pass the column down to a block of rows (N, W · C) of `room`, and return them.

        `read`: Gives rows of the image, from one to another, from a column on: (rows, columns, C)
        in C order, of all columns or as many as it likes. `fill`: What stands beyond the edges.
        `of_pixels`: As of a `CorrelationTask`.
        """
        out = room[: self.outputs[0] - start]
        along, first, last = self.read_rows(start, len(out))
        column, left = self.column[:, None], 0
        while left < out.shape[1]:
            width = self.shape[1] * left // out.shape[1]
            source = read(first, last, width).reshape(1, last - first, -1, 1)
            count = source.shape[2]
            whole = count == out.shape[1]
            part = out if whole else _engine.empty((len(out), count), out.dtype)
            lists, kept = (along, np.arange(count, dtype=np.int32)), part[None, ..., None]
            compute(CorrelationTask(source, column, lists, fill, kept, of_pixels=of_pixels))
            if not whole:
                out[:, left : left + count] = part
            left += count
            del source, part, kept  # before the next are made
        return out

    def read_rows(self, start: int, count: int) -> tuple[Indices, int, int]:
        """Return which rows of the image some rows of results read, and from where to where."""
        along = self.rows[start : start + count + len(self.column) - 1]
        inside = along[along != FILL]
        first, last = (int(inside.min()), int(inside.max()) + 1) if len(inside) else (0, 1)
        return np.where(along == FILL, np.int32(FILL), along - np.int32(first)), first, last

    def along(
        self,
        passed: Array,
        fill: float,
        out: Array | None = None,
        offset: float = 0.0,
        *,
        of_pixels: bool = False,
    ) -> Array:
        """Pass the row along rows (N, W · C), and return (N, columns, C), in `out` if given.

        `fill`: What stood beyond the edges of the image. `offset`, `of_pixels`: As of a
        `CorrelationTask`.
        """
        rows = passed.reshape(1, len(passed), self.shape[1], -1)
        if out is None:
            out = _engine.empty((len(passed), self.outputs[1], rows.shape[3]), passed.dtype)
        lists = np.arange(len(passed), dtype=np.int32), self.columns
        beyond, row = fill * float(self.column.sum()), self.row[None]
        compute(CorrelationTask(rows, row, lists, beyond, out[None], offset, of_pixels=of_pixels))
        return out

    def results(
        self,
        read: Read,
        fill: float,
        offset: float = 0.0,
        *,
        of_pixels: bool = False,
        dtype: np.dtype[Any] | None = None,
    ) -> Iterator[tuple[int, Array]]:
        """Yield rows (N, columns, C) of both passes over one channel, and the first one's number.

        `read`, `fill`, `of_pixels`: As of `down`. `offset`: Added to all. `dtype`: Of the results,
        if not the arithmetic's.
        """
        room, few = self.room(1), self.rows_at_a_time()
        for start in self.starts:
            passed = self.down(read, start, fill, room, of_pixels=of_pixels)
            for at in range(0, len(passed), few):
                rows = passed[at : at + few]
                out = _engine.empty((len(rows), self.outputs[1], 1), dtype or passed.dtype)
                yield start + at, self.along(rows, fill, out, offset, of_pixels=of_pixels)


def correlate_passes(
    source: Array,
    factors: tuple[Array, Array],
    origin: tuple[int, int],
    boundary: str,
    fill: float,
    out_dtype: DTypeLike,
    offset: float = 0.0,
) -> Array:
    """Correlate an image (H, W, C) with a column and a row, as with their outer product."""
    source = np.ascontiguousarray(source)
    edges = edges_of(boundary, fill)
    passes = Passes.over(source.shape, source.dtype, factors, origin, edges)
    out = _engine.empty((*passes.outputs, source.shape[2]), np.dtype(out_dtype))
    room, fill, of_pixels = passes.room(source.shape[2]), edges.value.real, source.dtype.kind == "u"
    for start in passes.starts:
        passed = passes.down(
            lambda first, last, _: source[first:last], start, fill, room, of_pixels=of_pixels
        )
        rows = out[start : start + len(passed)]
        passes.along(passed, fill, rows, offset, of_pixels=of_pixels)
    return out


def most_rows(shape: tuple[int, ...], dtype: np.dtype[Any], exact: np.dtype[Any]) -> int:
    """Return how many rows may be passed down at a time: twice the memory of the image."""
    most = 2 * dtype.itemsize * shape[0] // exact.itemsize
    return max(most, _USUAL // math.prod(shape[1:]), 1)


def evenly(height: int, most: int) -> int:
    """Return how many rows of `height`, so that few parts of one height have no more than `most`.

    >>> evenly(2000, 900)
    667
    """
    return -(-height // -(-height // most))


def folded(factor: Array, origin: int, size: int, edges: Boundary) -> tuple[Array, int]:
    """Return at most 2 · `size` + 1 weights that do the same to an axis, and their origin.

    >>> folded(np.ones(9), 4, 2, Boundary("wrap"))
    (array([4., 5.]), 1)
    >>> folded(np.ones(9), 4, 2, Boundary("nearest"))
    (array([3., 1., 1., 1., 3.]), 2)
    """
    periods = {"wrap": size, "reflect": 2 * size, "mirror": max(2 * (size - 1), 1)}
    if edges.kind == "none" or len(factor) <= 2 * size + 1:
        return factor, origin
    offsets = np.arange(len(factor)) - origin
    if edges.kind in periods:
        period = periods[edges.kind]
        origin = period // 2
        places, count = (offsets + origin) % period, period
    else:  # from `size` on all that is read is the edge, or the fill
        origin = size
        places, count = offsets.clip(-size, size) + size, 2 * size + 1
    return np.bincount(places, weights=factor, minlength=count), origin
