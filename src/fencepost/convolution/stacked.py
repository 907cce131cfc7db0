"""Images under boxes, and boxes of boxes: sums of sums, at a cost that hardly depends on sizes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .. import _engine
from . import passes
from .boundaries import Boundary, Indices, edges_of
from .methods.box import divisor_of
from .parsing import window_indices
from .passes import Passes, Read
from .task import Array

__all__ = ["BoxPasses", "correlate_box_pair", "correlate_boxes"]

_SMALL = 1 << 19  # elements of an image, up to which its memory does not matter
_RUNNING = 1 << 31  # what the engine's running sums of integers must be less than
_COLUMNS = 128  # at a time, at least: short rows take as long
_LEAST = 1 << 16  # elements at a time, so that calls do not take longer than sums


@dataclass(frozen=True, slots=True)
class BoxPasses(Passes):
    """The convolution of boxes over images of one size: all of them down, then all along.

    What it has of `Passes` is as there; `column` and `row` are ones, as often as boxes add them.

    `boxes`: The rows and columns of each. `weight`: Of each element, in the end.
    """

    boxes: tuple[tuple[int, int], ...]
    weight: float

    @classmethod
    def of(
        cls,
        shape: tuple[int, int, int],
        dtype: np.dtype[np.generic],
        boxes: Sequence[tuple[int, int]],
        total: float,
        origin: tuple[int, int],
        edges: Boundary,
        exact: np.dtype[np.generic],
    ) -> BoxPasses:
        """Lay boxes, whose weights sum to `total`, over images of a dtype.

        `exact`: The floats that sums are held in.
        """
        mode = "valid" if edges.kind == "none" else "same"
        column, row = (
            reduce(np.convolve, [np.ones(box[axis]) for box in boxes]).astype(exact)
            for axis in (0, 1)
        )
        rows, columns = (
            window_indices(edges, mode, size, len(factor), index)
            for size, factor, index in zip(shape, (column, row), origin, strict=False)
        )
        height, most = len(rows) - len(column) + 1, passes.most_rows(shape, dtype, exact)
        if len(boxes) > 1:  # beside which sums of sums are held
            most = max(most * 7 // 8, 1)
        block = passes.evenly(height, most)
        few = max(math.prod(shape) * dtype.itemsize // (16 * exact.itemsize), _LEAST)
        weight = total / math.prod(math.prod(box) for box in boxes)
        return cls(column, row, rows, columns, shape, block, few, tuple(boxes), weight)

    def times(self, factor: float, over: float = 1.0) -> BoxPasses:
        """Return passes whose results are `factor` times these, divided by `over`."""
        return replace(self, weight=self.weight * factor / over)

    def columns_at_a_time(self, rows: int, channels: int) -> int:
        """Return of how many columns so many rows have few elements, and sums are long enough."""
        least = max(_COLUMNS * 4 // (self.column.itemsize * len(self.boxes)), 1)
        most = max(self.few // (rows * channels) // 8 * 8, least)
        return passes.evenly(self.shape[1], most)

    @property
    def rows_at_once(self) -> int:
        """How many rows fit the memory that columns were passed down in, and is free again."""
        return max(3 * self.rows_at_a_time() // 2, 1)

    def room(self, channels: int, planes: int = 1) -> Array:
        """Return an array (planes, rows, W · C) for what is passed down."""
        rows = min(self.block, self.outputs[0])
        return _engine.empty((planes, rows, self.shape[1] * channels), self.column.dtype)

    def down(
        self, read: Read, start: int, fill: float, room: Array, *, of_pixels: bool = False
    ) -> Array:
        """Do as `Passes.down`, of planes: `read` gives (planes, rows, columns, C).

        Some columns for each thread at a time, so that none sums what is above its rows.
        """
        out = room[:, : self.outputs[0] - start]
        planes, rows, _ = out.shape
        along, first, last = self.read_rows(start, rows)
        windows, threads = [(height, 1) for height, _ in self.boxes], _engine.get_num_threads()
        whole, left, width, count = self.shape[1], 0, 1, 1
        while left < whole:
            left = min(left, whole - count * width)  # as many as before, in the same memory
            source = read(first, last, left)
            if left == 0:
                width = source.shape[2]
                count = min(threads, whole // width)
            if count > 1:
                part = source
                source = _engine.empty((count * planes, *part.shape[1:]), part.dtype)
                for index in range(count):
                    if index:
                        part = read(first, last, left + index * width)
                    source[index * planes : (index + 1) * planes] = part
                del part
            source = source.reshape(len(source), last - first, -1, 1)
            sums = _engine.empty((len(source), rows, source.shape[2], 1), out.dtype)
            lists = along, np.arange(source.shape[2], dtype=np.int32)
            between = np.dtype(np.float32 if source.dtype == np.float32 else np.float64)
            _sum(source, windows, lists, fill, sums, 1.0, 0.0, between)
            for index in range(count):
                at = (left + index * width) * (out.shape[2] // whole)
                part = sums[index * planes : (index + 1) * planes, ..., 0]
                out[:, :, at : at + sums.shape[2]] = part
            left += count * width
            del source, sums, part  # before the next are made
        return out

    def along(
        self,
        passed: Array,
        fill: float,
        out: Array | None = None,
        offset: float = 0.0,
        *,
        of_pixels: bool = False,
    ) -> Array:
        """Do as `Passes.along`, of planes (P, N, W · C): return (P, N, columns, C)."""
        rows = np.ascontiguousarray(passed).reshape(*passed.shape[:2], self.shape[1], -1)
        if out is None:
            shape = (*passed.shape[:2], self.outputs[1], rows.shape[3])
            out = _engine.empty(shape, passed.dtype)
        lists = np.arange(rows.shape[1], dtype=np.int32), self.columns
        windows = [(1, width) for _, width in self.boxes]
        divisor = divisor_of(np.float64(self.weight))
        beyond = fill * float(self.column.sum())
        _sum(rows, windows, lists, beyond, out, divisor, offset, rows.dtype)
        return out

    def is_one(self, dtype: np.dtype[Any]) -> bool:
        """Whether this is a box whose sums of such pixels the engine holds, as they run."""
        count = math.prod(self.boxes[0])
        fits = dtype.kind != "u" or count * np.iinfo(dtype).max < _RUNNING
        return len(self.boxes) == 1 and fits

    def at_once(self, read: Read, start: int, fill: float, out: Array, offset: float = 0.0) -> None:
        """Put the sums of one box into rows `out` (N, columns, C), from one on, down and along.

        It takes a third of the time, and reads the rows (rows, columns, C) whole.
        """
        along, first, last = self.read_rows(start, len(out))
        source = np.ascontiguousarray(read(first, last, 0))[None]
        divisor = divisor_of(np.float64(self.weight))
        _sum(source, self.boxes, (along, self.columns), fill, out[None], divisor, offset, out.dtype)

    def results(
        self,
        read: Read,
        fill: float,
        offset: float = 0.0,
        *,
        of_pixels: bool = False,
        dtype: np.dtype[np.generic] | None = None,
    ) -> Iterator[tuple[int, Array]]:
        """Do as `Passes.results`: `read` gives (rows, columns, 1)."""
        room, few = self.room(1), self.rows_at_once
        for start in self.starts:
            passed = self.down(lambda *at: read(*at)[None], start, fill, room)
            for at in range(0, passed.shape[1], few):
                rows = passed[:, at : at + few]
                out = _engine.empty((*rows.shape[:2], self.outputs[1], 1), dtype or rows.dtype)
                yield start + at, self.along(rows, fill, out, offset)[0]


def correlate_boxes(
    source: Array,
    boxes: Sequence[tuple[int, int]],
    total: float,
    origin: tuple[int, int],
    boundary: str,
    fill: float,
    out_dtype: DTypeLike,
    offset: float = 0.0,
    *,
    keeps_alpha: bool = False,
) -> Array:
    """Correlate an image (H, W, C) with the convolution of boxes (rows, columns).

    Their weights sum to `total`. The image is extended once, before the first box, so that all is
    as with the one kernel. Sums of integers are exact up to 2⁵³, and rounded once, at the end: a
    quotient of an integer by an integer below 2⁴⁴ is nearer to a half than its rounding only if it
    is one. Of floats each result is off by at most what each pass promises (`arrays/box.h`).
    `keeps_alpha`: Whether the last channel is taken over as it is, of a single box.
    """
    source = np.ascontiguousarray(source)
    edges = edges_of(boundary, fill)
    count = math.prod(math.prod(box) for box in boxes)
    exact = _sums_in(source.dtype, count, fill)
    over = BoxPasses.of(source.shape, source.dtype, boxes, total, origin, edges, exact)
    out = _engine.empty((*over.outputs, source.shape[2]), np.dtype(out_dtype))
    beyond = float(edges.value.real)
    if source.size <= _SMALL or over.is_one(source.dtype):
        divisor, keep = divisor_of(np.float64(over.weight)), origin if keeps_alpha else None
        lists = over.rows, over.columns
        _sum(source[None], boxes, lists, beyond, out[None], divisor, offset, exact, keep)
        return out
    room, few = over.room(source.shape[2]), over.rows_at_once

    def read(first: int, last: int, left: int) -> Array:
        width = over.columns_at_a_time(last - first, source.shape[2])
        return np.ascontiguousarray(source[None, first:last, left : left + width])

    for start in over.starts:
        passed = over.down(read, start, beyond, room)
        for at in range(0, passed.shape[1], few):
            rows = passed[:, at : at + few]
            over.along(rows, beyond, out[None, start + at : start + at + rows.shape[1]], offset)
    if keeps_alpha:
        above, before = origin if edges.kind == "none" else (0, 0)
        inside = source[above : above + len(out), before : before + out.shape[1]]
        out[..., -1] = inside[..., -1]
    return out


def correlate_box_pair(
    source: Array,
    boxes: Sequence[tuple[int, int]],
    weights: tuple[float, float],
    origins: Sequence[tuple[int, int]],
    edges: Boundary,
    out_dtype: DTypeLike,
    offset: float = 0.0,
) -> Array | None:
    """Correlate an image (H, W, C) of integers with a box, and what comes of it with another.

    What the first makes is extended as the image is. `weights`: Of each element of the boxes; that
    of the first is the mean's. None where it is better done otherwise: of other numbers, of a
    boundary that reads the last rows for the first, of sums that do not fit.
    """
    (rows, columns), (more_rows, _) = boxes
    largest = np.iinfo(source.dtype).max if source.dtype.kind == "u" else 0
    fill = edges.value.real if edges.kind == "fill" else 0.0
    if not largest or edges.kind == "wrap" or not 0 <= fill <= largest:
        return None
    if fill != int(fill) or not weights[1] or not math.isclose(weights[0] * rows * columns, 1):
        return None
    mode, sizes, lists = "valid" if edges.kind == "none" else "same", source.shape[:2], []
    for box, origin in zip(boxes, origins, strict=True):
        if any(k > size for k, size in zip(box, sizes, strict=True)):
            return None
        found = [window_indices(edges, mode, *of) for of in zip(sizes, box, origin, strict=True)]
        sizes = tuple(len(along) - k + 1 for along, k in zip(found, box, strict=True))
        lists.extend(found)
    down, widest = largest * rows, max(len(lists[1]), columns * len(lists[3]))
    if not (down < _RUNNING and down * more_rows * widest < 2**53):
        return None
    out = _engine.empty((*sizes, source.shape[2]), np.dtype(out_dtype))
    ring = (more_rows + 1) * math.prod(source.shape[1:]) * 4  # bytes that each thread holds
    threads = int(min(_engine.get_num_threads(), max(5 * source.nbytes // (2 * ring), 1)))
    divisor = divisor_of(np.float64(weights[1])) * rows * columns
    planes = np.ascontiguousarray(source)[None]
    _engine.box_pair(
        planes, boxes[0], boxes[1], lists[0], lists[1], lists[2], lists[3], fill, out[None],
        divisor, offset, threads,
    )  # fmt: skip
    return out


def _sum(
    source: Array,
    windows: Sequence[tuple[int, int]],
    lists: tuple[Indices, Indices],
    fill: float,
    out: Array,
    divisor: float,
    offset: float,
    between: np.dtype[np.generic],
    keep: tuple[int, int] | None = None,
) -> None:
    """Put sums over windows of sums over windows into `out`, divided in the end.

    `between`: The floats that sums are in on the way. `keep`: As of a `CorrelationTask`.
    """
    windows = [window for window in windows if window != (1, 1)] or [(1, 1)]
    for index, window in enumerate(windows):
        last = index == len(windows) - 1
        sizes = (len(along) - k + 1 for along, k in zip(lists, window, strict=True))
        sums = out if last else _engine.empty((len(source), *sizes, source.shape[3]), between)
        ends = (divisor, offset) if last else (1.0, 0.0)
        _engine.box(source, window, *lists, fill, sums, *ends, keep=keep)
        source, fill = sums, 0.0
        lists = tuple(np.arange(size, dtype=np.int32) for size in sums.shape[1:3])  # type: ignore[assignment]


def _sums_in(dtype: np.dtype[np.generic], count: int, fill: float) -> np.dtype[np.generic]:
    """Return floats that hold sums over windows of `count` elements: of integers, exactly."""
    if dtype == np.float32:
        return np.dtype(dtype)
    small = dtype == np.uint8 and 255 * count < 2**24 and fill in range(256)
    return np.dtype(np.float32 if small else np.float64)
